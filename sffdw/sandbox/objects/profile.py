"""Profile: what its users may see and do."""

NOTATION = """
object Profile 00e "Profile" "Profile"
without createable deletable undeletable updateable layoutable searchLayoutable triggerable
recordtypes none
scopes everything
Id id "Profile ID"
Name string "Name" required name lookup
UserLicenseId reference "User License ID" readonly required > UserLicense UserLicense
UserType picklist "User Type" readonly restricted : Standard | PowerPartner = Partner
    | CustomerSuccess = Customer Portal User | Guest
@stamps
Description string "Description" noperm
@viewed
"""
