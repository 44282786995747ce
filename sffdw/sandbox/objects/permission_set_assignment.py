"""Permission Set Assignment: which user has which permission set."""

NOTATION = """
object PermissionSetAssignment 0Pa "Permission Set Assignment" "Permission Set Assignment"
without undeletable updateable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "PermissionSetAssignment ID"
PermissionSetId reference "PermissionSet ID" createonly noprefilter cascade > PermissionSet PermissionSet/Assignments
AssigneeId reference "Assignee ID" createonly required noprefilter > User Assignee/PermissionSetAssignments
SystemModstamp datetime "System Modstamp"
"""
