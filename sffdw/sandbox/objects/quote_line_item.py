"""Quote Line Item: a product with quantity and price on a quote."""

NOTATION = """
object QuoteLineItem 0QL "Quote Line Item" "Quote Line Item"
without undeletable
scopes everything
Id id "Line Item ID"
IsDeleted boolean "Deleted"
LineNumber string(30) "Line Item Number" auto={00000000} name lookup
@currency "Currency ISO Code"
@stamps
QuoteId reference "Quote ID" createonly required noprefilter cascade > Quote Quote/QuoteLineItems
PricebookEntryId reference "Price Book Entry ID" createonly required noprefilter restrict
    > PricebookEntry PricebookEntry/QuoteLineItems
OpportunityLineItemId reference "Opportunity Product ID" noprefilter > OpportunityLineItem OpportunityLineItem
Quantity double(12,2) "Quantity" required
UnitPrice currency(18,2) "Sales Price" required
Discount percent(5,2) "Discount"
Description string "Line Item Description"
ServiceDate date "Date"
Product2Id reference "Product ID" createonly noprefilter restrict > Product2 Product2/QuoteLineItems
SortOrder int(9) "Sort Order" noperm
ListPrice currency(18,2) "List Price" readonly
Subtotal currency(18,2) "Subtotal" readonly
TotalPrice currency(18,2) "Total Price" readonly
"""
