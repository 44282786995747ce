"""Opportunity History: one row each time the stage, amount, probability or close date changes."""

NOTATION = """
object OpportunityHistory 008 "Opportunity History" "Opportunity History"
without createable deletable updateable undeletable searchable searchLayoutable layoutable triggerable compactLayoutable
recordtypes none
scopes everything
Id id "Opportunity History ID"
OpportunityId reference "Opportunity ID" readonly required cascade > Opportunity Opportunity/OpportunityHistories
CreatedById reference "Created By ID" > User CreatedBy
@currency "Opportunity History Currency"
CreatedDate datetime "Created Date"
StageName picklist(255) "Stage" readonly required
Amount currency(18,2) "Amount" readonly
ExpectedRevenue currency(18,2) "Expected Amount" readonly
CloseDate date "Close Date" readonly
Probability percent(3,0) "Probability (%)" readonly
ForecastCategory picklist "To ForecastCategory" readonly : Omitted | Pipeline | BestCase = Best Case
    | MostLikely = Most Likely | Forecast = Commit | Closed
SystemModstamp datetime "System Modstamp"
IsDeleted boolean "Deleted"
"""
