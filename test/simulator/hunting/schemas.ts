/** The tables that can be hunted in, and their columns (reference: 4.2). */
import type { Column } from "./relation.ts";

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
  DeviceEvents: `${device}, FileName:string, FolderPath:string, ${hashes}, FileSize:long, AccountName:string, AccountDomain:string, AccountSid:string, RemoteUrl:string, RemoteDeviceName:string, ProcessCommandLine:string, RemoteIP:string, LocalIP:string, FileOriginUrl:string, FileOriginIP:string, ${initiator}, AdditionalFields:string`,
  DeviceImageLoadEvents: `${device}, FileName:string, FolderPath:string, ${hashes}, FileSize:long, ${initiator}`,
  DeviceRegistryEvents: `${device}, RegistryKey:string, RegistryValueName:string, RegistryValueData:string, ${initiator}`,
  DeviceInfo:
    "Timestamp:datetime, DeviceId:string, DeviceName:string, PublicIP:string, OSPlatform:string, AadDeviceId:string, LoggedOnUsers:string, DeviceType:string, ReportId:long",
  DeviceNetworkInfo:
    "Timestamp:datetime, DeviceId:string, DeviceName:string, MacAddress:string, IPAddresses:string, ReportId:long",
  EmailAttachmentInfo:
    "Timestamp:datetime, NetworkMessageId:string, SenderFromAddress:string, SenderDisplayName:string, SenderObjectId:string, RecipientEmailAddress:string, RecipientObjectId:string, FileName:string, FileType:string, SHA256:string, FileSize:long, ThreatTypes:string, ReportId:string",
  EmailUrlInfo:
    "Timestamp:datetime, NetworkMessageId:string, Url:string, UrlDomain:string, UrlLocation:string, ReportId:string",
  EmailPostDeliveryEvents:
    "Timestamp:datetime, NetworkMessageId:string, InternetMessageId:string, Action:string, ActionType:string, RecipientEmailAddress:string, DeliveryLocation:string, ThreatTypes:string, ReportId:string",
  MessageEvents:
    "Timestamp:datetime, TeamsMessageId:string, SenderEmailAddress:string, SenderDisplayName:string, SenderObjectId:string, RecipientDetails:dynamic, ThreatTypes:string, ReportId:string",
  MessageUrlInfo: "Timestamp:datetime, TeamsMessageId:string, Url:string, UrlDomain:string, ReportId:string",
  CloudAppEvents:
    "Timestamp:datetime, ActionType:string, Application:string, AccountObjectId:string, AccountId:string, AccountDisplayName:string, IPAddress:string, RawEventData:dynamic, ReportId:string",
  IdentityQueryEvents: `Timestamp:datetime, ActionType:string, Application:string, QueryType:string, QueryTarget:string, Query:string, Protocol:string, ${account}, DeviceName:string, IPAddress:string, DestinationDeviceName:string, DestinationIPAddress:string, TargetDeviceName:string, TargetAccountUpn:string, ReportId:string, AdditionalFields:dynamic`,
  IdentityDirectoryEvents: `Timestamp:datetime, ActionType:string, Application:string, Protocol:string, ${account}, DeviceName:string, IPAddress:string, DestinationDeviceName:string, DestinationIPAddress:string, TargetDeviceName:string, TargetAccountUpn:string, ReportId:string, AdditionalFields:dynamic`,
  IdentityInfo:
    "Timestamp:datetime, AccountObjectId:string, AccountUpn:string, AccountName:string, AccountDomain:string, AccountDisplayName:string, OnPremSid:string, CloudSid:string, EmailAddress:string, IsAccountEnabled:bool, ReportId:string",
  EntraIdSignInEvents:
    "Timestamp:datetime, Application:string, LogonType:string, ErrorCode:int, AccountUpn:string, AccountObjectId:string, AccountDisplayName:string, DeviceName:string, EntraIdDeviceId:string, IPAddress:string, ReportId:string",
  AADSignInEventsBeta:
    "Timestamp:datetime, Application:string, LogonType:string, ErrorCode:int, AccountUpn:string, AccountObjectId:string, AccountDisplayName:string, DeviceName:string, AadDeviceId:string, IPAddress:string, ReportId:string",
  GraphApiAuditEvents:
    "Timestamp:datetime, ApplicationId:string, IPAddress:string, RequestUri:string, RequestMethod:string, AccountObjectId:string, RequestId:string",
  BehaviorEntities: `Timestamp:datetime, BehaviorId:string, ActionType:string, Categories:string, EntityType:string, FileName:string, SHA1:string, SHA256:string, RemoteIP:string, RemoteUrl:string, LocalIP:string, DeviceId:string, DeviceName:string, ${account}, NetworkMessageId:string, AdditionalFields:string`,
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
