"""Group Member: a user or group in a group."""

NOTATION = """
object GroupMember 011 "Group Member" "Group Member"
without undeletable updateable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Group Member ID"
GroupId reference "Group ID" createonly required noprefilter cascade > Group Group/GroupMembers
UserOrGroupId reference "User/Group ID" createonly required noprefilter > Group,User -
SystemModstamp datetime "System Modstamp"
"""
