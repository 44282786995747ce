"""Price Book: a list of products and prices."""

NOTATION = """
object Pricebook2 01s "Price Book" "Price Books"
with mruEnabled
scopes everything
Id id "Price Book ID"
IsDeleted boolean "Deleted"
Name string "Price Book Name" name required lookup
@stamps
@viewed
IsActive boolean "Active"
IsArchived boolean "Archived" readonly
Description string "Description"
IsStandard boolean "Is Standard Price Book" readonly
"""
