"""The currencies of an org: rows of CurrencyType and DatedConversionRate, what they mean and which rules they obey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import PicklistValue, SObject
from sffdw.sandbox.schema.features import MULTI_CURRENCY
from sffdw.sandbox.soql.currencies import CODE, Currencies
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.store.tables import column_name, table_name

if TYPE_CHECKING:
    from sffdw.sandbox.dml.records import Records

DEFAULT_CODE = "DefaultCurrencyIsoCode"
CODES = frozenset({CODE, DEFAULT_CODE})  # fields whose values are the org's currencies
DATED = "dated_conversion"  # the setting that says whether dated rates count
_NO_FRACTION, _THREE_PLACES = {"CLP", "JPY", "KRW", "VND"}, {"BHD", "KWD"}
_LAST_DAY = "9999-12-31"
# Details whose currency is that of their parent: the field that leads there.
_PARENTS = {"OpportunityLineItem": "OpportunityId", "QuoteLineItem": "QuoteId", "OrderItem": "OrderId"}


def default_places(code: str) -> int:
    """Return how many decimals amounts of a currency have."""
    return 0 if code in _NO_FRACTION else 3 if code in _THREE_PLACES else 2


def currencies_of(store: Store, user_id: str = "") -> Currencies | None:
    """Return the org's currencies as a user sees them; None in an org of one currency."""
    if MULTI_CURRENCY not in store.schema.features:
        return None
    return store.remember(("currencies", user_id), lambda: _look_up(store, user_id))


def _look_up(store: Store, user_id: str) -> Currencies:
    sql = (
        'SELECT "IsoCode", "ConversionRate", "DecimalPlaces", "IsActive", "IsCorporate" '
        f"FROM {table_name('CurrencyType')} WHERE _deleted = 0"
    )
    rows = store.reader.execute(sql).fetchall()
    corporate = next((row[0] for row in rows if row[4]), "USD")
    return Currencies(
        corporate=corporate,
        user=_code_of_user(store, user_id) or corporate,
        rates={row[0]: float(row[1] or 1) for row in rows},
        places={row[0]: int(2 if row[2] is None else row[2]) for row in rows},
        active=frozenset(row[0] for row in rows if row[3]),
        is_dated=bool(store.setting(DATED)),
    )


def _code_of_user(store: Store, user_id: str) -> str | None:
    sql = f'SELECT {column_name(DEFAULT_CODE)} FROM {table_name("User")} WHERE "Id" = ?'
    row = store.reader.execute(sql, (user_id,)).fetchone()
    return row[0] if row else None


def picklist(store: Store) -> list[PicklistValue]:
    """List the currencies as describes of CurrencyIsoCode show them."""
    currencies = currencies_of(store)
    field = store.schema["CurrencyType"].field("IsoCode") if currencies else None
    if currencies is None or field is None:
        return []
    return [
        PicklistValue(
            value=known.value,
            label=known.label,
            active=known.value in currencies.active,
            default_value=known.value == currencies.corporate,
        )
        for known in field.picklist_values
        if known.value in currencies.rates
    ]


# Records with amounts


def set_currency(store: Store, sobject: SObject, values: Values, actor: Actor) -> None:
    """Give a new record its currency: that of its parent, of the user or of the company."""
    lacking = [name for name in CODES if values.get(name) is None and sobject.stored_field(name) is not None]
    currencies = currencies_of(store, actor.user_id) if lacking else None
    if currencies is None:
        return
    for name in lacking:
        values[name] = _code_of_parent(store, sobject, values) or currencies.user


def _code_of_parent(store: Store, sobject: SObject, values: Mapping[str, Any]) -> str | None:
    reference = sobject.stored_field(_PARENTS.get(sobject.name, ""))
    parent_id = values.get(reference.name) if reference is not None else None
    if reference is None or parent_id is None:
        return None
    parent = store.get(store.schema[reference.reference_to[0]], str(parent_id))
    return parent.get(CODE) if parent else None


