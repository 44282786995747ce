"""Product: something that is sold."""

NOTATION = """
object Product2 01t "Product" "Products"
with feedEnabled mruEnabled
scopes everything
Id id "Product ID"
Name string "Product Name" name required lookup
ProductCode string "Product Code"
Description textarea(4000) "Product Description" use=s
IsActive boolean "Active"
@currency "Product Currency"
@stamps
Family picklist "Product Family" : None
ExternalDataSourceId reference "External Data Source ID" readonly
ExternalId string "External ID"
DisplayUrl url(1000) "Display URL"
QuantityUnitOfMeasure picklist "Quantity Unit Of Measure" : Each
IsDeleted boolean "Deleted"
IsArchived boolean "Archived" readonly
@viewed
StockKeepingUnit string(180) "Product SKU" unique lookup
optional
@recordtype
NumberOfQuantityInstallments int(9) "Number of Quantity Installments"
NumberOfRevenueInstallments int(9) "Number of Revenue Installments"
QuantityInstallmentPeriod picklist "Quantity Installment Period" restricted : Daily | Weekly | Monthly
    | Quarterly | Yearly
QuantityScheduleType picklist "Quantity Schedule Type" restricted : Divide | Repeat
RevenueInstallmentPeriod picklist "Revenue Installment Period" restricted : Daily | Weekly | Monthly | Quarterly
    | Yearly
RevenueScheduleType picklist "Revenue Schedule Type" restricted : Divide | Repeat
CanUseQuantitySchedule boolean "Quantity Scheduling Enabled"
CanUseRevenueSchedule boolean "Revenue Scheduling Enabled"
"""
