"""What a describe takes from records: its record types, and the values of currency picklists."""

from __future__ import annotations

from typing import Any

from sffdw.sandbox.call import Call
from sffdw.sandbox.dml import currencies
from sffdw.sandbox.dml.record_types import entries_of
from sffdw.sandbox.org import Org
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.schema.describe import describe_record_type
from sffdw.sandbox.schema.features import MULTI_CURRENCY


def add_details(call: Call, sobject: SObject, described: dict[str, Any]) -> list[Any]:
    """Complete a describe from the org's records; returns what was added, by which copies are told apart."""
    org, version = call.org, call.version
    entries = call.access.record_types_of(sobject, entries_of(org.store, sobject))
    described["recordTypeInfos"] = [describe_record_type(sobject.name, entry, version) for entry in entries]
    added = described["recordTypeInfos"] if len(entries) > 1 else []
    return added + _currencies(org, described) if MULTI_CURRENCY in org.schema.features else added


def _currencies(org: Org, described: dict[str, Any]) -> list[Any]:
    fields = [field for field in described["fields"] if field["name"] in currencies.CODES]
    values = [entry.describe() for entry in currencies.picklist(org.store)] if fields else []
    for field in fields:
        field["picklistValues"] = values
    return values
