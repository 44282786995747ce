"""Content Document: a file with all its versions."""

NOTATION = """
object ContentDocument 069 "Content Document" "Content Documents"
with feedEnabled mruEnabled
without createable
scopes everything
Id id "ContentDocument ID"
@stamps
IsArchived boolean "Is Archived" updateonly
ArchivedById reference "User ID" readonly > User ArchivedBy
ArchivedDate date "Archived Date" readonly
IsDeleted boolean "Is Deleted"
@owner User
Title string "Title" required name updateonly noperm
PublishStatus picklist "Publish Status" readonly restricted : U = Upload Interrupted | P = Public*
    | R = Personal Library
LatestPublishedVersionId reference "Latest Published Version ID" readonly > ContentVersion LatestPublishedVersion
ParentId reference "Parent ID" updateonly noprefilter
@viewed
Description textarea(1000) "Description" updateonly use=s
ContentSize int(9) "Size" readonly
FileType string(20) "File Type" readonly
FileExtension string(40) "File Extension" readonly
ContentModifiedDate datetime "Content Modified Date" readonly
"""
