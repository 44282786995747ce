"""Which fields of a lead become which fields of account, contact and opportunity: the standard mapping."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from typing import Any

from sffdw.sandbox.schema import SObject
from sffdw.sandbox.store.store import Values

_ADDRESS = (
    *("Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode"),
    *("Latitude", "Longitude", "GeocodeAccuracy"),
)
_CODE = "CurrencyIsoCode"
_SAME = {
    "Account": (
        *("Phone", "Fax", "Website", "Industry", "AnnualRevenue", "NumberOfEmployees", "Rating"),
        *("CurrencyIsoCode", "DandbCompanyId"),
    ),
    "Contact": (
        *("Salutation", "FirstName", "MiddleName", "LastName", "Suffix", "Title", "Phone", "MobilePhone", "Fax"),
        *("Email", "LeadSource", "Description", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall"),
        *("IndividualId", "CurrencyIsoCode"),
    ),
}
# Target → field of the lead, where the names differ.
_OTHER = {
    "Account": {"Name": "Company", "AccountSource": "LeadSource", "DunsNumber": "CompanyDunsNumber"}
    | {f"Billing{part}": part for part in _ADDRESS},
    "Contact": {f"Mailing{part}": part for part in _ADDRESS},
}


def values_for(sobject: SObject, lead: Mapping[str, Any]) -> Values:
    """Return the values that a lead brings to an account or a contact; encrypted text is never carried over."""
    sources = {name: name for name in _SAME[sobject.name]} | _OTHER[sobject.name]
    values: Values = {}
    for target, source in sources.items():
        field, value = sobject.field(target), lead.get(source)
        if value in (None, 0) or field is None or not field.createable or field.type == "encryptedstring":
            continue
        values[target] = bool(value) if field.type == "boolean" else value
    return values


def opportunity(sobject: SObject, lead: Mapping[str, Any], at: str) -> Values:
    """Return what a new opportunity begins with: the first stage, and the end of the quarter as close date."""
    stage = sobject.field("StageName")
    stages = stage.picklist_values if stage is not None else ()
    first = next((value.value for value in stages if value.default_value), None)
    first = first or next((value.value for value in stages if value.active), "Prospecting")
    values = {"StageName": first, "CloseDate": _end_of_quarter(at[:10]), "LeadSource": lead.get("LeadSource")}
    return values if sobject.field(_CODE) is None else values | {_CODE: lead.get(_CODE)}


def _end_of_quarter(day: str) -> str:
    year, month = int(day[:4]), (int(day[5:7]) + 2) // 3 * 3
    return f"{year:04}-{month:02}-{calendar.monthrange(year, month)[1]:02}"
