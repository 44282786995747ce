"""Event: a calendar entry, related to a person (Who) and to a record (What)."""

NOTATION = """
object Event 00U "Event" "Events"
with mruEnabled
scopes delegated everything mine scopingRule team
Id id "Activity ID"
WhoId reference "Name ID" cascade > Contact,Lead Who/Events
WhatId reference "Related To ID" cascade > related What/Events
Subject combobox "Subject" name : Call | Email | Meeting | Send Letter/Quote | Other
Location string "Location"
IsAllDayEvent boolean "All-Day Event"
ActivityDateTime datetime "Due Date Time" noperm
ActivityDate date "Due Date Only" noperm use=fsg
DurationInMinutes int "Duration" noperm
StartDateTime datetime "Start Date Time" noperm
EndDateTime datetime "End Date Time" noperm
EndDate date "End Date" readonly
Description textarea(32000) "Description"
AccountId reference "Account ID" readonly prefilter > Account Account
OwnerId reference "Assigned To ID" required defaulted > Calendar,User Owner
IsPrivate boolean "Private" noperm
ShowAs picklist "Show Time As" restricted noperm : Busy* | OutOfOffice = Out of Office | Free
IsDeleted boolean "Deleted"
IsChild boolean "Is Child" readonly
IsGroupEvent boolean "Is Group Event" readonly
GroupEventType picklist "Group Event Type" readonly restricted : 0 = Non-group Event* | 1 = Group Event
    | 2 = Proposed Event | 3 = IsRecurrence2 Series Pattern
@currency "Activity Currency"
@stamps
IsArchived boolean "Archived" readonly
RecurrenceActivityId reference "Recurrence Activity ID" readonly > Event -/RecurringEvents
IsRecurrence boolean "Create Recurring Series of Events" createonly
RecurrenceStartDateTime datetime "Recurrence Start" noperm
RecurrenceEndDateOnly date "Recurrence End" noperm
RecurrenceTimeZoneSidKey picklist "Recurrence Time Zone" restricted noperm : @timezones
RecurrenceType picklist "Recurrence Type" restricted noperm : @recurs
RecurrenceInterval int(9) "Recurrence Interval" noperm
RecurrenceDayOfWeekMask int(9) "Recurrence Day of Week Mask" noperm
RecurrenceDayOfMonth int(9) "Recurrence Day of Month" noperm
RecurrenceInstance picklist "Recurrence Instance" restricted noperm : First = 1st | Second = 2nd | Third = 3rd
    | Fourth = 4th | Last = last
RecurrenceMonthOfYear picklist "Recurrence Month of Year" restricted noperm : @months
ReminderDateTime datetime "Reminder Date/Time" noperm
IsReminderSet boolean "Reminder Set" noperm
EventSubtype picklist "Event Subtype" createonly restricted : Event
IsRecurrence2Exclusion boolean "Historical Event, Not Following Recurrence" readonly
Recurrence2PatternText textarea(512) "Recurrence Pattern" createonly
Recurrence2PatternVersion picklist "Pattern Version" readonly restricted : 1 = RFC 5545 v4 RRULE
    | 2 = RFC 5545 v4_2 RRULE
IsRecurrence2 boolean "Repeat" readonly
IsRecurrence2Exception boolean "Is Exception" readonly
Recurrence2PatternStartDate datetime "Recurrence Pattern Start Date" readonly
Recurrence2PatternTimeZone string "Recurrence Pattern Time Zone Reference" readonly
optional
@recordtype
Type picklist "Type" : Call | Email | Meeting | Other
WhoCount int(9) "Relation Count" readonly
WhatCount int(9) "Related To Count" readonly
"""
