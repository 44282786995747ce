"""Document and Folder: files that belong to no record."""

NOTATION = """
object Document 015 "Document" "Documents"
with mruEnabled
without undeletable bulkSupported
recordtypes none
scopes everything mine
Id id "Document ID"
FolderId reference "Folder ID" required noprefilter cascade > Folder,User Folder
IsDeleted boolean "Deleted"
Name string "Document Name" required name
DeveloperName string(80) "Document Unique Name" required
NamespacePrefix string(15) "Namespace Prefix" readonly
ContentType string(120) "Mime Type" noperm
Type string(40) "File Extension" noperm
IsPublic boolean "Externally Available" noperm
BodyLength int(9) "Body Length" readonly
Body base64(5242880) "Body"
Url url(1000) "Url" noperm
Description textarea "Description" noperm
Keywords string "Keywords" noperm
IsInternalUseOnly boolean "Internal Use Only" noperm
AuthorId reference "Author ID" required defaulted noprefilter > User Author
IsBodySearchable boolean "Document Content Searchable" readonly
@stamps
LastViewedDate datetime "Last Viewed Date" readonly
LastReferencedDate datetime "Last Referenced Date" readonly
=
object Folder 00l "Folder" "Folders"
without undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Folder ID"
ParentId reference "Parent Folder" noprefilter noperm > Folder Parent
Name string(40) "Name" required name
DeveloperName string(80) "Folder Unique Name" noperm
AccessType picklist "Access" required restricted : Shadow | Hidden* | Public | PublicInternal
IsReadonly boolean "Read Only" noperm
Type picklist "Type" createonly required restricted : Document | Dashboard | Report | Email | EmailTemplate
NamespacePrefix string(15) "Namespace Prefix" readonly
@stamps
"""
