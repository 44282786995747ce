"""User: someone who can log in. Users are never deleted, only made inactive: there is no IsDeleted."""

NOTATION = """
object User 005 "User" "Users"
with feedEnabled mruEnabled
without deletable undeletable
recordtypes none
scopes everything
Id id "User ID"
Username string(80) "Username" required noperm lookup unique
LastName string(80) "Last Name" required in=Name extra=personname
FirstName string(40) "First Name" noperm in=Name extra=personname
Name string(121) "Full Name" readonly required name extra=personname
CompanyName string(80) "Company Name" noperm
Division string(80) "Division" noperm
Department string(80) "Department" noperm
Title string(80) "Title" noperm
@address "" ""
Email email(128) "Email" required lookup
EmailPreferencesAutoBcc boolean "AutoBcc" noperm
EmailPreferencesAutoBccStayInTouch boolean "AutoBccStayInTouch" noperm
EmailPreferencesStayInTouchReminder boolean "StayInTouchReminder" noperm
SenderEmail email "Email Sender Address" noperm
SenderName string(80) "Email Sender Name" noperm
Signature textarea(1333) "Email Signature" noperm use=s
StayInTouchSubject string(80) "Stay-in-Touch Email Subject" noperm
StayInTouchSignature textarea(512) "Stay-in-Touch Email Signature" noperm use=s
StayInTouchNote string(512) "Stay-in-Touch Email Note" noperm
Phone phone "Phone" noperm
Fax phone "Fax" noperm
MobilePhone phone "Mobile" noperm
Alias string(8) "Alias" required
CommunityNickname string(40) "Nickname" required unique lookup
BadgeText string(80) "User Photo badge text overlay" readonly
IsActive boolean "Active" noperm
TimeZoneSidKey picklist "Time Zone" required restricted : @timezones
UserRoleId reference "Role ID" noperm > UserRole UserRole/Users
LocaleSidKey picklist "Locale" required restricted : en_US* | en_GB | de_DE | fr_FR | es_ES | it_IT | nl_NL
    | pt_BR | ja_JP | zh_CN | sv_SE | pl_PL
ReceivesInfoEmails boolean "Info Emails" noperm
ReceivesAdminInfoEmails boolean "Admin Info Emails" noperm
EmailEncodingKey picklist "Email Encoding" required restricted : UTF-8* | ISO-8859-1 | Shift_JIS | ISO-2022-JP
    | EUC-JP | ks_c_5601-1987 | Big5 | GB2312
ProfileId reference "Profile ID" required noprefilter > Profile Profile/Users
UserType picklist "User Type" readonly restricted : Standard | PowerPartner = Partner
    | PowerCustomerSuccess = Customer Portal Manager | CustomerSuccess = Customer Portal User | Guest
    | CspLitePortal = High Volume Portal | CsnOnly = CSN Only | SelfService = Self Service
UserSubtype picklist "User Subtype" readonly restricted
StartDay picklist "Start of Day" restricted noperm : 6 = 6:00 AM | 7 = 7:00 AM | 8 = 8:00 AM* | 9 = 9:00 AM
    | 10 = 10:00 AM
EndDay picklist "End of Day" restricted noperm : 15 = 3:00 PM | 16 = 4:00 PM | 17 = 5:00 PM* | 18 = 6:00 PM
    | 19 = 7:00 PM
DefaultCurrencyIsoCode picklist(3) "Default Currency ISO Code" restricted defaulted noperm when=multi_currency
@currency "Information Currency"
LanguageLocaleKey picklist "Language" required restricted : en_US = English* | de = German | es = Spanish
    | fr = French | it = Italian | ja = Japanese | sv = Swedish | ko = Korean | zh_TW = Chinese (Traditional)
    | zh_CN = Chinese (Simplified) | pt_BR = Portuguese (Brazil) | nl_NL = Dutch | da = Danish | th = Thai
    | fi = Finnish | ru = Russian
EmployeeNumber string(20) "Employee Number" noperm
DelegatedApproverId reference "Delegated Approver ID" noperm noprefilter > Group,User -
ManagerId reference "Manager ID" noperm > User Manager/ManagedUsers
LastLoginDate datetime "Last Login" readonly
LastPasswordChangeDate datetime "Last Password Change or Reset" readonly
@stamps
NumberOfFailedLogins int(9) "Failed Login Attempts" readonly
OfflineTrialExpirationDate datetime "Offline Edition Trial Expiration Date" readonly
OfflinePdaTrialExpirationDate datetime "Sales Anywhere Trial Expiration Date" readonly
UserPermissionsMarketingUser boolean "Marketing User" noperm
UserPermissionsOfflineUser boolean "Offline User" noperm
UserPermissionsCallCenterAutoLogin boolean "Auto-login To Call Center" noperm
UserPermissionsSFContentUser boolean "Salesforce CRM Content User" noperm
UserPermissionsKnowledgeUser boolean "Knowledge User" noperm
UserPermissionsInteractionUser boolean "Flow User" noperm
UserPermissionsSupportUser boolean "Service Cloud User" noperm
ForecastEnabled boolean "Allow Forecasting" noperm
UserPreferencesActivityRemindersPopup boolean "ActivityRemindersPopup" noperm
UserPreferencesEventRemindersCheckboxDefault boolean "EventRemindersCheckboxDefault" noperm
UserPreferencesTaskRemindersCheckboxDefault boolean "TaskRemindersCheckboxDefault" noperm
UserPreferencesReminderSoundOff boolean "ReminderSoundOff" noperm
UserPreferencesApexPagesDeveloperMode boolean "ApexPagesDeveloperMode" noperm
UserPreferencesLightningExperiencePreferred boolean "LightningExperiencePreferred" noperm
ContactId reference "Contact ID" createonly noprefilter restrict > Contact Contact/Users
AccountId reference "Account ID" readonly noprefilter > Account Account/Users
CallCenterId reference "Call Center ID" noperm noprefilter
Extension phone "Extension" noperm
FederationIdentifier string(512) "SAML Federation ID" noperm
AboutMe textarea(1000) "About Me" noperm use=s
FullPhotoUrl url(1024) "Url for full-sized Photo" readonly
SmallPhotoUrl url(1024) "Photo" readonly
IsExtIndicatorVisible boolean "Show external indicator" readonly
OutOfOfficeMessage string(40) "Out of office message" readonly
MediumPhotoUrl url(1024) "Url for medium profile photo" readonly
DigestFrequency picklist "Chatter Email Highlights Frequency" required restricted : D = Daily* | W = Weekly
    | N = Never
DefaultGroupNotificationFrequency picklist "Default Notification Frequency when Joining Groups" required restricted
    : P = Email on each post | D = Daily digests | W = Weekly digests | N = Never*
@viewed
BannerPhotoUrl url(1024) "Url for banner photo" readonly
SmallBannerPhotoUrl url(1024) "Url for IOS banner photo" readonly
MediumBannerPhotoUrl url(1024) "Url for Android banner photo" readonly
IsProfilePhotoActive boolean "Has Profile Photo" readonly
IndividualId reference "Individual ID" noperm > Individual Individual/Users
optional
@codes "" ""
"""
