"""sObject trees as `sf data export tree` writes them, and answers of queries: records with their type and children."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sffdw.sandbox.loader.records import ParentLink, ParentLookup, RawRecord, TreeReference

_RECORD_URL = re.compile(r"/sobjects/\w+/(\w{15,18})\Z")


def read_tree(records: list[Any], scope: str, origin: str, notes: list[str]) -> list[RawRecord]:
    """Flatten a list of records; children follow their parent and know it."""
    found: list[RawRecord] = []
    for position, item in enumerate(records, start=1):
        _read_record(item, scope, f"{origin} record {position}", None, found, notes)
    return found


def has_types(records: Any) -> bool:
    """Whether this is a list of records that say which object they belong to."""
    return isinstance(records, list) and all(isinstance(item, Mapping) and _type(item) for item in records)


def _type(item: Mapping[str, Any]) -> str | None:
    attributes = item.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, Mapping) else None
    return kind if isinstance(kind, str) else None


def _read_record(
    item: Any, scope: str, origin: str, parent: ParentLink | None, found: list[RawRecord], notes: list[str]
) -> None:
    kind = _type(item) if isinstance(item, Mapping) else None
    if kind is None:
        notes.append(f"{origin}: skipped, it does not say its type")
        return
    name = item["attributes"].get("referenceId")
    reference = TreeReference(scope, name) if isinstance(name, str) else None
    record = RawRecord(kind, origin, {}, is_typed=True, reference=reference, parent=parent)
    found.append(record)
    for key, value in item.items():
        if key == "attributes":
            continue
        if isinstance(value, Mapping) and isinstance(value.get("records"), list):
            for position, child in enumerate(value["records"], start=1):
                _read_record(child, scope, f"{origin}, {key} {position}", ParentLink(record, key), found, notes)
        else:
            record.values[key] = _read_value(value, scope)


def _read_value(value: Any, scope: str) -> Any:
    if isinstance(value, str) and len(value) > 1 and value.startswith("@"):
        return TreeReference(scope, value[1:])
    if isinstance(value, Mapping) and (kind := _type(value)):
        url = _RECORD_URL.search(str(value["attributes"].get("url") or ""))
        own = tuple((key, item) for key, item in value.items() if key != "attributes")
        return ParentLookup(kind, own, url[1] if url else None)
    return None if value == "" else value
