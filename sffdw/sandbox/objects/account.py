"""Account: a company or household; with person accounts also a person."""

NOTATION = """
object Account 001 "Account" "Accounts"
with feedEnabled mergeable mruEnabled
scopes everything mine team
Id id "Account ID"
IsDeleted boolean "Deleted"
@master Account
Name string "Account Name" in=Name name required extra=switchablepersonname
LastName string(80) "Last Name" noperm in=Name extra=personname when=person_accounts
FirstName string(40) "First Name" noperm in=Name extra=personname when=person_accounts
Salutation picklist "Salutation" noperm in=Name extra=personname when=person_accounts : Mr. | Ms. | Mrs. | Dr. | Prof.
Type picklist "Account Type" : Prospect | Customer - Direct | Customer - Channel | Channel Partner / Reseller
    | Installation Partner | Technology Partner | Other
@recordtype
ParentId reference "Parent Account ID" > Account Parent/ChildAccounts
@address Billing "Billing "
@address Shipping "Shipping "
Phone phone "Account Phone"
Fax phone "Account Fax"
AccountNumber string(40) "Account Number"
Website url "Website"
PhotoUrl url "Photo URL" readonly extra=imageurl
Sic string(20) "SIC Code"
Industry picklist "Industry" : @industries
AnnualRevenue currency(18,0) "Annual Revenue"
NumberOfEmployees int "Employees"
Ownership picklist "Ownership" : Public | Private | Subsidiary | Other
TickerSymbol string(20) "Ticker Symbol"
Description textarea(32000) "Account Description"
Rating picklist "Account Rating" : Hot | Warm | Cold
Site string(80) "Account Site"
@currency "Account Currency"
@owner User
@stamps
LastActivityDate date "Last Activity" readonly
@viewed
IsPartner boolean "Partner Account" updateonly
IsCustomerPortal boolean "Customer Portal Account" updateonly
PersonContactId reference "Contact ID" readonly noprefilter when=person_accounts > Contact PersonContact
IsPersonAccount boolean "Is Person Account" readonly perm when=person_accounts
@personaddress Mailing
@personaddress Other
PersonMobilePhone phone "Mobile" when=person_accounts
PersonHomePhone phone "Home Phone" when=person_accounts
PersonOtherPhone phone "Other Phone" when=person_accounts
PersonAssistantPhone phone "Asst. Phone" when=person_accounts
PersonEmail email "Email" lookup when=person_accounts
PersonTitle string(80) "Title" when=person_accounts
PersonDepartment string(80) "Department" when=person_accounts
PersonAssistantName string(40) "Assistant" when=person_accounts
PersonLeadSource picklist(255) "Lead Source" when=person_accounts : @sources
PersonBirthdate date "Birthdate" when=person_accounts
PersonHasOptedOutOfEmail boolean "Email Opt Out" when=person_accounts
PersonHasOptedOutOfFax boolean "Fax Opt Out" when=person_accounts
PersonDoNotCall boolean "Do Not Call" when=person_accounts
PersonLastCURequestDate datetime "Last Stay-in-Touch Request Date" readonly when=person_accounts
PersonLastCUUpdateDate datetime "Last Stay-in-Touch Save Date" readonly when=person_accounts
PersonEmailBouncedReason string "Email Bounced Reason" noperm when=person_accounts
PersonEmailBouncedDate datetime "Email Bounced Date" noperm when=person_accounts
PersonIndividualId reference "Individual ID" noperm when=person_accounts > Individual PersonIndividual/PersonAccounts
PersonPronouns picklist(255) "Pronouns" when=person_accounts : @pronouns
PersonGenderIdentity picklist(255) "Gender Identity" when=person_accounts : @genders
ChannelProgramName string "Channel Program Name" readonly use=ag
ChannelProgramLevelName string "Channel Program Level Name" readonly use=ag
Jigsaw string(20) "Data.com Key"
JigsawCompanyId string(20) "Jigsaw Company ID" readonly relation=JigsawCompany
CleanStatus picklist "Clean Status" restricted : @cleanstatus
AccountSource picklist "Account Source" : @sources
DunsNumber string(9) "D-U-N-S Number"
Tradestyle string "Tradestyle"
NaicsCode string(8) "NAICS Code"
NaicsDesc string(120) "NAICS Description"
YearStarted string(4) "Year Started"
SicDesc string(80) "SIC Description"
DandbCompanyId reference "D&B Company ID" > DandBCompany DandbCompany
OperatingHoursId reference "Operating Hour ID" > OperatingHours OperatingHours
optional
@codes Billing "Billing "
@codes Shipping "Shipping "
"""
