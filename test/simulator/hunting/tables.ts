/** The tables that can be hunted in: their columns (reference: 4.2) and a few rows each, at times relative to the start. */
import { guidOf } from "../seeds.ts";
import type { Column, Row } from "./relation.ts";
import { ticksOf, type Value } from "./values.ts";

const initiator =
  "InitiatingProcessAccountName:string, InitiatingProcessAccountDomain:string, InitiatingProcessAccountSid:string, InitiatingProcessAccountUpn:string, InitiatingProcessAccountObjectId:string, InitiatingProcessFileName:string, InitiatingProcessCommandLine:string, InitiatingProcessSHA1:string, InitiatingProcessSHA256:string, InitiatingProcessMD5:string, ReportId:long";
const device = "Timestamp:datetime, DeviceId:string, DeviceName:string, ActionType:string";
const account =
  "AccountName:string, AccountDomain:string, AccountSid:string, AccountUpn:string, AccountObjectId:string";
const hashes = "SHA1:string, SHA256:string, MD5:string";

export const bigTable = "BigTable";

const schemas: Readonly<Record<string, string>> = {
  AlertInfo:
    "Timestamp:datetime, AlertId:string, Title:string, Category:string, Severity:string, ServiceSource:string, DetectionSource:string, AttackTechniques:string",
  AlertEvidence: `Timestamp:datetime, AlertId:string, Title:string, Categories:string, EntityType:string, EvidenceRole:string, DeviceId:string, DeviceName:string, RemoteIP:string, LocalIP:string, ${account}, FileName:string, SHA1:string, SHA256:string, RemoteUrl:string, NetworkMessageId:string, EmailSubject:string, Severity:string, AdditionalFields:dynamic`,
  DeviceProcessEvents: `${device}, FileName:string, FolderPath:string, ${hashes}, FileSize:long, ProcessId:long, ProcessCommandLine:string, ProcessCreationTime:datetime, ${account}, LogonId:long, ${initiator}`,
  DeviceNetworkEvents: `${device}, RemoteIP:string, RemotePort:int, RemoteUrl:string, LocalIP:string, LocalPort:int, Protocol:string, RemoteIPType:string, ${initiator}, AdditionalFields:string`,
  DeviceLogonEvents: `${device}, LogonType:string, ${account}, IsLocalAdmin:bool, RemoteDeviceName:string, RemoteIP:string, RemotePort:int, FailureReason:string, ${initiator}`,
  DeviceFileEvents: `${device}, FileName:string, FolderPath:string, ${hashes}, FileSize:long, FileOriginUrl:string, FileOriginReferrerUrl:string, FileOriginIP:string, RequestSourceIP:string, RequestAccountName:string, RequestAccountDomain:string, RequestAccountSid:string, ${initiator}`,
  EmailEvents:
    "Timestamp:datetime, NetworkMessageId:string, InternetMessageId:string, SenderMailFromAddress:string, SenderFromAddress:string, SenderDisplayName:string, SenderObjectId:string, SenderMailFromDomain:string, SenderFromDomain:string, SenderIPv4:string, SenderIPv6:string, RecipientEmailAddress:string, RecipientObjectId:string, Subject:string, EmailDirection:string, DeliveryAction:string, DeliveryLocation:string, ThreatTypes:string, AttachmentCount:int, UrlCount:int, ReportId:string",
  UrlClickEvents:
    "Timestamp:datetime, Url:string, ActionType:string, AccountUpn:string, Workload:string, NetworkMessageId:string, IPAddress:string, ThreatTypes:string, IsClickedThrough:bool, UrlChain:string, ReportId:string",
  IdentityLogonEvents: `Timestamp:datetime, ActionType:string, Application:string, LogonType:string, Protocol:string, FailureReason:string, ${account}, AccountDisplayName:string, DeviceName:string, DeviceType:string, IPAddress:string, Port:int, DestinationDeviceName:string, DestinationIPAddress:string, TargetDeviceName:string, Location:string, AdditionalFields:dynamic, ReportId:string`,
  SecurityEvent:
    "TimeGenerated:datetime, Computer:string, EventID:int, Account:string, AccountType:string, TargetUserName:string, IpAddress:string, Activity:string, Process:string, CommandLine:string, Type:string",
  [bigTable]: "Timestamp:datetime, Id:long, DeviceName:string, Payload:string",
};

