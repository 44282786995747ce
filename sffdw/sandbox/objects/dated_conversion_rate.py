"""Dated Conversion Rate: what a currency was worth from one day until the next rate begins."""

NOTATION = """
object DatedConversionRate 04w "Dated Conversion Rate" "Dated Conversion Rates"
needs multi_currency
without undeletable layoutable searchLayoutable searchable triggerable
recordtypes none
scopes everything
Id id "Dated Conversion Rate ID"
IsoCode picklist(3) "Currency ISO Code" createonly required restricted name : @currencies
StartDate date "Start Date" required
NextStartDate date "Next Start Date" readonly
ConversionRate double(18,6) "Conversion Rate" required
@stamps
"""
