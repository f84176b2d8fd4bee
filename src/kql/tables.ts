/** What each table of advanced hunting holds: its time column, and columns by kind of entity (`defender-api.md` 4.1 to 4.3; Microsoft's table reference). */
import type { EntityKind } from "../contract/entities.ts";

export type TimeColumn = "Timestamp" | "TimeGenerated";
type ColumnsByKind = Readonly<Partial<Record<EntityKind, readonly string[]>>>;

/** Sentinel and Log Analytics tables. Custom ones end in `_CL`. */
const TIME_GENERATED = named([
  "AADManagedIdentitySignInLogs AADNonInteractiveUserSignInLogs AADProvisioningLogs AADRiskyUsers",
  "AADServicePrincipalSignInLogs AADUserRiskEvents Anomalies ASimAuditEventLogs ASimAuthenticationEventLogs",
  "ASimDnsActivityLogs ASimNetworkSessionLogs ASimProcessEventLogs ASimWebSessionLogs AuditLogs AWSCloudTrail",
  "AWSGuardDuty AWSVPCFlow AzureActivity AzureDiagnostics AzureMetrics BehaviorAnalytics CommonSecurityLog",
  "DnsEvents DnsInventory Dynamics365Activity Event GCPAuditLogs Heartbeat HuntingBookmark LAQueryLogs",
  "McasShadowItReporting MicrosoftGraphActivityLogs NetworkAccessTraffic OfficeActivity Operation",
  "PowerBIActivity ProjectActivity ProtectionStatus SecurityAlert SecurityBaseline SecurityDetection",
  "SecurityEvent SecurityIncident SecurityRecommendation SentinelAudit SentinelHealth SigninLogs",
  "StorageBlobLogs Syslog ThreatIntelIndicators ThreatIntelObjects ThreatIntelligenceIndicator Update Usage",
  "UserPeerAnalytics VMConnection W3CIISLog Watchlist WindowsEvent WindowsFirewall",
]);

/** Snapshots of the present state: they have no time column, so no window applies. */
const TIMELESS = named([
  "DeviceBaselineComplianceAssessment DeviceBaselineComplianceAssessmentKB DeviceBaselineComplianceProfiles",
  "DeviceTvmBrowserExtensions DeviceTvmBrowserExtensionsKB DeviceTvmCertificateInfo DeviceTvmHardwareFirmware",
  "DeviceTvmInfoGatheringKB DeviceTvmSecureConfigurationAssessmentKB DeviceTvmSoftwareEvidenceBeta",
  "DeviceTvmSoftwareInventory DeviceTvmSoftwareVulnerabilities DeviceTvmSoftwareVulnerabilitiesKB",
  "ExposureGraphEdges ExposureGraphNodes",
]);

const ACCOUNT = ["AccountName", "AccountDomain", "AccountSid", "AccountUpn", "AccountObjectId"];
const LOCAL_ACCOUNT = ["AccountName", "AccountDomain", "AccountSid"];
const REQUESTER = ["RequestAccountName", "RequestAccountDomain", "RequestAccountSid"];
const HASHES = ["SHA1", "SHA256", "MD5"];
const INITIATOR_HASHES = HASHES.map((name) => `InitiatingProcess${name}`);
const INITIATOR = ACCOUNT.map((name) => `InitiatingProcess${name}`);
const IDENTITY = {
  ip: ["IPAddress", "DestinationIPAddress"],
  host: ["DeviceName", "DestinationDeviceName", "TargetDeviceName"],
};
const EVIDENCE: ColumnsByKind = {
  ip: ["RemoteIP", "LocalIP"],
  host: ["DeviceName", "DeviceId"],
  user: ACCOUNT,
  hash: ["SHA1", "SHA256"],
  url: ["RemoteUrl"],
};

