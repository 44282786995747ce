"""Attachment: a file attached to a record."""

NOTATION = """
object Attachment 00P "Attachment" "Attachments"
without layoutable searchLayoutable searchable bulkSupported
recordtypes none
scopes everything mine
Id id "Attachment ID"
IsDeleted boolean "Deleted"
ParentId reference "Parent ID" createonly required noprefilter cascade > attached Parent/Attachments
Name string "File Name" required name
IsPrivate boolean "Private" noperm
ContentType string(120) "Content Type" noperm
BodyLength int(9) "Body Length" readonly
Body base64(26214400) "Body" required
@owner Calendar,User
@stamps
Description textarea(500) "Description" noperm use=s
"""
