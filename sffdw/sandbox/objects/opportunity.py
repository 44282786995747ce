"""Opportunity: a deal with a stage, an amount and a close date."""

NOTATION = """
object Opportunity 006 "Opportunity" "Opportunities"
with deepCloneable feedEnabled mruEnabled
scopes everything mine scopingRule team
Id id "Opportunity ID"
IsDeleted boolean "Deleted"
AccountId reference "Account ID" cascade > Account Account/Opportunities
IsPrivate boolean "Private"
Name string(120) "Name" name required lookup
Description textarea(32000) "Description"
StageName picklist(255) "Stage" required : Prospecting | Qualification | Needs Analysis | Value Proposition
    | Id. Decision Makers | Perception Analysis | Proposal/Price Quote | Negotiation/Review | Closed Won | Closed Lost
Amount currency(18,2) "Amount"
Probability percent(3,0) "Probability (%)" defaulted
ExpectedRevenue currency(18,2) "Expected Amount" readonly perm
TotalOpportunityQuantity double(18,2) "Quantity"
CloseDate date "Close Date" required
Type picklist(255) "Opportunity Type" : Existing Customer - Upgrade | Existing Customer - Replacement
    | Existing Customer - Downgrade | New Customer
NextStep string "Next Step"
LeadSource picklist(255) "Lead Source" : @sources
IsClosed boolean "Closed" readonly
IsWon boolean "Won" readonly
ForecastCategory picklist "Forecast Category" readonly required restricted : Omitted | Pipeline
    | BestCase = Best Case | MostLikely = Most Likely | Forecast = Commit | Closed
ForecastCategoryName picklist(255) "Forecast Category" defaulted restricted noperm : Omitted | Pipeline
    | Best Case | Commit | Closed
CampaignId reference "Campaign ID" > Campaign Campaign/Opportunities
HasOpportunityLineItem boolean "Has Line Item" readonly
Pricebook2Id reference "Price Book ID" defaulted noperm > Pricebook2 Pricebook2/Opportunities
@currency "Opportunity Currency"
@owner User
@stamps
LastActivityDate date "Last Activity" readonly
LastStageChangeDate datetime "Last Stage Change Date" readonly
FiscalQuarter int "Fiscal Quarter" in=Fiscal readonly
FiscalYear int "Fiscal Year" in=Fiscal readonly
Fiscal string(6) "Fiscal Period" readonly bytes=6
ContactId reference "Contact ID" createonly noprefilter > Contact -/Opportunities
@viewed
HasOpenActivity boolean "Has Open Activity" readonly use=g
HasOverdueTask boolean "Has Overdue Task" readonly use=g
LastAmountChangedHistoryId reference "Opportunity History ID" readonly prefilter
    > OpportunityHistory LastAmountChangedHistory
LastCloseDateChangedHistoryId reference "Opportunity History ID" readonly prefilter
    > OpportunityHistory LastCloseDateChangedHistory
optional
@recordtype
SyncedQuoteId string(18) "Quote ID" readonly
Territory2Id string(18) "Territory ID" noperm
IsExcludedFromTerritory2Filter boolean "Excluded from Territory Assignment" noperm
"""
