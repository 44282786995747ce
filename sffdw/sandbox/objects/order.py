"""Order: what an account has ordered."""

NOTATION = """
object Order 801 "Order" "Orders"
with deepCloneable feedEnabled mruEnabled
scopes everything mine team
Id id "Order ID"
@currency "Order Currency"
@owner Group,User
ContractId reference "Contract ID" cascade > Contract Contract/Orders
AccountId reference "Account ID" cascade restrict > Account Account/Orders
Pricebook2Id reference "Price Book ID" noperm > Pricebook2 Pricebook2/Orders
OriginalOrderId reference "Order ID" createonly > Order OriginalOrder/ReductionOrders
EffectiveDate date "Order Start Date" required
EndDate date "Order End Date"
IsReductionOrder boolean "Reduction Order" noperm
Status picklist "Status" required noperm : Draft* | Activated
Description textarea(32000) "Description"
CustomerAuthorizedById reference "Customer Authorized By ID" restrict > Contact CustomerAuthorizedBy
CustomerAuthorizedDate date "Customer Authorized Date"
CompanyAuthorizedById reference "Company Authorized By ID" > User CompanyAuthorizedBy
CompanyAuthorizedDate date "Company Authorized Date"
Type picklist "Order Type" : New | Renewal
@address Billing "Billing "
@address Shipping "Shipping "
Name string(80) "Order Name"
PoDate date "PO Date"
PoNumber string(80) "PO Number"
OrderReferenceNumber string(80) "Order Reference Number"
BillToContactId reference "Bill To Contact ID" restrict > Contact BillToContact
ShipToContactId reference "Ship To Contact ID" restrict > Contact ShipToContact
ActivatedDate datetime "Activated Date" createonly
ActivatedById reference "Activated By ID" createonly noperm > User ActivatedBy
StatusCode picklist "Status Category" readonly required : Draft | Activated | Cancelled | Expired | Superseded
OrderNumber string(30) "Order Number" auto={00000000} name lookup
TotalAmount currency(18,2) "Order Amount" readonly
@stamps
IsDeleted boolean "Deleted"
@viewed
optional
@codes Billing "Billing "
@codes Shipping "Shipping "
@recordtype
QuoteId reference "Quote ID" > Quote Quote/Orders
OpportunityId reference "Opportunity ID" createonly noprefilter > Opportunity Opportunity/Orders
"""