/** Columns by table. */
export const tableColumns: ReadonlyMap<string, readonly Column[]> = new Map(
  Object.entries(schemas).map(([name, text]) => [
    name,
    text.split(",").map((part) => {
      const [column = "", type = ""] = part.trim().split(":");
      return { name: column, type };
    }),
  ]),
);

/** Minutes before the start at which each table has a row. */
const ages = [4, 12, 25, 41, 180, 1_100, 4_000, 8_500, 17_000, 36_000];

const people = [
  { host: "ws-01.contoso.com", user: "ada", ip: "10.0.0.11" },
  { host: "ws-02.contoso.com", user: "ben", ip: "10.0.0.12" },
  { host: "srv-01.contoso.com", user: "svc-backup", ip: "10.0.1.20" },
  { host: "dc-01.contoso.com", user: "o'brien", ip: "10.0.1.5" },
];
const processes = [
  { file: "powershell.exe", line: "powershell.exe -NoProfile -EncodedCommand SQBFAFgA" },
  { file: "cmd.exe", line: 'cmd.exe /c "whoami & net user"' },
  { file: "rundll32.exe", line: "rundll32.exe C:\\Users\\Public\\loader.dll,Start" },
];
const remotes = [
  { ip: "203.0.113.10", url: "https://evil.example/payload.bin" },
  { ip: "198.51.100.7", url: "cdn.fabrikam.com" },
  { ip: "2001:db8::7", url: "http://login.contoso-support.example/?u='x'" },
];
const severities = ["High", "Medium", "Low"];

function at<T>(values: readonly T[], index: number): T {
  const value = values[index % values.length];
  if (value === undefined) throw new Error("nothing to choose from");
  return value;
}

/** The `digits` first hex digits of a hash that depends on the words only. */
export function hexOf(words: string, digits: number): string {
  return Array.from({ length: 3 }, (_, part) => guidOf(`${words} ${part}`))
    .join("")
    .replaceAll("-", "")
    .slice(0, digits);
}

