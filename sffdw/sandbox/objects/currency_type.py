"""Currency Type: a currency of an org with several of them, and its conversion rate."""

NOTATION = """
object CurrencyType 01L "Currency Type" "Currency Types"
needs multi_currency
without deletable undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Currency Type ID"
IsoCode picklist(3) "Currency ISO Code" createonly required restricted name : @currencies
ConversionRate double(18,6) "Conversion Rate" required
DecimalPlaces int(9) "Decimal Places" noperm defaulted
IsActive boolean "Active" noperm
IsCorporate boolean "Corporate Currency" readonly
@stamps
"""
