"""Rows of RecordType for the record types that definitions state: the store calls this when it follows the schema."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sffdw.sandbox import stamps
from sffdw.sandbox.schema import RecordTypeEntry, SchemaChange, SObject
from sffdw.sandbox.store.tables import table_name

if TYPE_CHECKING:
    from sffdw.sandbox.store.store import Store, Values


def settle_record_types(store: Store, changes: Iterable[SchemaChange]) -> None:
    """Make, move and remove rows so that they are those of the objects as they are now."""
    kind = store.schema.get("RecordType")
    if kind is None or kind.stored_field("SobjectType") is None:
        return
    table = table_name(kind)
    for change in changes:
        with store.transaction() as connection:
            if change.kind == "dropped" and change.object_name not in store.schema:
                connection.execute(f'DELETE FROM {table} WHERE "SobjectType" = ?', (change.object_name,))
            elif change.renamed_from:
                sql = f'UPDATE {table} SET "SobjectType" = ? WHERE "SobjectType" = ?'
                connection.execute(sql, (change.object_name, change.renamed_from))
        sobject = store.schema.get(change.object_name)
        if sobject is not None and any(not entry.master for entry in sobject.record_types):
            _make_rows(store, kind, sobject)


def _make_rows(store: Store, kind: SObject, sobject: SObject) -> None:
    settled = []
    for entry in sobject.record_types:
        settled.append(entry)
        if entry.master or (entry.record_type_id and store.is_deleted(kind, entry.record_type_id) is not None):
            continue
        settled[-1] = replace(entry, record_type_id=entry.record_type_id or store.new_id(kind))
        store.insert(kind, _row(store, kind, sobject, settled[-1]))
    if tuple(settled) != sobject.record_types:
        store.schema.set_record_types(sobject.name, tuple(settled))


def _row(store: Store, kind: SObject, sobject: SObject, entry: RecordTypeEntry) -> Values:
    user = store.reader.execute(f'SELECT min("Id") FROM {table_name("User")}').fetchone()
    now = stamps.to_text(datetime.now(UTC))
    values = {
        "Id": entry.record_type_id,
        "Name": entry.name,
        "DeveloperName": entry.developer_name,
        "SobjectType": sobject.name,
        "IsActive": int(entry.active),
        # Nothing but its name says that a record type is one of persons.
        "IsPersonType": int(sobject.name == "Account" and "person" in entry.developer_name.lower()),
        **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), now),
        **dict.fromkeys(("CreatedById", "LastModifiedById"), user[0] if user else None),
    }
    return {name: value for name, value in values.items() if kind.stored_field(name) is not None}
