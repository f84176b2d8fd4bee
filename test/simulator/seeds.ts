/** The incidents and alerts that a fresh simulator knows; times are relative to its start. README lists the special ones. */
import { createHash } from "node:crypto";
import type { Alert, Incident } from "./incident.ts";

const hourMs = 3_600_000;

const titles = [
  "Multi-stage incident involving Execution on one endpoint",
  "Suspicious inbox manipulation rule",
  "Email messages containing malicious URL removed after delivery",
  "Ransomware activity detected on multiple endpoints",
  "Password spray attack from a risky IP address",
  "Unusual volume of external file sharing",
];
const severities = ["high", "medium", "low", "informational"];
const hosts = ["ws-01.contoso.com", "ws-02.contoso.com", "srv-01.contoso.com", "dc-01.contoso.com"];
const users = ["ada", "ben", "chen", "o'brien"];

/** A GUID that is always the same for the same words. */
export function guidOf(words: string): string {
  const hex = createHash("sha256").update(words).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A seven-digit timestamp, as Defender writes them. */
export function sevenDigits(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "0000Z");
}

function pick<T>(values: readonly [T, ...T[]] | readonly T[], index: number): T {
  const value = values[index % values.length];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
}

const special: Record<number, Partial<Incident>> = {
  3: {
    status: "resolved",
    classification: "truePositive",
    determination: "phishing",
    assignedTo: "ada@contoso.com",
    resolvingComment: "Mails purged.",
  },
  4: { status: "inProgress", assignedTo: "ben@contoso.com" },
  5: {
    displayName: "Alert on 'O'Brien's \"laptop\"' <b>bold</b> — naïve 数据 🚨",
    customTags: ["a,b", "Ünïcode"],
  },
  29: {
    status: "active",
    severity: "high",
    displayName: titles[0] ?? "",
    customTags: ["Demo"],
    priorityScore: 100,
  },
  30: { status: "redirected", redirectIncidentId: "31", systemTags: ["Redirected"] },
  31: {
    status: "active",
    severity: "high",
    displayName: "Merged: Execution and lateral movement on two endpoints",
  },
  58: { status: "awaitingAction", systemTags: ["Defender Experts"] },
};

/** How many incidents are as README lists them; those above are a crowd of more kinds. */
const few = 60;
const crowd: readonly Partial<Incident>[] = [
  { status: "inProgress", assignedTo: "ben@contoso.com", customTags: ["Triage"] },
  { status: "resolved", classification: "falsePositive", determination: "notMalicious" },
  {},
  { customTags: ["Demo"] },
  {},
];

/** The hour of an incident: seven of a crowd share theirs, and 120 come at once. */
function hourOf(n: number): number {
  if (n <= few) return n;
  if (n >= 200 && n < 320) return 200;
  return n - ((n - few - 1) % 7);
}

/** Incident number `n` as seeded: the higher, the younger, or of the same age. */
export function seedIncident(n: number, count: number, tenant: string, startMs: number): Incident {
  const createdMs = startMs - (count - hourOf(n)) * hourMs - 600_000;
  return { ...plainIncident(n, tenant, createdMs), ...(n > few ? pick(crowd, n) : special[n]) };
}

export function plainIncident(n: number, tenant: string, createdMs: number): Incident {
  return {
    id: String(n),
    tenantId: tenant,
    status: "active",
    incidentWebUrl: `https://security.microsoft.com/incident2/${n}/overview?tid=${tenant}`,
    redirectIncidentId: null,
    displayName: pick(titles, n),
    createdDateTime: sevenDigits(createdMs),
    lastUpdateDateTime: sevenDigits(createdMs + 300_000),
    assignedTo: null,
    classification: "unknown",
    determination: "unknown",
    severity: pick(severities, n),
    customTags: [],
    systemTags: [],
    description: null,
    lastModifiedBy: "Microsoft 365 Defender-AlertCorrelation",
    resolvingComment: null,
    summary: null,
    priorityScore: (n * 37) % 101,
    comments: [],
  };
}

/** The one or two alerts of an incident; a merged one has none left. */
export function seedAlerts(incident: Incident): Alert[] {
  if (incident.status === "redirected") return [];
  const n = Number(incident.id);
  return Array.from({ length: 1 + (n % 2) }, (_, index) => seedAlert(incident, n, index));
}

function seedAlert(incident: Incident, n: number, index: number): Alert {
  const id = `da${guidOf(`alert ${n} ${index}`).replaceAll("-", "").slice(0, 18)}_${index + 1}`;
  const host = pick(hosts, n + index);
  const user = pick(users, n);
  const createdDateTime = incident.createdDateTime;
  const common = { createdDateTime, verdict: "suspicious", remediationStatus: "none", roles: [], tags: [] };
  return {
    id,
    providerAlertId: id,
    incidentId: incident.id,
    status: incident.status === "resolved" ? "resolved" : "new",
    severity: incident.severity,
    classification: incident.classification,
    determination: incident.determination,
    serviceSource: n % 10 === 8 ? "microsoftSentinel" : "microsoftDefenderForEndpoint",
    detectionSource: "antivirus",
    detectorId: guidOf(`detector ${n % 6}`),
    title: incident.displayName,
    description: "Simulated alert.",
    categories: ["Execution"],
    mitreTechniques: ["T1059.001"],
    createdDateTime,
    lastUpdateDateTime: createdDateTime,
    resolvedDateTime: null,
    firstActivityDateTime: createdDateTime,
    lastActivityDateTime: createdDateTime,
    assignedTo: incident.assignedTo,
    alertWebUrl: `https://security.microsoft.com/alerts/${id}?tid=${incident.tenantId}`,
    evidence: [
      {
        "@odata.type": "#microsoft.graph.security.deviceEvidence",
        ...common,
        deviceDnsName: host,
        hostName: host.split(".")[0] ?? host,
        mdeDeviceId: guidOf(host).replaceAll("-", ""),
      },
      {
        "@odata.type": "#microsoft.graph.security.userEvidence",
        ...common,
        userAccount: {
          accountName: user,
          domainName: "contoso",
          userPrincipalName: `${user}@contoso.com`,
          displayName: user,
        },
      },
    ],
    comments: [],
    systemTags: [],
  };
}
