"""Asset: something a customer has bought."""

NOTATION = """
object Asset 02i "Asset" "Assets"
with feedEnabled mruEnabled
scopes everything mine team
Id id "Asset ID"
ContactId reference "Contact ID" cascade > Contact Contact/Assets
AccountId reference "Account ID" cascade > Account Account/Assets
ParentId reference "Parent Asset ID" > Asset Parent/ChildAssets
RootAssetId reference "Root Asset ID" readonly > Asset RootAsset
Product2Id reference "Product ID" > Product2 Product2/Assets
ProductCode string "Product Code" readonly from=Product2.ProductCode
IsCompetitorProduct boolean "Competitor Asset"
@stamps
IsDeleted boolean "Deleted"
Name string "Asset Name" name required
SerialNumber string(80) "Serial Number"
InstallDate date "Install Date"
PurchaseDate date "Purchase Date"
UsageEndDate date "Usage End Date"
LifecycleStartDate datetime "Lifecycle Start Date" readonly
LifecycleEndDate datetime "Lifecycle End Date" readonly
Status picklist "Status" : Shipped | Installed | Registered | Obsolete | Purchased
Price currency(18,0) "Price"
Quantity double(18,2) "Quantity"
Description textarea(32000) "Description"
@currency "Asset Currency"
@owner User
AssetProvidedById reference "Account ID" > Account AssetProvidedBy/ProvidedAssets
AssetServicedById reference "Account ID" > Account AssetServicedBy/ServicedAssets
IsInternal boolean "Internal Asset"
AssetLevel int(9) "Asset Level" readonly
StockKeepingUnit string(180) "Product SKU" readonly from=Product2.StockKeepingUnit
@viewed
optional
@recordtype
"""
