"""Opportunity Product: a product with quantity and price on a deal."""

NOTATION = """
object OpportunityLineItem 00k "Opportunity Product" "Opportunity Product"
without undeletable
scopes everything
Id id "Line Item ID"
OpportunityId reference "Opportunity ID" createonly required noprefilter cascade
    > Opportunity Opportunity/OpportunityLineItems
SortOrder int(9) "Sort Order" noperm
PricebookEntryId reference "Price Book Entry ID" createonly noprefilter restrict
    > PricebookEntry PricebookEntry/OpportunityLineItems
Product2Id reference "Product ID" createonly noprefilter restrict > Product2 Product2/OpportunityLineItems
ProductCode string "Product Code" readonly from=Product2.ProductCode
Name string(376) "Opportunity Product Name" readonly name
Quantity double(12,2) "Quantity" required
TotalPrice currency(18,2) "Total Price"
UnitPrice currency(18,2) "Sales Price"
ListPrice currency(18,2) "List Price" readonly
ServiceDate date "Date"
Description string "Line Description"
@currency "Currency ISO Code"
@stamps
IsDeleted boolean "Deleted"
@viewed
optional
Discount percent(5,2) "Discount"
Subtotal currency(18,2) "Subtotal" readonly
HasRevenueSchedule boolean "Has Revenue Schedule" readonly
HasQuantitySchedule boolean "Has Quantity Schedule" readonly
HasSchedule boolean "Has Schedule" readonly
CanUseRevenueSchedule boolean "Can Use Revenue Schedule" readonly
CanUseQuantitySchedule boolean "Can Use Quantity Schedule" readonly
"""
