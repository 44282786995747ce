"""Contact: a person at an account."""

NOTATION = """
object Contact 003 "Contact" "Contacts"
with feedEnabled mergeable mruEnabled
scopes everything mine scopingRule team
Id id "Contact ID"
IsDeleted boolean "Deleted"
@master Contact
AccountId reference "Account ID" cascade > Account Account/Contacts
IsPersonAccount boolean "Is Person Account" readonly when=person_accounts
@person
@address Other "Other "
@address Mailing "Mailing "
Phone phone "Business Phone"
Fax phone "Business Fax"
MobilePhone phone "Mobile Phone"
HomePhone phone "Home Phone"
OtherPhone phone "Other Phone"
AssistantPhone phone "Asst. Phone"
ReportsToId reference "Reports To ID" > Contact ReportsTo
Email email "Email" lookup
Title string(128) "Title"
Department string(80) "Department"
AssistantName string(40) "Assistant's Name"
LeadSource picklist(255) "Lead Source" : @sources
Birthdate date "Birthdate"
Description textarea(32000) "Contact Description"
@currency "Contact Currency"
HasOptedOutOfEmail boolean "Email Opt Out" when=person_accounts
HasOptedOutOfFax boolean "Fax Opt Out" when=person_accounts
DoNotCall boolean "Do Not Call" when=person_accounts
@owner User
@stamps
LastActivityDate date "Last Activity" readonly
LastCURequestDate datetime "Last Stay-in-Touch Request Date" readonly
LastCUUpdateDate datetime "Last Stay-in-Touch Save Date" readonly
@viewed
EmailBouncedReason string "Email Bounced Reason" noperm
EmailBouncedDate datetime "Email Bounced Date" noperm
IsEmailBounced boolean "Is Email Bounced" readonly
PhotoUrl url "Photo URL" readonly extra=imageurl
Jigsaw string(20) "Data.com Key"
JigsawContactId string(20) "Jigsaw Contact ID" readonly relation=JigsawContact
CleanStatus picklist "Clean Status" restricted : @cleanstatus
IndividualId reference "Individual ID" noperm > Individual Individual/Contacts
Pronouns picklist(255) "Pronouns" when=person_accounts : @pronouns
GenderIdentity picklist(255) "Gender Identity" when=person_accounts : @genders
optional
@codes Mailing "Mailing "
@codes Other "Other "
@recordtype
"""
