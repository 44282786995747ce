"""Order Product: a product with quantity and price on an order."""

NOTATION = """
object OrderItem 802 "Order Product" "Order Products"
scopes everything
Id id "Order Product ID"
Product2Id reference "Product ID" createonly noprefilter restrict > Product2 Product2/OrderItems
IsDeleted boolean "Deleted"
OrderId reference "Order ID" createonly required noprefilter cascade > Order Order/OrderItems
PricebookEntryId reference "Price Book Entry ID" createonly noprefilter restrict
    > PricebookEntry PricebookEntry/OrderItems
OriginalOrderItemId reference "Original Order Item ID" createonly noprefilter
    > OrderItem OriginalOrderItem/ChildOrderItems
AvailableQuantity double(18,2) "Available Quantity" readonly
Quantity double(18,2) "Quantity" required
UnitPrice currency(18,2) "Unit Price"
ListPrice currency(18,2) "List Price" readonly
TotalPrice currency(18,2) "Total Price" readonly
ServiceDate date "Start Date"
EndDate date "End Date"
Description string "Line Description"
@currency "Currency ISO Code"
@stamps
OrderItemNumber string(30) "Order Product Number" auto={0000000000} name lookup
"""
