"""Organization: the org itself, always one row."""

NOTATION = """
object Organization 00D "Organization" "Organizations"
without createable deletable undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Organization ID"
Name string(80) "Name" required name noperm updateonly
Division string(80) "Division" updateonly
@address "" ""
Phone phone "Phone" updateonly
Fax phone "Fax" updateonly
PrimaryContact string(80) "Primary Contact" updateonly
DefaultLocaleSidKey picklist "Locale" updateonly required restricted : en_US* | en_GB | de_DE | fr_FR | es_ES
    | it_IT | ja_JP
TimeZoneSidKey picklist "Time Zone" updateonly required restricted : @timezones
LanguageLocaleKey picklist "Language" updateonly required restricted : en_US = English* | de = German
    | es = Spanish | fr = French | it = Italian | ja = Japanese
ReceivesInfoEmails boolean "Info Emails" updateonly
ReceivesAdminInfoEmails boolean "Info Emails Admin" updateonly
PreferencesRequireOpportunityProducts boolean "RequireOpportunityProducts" readonly
PreferencesTransactionSecurityPolicy boolean "TransactionSecurityPolicy" readonly
PreferencesTerminateOldestSession boolean "TerminateOldestSession" readonly
PreferencesConsentManagementEnabled boolean "ConsentManagementEnabled" readonly
FiscalYearStartMonth int(9) "Fiscal Year Starts In" readonly
UsesStartDateAsFiscalYearName boolean "Fiscal Year Name by Start" readonly
DefaultAccountAccess picklist "Default Account Access" readonly restricted : None = Private | Read = Read Only
    | Edit = Read/Write | ControlledByLeadOrContact = Controlled By Lead Or Contact
    | ControlledByCampaign = Controlled By Campaign
DefaultContactAccess picklist "Default Contact Access" readonly restricted : None = Private | Read = Read Only
    | Edit = Read/Write | ControlledByParent = Controlled By Parent
DefaultOpportunityAccess picklist "Default Opportunity Access" readonly restricted : None = Private
    | Read = Read Only | Edit = Read/Write
DefaultLeadAccess picklist "Default Lead Access" readonly restricted : None = Private | Read = Read Only
    | Edit = Read/Write | ReadEditTransfer = Read/Write/Transfer
DefaultCaseAccess picklist "Default Case Access" readonly restricted : None = Private | Read = Read Only
    | Edit = Read/Write | ReadEditTransfer = Read/Write/Transfer
DefaultCalendarAccess picklist "Default Calendar Access" readonly restricted : HideDetails = Hide Details
    | HideDetailsInsert = Hide Details and Add Events | ShowDetails = Show Details
    | ShowDetailsInsert = Show Details and Add Events | AllowEdits = Full Access
DefaultPricebookAccess picklist "Default Price Book Access" readonly restricted : None = No Access
    | Read = View Only | ReadSelect = Use
DefaultCampaignAccess picklist "Default Campaign Access" readonly restricted : None = Private | Read = Read Only
    | Edit = Read/Write | All = Full Access
SystemModstamp datetime "System Modstamp"
ComplianceBccEmail email "Compliance BCC Email" readonly
UiSkin picklist "UI Skin" updateonly restricted : Theme1 | Theme2 | Theme3 | Theme4
SignupCountryIsoCode string(2) "Signup Country" readonly
TrialExpirationDate datetime "Trial Expiration Date" readonly
NumKnowledgeService int(9) "Knowledge Licenses" readonly
OrganizationType picklist "Edition" readonly restricted : Team Edition | Professional Edition
    | Enterprise Edition | Developer Edition | Personal Edition | Unlimited Edition | Contact Manager Edition
    | Base Edition
NamespacePrefix string(15) "Namespace Prefix" readonly
InstanceName string(5) "Instance Name" readonly
IsSandbox boolean "Is Sandbox" readonly
WebToCaseDefaultOrigin string(40) "Web to Cases Default Origin" updateonly
MonthlyPageViewsUsed int(9) "Monthly Page Views Used" readonly
MonthlyPageViewsEntitlement int(9) "Monthly Page Views Allowed" readonly
IsReadOnly boolean "Is Read Only" readonly
CreatedDate datetime "Created Date"
CreatedById reference "Created By ID" > User CreatedBy
LastModifiedDate datetime "Last Modified Date"
LastModifiedById reference "Last Modified By ID" > User LastModifiedBy
"""
