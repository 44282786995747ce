"""Record types as definitions and alterations state them.

[name, …] or [{name, developerName, active, available, default}]; a describe's recordTypeInfos are read elsewhere. Their
records are rows of RecordType, made when the store follows the schema; until then a new one has no id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.field import Field, make_field
from sffdw.sandbox.schema.sobject import RecordTypeEntry

MASTER = RecordTypeEntry(name="Master", developer_name="Master", master=True, default_record_type_mapping=True)
FIELD = "RecordTypeId"


def record_type_field() -> Field:
    """Return the field that holds a record's type."""
    stated = {"name": FIELD, "type": "reference", "referenceTo": ["RecordType"], "label": "Record Type ID"}
    return make_field({**stated, "permissionable": False, "searchPrefilterable": False})


def merge_record_types(
    known: tuple[RecordTypeEntry, ...], stated: Iterable[str | Mapping[str, Any]]
) -> tuple[RecordTypeEntry, ...]:
    """Add record types, or change which are available and default; raises SchemaError."""
    entries = {entry.developer_name.lower(): entry for entry in known if not entry.master}
    for item in stated:
        given = {"name": item} if isinstance(item, str) else dict(item)
        entry = _merged(entries, given)
        if entry.default_record_type_mapping:
            entries = {key: replace(other, default_record_type_mapping=False) for key, other in entries.items()}
        entries[entry.developer_name.lower()] = entry
    return with_master(entries.values())


def _merged(entries: Mapping[str, RecordTypeEntry], given: Mapping[str, Any]) -> RecordTypeEntry:
    name = given.get("name") or given.get("developerName")
    if not isinstance(name, str):
        raise SchemaError("a record type needs a name")
    developer_name = str(given.get("developerName") or "_".join(name.split()))
    known = entries.get(developer_name.lower())
    if known is not None and "active" in given:
        raise SchemaError(f'record type "{developer_name}" exists: whether it is active is said by its record')
    entry = known or RecordTypeEntry(name=name, developer_name=developer_name, record_type_id="")
    is_default = bool(given.get("default", entry.default_record_type_mapping))
    return replace(
        entry,
        active=bool(given.get("active", entry.active)),
        available=bool(given.get("available", entry.available)),
        default_record_type_mapping=is_default,
    )


def with_master(entries: Iterable[RecordTypeEntry]) -> tuple[RecordTypeEntry, ...]:
    """Put the master record type last; it is the default where no other is."""
    listed = tuple(entries)
    has_default = any(entry.default_record_type_mapping for entry in listed)
    return (*listed, replace(MASTER, default_record_type_mapping=not has_default))
