/** A few rows of every table, at times relative to the start. */
import { guidOf } from "../seeds.ts";
import type { Column, Row } from "./relation.ts";
import { bigTable, tableColumns } from "./schemas.ts";
import { ticksOf, type Value } from "./values.ts";

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
    PublicIP: remote.ip,
    AadDeviceId: guidOf(`aad ${host}`),
    EntraIdDeviceId: guidOf(`aad ${host}`),
    LoggedOnUsers: JSON.stringify([{ UserName: user, DomainName: "CONTOSO", Sid: sid }]),
    OSPlatform: "Windows11",
    MacAddress: `00-15-5D-00-00-0${index % 10}`,
    IPAddresses: JSON.stringify([{ IPAddress: ip, SubnetPrefix: 24, AddressType: "Private" }]),
    RegistryKey: "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run",
    RegistryValueName: "Updater",
    RegistryValueData: process.line,
    SenderObjectId: guidOf("sender"),
    SenderEmailAddress: upn,
    RecipientDetails: [{ RecipientSmtpAddress: "ada@contoso.com", RecipientType: "User" }],
    TeamsMessageId: guidOf(`teams ${index}`),
    UrlDomain: /^(?:[a-z]+:\/\/)?([^/?#:]+)/.exec(remote.url)?.[1] ?? "",
    UrlLocation: "Body",
    AccountId: guidOf(upn),
    OnPremSid: sid,
    CloudSid: `S-1-12-1-${index}`,
    EmailAddress: upn,
    IsAccountEnabled: true,
    TargetAccountUpn: "ada@contoso.com",
    QueryType: "QueryUser",
    QueryTarget: user,
    RequestUri: `https://graph.microsoft.com/v1.0/users/${upn}`,
    RequestMethod: "GET",
    ErrorCode: 0,
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
