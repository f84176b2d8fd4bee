/**
 * The columns of the tables of advanced hunting, from Microsoft's table reference. A name without a type is a `string`.
 * Tenants have more tables than these, and new columns come: what is not here may still exist.
 */

const FILE = "FileName FolderPath SHA1 SHA256 MD5 FileSize:long";
const ACCOUNT = "AccountName AccountDomain AccountSid AccountUpn AccountObjectId";
const DEVICE = "Timestamp:datetime DeviceId DeviceName ReportId:long";
const EVENT = `${DEVICE} ActionType AppGuardContainerId AdditionalFields`;
const VERSION = "CompanyName ProductName ProductVersion InternalFileName OriginalFileName FileDescription";
const REMOTE_SESSION =
  "InitiatingProcessSessionId:long IsInitiatingProcessRemoteSession:bool InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP";
const CREATED_SESSION =
  "CreatedProcessSessionId:long IsProcessRemoteSession:bool ProcessRemoteSessionDeviceName ProcessRemoteSessionIP";
const INITIATOR = [
  under("InitiatingProcess", `${ACCOUNT} ${FILE}`),
  under("InitiatingProcess", "Id:long CommandLine CreationTime:datetime IntegrityLevel TokenElevation"),
  under("InitiatingProcess", "ParentId:long ParentFileName ParentCreationTime:datetime LogonId:long"),
  under("InitiatingProcessVersionInfo", VERSION),
  REMOTE_SESSION,
].join(" ");
const EVIDENCE = [
  "Timestamp:datetime Categories ServiceSource DetectionSource EntityType FileName FolderPath SHA1 SHA256 FileSize:long",
  "ThreatFamily RemoteIP RemoteUrl DeviceId DeviceName LocalIP NetworkMessageId EmailSubject Application",
  "ApplicationId:int OAuthApplicationId ProcessCommandLine RegistryKey RegistryValueName RegistryValueData",
  `AdditionalFields ${ACCOUNT}`,
].join(" ");
const IDENTITY = [
  `Timestamp:datetime ActionType Application Protocol ${ACCOUNT} AccountDisplayName DeviceName IPAddress Port:int`,
  "DestinationDeviceName DestinationIPAddress DestinationPort:int TargetDeviceName TargetAccountDisplayName",
  "Location ReportId AdditionalFields:dynamic",
].join(" ");
const SIGN_IN = [
  "Timestamp:datetime Application ApplicationId LogonType ErrorCode:int CorrelationId SessionId AccountDisplayName",
  "AccountObjectId AccountUpn IsExternalUser:int IsGuestUser:bool AlternateSignInName",
  "LastPasswordChangeTimestamp:datetime ResourceDisplayName ResourceId ResourceTenantId DeviceName EntraIdDeviceId",
  "OSPlatform DeviceTrustType IsManaged:int IsCompliant:int AuthenticationProcessingDetails",
  "AuthenticationRequirement TokenIssuerType:int RiskLevelAggregated:int RiskDetails:int RiskState:int UserAgent",
  "ClientAppUsed Browser ConditionalAccessPolicies ConditionalAccessStatus:int IPAddress Country State City Latitude",
  "Longitude NetworkLocationDetails RequestId ReportId EndpointCall IsThroughGlobalSecureAccess:bool UniqueTokenId",
].join(" ");

