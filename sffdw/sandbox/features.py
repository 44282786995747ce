"""Features that an org can turn on: several currencies and person accounts.

`switches` of the configuration and PUT /_sandbox/features say which; as in Salesforce there is no way back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.dml import currencies
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema.features import FEATURES, MULTI_CURRENCY, PERSON_ACCOUNTS
from sffdw.sandbox.store.tables import column_name, table_name

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org

_RATES: dict[str, Any] = {"EUR": 0.9, "GBP": 0.8, "JPY": 150.0}


def enable_features(org: Org, stated: Mapping[str, Any]) -> None:
    """Turn on the features that are stated with anything but false; raises ApiError and SchemaError."""
    for name in FEATURES:
        if stated.get(name):
            with org.change_lock, org.store.transaction():
                _enable(org, name, stated[name])


def _enable(org: Org, name: str, stated: Any) -> None:
    if name not in org.schema.features:
        org.store.follow(org.schema.enable(name))
    given = stated if isinstance(stated, Mapping) else {}
    if name == MULTI_CURRENCY:
        _set_currencies(org, given)
    elif name == PERSON_ACCOUNTS:
        _set_person_types(org)


def _set_person_types(org: Org) -> None:
    """Give Account a record type of persons and, beside it, one of companies, which is the default."""
    account = org.schema["Account"]
    types: list[Any] = [entry for entry in account.record_types if not entry.master]
    stated = [] if types else [{"name": "Business Account", "default": True}]
    if not any("person" in entry.developer_name.lower() for entry in types):
        stated.append({"name": "Person Account", "developerName": "PersonAccount"})
    org.store.alter("Account", {"record_types": stated})
    lead = org.schema.get("Lead")
    if lead is not None and lead.stored_field("Company") is not None:  # a lead without one becomes a person
        org.store.alter("Lead", {"alter_fields": {"Company": {"nillable": True}}})


def _set_currencies(org: Org, given: Mapping[str, Any]) -> None:
    """Read {corporate, rates: {CODE: rate or {rate, places, active}}, dated}; what is not stated stays as it is."""
    known = currencies.currencies_of(org.store)
    is_first = known is None or not known.rates
    corporate = str(given.get("corporate") or (known.corporate if known else "USD"))
    rates = dict(given.get("rates") or (_RATES if is_first else {}))
    if is_first or given.get("corporate"):
        _set_currency(org, corporate, {"rate": 1.0, "corporate": True})
    for code, stated in rates.items():
        if code != corporate:
            _set_currency(org, str(code), stated if isinstance(stated, Mapping) else {"rate": stated})
    if "dated" in given or is_first:
        org.store.save_setting(currencies.DATED, bool(given.get("dated", False)))
    if is_first:
        _stamp_records(org, corporate)


def _set_currency(org: Org, code: str, stated: Mapping[str, Any]) -> None:
    sobject = org.schema["CurrencyType"]
    field = sobject.field("IsoCode")
    if field is None or code not in {entry.value for entry in field.picklist_values}:
        raise ApiError("INVALID_ARGUMENT", f'unknown currency "{code}"')
    names = {"rate": "ConversionRate", "places": "DecimalPlaces", "active": "IsActive", "corporate": "IsCorporate"}
    values = {names[name]: value for name, value in stated.items() if name in names}
    found = org.store.find(sobject, field, code)
    change: dict[str, Any] = (
        {"op": "update", "object": "CurrencyType", "id": found[0], "values": values}
        if found
        else {
            "op": "create",
            "object": "CurrencyType",
            "values": {"IsoCode": code, "IsActive": True, "ConversionRate": 1.0, **values},
        }
    )
    result = org.store.apply([change], user=org.users.default.user_id, at=org.stamp(), raw=True)[0]
    if not result["success"]:
        raise ApiError("INVALID_ARGUMENT", f"currency {code}: {result['errors'][0]['message']}")


def _stamp_records(org: Org, corporate: str) -> None:
    """Records that were there before are in the corporate currency, as when Salesforce turns the feature on."""
    with org.store.transaction() as connection:
        for sobject in org.schema:
            for name in currencies.CODES:
                if sobject.stored_field(name) is not None:
                    column = column_name(name)
                    sql = f"UPDATE {table_name(sobject)} SET {column} = ? WHERE {column} IS NULL"
                    connection.execute(sql, (corporate,))


def shown_features(org: Org) -> dict[str, Any]:
    """Return which features are on, and the currencies."""
    shown: dict[str, Any] = {name: name in org.schema.features for name in FEATURES}
    known = currencies.currencies_of(org.store)
    if known is not None:
        rates = {
            code: {"rate": rate, "places": known.places[code], "active": code in known.active}
            for code, rate in sorted(known.rates.items())
        }
        shown[MULTI_CURRENCY] = {"corporate": known.corporate, "rates": rates, "dated": known.is_dated}
    return shown
