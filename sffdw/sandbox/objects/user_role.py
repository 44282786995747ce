"""Role: a place in the role hierarchy."""

NOTATION = """
object UserRole 00E "Role" "Role"
without layoutable triggerable undeletable
recordtypes none
scopes everything
Id id "Role ID"
Name string(80) "Name" required name lookup
ParentRoleId reference "Parent Role ID" noperm noprefilter > UserRole -
RollupDescription string(80) "Description" noperm
OpportunityAccessForAccountOwner picklist "Opportunity Access Level for Account Owner" required restricted : None
    | Read | Edit*
CaseAccessForAccountOwner picklist "Case Access Level for Account Owner" restricted noperm : None | Read | Edit*
ContactAccessForAccountOwner picklist "Contact Access Level for Account Owner" restricted noperm : None | Read | Edit*
ForecastUserId reference "User ID" readonly noprefilter
MayForecastManagerShare boolean "May Forecast Manager Share" readonly
LastModifiedDate datetime "Last Modified Date"
LastModifiedById reference "Last Modified By ID" > User LastModifiedBy
SystemModstamp datetime "System Modstamp"
DeveloperName string(80) "Developer Name" noperm
PortalAccountId reference "Account ID" readonly noprefilter > Account -
PortalType picklist "Portal Type" readonly restricted : None | CustomerPortal = Customer Portal | Partner
PortalAccountOwnerId reference "User ID" readonly noprefilter > User -
"""
