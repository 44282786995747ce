"""Record Type: a variant of an object with its own picklist values. Not deletable, no IsDeleted."""

NOTATION = """
object RecordType 012 "Record Type" "Record Type"
without deletable undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Record Type ID"
Name string(80) "Name" required name noperm
DeveloperName string(80) "Record Type Name" required
NamespacePrefix string(15) "Namespace Prefix" createonly
Description string "Description" noperm
BusinessProcessId reference "Business Process ID" noprefilter noperm
SobjectType picklist "SObject Type Name" createonly required
IsActive boolean "Active" noperm
IsPersonType boolean "Is Person Type" readonly when=person_accounts
@stamps
"""
