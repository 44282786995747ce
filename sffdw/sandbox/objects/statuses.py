"""The lists behind the status picklists of leads, cases, deals, tasks, contracts and orders, readable as objects."""

NOTATION = """
object LeadStatus 01J "Lead Status Value" "Lead Status Value"
@setup
Id id "Lead Status Value ID"
MasterLabel string(255) "Master Label" readonly name
ApiName string(255) "API Name" readonly
SortOrder int(9) "Sort Order" readonly
IsDefault boolean "Is Default" readonly
IsConverted boolean "Is Converted" readonly
@stamps
=
object CaseStatus 01J "Case Status Value" "Case Status Value"
@setup
Id id "Case Status Value ID"
MasterLabel string(255) "Master Label" readonly name
ApiName string(255) "API Name" readonly
SortOrder int(9) "Sort Order" readonly
IsDefault boolean "Is Default" readonly
IsClosed boolean "Is Closed" readonly
@stamps
=
object OpportunityStage 01J "Opportunity Stage" "Opportunity Stage"
@setup
Id id "Opportunity Stage ID"
MasterLabel string(255) "Master Label" readonly name
ApiName string(255) "API Name" readonly
IsActive boolean "Is Active" readonly
SortOrder int(9) "Sort Order" readonly
IsClosed boolean "Is Closed" readonly
IsWon boolean "Is Won" readonly
ForecastCategory picklist "Forecast Category" readonly restricted : Omitted | Pipeline | BestCase = Best Case
    | MostLikely = Most Likely | Forecast = Commit | Closed
ForecastCategoryName picklist(255) "Forecast Category Name" readonly : Omitted | Pipeline | Best Case | Commit
    | Closed
DefaultProbability percent(3,0) "Probability (%)" readonly
Description string "Description" readonly
@stamps
=
object TaskStatus 01J "Task Status Value" "Task Status Value"
@setup
Id id "Task Status Value ID"
MasterLabel string(255) "Master Label" readonly name
ApiName string(255) "API Name" readonly
SortOrder int(9) "Sort Order" readonly
IsDefault boolean "Is Default" readonly
IsClosed boolean "Is Closed" readonly
@stamps
=
object TaskPriority 01J "Task Priority Value" "Task Priority Value"
@setup
Id id "Task Priority Value ID"
MasterLabel string(255) "Master Label" readonly name
ApiName string(255) "API Name" readonly
SortOrder int(9) "Sort Order" readonly
IsDefault boolean "Is Default" readonly
IsHighPriority boolean "Is High Priority" readonly
@stamps
=
object ContractStatus 01J "Contract Status Value" "Contract Status Value"
@setup
Id id "Contract Status Value ID"
MasterLabel string(255) "Master Label" readonly name
ApiName string(255) "API Name" readonly
SortOrder int(9) "Sort Order" readonly
IsDefault boolean "Is Default" readonly
StatusCode picklist "Status Code" readonly : Draft | InApproval = In Approval | Activated | Terminated | Expired
@stamps
=
object OrderStatus 01J "Order Status Value" "Order Status Value"
@setup
Id id "Order Status Value ID"
MasterLabel string(255) "Master Label" readonly name
ApiName string(255) "API Name" readonly
SortOrder int(9) "Sort Order" readonly
IsDefault boolean "Is Default" readonly
StatusCode picklist "Status Code" readonly : Draft | Activated | Cancelled | Expired | Superseded
@stamps
"""
