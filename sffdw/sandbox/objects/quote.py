"""Quote: the products and prices proposed for a deal."""

NOTATION = """
object Quote 0Q0 "Quote" "Quotes"
with deepCloneable mruEnabled
scopes everything mine
Id id "Quote ID"
@currency "Quote Currency"
@owner User
IsDeleted boolean "Deleted"
Name string "Quote Name" name required
@stamps
@viewed
OpportunityId reference "Opportunity ID" createonly required noprefilter cascade > Opportunity Opportunity/Quotes
Pricebook2Id reference "Price Book ID" > Pricebook2 Pricebook2/Quotes
ContactId reference "Contact ID" > Contact Contact/Quotes
QuoteNumber string(30) "Quote Number" auto={00000000} lookup
IsSyncing boolean "Syncing" readonly
Status picklist "Status" : Draft* | Needs Review | In Review | Approved | Rejected | Presented | Accepted | Denied
ExpirationDate date "Expiration Date"
Description textarea(32000) "Description"
Subtotal currency(18,2) "Subtotal" readonly
TotalPrice currency(18,2) "Total Price" readonly
LineItemCount int(9) "Line Items" readonly
@address Billing "Bill To "
@address Shipping "Ship To "
Email email "Email"
Phone phone "Phone"
Fax phone "Fax"
AccountId reference "Account ID" readonly prefilter > Account Account/Quotes
Discount percent(5,2) "Discount" readonly
GrandTotal currency(18,2) "Grand Total" readonly
Tax currency(18,2) "Tax"
"""