def check_currency(store: Store, sobject: SObject, values: Mapping[str, Any]) -> None:
    """Refuse currencies that the org does not use."""
    stated = [name for name in CODES if values.get(name) is not None]
    currencies = currencies_of(store) if stated else None
    if currencies is not None and values.get("PricebookEntryId"):
        _check_price(store, sobject, values)
    for name in stated:
        if currencies is not None and values[name] not in currencies.active:
            message = f"{name}: bad value for restricted picklist field: {values[name]}"
            raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=[name])


def _check_price(store: Store, sobject: SObject, values: Mapping[str, Any]) -> None:
    """Refuse a price that is in another currency than what it is for."""
    price = store.get(store.schema["PricebookEntry"], str(values["PricebookEntryId"]))
    wanted = _code_of_parent(store, sobject, values)
    if price is not None and wanted is not None and price.get(CODE) != wanted:
        message = (
            f"field integrity exception: PricebookEntryId (pricebook entry currency code {price.get(CODE)} does not "
            f"match currency code {wanted} of the parent)"
        )
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=["PricebookEntryId"])


# Currencies themselves


def before_currency(store: Store, merged: Mapping[str, Any], given: Values, actor: Actor) -> Values:
    """Check a currency that is written; its decimals follow from its code."""
    code = str(merged.get("IsoCode"))
    if not actor.is_raw:
        _check_rate(merged)
        if merged.get("IsCorporate") and (merged.get("ConversionRate") != 1 or not merged.get("IsActive", 1)):
            message = "the corporate currency is active and its conversion rate is 1"
            raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=["ConversionRate"])
        _check_new_code(store, merged, given)
    return {} if merged.get("DecimalPlaces") is not None else {"DecimalPlaces": default_places(code)}


def _check_rate(merged: Mapping[str, Any]) -> None:
    rate = merged.get("ConversionRate")
    if rate is not None and float(rate) <= 0:
        message = "Conversion Rate: value must be greater than zero"
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=["ConversionRate"])


def _check_new_code(store: Store, merged: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    currencies = currencies_of(store)
    code = merged.get("IsoCode")
    if currencies is not None and "IsoCode" in given and merged.get("Id") is None and code in currencies.rates:
        message = f"duplicate value found: IsoCode duplicates value {code} on a record that exists"
        raise ApiError("DUPLICATE_VALUE", message, fields=[])


def after_currency(records: Records, record_id: str, before: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Keep the log behind getDeleted, which takes deactivated currencies for deleted ones."""
    if "IsActive" not in values or bool(values["IsActive"]) == bool(before.get("IsActive", True)):
        return
    with records.store.transaction() as connection:
        connection.execute("DELETE FROM _delete_log WHERE object = 'CurrencyType' AND id = ?", (record_id,))
        if not values["IsActive"]:
            at = records.actor.at
            connection.execute("INSERT INTO _delete_log VALUES ('CurrencyType', ?, ?)", (record_id, at))


def before_rate(store: Store, merged: Mapping[str, Any], given: Values, actor: Actor) -> Values:
    """Check a dated rate; it lasts until the next one begins."""
    if not actor.is_raw:
        _check_rate(merged)
    return {} if merged.get("NextStartDate") else {"NextStartDate": _LAST_DAY}


def chain_rates(records: Records, code: object) -> None:
    """Let each dated rate of a currency end where the next one begins."""
    store = records.store
    sobject = store.schema["DatedConversionRate"]
    sql = (
        f'SELECT "Id", "StartDate", "NextStartDate" FROM {table_name(sobject)} '
        'WHERE "IsoCode" = ? AND _deleted = 0 ORDER BY "StartDate"'
    )
    rows = store.reader.execute(sql, (code,)).fetchall()
    for (record_id, start, known), following in zip(rows, [*rows[1:], None], strict=True):
        end = following[1] if following else _LAST_DAY
        if start == end:
            message = "a rate of this currency begins on that day already"
            raise ApiError("DUPLICATE_VALUE", message, fields=["StartDate"])
        if end != known:
            store.update(sobject, record_id, {"NextStartDate": end})
