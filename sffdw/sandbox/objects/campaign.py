"""Campaign: a marketing effort and its figures."""

NOTATION = """
object Campaign 701 "Campaign" "Campaigns"
with deepCloneable feedEnabled mruEnabled
scopes everything mine team
Id id "Campaign ID"
IsDeleted boolean "Deleted"
Name string(80) "Name" name required lookup
ParentId reference "Parent Campaign ID" > Campaign Parent/ChildCampaigns
Type picklist "Type" : Conference | Webinar | Trade Show | Public Relations | Partners | Referral Program
    | Advertisement | Banner Ads | Direct Mail | Email | Telemarketing | Other
Status picklist "Status" : Planned* | In Progress | Completed | Aborted
StartDate date "Start Date"
EndDate date "End Date"
ExpectedRevenue currency(18,0) "Expected Revenue"
BudgetedCost currency(18,0) "Budgeted Cost"
ActualCost currency(18,0) "Actual Cost"
ExpectedResponse percent(10,2) "Expected Response (%)"
NumberSent double(18,0) "Num Sent"
IsActive boolean "Active"
Description textarea(32000) "Description"
NumberOfLeads int "Leads in Campaign" readonly
NumberOfConvertedLeads int "Converted Leads in Campaign" readonly
NumberOfContacts int "Contacts in Campaign" readonly
NumberOfResponses int "Responses in Campaign" readonly
NumberOfOpportunities int "Opportunities in Campaign" readonly
NumberOfWonOpportunities int "Won Opportunities in Campaign" readonly
AmountAllOpportunities currency(18,0) "Value Opportunities in Campaign" readonly
AmountWonOpportunities currency(18,0) "Value Won Opportunities in Campaign" readonly
@currency "Campaign Currency"
@owner User
@stamps
LastActivityDate date "Last Activity" readonly
@viewed
CampaignMemberRecordTypeId reference "Record Type ID" noperm noprefilter > RecordType CampaignMemberRecordType
optional
@recordtype
"""
