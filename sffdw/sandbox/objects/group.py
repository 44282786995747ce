"""Group: a public group or queue."""

NOTATION = """
object Group 00G "Group" "Group"
without undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Group ID"
Name string(40) "Name" required name
DeveloperName string(80) "Developer Name" noperm
RelatedId reference "Related ID" readonly > User,UserRole Related
Type picklist "Type" createonly required restricted : Regular* | Role
    | RoleAndSubordinates = Role and Subordinates | Organization | Queue | PRMOrganization | AllCustomerPortal
    | CollaborationGroup = Collaboration Group
Email email "Email" noperm
QueueRoutingConfigId reference "Queue Routing Config ID" noprefilter noperm
OwnerId reference "Owner ID" readonly required defaulted > Organization,User Owner
DoesSendEmailToMembers boolean "Send Email to Members" noperm
DoesIncludeBosses boolean "Include Bosses" noperm
@stamps
"""
