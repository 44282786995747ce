"""Opportunity Contact Role: the part a contact plays in a deal."""

NOTATION = """
object OpportunityContactRole 00K "Opportunity Contact Role" "Opportunity Contact Role"
without undeletable searchable searchLayoutable
recordtypes none
scopes everything
Id id "Contact Role ID"
OpportunityId reference "Opportunity ID" createonly required noprefilter cascade
    > Opportunity Opportunity/OpportunityContactRoles
ContactId reference "Contact ID" required noprefilter cascade > Contact Contact/OpportunityContactRoles
Role picklist "Role" noperm : Business User | Decision Maker | Economic Buyer | Economic Decision Maker
    | Evaluator | Executive Sponsor | Influencer | Technical Buyer | Other
IsPrimary boolean "Primary" noperm
@currency "Currency ISO Code"
@stamps
IsDeleted boolean "Deleted"
"""
