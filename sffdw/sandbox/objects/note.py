"""Note: text attached to a record."""

NOTATION = """
object Note 002 "Note" "Notes"
without layoutable searchLayoutable
recordtypes none
scopes everything mine
Id id "Note Id"
IsDeleted boolean "Deleted"
ParentId reference "Parent ID" createonly required noprefilter cascade > noted Parent/Notes
Title string(80) "Title" required name noperm
IsPrivate boolean "Private" noperm
Body textarea(32000) "Body" noperm
@owner User
@stamps
"""
