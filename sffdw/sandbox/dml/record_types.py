"""Record types of records: rows of RecordType, which are available, the default of new records, what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import RecordTypeEntry, SObject
from sffdw.sandbox.schema.record_types import FIELD, MASTER, with_master
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.store.tables import table_name

if TYPE_CHECKING:
    from sffdw.sandbox.dml.records import Records

_DEVELOPER_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*\Z")


def entries_of(store: Store, sobject: SObject) -> tuple[RecordTypeEntry, ...]:
    """List an object's record types as a describe does, the master last; what rows say wins over definitions."""
    known = store.schema.get("RecordType")
    if not sobject.record_types or known is None:
        return sobject.record_types
    return store.remember(("record types", sobject.name), lambda: _look_up(store, sobject, known))


def _look_up(store: Store, sobject: SObject, known: SObject) -> tuple[RecordTypeEntry, ...]:
    sql = (
        f'SELECT "Id", "Name", "DeveloperName", "IsActive" FROM {table_name(known)} '
        'WHERE "SobjectType" = ? AND _deleted = 0 ORDER BY "Name", "Id"'
    )
    rows = store.reader.execute(sql, (sobject.name,)).fetchall()
    stated = {entry.record_type_id: entry for entry in sobject.record_types if not entry.master}
    found = [
        replace(
            stated.pop(record_id, RecordTypeEntry(name=name, developer_name="")),
            record_type_id=record_id,
            name=name or developer_name,
            developer_name=developer_name or name,
            active=bool(is_active),
        )
        for record_id, name, developer_name, is_active in rows
    ]
    return with_master([*found, *stated.values()])


# Records that have a type


def set_record_type(store: Store, sobject: SObject, values: Values, actor: Actor) -> None:
    """Give a new record the default type; raw writers say what they mean."""
    if actor.is_raw or values.get(FIELD) is not None or sobject.stored_field(FIELD) is None:
        return
    for entry in actor.access.record_types_of(sobject, entries_of(store, sobject)):
        if entry.default_record_type_mapping and entry.active and not entry.master:
            values[FIELD] = entry.record_type_id


def check_record_type(store: Store, sobject: SObject, values: Values, actor: Actor) -> None:
    """Refuse a type of another object, an inactive one and one that the user has not; the master is no type."""
    chosen = values.get(FIELD)
    if chosen is None or sobject.stored_field(FIELD) is None:
        return
    if chosen == MASTER.record_type_id:
        values[FIELD] = None
        return
    entries = actor.access.record_types_of(sobject, entries_of(store, sobject))
    found = next((entry for entry in entries if entry.record_type_id == chosen), None)
    if found is None or not (found.active and found.available):
        message = f"Record Type ID: this ID value isn't valid for the user: {chosen}"
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", message, fields=[FIELD])


# Record types themselves


def before_type(store: Store, merged: Mapping[str, Any], given: Values, actor: Actor) -> Values:
    """Check a record type that is written: an object that can have some, a developer name of its own."""
    if actor.is_raw:
        return {}
    sobject = store.schema.get(str(merged.get("SobjectType")))
    if sobject is None or not sobject.record_types:
        message = f"SObject Type Name: bad value for restricted picklist field: {merged.get('SobjectType')}"
        raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=["SobjectType"])
    name = str(merged.get("DeveloperName") or "")
    if name and not _DEVELOPER_NAME.match(name):
        message = "Record Type Name: it can only contain underscores and alphanumeric characters"
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=["DeveloperName"])
    for entry in entries_of(store, sobject):
        if entry.developer_name.lower() == name.lower() and entry.record_type_id != merged.get("Id"):
            message = f"This record type name already exists on {sobject.name}: {name}"
            raise ApiError("DUPLICATE_DEVELOPER_NAME", message, fields=["DeveloperName"])
    return {"SobjectType": sobject.name}


def after_type(records: Records, values: Mapping[str, Any]) -> None:
    """An object's first record type brings the field that holds it."""
    store = records.store
    sobject = store.schema.get(str(values.get("SobjectType")))
    if sobject is not None and sobject.record_types and sobject.stored_field(FIELD) is None:
        store.alter(sobject.name, {"record_types": ()})
