"""Campaign Member Status: a status that members of one campaign can have."""

NOTATION = """
object CampaignMemberStatus 01Y "Campaign Member Status" "Campaign Member Status"
without undeletable searchable searchLayoutable layoutable
recordtypes none
scopes everything
Id id "Campaign Member Status ID"
IsDeleted boolean "Deleted"
CampaignId reference "Campaign ID" createonly required noprefilter cascade > Campaign Campaign/CampaignMemberStatuses
Label string(765) "Label" required name noperm
SortOrder int(9) "Sort Order" noperm
IsDefault boolean "Is Default" noperm
HasResponded boolean "Responded" noperm
@stamps
"""
