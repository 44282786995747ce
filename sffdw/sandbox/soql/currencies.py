"""Amounts in several currencies: what one currency is worth in another, as numbers and as SQL.

A rate is what one unit of the corporate currency is worth. An amount is in the currency that the CurrencyIsoCode of its
record names, or in the corporate one. Single-currency orgs have no `Currencies` at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sffdw.sandbox.store.tables import column_name, table_name

if TYPE_CHECKING:
    from sffdw.sandbox.soql.names import Scope, Typed

CODE = "CurrencyIsoCode"
# Objects whose amounts are converted by dated rates where the org has them: the day that counts, `{}` being the row.
_DAYS = {
    "Opportunity": '{}."CloseDate"',
    "OpportunityHistory": '{}."CloseDate"',
    "OpportunityLineItem": '(SELECT o."CloseDate" FROM "Opportunity" o WHERE o."Id" = {}."OpportunityId")',
}


@dataclass(frozen=True)
class Currencies:
    """The currencies of an org as one user sees them."""

    corporate: str
    user: str
    rates: Mapping[str, float]
    places: Mapping[str, int]
    active: frozenset[str]
    is_dated: bool = False

    def rate(self, code: str | None) -> float:
        """Return the rate of a currency, that of the corporate one for none."""
        return self.rates.get(code or self.corporate, 1.0)

    def rate_sql(self, code_sql: str) -> str:
        """Return the expression for the rate of the currency that an expression names."""
        whens = " ".join(f"WHEN '{code}' THEN {rate!r}" for code, rate in sorted(self.rates.items()))
        return f"CASE {code_sql} {whens} ELSE {self.rate(None)!r} END"

    def converted_sql(self, amount_sql: str, code_sql: str, target: str) -> str:
        """Return the expression for an amount in another currency; one in that currency already stays exact."""
        factors = {code: self.rate(target) / rate for code, rate in self.rates.items()}
        whens = " ".join(f"WHEN '{code}' THEN {factor!r}" for code, factor in sorted(factors.items()))
        return f"({amount_sql} * CASE {code_sql} {whens} ELSE {self.rate(target) / self.rate(None)!r} END)"

    def places_sql(self, code_sql: str) -> str:
        """Return the expression for the decimal places of the currency that an expression names."""
        whens = " ".join(f"WHEN '{code}' THEN {places}" for code, places in sorted(self.places.items()))
        return f"CASE {code_sql} {whens} ELSE {self.places.get(self.corporate, 2)} END"


def code_sql(amount: Typed, scope: Scope) -> str:
    """Return the expression for the currency an amount is in; NULL where the object has none."""
    if amount.currency:
        return f"'{amount.currency}'"
    if amount.sobject is None or amount.sobject.stored_field(CODE) is None:
        return "NULL"
    return f"{_alias(amount, scope)}.{column_name(CODE)}"


def _alias(amount: Typed, scope: Scope) -> str:
    return amount.through[-1].alias if amount.through else scope.alias


def in_currency(amount: Typed, target: str, scope: Scope, *, is_dated: bool = False) -> str:
    """Return the expression for an amount in a currency; dated rates count in SELECT lists only."""
    currencies = scope.statement.settings.currencies
    assert currencies is not None
    code = code_sql(amount, scope)
    day = _DAYS.get(amount.sobject.name) if is_dated and currencies.is_dated and amount.sobject is not None else None
    if day is None:
        return currencies.converted_sql(amount.sql, code, target)
    on = day.format(_alias(amount, scope))
    own, other = (_rate_on(text, on, currencies) for text in (code, f"'{target}'"))
    return f"CASE WHEN {code} = '{target}' THEN {amount.sql} ELSE {amount.sql} / {own} * {other} END"


def in_own_currency(amount: Typed, scope: Scope) -> str:
    """Return the expression for a parent's amount in the currency of the record; anything else stays as it is."""
    currencies = scope.statement.settings.currencies
    is_own = amount.type != "currency" or not amount.through or scope.sobject.stored_field(CODE) is None
    if currencies is None or is_own:
        return amount.sql
    theirs, own = code_sql(amount, scope), f"{scope.alias}.{column_name(CODE)}"
    converted = f"{amount.sql} / {currencies.rate_sql(theirs)} * {currencies.rate_sql(own)}"
    return f"CASE WHEN {theirs} IS {own} THEN {amount.sql} ELSE {converted} END"


def _rate_on(code: str, day: str, currencies: Currencies) -> str:
    found = (
        f'SELECT r."ConversionRate" FROM {table_name("DatedConversionRate")} r WHERE r._deleted = 0 '
        f'AND r."IsoCode" = {code} AND r."StartDate" <= {day} AND r."NextStartDate" > {day}'
    )
    return f"ifnull(({found}), {currencies.rate_sql(code)})"


def shown_sql(amount: Typed, scope: Scope) -> str:
    """Return the expression for an amount as text: its own currency and, where they differ, the user's behind it."""
    currencies = scope.statement.settings.currencies
    assert currencies is not None
    code = code_sql(amount, scope)
    code = f"ifnull({code}, '{currencies.corporate}')"
    theirs = currencies.converted_sql(amount.sql, code, currencies.user)
    user = f"'{currencies.user}', {currencies.places.get(currencies.user, 2)}"
    return f"sf_money({amount.sql}, {code}, {currencies.places_sql(code)}, {theirs}, {user})"
