"""Content Version: one version of a file, with its bytes."""

NOTATION = """
object ContentVersion 068 "Content Version" "Content Versions"
without deletable undeletable bulkSupported
scopes everything
Id id "ContentVersion ID"
ContentDocumentId reference "ContentDocument ID" createonly noprefilter cascade
    > ContentDocument ContentDocument/ContentVersions
IsLatest boolean "Is Latest" readonly
ContentUrl url(1333) "Content URL"
VersionNumber string(20) "Version Number" readonly
Title string "Title" required name noperm
Description textarea(1000) "Description" use=s
ReasonForChange string(1000) "Reason For Change"
SharingOption picklist "Prevent others from sharing and unsharing" restricted : A = Freeze Sharing Off*
    | R = Freeze Sharing On
PathOnClient string(500) "Path On Client" createonly
RatingCount int(9) "Rating Count" readonly
IsDeleted boolean "Is Deleted"
ContentModifiedDate datetime "Content Modified Date" createonly
ContentModifiedById reference "User ID" readonly > User ContentModifiedBy
PositiveRatingCount int(9) "Positive Rating Count" readonly
NegativeRatingCount int(9) "Negative Rating Count" readonly
@currency "Currency ISO Code"
@owner User
@stamps
TagCsv textarea(2000) "Tags" use=-
FileType string(20) "File Type" readonly
PublishStatus picklist "Publish Status" readonly restricted : U = Upload Interrupted | P = Public*
    | R = Personal Library
VersionData base64 "Version Data"
ContentSize int(9) "Size" readonly
FileExtension string(40) "File Extension" readonly
FirstPublishLocationId reference "First Publish Location ID" createonly noprefilter > attached FirstPublishLocation
Origin picklist "Content Origin" createonly restricted : C = Content* | H = Chatter
Checksum string(50) "Checksum" readonly
IsMajorVersion boolean "Major Version" createonly
"""
