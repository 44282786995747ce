"""Campaign Member: a lead or contact in a campaign."""

NOTATION = """
object CampaignMember 00v "Campaign Member" "Campaign Members"
without undeletable searchable
scopes everything
Id id "Campaign Member ID"
IsDeleted boolean "Deleted"
CampaignId reference "Campaign ID" createonly required noprefilter cascade > Campaign Campaign/CampaignMembers
LeadId reference "Lead ID" createonly noprefilter cascade > Lead Lead/CampaignMembers
ContactId reference "Contact ID" createonly noprefilter cascade > Contact Contact/CampaignMembers
Status picklist "Status" noperm : Sent* | Responded
HasResponded boolean "Responded" readonly
@currency "Currency ISO Code"
@stamps
FirstRespondedDate date "First Responded Date" readonly
Salutation picklist "Salutation" readonly : Mr. | Ms. | Mrs. | Dr. | Prof.
Name string "Name" readonly name
FirstName string(40) "First Name" readonly
LastName string(80) "Last Name" readonly
Title string(128) "Title" readonly
Street textarea "Street" readonly
City string(40) "City" readonly
State string(80) "State/Province" readonly
PostalCode string(20) "Zip/Postal Code" readonly
Country string(80) "Country" readonly
Email email "Email" readonly
Phone phone "Phone" readonly
Fax phone "Fax" readonly
MobilePhone phone "Mobile" readonly
Description textarea(32000) "Description" readonly
DoNotCall boolean "Do Not Call" readonly
HasOptedOutOfEmail boolean "Email Opt Out" readonly
HasOptedOutOfFax boolean "Fax Opt Out" readonly
LeadSource picklist "Lead Source" readonly : @sources
CompanyOrAccount string "Company (Account)" readonly
Type picklist "Type" readonly : Contact | Lead
LeadOrContactId reference "Related Record ID" readonly > Contact,Lead LeadOrContact
LeadOrContactOwnerId reference "Related Record Owner ID" readonly > Group,User LeadOrContactOwner
"""
