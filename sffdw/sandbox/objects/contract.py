"""Contract: an agreement with an account."""

NOTATION = """
object Contract 800 "Contract" "Contracts"
with feedEnabled mruEnabled
scopes everything mine team
Id id "Contract ID"
AccountId reference "Account ID" required noprefilter cascade restrict > Account Account/Contracts
Pricebook2Id reference "Price Book ID" > Pricebook2 Pricebook2/Contracts
OwnerExpirationNotice picklist "Owner Expiration Notice" restricted : 15 = 15 Days | 30 = 30 Days | 45 = 45 Days
    | 60 = 60 Days | 90 = 90 Days | 120 = 120 Days
StartDate date "Contract Start Date"
EndDate date "Contract End Date" readonly
@address Billing "Billing "
@address Shipping "Shipping "
ContractTerm int(9) "Contract Term"
@currency "Contract Currency"
@owner User
Status picklist "Status" defaulted noperm : In Approval Process | Activated | Draft*
CompanySignedId reference "Company Signed By ID" > User CompanySigned/ContractsSigned
CompanySignedDate date "Company Signed Date"
CustomerSignedId reference "Customer Signed By ID" restrict > Contact CustomerSigned/ContractsSigned
CustomerSignedTitle string(40) "Customer Signed Title"
CustomerSignedDate date "Customer Signed Date"
SpecialTerms textarea(4000) "Special Terms" use=s
ActivatedById reference "Activated By ID" createonly noperm > User ActivatedBy
ActivatedDate datetime "Activated Date" createonly
StatusCode picklist "Status Category" readonly required : Draft | InApproval = In Approval | Activated
    | Terminated | Expired | Rejected | Negotiating | AwaitingSignature = Awaiting Signature
    | SignatureDeclined = Signature Declined | Signed | Cancelled = Canceled | Cancelled2 = Canceled
Description textarea(32000) "Description"
Name string(80) "Contract Name"
IsDeleted boolean "Deleted"
ContractNumber string(30) "Contract Number" auto={00000000} name lookup
LastApprovedDate datetime "Last Approved Date" readonly
@stamps
LastActivityDate date "Last Activity" readonly
@viewed
optional
@recordtype
"""