/** Tables with the column `Timestamp`. */
const ENTITY_COLUMNS = {
  AlertInfo: {},
  AlertEvidence: EVIDENCE,
  BehaviorEntities: EVIDENCE,
  DeviceNetworkEvents: {
    ip: ["RemoteIP", "LocalIP"],
    host: ["DeviceName", "DeviceId"],
    user: INITIATOR,
    hash: INITIATOR_HASHES,
    url: ["RemoteUrl"],
  },
  DeviceProcessEvents: {
    host: ["DeviceName", "DeviceId"],
    user: [...ACCOUNT, ...INITIATOR],
    hash: [...HASHES, ...INITIATOR_HASHES],
  },
  DeviceFileEvents: {
    ip: ["RequestSourceIP", "FileOriginIP"],
    host: ["DeviceName", "DeviceId"],
    user: [...REQUESTER, ...INITIATOR],
    hash: HASHES,
    url: ["FileOriginUrl", "FileOriginReferrerUrl"],
  },
  DeviceLogonEvents: {
    ip: ["RemoteIP"],
    host: ["DeviceName", "RemoteDeviceName"],
    user: [...LOCAL_ACCOUNT, ...INITIATOR],
    hash: INITIATOR_HASHES,
  },
  DeviceEvents: {
    ip: ["RemoteIP", "LocalIP", "FileOriginIP"],
    host: ["DeviceName", "RemoteDeviceName"],
    user: [...LOCAL_ACCOUNT, ...INITIATOR],
    hash: HASHES,
    url: ["RemoteUrl", "FileOriginUrl"],
  },
  DeviceImageLoadEvents: { host: ["DeviceName"], user: INITIATOR, hash: HASHES },
  DeviceRegistryEvents: { host: ["DeviceName"], user: INITIATOR, hash: INITIATOR_HASHES },
  DeviceInfo: { ip: ["PublicIP"], host: ["DeviceName", "DeviceId", "AadDeviceId"], user: ["LoggedOnUsers"] },
  DeviceNetworkInfo: { ip: ["IPAddresses"], host: ["DeviceName"] },
  EmailEvents: {
    ip: ["SenderIPv4", "SenderIPv6"],
    user: ["SenderObjectId", "RecipientObjectId"],
    url: ["SenderFromDomain", "SenderMailFromDomain"],
    email: ["SenderFromAddress", "SenderMailFromAddress", "RecipientEmailAddress"],
  },
  EmailAttachmentInfo: {
    user: ["SenderObjectId", "RecipientObjectId"],
    hash: ["SHA256"],
    email: ["SenderFromAddress", "RecipientEmailAddress"],
  },
  EmailUrlInfo: { url: ["Url", "UrlDomain"] },
  EmailPostDeliveryEvents: { email: ["RecipientEmailAddress"] },
  UrlClickEvents: { ip: ["IPAddress"], user: ["AccountUpn"], url: ["Url", "UrlChain"] },
  MessageEvents: { user: ["SenderObjectId"], email: ["SenderEmailAddress", "RecipientDetails"] },
  MessageUrlInfo: { url: ["Url", "UrlDomain"] },
  CloudAppEvents: { ip: ["IPAddress"], user: ["AccountObjectId", "AccountId", "AccountDisplayName"] },
  IdentityLogonEvents: { ...IDENTITY, user: ACCOUNT },
  IdentityQueryEvents: { ...IDENTITY, user: [...ACCOUNT, "TargetAccountUpn"] },
  IdentityDirectoryEvents: { ...IDENTITY, user: [...ACCOUNT, "TargetAccountUpn"] },
  IdentityInfo: {
    user: ["AccountObjectId", "AccountUpn", "AccountName", "AccountDomain", "OnPremSid", "CloudSid"],
    email: ["EmailAddress"],
  },
  EntraIdSignInEvents: {
    ip: ["IPAddress"],
    host: ["DeviceName", "EntraIdDeviceId"],
    user: ["AccountUpn", "AccountObjectId"],
  },
  AADSignInEventsBeta: {
    ip: ["IPAddress"],
    host: ["DeviceName", "AadDeviceId"],
    user: ["AccountUpn", "AccountObjectId"],
  },
  GraphApiAuditEvents: { ip: ["IPAddress"], user: ["AccountObjectId"], url: ["RequestUri"] },
} as const satisfies Record<string, ColumnsByKind>;

const BY_TABLE: ReadonlyMap<string, ColumnsByKind> = new Map(Object.entries(ENTITY_COLUMNS));

/** The columns of a table that hold entities of a kind; empty for a table that is not known. */
export function entityColumns(table: string, kind: EntityKind): readonly string[] {
  return BY_TABLE.get(table)?.[kind] ?? [];
}

export function entityTables(): string[] {
  return [...BY_TABLE.keys()];
}

/** The time column of a table, null for a snapshot. A table that is not known is taken for a native one. */
export function timeColumn(table: string): TimeColumn | null {
  if (TIMELESS.has(table)) return null;
  return TIME_GENERATED.has(table) || table.endsWith("_CL") ? "TimeGenerated" : "Timestamp";
}

function named(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(" ")));
}
