"""Content Document Link: where a file is shared. A query must say which file or which record."""

NOTATION = """
object ContentDocumentLink 06A "Content Document Link" "Content Document Link"
without undeletable searchable searchLayoutable layoutable
filter Id ContentDocumentId LinkedEntityId
recordtypes none
scopes everything
Id id "ContentDocumentLink ID"
LinkedEntityId reference "Linked Entity ID" createonly required noprefilter cascade
    > attached,User LinkedEntity/ContentDocumentLinks
ContentDocumentId reference "ContentDocument ID" createonly required noprefilter cascade
    > ContentDocument ContentDocument/ContentDocumentLinks
IsDeleted boolean "Is Deleted"
SystemModstamp datetime "System Modstamp"
ShareType picklist "Share Type" restricted noperm : V = Viewer* | C = Collaborator | I = Inferred
Visibility picklist "Visibility" restricted noperm : AllUsers = All Users* | InternalUsers = Internal Users
    | SharedUsers = Shared Users
"""
