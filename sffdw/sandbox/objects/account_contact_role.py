"""Account Contact Role: the part a contact plays at an account."""

NOTATION = """
object AccountContactRole 02Z "Account Contact Role" "Account Contact Role"
without undeletable searchable searchLayoutable
recordtypes none
scopes everything
Id id "Contact Role ID"
IsDeleted boolean "Deleted"
@stamps
AccountId reference "Account ID" createonly required noprefilter cascade > Account Account/AccountContactRoles
ContactId reference "Contact ID" required noprefilter cascade > Contact Contact/AccountContactRoles
Role picklist "Role" noperm : Business User | Decision Maker | Economic Buyer | Economic Decision Maker
    | Evaluator | Executive Sponsor | Influencer | Technical Buyer | Other
IsPrimary boolean "Primary" noperm
"""
