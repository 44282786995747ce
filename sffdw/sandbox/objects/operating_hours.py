"""Operating Hours, Business Hours and Calendar: when and where people are available."""

NOTATION = """
object OperatingHours 0OH "Operating Hours" "Operating Hours"
with mruEnabled
recordtypes none
scopes everything
Id id "Operating Hours ID"
IsDeleted boolean "Deleted"
Name string "Name" required name
@stamps
@viewed
Description textarea "Description"
TimeZone picklist "Time Zone" required restricted : @timezones
=
object BusinessHours 01m "Business Hours" "Business Hours"
without deletable undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Business Hours ID"
Name string(80) "Business Hours Name" required name
IsActive boolean "Active" noperm
IsDefault boolean "Default Business Hours" noperm
@week
TimeZoneSidKey picklist "Time Zone" required restricted : @timezones
SystemModstamp datetime "System Modstamp"
CreatedDate datetime "Created Date"
CreatedById reference "Created By ID" > User CreatedBy
LastModifiedDate datetime "Last Modified Date"
LastModifiedById reference "Last Modified By ID" > User LastModifiedBy
LastViewedDate datetime "Last Viewed Date" readonly
=
object Calendar 023 "Calendar" "Calendar"
without createable deletable undeletable updateable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Calendar ID"
Name string(80) "Name" readonly required name
UserId reference "User ID" readonly > User User
Type picklist "Calendar Type" readonly restricted : User | Resource | Public
IsActive boolean "Active" readonly
@stamps
"""