/** All that the rows of one event may say; each table takes the columns it has. */
function event(index: number, minutes: number, startMs: number): Record<string, Value> {
  const { host, user, ip } = at(people, index);
  const process = at(processes, index);
  const remote = at(remotes, index);
  const time = ticksOf(startMs - minutes * 60_000) + BigInt(1_234_567 + index);
  const upn = `${user}@contoso.com`;
  const sid = `S-1-5-21-1004336348-1177238915-682003330-${1100 + (index % people.length)}`;
  const mail = guidOf(`mail ${index}`);
  const sha1 = hexOf(`sha1 ${process.file}`, 40);
  const sha256 = hexOf(`sha256 ${process.file}`, 64);
  return {
    Timestamp: time,
    TimeGenerated: time,
    ProcessCreationTime: time,
    DeviceId: hexOf(host, 40),
    DeviceName: host,
    Computer: host,
    TargetDeviceName: host,
    DestinationDeviceName: "dc-01.contoso.com",
    RemoteDeviceName: "ws-09",
    DeviceType: "Workstation",
    ActionType: at(["ProcessCreated", "ConnectionSuccess", "LogonSuccess"], index),
    FileName: process.file,
    FolderPath: `C:\\Windows\\System32\\${process.file}`,
    FileSize: 4096 * (index + 1),
    ProcessId: 1000 + index,
    ProcessCommandLine: process.line,
    CommandLine: process.line,
    Process: process.file,
    SHA1: sha1,
    SHA256: sha256,
    MD5: hexOf(`md5 ${process.file}`, 32),
    InitiatingProcessFileName: "explorer.exe",
    InitiatingProcessCommandLine: "explorer.exe",
    InitiatingProcessSHA1: hexOf("sha1 explorer.exe", 40),
    InitiatingProcessSHA256: hexOf("sha256 explorer.exe", 64),
    InitiatingProcessMD5: hexOf("md5 explorer.exe", 32),
    InitiatingProcessAccountName: user,
    InitiatingProcessAccountDomain: "contoso",
    InitiatingProcessAccountSid: sid,
    InitiatingProcessAccountUpn: upn,
    InitiatingProcessAccountObjectId: guidOf(upn),
    AccountName: user,
    AccountDomain: "contoso",
    AccountSid: sid,
    AccountUpn: upn,
    AccountObjectId: guidOf(upn),
    AccountDisplayName: user.toUpperCase(),
    Account: `CONTOSO\\${user}`,
    TargetUserName: user,
    LocalIP: ip,
    LocalPort: 49_152 + index,
    RemoteIP: remote.ip,
    RemotePort: 443,
    RemoteUrl: remote.url,
    RemoteIPType: "Public",
    Protocol: "Tcp",
    IPAddress: remote.ip,
    IpAddress: remote.ip,
    DestinationIPAddress: "10.0.1.5",
    RequestSourceIP: ip,
    FileOriginUrl: remote.url,
    FileOriginIP: remote.ip,
    LogonType: "Network",
    IsLocalAdmin: index % 2 === 0,
    Application: "Active Directory",
    EventID: at([4624, 4625, 4688], index),
    Activity: "An account was logged on.",
    AlertId: `da${hexOf(`hunting alert ${index}`, 18)}_1`,
    Title: at(["Suspicious PowerShell command line", "Password spray", "Malicious URL clicked"], index),
    Category: at(["Execution", "CredentialAccess", "InitialAccess"], index),
    Categories: `["${at(["Execution", "CredentialAccess", "InitialAccess"], index)}"]`,
    Severity: at(severities, index),
    ServiceSource: "Microsoft Defender for Endpoint",
    DetectionSource: "EDR",
    AttackTechniques: '["PowerShell (T1059.001)"]',
    EntityType: at(["Process", "Ip", "User"], index),
    EvidenceRole: "Impacted",
    AdditionalFields: { index, host, tags: ["simulated"] },
    NetworkMessageId: mail,
    InternetMessageId: `<${mail}@mail.example>`,
    EmailSubject: "Invoice – überfällig",
    Subject: at(["Invoice – überfällig", "It's urgent", 'Your "package"'], index),
    SenderFromAddress: "billing@contoso-support.example",
    SenderMailFromAddress: "bounce@contoso-support.example",
    SenderFromDomain: "contoso-support.example",
    SenderMailFromDomain: "contoso-support.example",
    SenderDisplayName: "Billing",
    SenderIPv4: remotes[0]?.ip ?? "",
    RecipientEmailAddress: upn,
    RecipientObjectId: guidOf(upn),
    EmailDirection: "Inbound",
    DeliveryAction: at(["Delivered", "Junked", "Blocked"], index),
    DeliveryLocation: "Inbox/folder",
    ThreatTypes: "Phish",
    AttachmentCount: index % 3,
    UrlCount: 1,
    Url: remote.url,
    UrlChain: JSON.stringify([remote.url]),
    Workload: "Email",
    IsClickedThrough: index % 2 === 1,
    Type: "SecurityEvent",
  };
}

function inColumns(columns: readonly Column[], fields: Readonly<Record<string, Value>>, index: number): Row {
  return columns.map(({ name, type }) => {
    if (name === "ReportId") return type === "long" ? 7000 + index : `report-${index}`;
    const value = fields[name] ?? (type === "string" ? "" : null);
    return type === "string" && typeof value === "object" && value !== null ? JSON.stringify(value) : value;
  });
}

/** The rows of every table but the big one. */
export function seedTables(startMs: number): Map<string, Row[]> {
  const events = ages.map((minutes, index) => event(index, minutes, startMs));
  return new Map(
    [...tableColumns]
      .filter(([name]) => name !== bigTable)
      .map(([name, columns]) => [name, events.map((fields, index) => inColumns(columns, fields, index))]),
  );
}

/** Rows made as they are read, one a millisecond back from `nowTicks`. */
export function* bigRows(
  { rows, rowBytes }: { rows: number; rowBytes: number },
  nowTicks: bigint,
): Generator<Row> {
  const payload = "x".repeat(rowBytes);
  for (let id = 0; id < rows; id++) yield [nowTicks - BigInt(id) * 10_000n, id, "big.contoso.com", payload];
}
