"""Queue Sobject: an object whose records a queue may own."""

NOTATION = """
object QueueSobject 03g "Queue Sobject" "Queue Sobject"
without undeletable updateable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Queue Sobject ID"
QueueId reference "Group ID" createonly required noprefilter cascade > Group Queue/QueueSobjects
SobjectType picklist "Sobject Type" createonly required
CreatedById reference "Created By ID" > User CreatedBy
SystemModstamp datetime "System Modstamp"
"""
