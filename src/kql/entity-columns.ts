/** Which columns of which table hold which kind of entity (`defender-api.md` 4.2; Microsoft's table reference). */
import type { EntityKind } from "../contract/entities.ts";

type ColumnsByKind = Readonly<Partial<Record<EntityKind, readonly string[]>>>;

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

const TABLES = {
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

const BY_TABLE: ReadonlyMap<string, ColumnsByKind> = new Map(Object.entries(TABLES));

/** The columns of a table that hold entities of a kind; empty for a table that is not known. */
export function entityColumns(table: string, kind: EntityKind): readonly string[] {
  return BY_TABLE.get(table)?.[kind] ?? [];
}

export function entityTables(): string[] {
  return [...BY_TABLE.keys()];
}
