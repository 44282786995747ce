"""What a describe takes from records: the values of currency picklists follow CurrencyType."""

from __future__ import annotations

from typing import Any

from sffdw.sandbox.dml import currencies
from sffdw.sandbox.org import Org
from sffdw.sandbox.schema.features import MULTI_CURRENCY


def add_details(org: Org, described: dict[str, Any]) -> list[Any]:
    """Complete a describe from the org's records; returns what was added, by which copies are told apart."""
    return _currencies(org, described) if MULTI_CURRENCY in org.schema.features else []


def _currencies(org: Org, described: dict[str, Any]) -> list[Any]:
    fields = [field for field in described["fields"] if field["name"] in currencies.CODES]
    values = [entry.describe() for entry in currencies.picklist(org.store)] if fields else []
    for field in fields:
        field["picklistValues"] = values
    return values
