"""Objects that nobody can read as a whole: a query must say of which folder, record, idea or user."""

NOTATION = """
object ContentFolder 07H "Content Folder" "Content Folders"
without undeletable searchable searchLayoutable layoutable
recordtypes none
scopes everything
Id id "Content Folder ID"
Name string(255) "Name" required name
ParentContentFolderId reference "Parent ContentFolder ID" > ContentFolder ParentContentFolder
@stamps
=
object Idea 087 "Idea" "Ideas"
without layoutable
recordtypes none
scopes everything
Id id "Idea ID"
Title string(255) "Title" required name
Body textarea(32000) "Body"
IsDeleted boolean "Deleted"
@stamps
=
object ContentFolderItem - "Content Folder Item" "Content Folder Items"
without createable deletable updateable undeletable searchable searchLayoutable layoutable triggerable replicateable
filter Id ParentContentFolderId
recordtypes none
scopes everything
Id id "Content Folder Item ID"
ParentContentFolderId reference "Parent ContentFolder ID" readonly > ContentFolder ParentContentFolder
IsFolder boolean "Is Folder" readonly
Title string(255) "Title" readonly
FileType string(20) "File Type" readonly
ContentSize int(9) "Size" readonly
@stamps
=
object Vote 083 "Vote" "Votes"
without undeletable searchable searchLayoutable layoutable
filter Id ParentId
recordtypes none
scopes everything
Id id "Vote ID"
IsDeleted boolean "Deleted"
ParentId reference "Parent ID" createonly required > Idea,IdeaComment Parent/Votes
Type picklist "Type" createonly restricted : Up* | Down
CreatedDate datetime "Created Date"
CreatedById reference "Created By ID" > User CreatedBy
SystemModstamp datetime "System Modstamp"
=
object IdeaComment 00a "Idea Comment" "Idea Comments"
without undeletable searchLayoutable layoutable
filter Id IdeaId
recordtypes none
scopes everything
Id id "Idea Comment ID"
IdeaId reference "Idea ID" createonly required > Idea Idea/Comments
CommentBody textarea(4000) "Comment Body" required
IsDeleted boolean "Deleted"
CreatedDate datetime "Created Date"
CreatedById reference "Created By ID" > User CreatedBy
SystemModstamp datetime "System Modstamp"
"""
