/** The shapes of an incident and an alert, and the members of their enums (reference: 1.4, 1.5, 2.1). */
import type { JsonValue } from "./json.ts";

export interface IncidentComment {
  comment: string;
  createdByDisplayName: string;
  createdDateTime: string;
}

export interface Incident {
  id: string;
  tenantId: string;
  status: string;
  incidentWebUrl: string;
  redirectIncidentId: string | null;
  displayName: string;
  createdDateTime: string;
  lastUpdateDateTime: string;
  assignedTo: string | null;
  classification: string;
  determination: string;
  severity: string;
  customTags: string[];
  systemTags: string[];
  description: string | null;
  lastModifiedBy: string;
  resolvingComment: string | null;
  summary: string | null;
  priorityScore: number | null;
  comments: IncidentComment[];
}

export type Alert = { [key: string]: JsonValue } & {
  id: string;
  incidentId: string;
  status: string;
  assignedTo: string | null;
};

const classification = ["unknown", "falsePositive", "truePositive", "informationalExpectedActivity"];
const truePositive = [
  "multiStagedAttack",
  "maliciousUserActivity",
  "compromisedAccount",
  "malware",
  "phishing",
  "unwantedSoftware",
  "other",
];
const informational = ["securityTesting", "lineOfBusinessApplication", "confirmedActivity", "other"];
const falsePositive = ["notMalicious", "notEnoughDataToValidate", "other"];

/** Values of each enum; all but `unknownFutureValue`, which nobody may send. */
export const enums: Readonly<Record<string, readonly string[]>> = {
  status: ["active", "resolved", "inProgress", "redirected", "awaitingAction"],
  classification,
  determination: [
    ...new Set(["unknown", "apt", "securityPersonnel", ...truePositive, ...informational, ...falsePositive]),
  ],
  severity: ["unknown", "informational", "low", "medium", "high"],
};

const determinationsOf: Readonly<Record<string, readonly string[]>> = {
  truePositive,
  informationalExpectedActivity: informational,
  falsePositive,
};

/** Whether the portal offers this determination under this classification (reference: 2.2). */
export function belongsTogether(classificationValue: string, determination: string): boolean {
  return determination === "unknown" || (determinationsOf[classificationValue] ?? []).includes(determination);
}

/** The enum member meant, in whatever case it was written. */
export function enumMember(property: string, written: unknown): string | undefined {
  if (typeof written !== "string") return undefined;
  return enums[property]?.find((member) => member.toLowerCase() === written.toLowerCase());
}
