"""Price Book Entry: the price of a product in one price book."""

NOTATION = """
object PricebookEntry 01u "Price Book Entry" "Price Book Entries"
without undeletable
scopes everything
Id id "Price Book Entry ID"
Name string "Product Name" readonly name from=Product2.Name
Pricebook2Id reference "Price Book ID" createonly required noprefilter cascade
    > Pricebook2 Pricebook2/PricebookEntries
Product2Id reference "Product ID" createonly required noprefilter cascade > Product2 Product2/PricebookEntries
UnitPrice currency(18,2) "List Price" required
IsActive boolean "Active"
UseStandardPrice boolean "Use Standard Price"
@currency "Currency ISO Code"
@stamps
ProductCode string "Product Code" readonly from=Product2.ProductCode
IsDeleted boolean "Deleted"
IsArchived boolean "Archived" readonly
"""
