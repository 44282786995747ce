"""Task: something to do, related to a person (Who) and to a record (What)."""

NOTATION = """
object Task 00T "Task" "Tasks"
with feedEnabled mruEnabled
scopes delegated everything mine scopingRule team
Id id "Activity ID"
WhoId reference "Name ID" cascade > Contact,Lead Who/Tasks
WhatId reference "Related To ID" cascade > related What/Tasks
Subject combobox "Subject" name : Call | Email | Send Letter | Send Quote | Other
ActivityDate date "Due Date Only" noperm
Status picklist "Status" required : Not Started* | In Progress | Completed | Waiting on someone else | Deferred
Priority picklist "Priority" required : High | Normal* | Low
IsHighPriority boolean "High Priority" readonly
OwnerId reference "Assigned To ID" required defaulted > Group,User Owner
Description textarea(32000) "Description"
IsDeleted boolean "Deleted"
AccountId reference "Account ID" readonly prefilter > Account Account
IsClosed boolean "Closed" readonly
@currency "Activity Currency"
@stamps
IsArchived boolean "Archived" readonly
CallDurationInSeconds int "Call Duration" noperm
CallType picklist "Call Type" restricted noperm : Internal | Inbound | Outbound
CallDisposition string "Call Result" noperm
CallObject string "Call Object Identifier" noperm
ReminderDateTime datetime "Reminder Date/Time" noperm
IsReminderSet boolean "Reminder Set" noperm
RecurrenceActivityId reference "Recurrence Activity ID" readonly > Task -/RecurringTasks
IsRecurrence boolean "Create Recurring Series of Tasks" createonly
RecurrenceStartDateOnly date "Recurrence Start" noperm
RecurrenceEndDateOnly date "Recurrence End" noperm
RecurrenceTimeZoneSidKey picklist "Recurrence Time Zone" restricted noperm : @timezones
RecurrenceType picklist "Recurrence Type" restricted noperm : @recurs
RecurrenceInterval int(9) "Recurrence Interval" noperm
RecurrenceDayOfWeekMask int(9) "Recurrence Day of Week Mask" noperm
RecurrenceDayOfMonth int(9) "Recurrence Day of Month" noperm
RecurrenceInstance picklist "Recurrence Instance" restricted noperm : First = 1st | Second = 2nd | Third = 3rd
    | Fourth = 4th | Last = last
RecurrenceMonthOfYear picklist "Recurrence Month of Year" restricted noperm : @months
RecurrenceRegeneratedType picklist "Repeat This Task" restricted noperm : @regenerated
TaskSubtype picklist "Task Subtype" createonly restricted : Task* | Email | ListEmail = List Email | Call
    | Cadence | LinkedIn
CompletedDateTime datetime "Completed Date" readonly
optional
@recordtype
Type picklist "Type" : Call | Email | Meeting | Other
WhoCount int(9) "Relation Count" readonly
WhatCount int(9) "Related To Count" readonly
"""
