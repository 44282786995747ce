"""Event Relation: a person or record that takes part in an event."""

NOTATION = """
object EventRelation 0RE "Event Relation" "Event Relations"
without undeletable searchable searchLayoutable layoutable
recordtypes none
scopes everything
Id id "Event Relation ID"
RelationId reference "Relation ID" createonly required noprefilter cascade > Contact,Lead,User Relation/EventRelations
EventId reference "Event ID" createonly required noprefilter cascade > Event Event/EventRelations
Status picklist "Response Status" restricted noperm : New* | Declined | Accepted | Uninvited | Maybe
RespondedDate datetime "Response Date" noperm
Response string "Comment" noperm
@stamps
IsDeleted boolean "Deleted"
"""
