"""Individual: a person's data privacy settings, shared by their lead, contact and user records."""

NOTATION = """
object Individual 0PK "Individual" "Individuals"
with mergeable mruEnabled
scopes everything mine
Id id "Individual ID"
@owner User
IsDeleted boolean "Deleted"
@person
@stamps
@viewed
HasOptedOutTracking boolean "Don't Track"
HasOptedOutProfiling boolean "Don't Profile"
HasOptedOutProcessing boolean "Don't Process"
HasOptedOutSolicit boolean "Don't Market"
ShouldForget boolean "Forget this Individual"
SendIndividualData boolean "Export Individual's Data"
CanStorePiiElsewhere boolean "OK to Store PII Data Elsewhere"
BirthDate date "Birth Date"
@master Individual
"""
