"""Account Contact Relationship: an indirect tie of a contact to an account."""

NOTATION = """
object AccountContactRelation 07k "Account Contact Relationship" "Account Contact Relationship"
without undeletable searchable searchLayoutable
scopes everything
Id id "Account Contact Relationship ID"
AccountId reference "Account ID" createonly required noprefilter cascade > Account Account/AccountContactRelations
ContactId reference "Contact ID" createonly required noprefilter cascade > Contact Contact/AccountContactRelations
Roles multipicklist "Roles" : Business User | Decision Maker | Economic Buyer | Economic Decision Maker
    | Evaluator | Executive Sponsor | Influencer | Technical Buyer | Other
IsDirect boolean "Direct" readonly
IsActive boolean "Active"
StartDate date "Start Date"
EndDate date "End Date"
@currency "Currency ISO Code"
@stamps
IsDeleted boolean "Deleted"
"""
