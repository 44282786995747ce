"""Account Team Member: a user who works on an account."""

NOTATION = """
object AccountTeamMember 01M "Account Team Member" "Account Team Member"
without undeletable searchable searchLayoutable
recordtypes none
scopes everything
Id id "Account Team Member ID"
AccountId reference "Account ID" createonly required noprefilter cascade > Account Account/AccountTeamMembers
UserId reference "User ID" createonly required noprefilter > User User
TeamMemberRole picklist "Team Role" noperm : Account Manager | Executive Sponsor | Lead Qualifier
    | Pre-Sales Consultant | Sales Manager | Sales Rep
PhotoUrl url "Photo URL" readonly extra=imageurl
Title string(80) "Title" readonly
AccountAccessLevel picklist "Account Access" restricted noperm : None = Private | Read = Read Only
    | Edit = Read/Write | All = Owner
@currency "Currency ISO Code"
@stamps
IsDeleted boolean "Deleted"
"""
