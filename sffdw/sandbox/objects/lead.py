"""Lead: a prospect not yet converted to an account, a contact and an opportunity."""

NOTATION = """
object Lead 00Q "Lead" "Leads"
with feedEnabled mergeable mruEnabled
scopes everything mine queue_owned scopingRule team user_owned
Id id "Lead ID"
IsDeleted boolean "Deleted"
@master Lead
@person
Title string(128) "Title"
Company string "Company" required
@address "" ""
Phone phone "Phone"
MobilePhone phone "Mobile Phone"
Fax phone "Fax"
Email email "Email" lookup
Website url "Website"
PhotoUrl url "Photo URL" readonly extra=imageurl
Description textarea(32000) "Description"
LeadSource picklist(255) "Lead Source" : @sources
Status picklist(255) "Status" required : Open - Not Contacted* | Working - Contacted | Closed - Converted
    | Closed - Not Converted
Industry picklist(255) "Industry" : @industries
Rating picklist(255) "Rating" : Hot | Warm | Cold
AnnualRevenue currency(18,0) "Annual Revenue"
NumberOfEmployees int "Employees"
@currency "Lead Currency"
@owner Group,User
IsConverted boolean "Converted" createonly
ConvertedDate date "Converted Date" readonly
ConvertedAccountId reference "Converted Account ID" readonly prefilter > Account ConvertedAccount
ConvertedContactId reference "Converted Contact ID" readonly prefilter > Contact ConvertedContact
ConvertedOpportunityId reference "Converted Opportunity ID" readonly prefilter > Opportunity ConvertedOpportunity
IsUnreadByOwner boolean "Unread By Owner" noperm
@stamps
LastActivityDate date "Last Activity" readonly
@viewed
Jigsaw string(20) "Data.com Key"
JigsawContactId string(20) "Jigsaw Contact ID" readonly relation=JigsawContact
CleanStatus picklist "Clean Status" restricted : @cleanstatus
CompanyDunsNumber string(9) "Company D-U-N-S Number"
DandbCompanyId reference "D&B Company ID" > DandBCompany DandbCompany
EmailBouncedReason string "Email Bounced Reason" updateonly
EmailBouncedDate datetime "Email Bounced Date" updateonly
IndividualId reference "Individual ID" noperm > Individual Individual/Leads
optional
@codes "" ""
@recordtype
HasOptedOutOfEmail boolean "Email Opt Out"
HasOptedOutOfFax boolean "Fax Opt Out"
DoNotCall boolean "Do Not Call"
"""
