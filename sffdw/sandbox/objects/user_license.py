"""User License: what was bought for a profile's users."""

NOTATION = """
object UserLicense 100 "User License" "User License"
without createable deletable undeletable updateable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "User License ID"
LicenseDefinitionKey string(40) "License Def. ID" readonly required
TotalLicenses int(9) "Total Licenses" readonly
Status picklist "Status" readonly restricted : Active | Disabled
UsedLicenses int(9) "Used Licenses" readonly
UsedLicensesLastUpdated datetime "Used Licenses Last Updated" readonly
Name string(40) "Name" readonly required name
MasterLabel string(40) "Master Label" readonly required
CreatedDate datetime "Created Date"
LastModifiedDate datetime "Last Modified Date"
SystemModstamp datetime "System Modstamp"
"""
