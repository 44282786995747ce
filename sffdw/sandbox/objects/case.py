"""Case: a customer's question or complaint."""

NOTATION = """
object Case 500 "Case" "Cases"
with feedEnabled mruEnabled
scopes everything genericteam mine queue_owned team_by_role user_owned
Id id "Case ID"
IsDeleted boolean "Deleted"
@master Case
CaseNumber string(30) "Case Number" auto={00000000} name lookup
ContactId reference "Contact ID" restrict > Contact Contact/Cases
AccountId reference "Account ID" restrict > Account Account/Cases
AssetId reference "Asset ID" restrict > Asset Asset/Cases
ParentId reference "Parent Case ID" > Case Parent/Cases
SuppliedName string(80) "Name"
SuppliedEmail email "Email Address"
SuppliedPhone string(40) "Phone"
SuppliedCompany string(80) "Company"
Type picklist "Case Type" : Mechanical | Electrical | Electronic | Structural | Other
Status picklist "Status" noperm : New* | Working | Escalated | Closed
Reason picklist "Case Reason" : Installation | Equipment Complexity | Performance | Breakdown | Equipment Design
    | Feedback | Other
Origin picklist "Case Origin" : Phone | Email | Web
Subject string "Subject"
Priority picklist "Priority" : High | Medium* | Low
Description textarea(32000) "Description"
IsClosed boolean "Closed" readonly
ClosedDate datetime "Closed Date" readonly perm
IsEscalated boolean "Escalated"
@currency "Case Currency"
@owner Group,User
@stamps
ContactPhone phone "Contact Phone" readonly from=Contact.Phone
ContactMobile phone "Contact Mobile" readonly from=Contact.MobilePhone
ContactEmail email "Contact Email" readonly from=Contact.Email
ContactFax phone "Contact Fax" readonly from=Contact.Fax
Comments textarea(4000) "Internal Comments" noperm use=as bytes=4000
@viewed
optional
@recordtype
IsClosedOnCreate boolean "Closed When Created" readonly
"""
