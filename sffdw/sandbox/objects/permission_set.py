"""Permission Set: rights given to users beside their profile."""

NOTATION = """
object PermissionSet 0PS "Permission Set" "Permission Set"
without undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "PermissionSet ID"
Name string(80) "Permission Set Name" required name
Label string(80) "Permission Set Label" required
LicenseId reference "License ID" createonly noprefilter > UserLicense License
ProfileId reference "Profile ID" readonly > Profile Profile
IsOwnedByProfile boolean "Is Owned By Profile" readonly
IsCustom boolean "Custom" readonly
Description string "Description" noperm
NamespacePrefix string(15) "Namespace Prefix" readonly
HasActivationRequired boolean "Session Activation Required" noperm
@stamps
"""