const TABLES: Readonly<Record<string, string>> = {
  AlertInfo:
    "Timestamp:datetime AlertId Title Category Severity ServiceSource DetectionSource AttackTechniques",
  AlertEvidence: `${EVIDENCE} AlertId Title AttackTechniques EvidenceRole EvidenceDirection Severity CloudResource CloudPlatform ResourceType ResourceID SubscriptionId`,
  BehaviorEntities: `${EVIDENCE} BehaviorId ActionType DataSources EntityRole DetailedEntityRole EmailClusterId`,
  BehaviorInfo:
    "Timestamp:datetime BehaviorId Title ActionType Description Categories AttackTechniques ServiceSource DetectionSource DataSources DeviceId AccountUpn AccountObjectId StartTime:datetime EndTime:datetime AdditionalFields",
  DeviceEvents: `${EVENT} ${FILE} AccountDomain AccountName AccountSid RemoteUrl RemoteDeviceName ProcessId:long ProcessCommandLine ProcessCreationTime:datetime ProcessTokenElevation LogonId:long RegistryKey RegistryValueName RegistryValueData RemoteIP RemotePort:int LocalIP LocalPort:int FileOriginUrl FileOriginIP ${INITIATOR} ${CREATED_SESSION}`,
  DeviceFileEvents: `${EVENT} ${FILE} FileOriginUrl FileOriginReferrerUrl FileOriginIP PreviousFolderPath PreviousFileName RequestProtocol RequestSourceIP RequestSourcePort:int RequestAccountName RequestAccountDomain RequestAccountSid ShareName SensitivityLabel SensitivitySubLabel IsAzureInfoProtectionApplied:bool ${INITIATOR}`,
  DeviceImageLoadEvents: `${EVENT} ${FILE} ${INITIATOR}`,
  DeviceInfo: `${DEVICE} ClientVersion PublicIP OSArchitecture OSPlatform OSBuild:long IsAzureADJoined:bool JoinType AadDeviceId LoggedOnUsers RegistryDeviceTag OSVersion MachineGroup OnboardingStatus AdditionalFields DeviceCategory DeviceType DeviceSubtype Model Vendor OSDistribution OSVersionInfo MergedDeviceIds MergedToDeviceId IsInternetFacing:bool SensorHealthState IsExcluded:bool ExclusionReason ExposureLevel AssetValue DeviceManualTags DeviceDynamicTags ConnectivityType HostDeviceId AzureResourceId AwsResourceName GcpFullResourceName HardwareUuid CloudPlatforms AzureVmId AzureVmSubscriptionId IsTransient:bool OsBuildRevision MitigationStatus DiscoverySources`,
  DeviceLogonEvents: `${EVENT} LogonType AccountDomain AccountName AccountSid Protocol FailureReason IsLocalAdmin:bool LogonId:long RemoteDeviceName RemoteIP RemoteIPType RemotePort:int ${INITIATOR}`,
  DeviceNetworkEvents: `${EVENT} RemoteIP RemotePort:int RemoteUrl LocalIP LocalPort:int Protocol LocalIPType RemoteIPType ${INITIATOR}`,
  DeviceNetworkInfo: `${DEVICE} NetworkAdapterName MacAddress NetworkAdapterType NetworkAdapterStatus TunnelType ConnectedNetworks DnsAddresses IPv4Dhcp IPv6Dhcp DefaultGateways IPAddresses NetworkAdapterVendor`,
  DeviceProcessEvents: `${EVENT} ${FILE} ${under("ProcessVersionInfo", VERSION)} ProcessId:long ProcessCommandLine ProcessIntegrityLevel ProcessTokenElevation ProcessCreationTime:datetime ${ACCOUNT} LogonId:long InitiatingProcessSignerType InitiatingProcessSignatureStatus ${INITIATOR} ${CREATED_SESSION}`,
  DeviceRegistryEvents: `${EVENT} RegistryKey RegistryValueType RegistryValueName RegistryValueData PreviousRegistryKey PreviousRegistryValueName PreviousRegistryValueData ${INITIATOR}`,
  EmailEvents:
    "Timestamp:datetime NetworkMessageId InternetMessageId SenderMailFromAddress SenderFromAddress SenderDisplayName SenderObjectId SenderMailFromDomain SenderFromDomain SenderIPv4 SenderIPv6 RecipientEmailAddress RecipientObjectId Subject EmailClusterId:long EmailDirection DeliveryAction DeliveryLocation ThreatTypes ThreatNames DetectionMethods ConfidenceLevel BulkComplaintLevel:int EmailAction EmailActionPolicy EmailActionPolicyGuid AuthenticationDetails AttachmentCount:int UrlCount:int EmailLanguage Connectors OrgLevelAction OrgLevelPolicy UserLevelAction UserLevelPolicy ReportId AdditionalFields LatestDeliveryLocation LatestDeliveryAction ExchangeTransportRule ForwardingInformation DistributionList To Cc IsFirstContact:bool EmailSize:long ThreatClassification RecipientDomain Context",
  EmailAttachmentInfo:
    "Timestamp:datetime NetworkMessageId SenderFromAddress SenderDisplayName SenderObjectId RecipientEmailAddress RecipientObjectId FileName FileType FileExtension SHA256 FileSize:long ThreatTypes ThreatNames DetectionMethods ReportId",
  EmailUrlInfo: "Timestamp:datetime NetworkMessageId Url UrlDomain UrlLocation ReportId",
  EmailPostDeliveryEvents:
    "Timestamp:datetime NetworkMessageId InternetMessageId Action ActionType ActionTrigger ActionResult RecipientEmailAddress DeliveryLocation ThreatTypes DetectionMethods ReportId",
  UrlClickEvents:
    "Timestamp:datetime Url ActionType AccountUpn Workload NetworkMessageId ThreatTypes DetectionMethods IPAddress IsClickedThrough:bool UrlChain ReportId AppName AppVersion SourceId",
  MessageEvents:
    "Timestamp:datetime LastEditedTime TeamsMessageId SenderEmailAddress SenderDisplayName SenderObjectId SenderType RecipientDetails:dynamic IsOwnedThread:bool MessageId ParentMessageId GroupId GroupName ThreadId ThreadSubtype IsExternalThread:bool MessageFormatType MessageFormatSubtype MessageVersion MessageSubject ThreatTypes DetectionMethods:dynamic ConfidenceLevel:dynamic DeliveryAction DeliveryLocation ReportId SafetyTip ThreadName ThreadType",
  MessageUrlInfo: "Timestamp:datetime TeamsMessageId Url UrlDomain ThreatTypes ReportId",
  CloudAppEvents:
    "Timestamp:datetime ActionType Application ApplicationId:int AppInstanceId:int AccountObjectId AccountId AccountDisplayName IsAdminOperation:bool DeviceType OSPlatform IPAddress IsAnonymousProxy:bool CountryCode City Isp UserAgent ActivityType ActivityObjects:dynamic ObjectName ObjectType ObjectId ReportId AccountType IsExternalUser:bool IsImpersonated:bool IPTags:dynamic IPCategory UserAgentTags:dynamic RawEventData:dynamic AdditionalFields:dynamic LastSeenForUser:dynamic UncommonForUser:dynamic AuditSource SessionData:dynamic OAuthAppId",
  IdentityLogonEvents: `${IDENTITY} LogonType FailureReason DeviceType OSPlatform Isp`,
  IdentityQueryEvents: `${IDENTITY} QueryType QueryTarget Query TargetAccountUpn`,
  IdentityDirectoryEvents: `${IDENTITY} TargetAccountUpn ISP`,
  IdentityInfo:
    "Timestamp:datetime ReportId AccountObjectId AccountUpn OnPremSid AccountDisplayName AccountName AccountDomain CriticalityLevel:int Type DistinguishedName CloudSid GivenName Surname Department JobTitle EmailAddress SipProxyAddress Address City Country IsAccountEnabled:bool Manager Phone CreatedDateTime:datetime ChangeSource BlastRadius CompanyName DeletedDateTime:datetime EmployeeId OtherMailAddresses:dynamic RiskLevel RiskLevelDetails State Tags:dynamic AssignedRoles:dynamic PrivilegedEntraPimRoles:dynamic TenantId SourceSystem OnPremObjectId TenantMembershipType RiskStatus UserAccountControl IdentityEnvironment SourceProviders:dynamic SourceProvider GroupMembership:dynamic",
  EntraIdSignInEvents: SIGN_IN,
  AADSignInEventsBeta: `${SIGN_IN} AadDeviceId`,
  GraphApiAuditEvents:
    "Timestamp:datetime IdentityProvider ApiVersion ApplicationId IPAddress ClientRequestId EntityType RequestUri AccountObjectId OperationId Location RequestDuration RequestId RequestMethod ResponseStatusCode Scopes UniqueTokenIdentifier TargetWorkload ServicePrincipalId ResponseSize:int",
};

function under(prefix: string, columns: string): string {
  return columns
    .split(" ")
    .map((column) => `${prefix}${column}`)
    .join(" ");
}

export interface SchemaColumn {
  name: string;
  type: string;
}

/** Columns by table. */
export const SCHEMA: ReadonlyMap<string, readonly SchemaColumn[]> = new Map(
  Object.entries(TABLES).map(([table, columns]) => [
    table,
    columns.split(" ").map((column) => {
      const [name = "", type = "string"] = column.split(":");
      return { name, type };
    }),
  ]),
);

/** Null for a table that is not known. */
export function hasColumn(table: string, column: string): boolean | null {
  return SCHEMA.get(table)?.some(({ name }) => name === column) ?? null;
}
