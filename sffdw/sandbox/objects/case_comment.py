"""Case Comment: a remark on a case."""

NOTATION = """
object CaseComment 00a "Case Comment" "Case Comment"
without undeletable searchable searchLayoutable layoutable
recordtypes none
scopes everything
Id id "Case Comment ID"
ParentId reference "Parent Case ID" createonly required noprefilter cascade > Case Parent/CaseComments
IsPublished boolean "Published" noperm
CommentBody textarea(4000) "Body" noperm use=s bytes=4000
@stamps
IsDeleted boolean "Deleted"
"""
