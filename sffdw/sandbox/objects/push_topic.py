"""Push Topic and Streaming Channel: what clients of the streaming API can subscribe to besides changes."""

NOTATION = """
object PushTopic 0IF "Push Topic" "Push Topics"
without undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Push Topic ID"
Name string(25) "Topic Name" required name unique
Query textarea(1300) "SOQL Query" required
ApiVersion double(4,1) "API Version" required
IsActive boolean "Is Active" default=true
NotifyForFields picklist "Notify For Fields" restricted : All | Referenced* | Select | Where
NotifyForOperations picklist "Notify For Operations" readonly : All* | Create | Update | Extended
Description string(400) "Description"
NotifyForOperationCreate boolean "Create" default=true
NotifyForOperationUpdate boolean "Update" default=true
NotifyForOperationDelete boolean "Delete" default=true
NotifyForOperationUndelete boolean "Undelete" default=true
IsDeleted boolean "Deleted"
@stamps
=
object StreamingChannel 0M6 "Streaming Channel" "Streaming Channels"
without undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Streaming Channel ID"
@owner User
IsDeleted boolean "Deleted"
Name string(80) "Streaming Channel Name" required name unique
@stamps
IsDynamic boolean "Is Dynamic" readonly
Description textarea(255) "Description"
"""
