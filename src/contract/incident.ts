/** The incident as Graph returns it, and the words for its status, classification and determination. */
import { z } from "zod";

/** Only what we read is named; everything else passes through to `json_result` as Graph sent it. */
export const commentSchema = z.looseObject({
  comment: z.string().nullish(),
  createdDateTime: z.string().nullish(),
});
export type IncidentComment = z.infer<typeof commentSchema>;

export const incidentSchema = z.looseObject({
  id: z.string(),
  status: z.string().nullish(),
  classification: z.string().nullish(),
  determination: z.string().nullish(),
  assignedTo: z.string().nullish(),
  customTags: z.array(z.string()).nullish(),
  resolvingComment: z.string().nullish(),
  displayName: z.string().nullish(),
  severity: z.string().nullish(),
  createdDateTime: z.string().nullish(),
  incidentWebUrl: z.string().nullish(),
  redirectIncidentId: z.string().nullish(),
  lastUpdateDateTime: z.string().nullish(),
  comments: z.array(commentSchema).nullish(),
});
export type Incident = z.infer<typeof incidentSchema>;

/** The fields of an incident that we write. `assignedTo: null` unassigns, `resolvingComment: null` takes it away. */
export interface IncidentPatch {
  status?: string;
  classification?: string;
  determination?: string;
  assignedTo?: string | null;
  customTags?: string[];
  resolvingComment?: string | null;
}

/** A Graph value, the label that the SOAR or the portal shows for it, and older names still sent by callers. */
interface Term {
  label: string;
  aliases?: readonly string[];
}

export const STATUSES = {
  active: { label: "Active", aliases: ["new"] },
  inProgress: { label: "In Progress" },
  resolved: { label: "Resolved", aliases: ["closed"] },
} as const satisfies Record<string, Term>;

export const CLASSIFICATIONS = {
  truePositive: { label: "True Positive" },
  falsePositive: { label: "False Positive" },
  informationalExpectedActivity: {
    label: "Informational, Expected Activity",
    aliases: ["Informational", "Expected Activity"],
  },
  unknown: { label: "Not Set", aliases: ["Unknown"] },
} as const satisfies Record<string, Term>;

/** Older names: `defender-api.md` 2.1 (documentation drift) and 2.2 (legacy spellings). */
export const DETERMINATIONS = {
  multiStagedAttack: { label: "Multistage Attack", aliases: ["Multi Staged Attack"] },
  maliciousUserActivity: { label: "Malicious User Activity" },
  compromisedAccount: { label: "Compromised Account", aliases: ["Compromised User"] },
  malware: { label: "Malware" },
  phishing: { label: "Phishing" },
  unwantedSoftware: { label: "Unwanted Software" },
  securityTesting: { label: "Security Testing", aliases: ["Security Test"] },
  lineOfBusinessApplication: { label: "Line Of Business Application" },
  confirmedActivity: { label: "Confirmed Activity", aliases: ["Confirmed User Activity"] },
  notMalicious: { label: "Not Malicious", aliases: ["Clean"] },
  notEnoughDataToValidate: {
    label: "Not Enough Data To Validate",
    aliases: ["No Enough Data To Validate", "Insufficient Data"],
  },
  apt: { label: "Apt" },
  securityPersonnel: { label: "Security Personnel" },
  other: { label: "Other" },
  unknown: { label: "Not Available", aliases: ["Unknown", "Not Set"] },
} as const satisfies Record<string, Term>;

export const SEVERITIES = {
  high: { label: "High" },
  medium: { label: "Medium" },
  low: { label: "Low" },
  informational: { label: "Informational" },
  unknown: { label: "Unknown" },
} as const satisfies Record<string, Term>;

export type IncidentStatus = keyof typeof STATUSES;
export type Classification = keyof typeof CLASSIFICATIONS;
export type Determination = keyof typeof DETERMINATIONS;

/** What the portal offers under each classification (`defender-api.md` 2.2). `unknown` goes with any. */
export const DETERMINATIONS_BY_CLASSIFICATION: Readonly<Record<Classification, readonly Determination[]>> = {
  truePositive: [
    "multiStagedAttack",
    "maliciousUserActivity",
    "compromisedAccount",
    "malware",
    "phishing",
    "unwantedSoftware",
    "other",
    "unknown",
  ],
  informationalExpectedActivity: [
    "securityTesting",
    "lineOfBusinessApplication",
    "confirmedActivity",
    "other",
    "unknown",
  ],
  falsePositive: ["notMalicious", "notEnoughDataToValidate", "other", "unknown"],
  unknown: ["unknown"],
};

/** Labels of the SOAR's own list that the portal no longer offers with true positive: accepted there with a warning. */
export const RETIRED_WITH_TRUE_POSITIVE: readonly Determination[] = [
  "apt",
  "securityPersonnel",
  "securityTesting",
];
