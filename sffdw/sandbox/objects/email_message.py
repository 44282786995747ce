"""Email Message: an email sent or received, mostly about a case."""

NOTATION = """
object EmailMessage 02s "Email Message" "Email Messages"
without searchLayoutable undeletable
scopes everything
Id id "Email Message ID"
ParentId reference "Case ID" createonly cascade > Case Parent/EmailMessages
ActivityId reference "Activity ID" createonly > Task Activity
@stamps
TextBody textarea(131072) "Text Body"
HtmlBody textarea(131072) "HTML Body"
Headers textarea(131072) "Headers"
Subject string(3000) "Subject" name
FromName string(1000) "From Name"
FromAddress email(1000) "From Address"
ToAddress string(4000) "To Address"
CcAddress string(4000) "CC Address"
BccAddress string(4000) "BCC Address"
Incoming boolean "Is Incoming" createonly
HasAttachment boolean "Has Attachment" readonly
Status picklist "Status" restricted : 0 = New* | 1 = Read | 2 = Replied | 3 = Sent | 4 = Forwarded | 5 = Draft
MessageDate datetime "Message Date"
IsDeleted boolean "Deleted"
RelatedToId reference "Related To ID" > related RelatedTo/Emails
"""
