"""Recycle bin: delete with cascade, clearing and restriction, undelete, hard delete, merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sffdw.sandbox.dml import derived, persons
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import ChildRelationship, SObject
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.store.tables import column_name, table_name

if TYPE_CHECKING:
    from sffdw.sandbox.dml.records import Records

# What ties a person account and its contact together; it does not move when accounts are merged.
_OF_PERSONS = frozenset({("Contact", "AccountId"), ("Account", "PersonContactId")})
MERGEABLE = frozenset({"Account", "Contact", "Lead", "Case"})


def log_deletion(store: Store, sobject: SObject, record_id: str, root_id: str, at: str) -> None:
    """Note a deletion for getDeleted and for undelete."""
    with store.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO _delete_log VALUES (?, ?, ?)", (sobject.name, record_id, at))
        connection.execute(
            "INSERT OR REPLACE INTO _recycled VALUES (?, ?, ?, ?)", (record_id, sobject.name, root_id, at)
        )


# Delete


def delete(records: Records, sobject: SObject, record_id: str, *, root_id: str | None = None) -> None:
    """Move a record to the recycle bin with its cascade; raises ApiError where Salesforce refuses."""
    store = records.store
    is_deleted = store.is_deleted(sobject, record_id)
    if is_deleted is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[])
    if is_deleted:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", fields=[])
    store.check_removal(record_id)
    root = root_id or record_id
    stamps = {} if records.actor.keeps_stamp_on_delete else _stamps(records, sobject)
    store.update(sobject, record_id, {"IsDeleted": 1, **stamps})
    log_deletion(store, sobject, record_id, root, records.actor.at)
    for child in store.schema.children(sobject.name):
        _release_children(records, sobject, record_id, child, root)
    _follow(records, sobject, record_id)


def _follow(records: Records, sobject: SObject, record_id: str) -> None:
    """Carry a removal or restoration on to parents that total their children."""
    from sffdw.sandbox.dml import rollups, standard

    standard.after_removal(records, sobject, record_id)
    row = records.store.get(sobject, record_id) or {}
    rollups.follow(records, sobject, row, row)


def _stamps(records: Records, sobject: SObject) -> Values:
    stamps = {"LastModifiedDate": records.actor.at, "SystemModstamp": records.actor.at}
    return {name: value for name, value in stamps.items() if sobject.stored_field(name) is not None}


def _release_children(records: Records, parent: SObject, parent_id: str, child: ChildRelationship, root: str) -> None:
    store = records.store
    target = store.schema[child.child_object]
    sql = f'SELECT "Id" FROM {table_name(target)} WHERE {column_name(child.field)} = ? AND +_deleted = 0'
    for (child_id,) in store.reader.execute(sql, (parent_id,)).fetchall():
        if child.cascade_delete:
            delete(records, target, child_id, root_id=root)
        elif child.restricted_delete:
            raise _restricted(parent, target, child_id)
        else:
            _clear(records, target, child_id, child.field, parent_id, root)


def _restricted(parent: SObject, child: SObject, child_id: str) -> ApiError:
    message = (
        f"Your attempt to delete the {parent.label.lower()} could not be completed because it is associated with the "
        f"following {child.label_plural.lower()}.: {child_id}\n"
    )
    return ApiError("DELETE_FAILED", message, fields=[])


def _clear(records: Records, child: SObject, child_id: str, field: str, value: str, root: str) -> None:
    """Set a lookup to the deleted record to null and remember it for undelete."""
    with records.store.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO _cleared VALUES (?, ?, ?, ?, ?)", (root, child.name, child_id, field, value)
        )
    records.store.update(child, child_id, {field: None, **derived.changed_stamps(child, records.actor)})


# Undelete


def undelete(records: Records, sobject: SObject, record_id: str) -> None:
    """Take a record and what was deleted with it out of the recycle bin."""
    store = records.store
    found = store.reader.execute("SELECT root_id FROM _recycled WHERE id = ?", (record_id,)).fetchone()
    if not store.is_deleted(sobject, record_id) or found is None:
        raise ApiError("UNDELETE_FAILED", "Entity is not in the recycle bin", fields=[])
    rows = store.reader.execute("SELECT id, object FROM _recycled WHERE root_id = ?", (found[0],)).fetchall()
    for restored_id, name in rows if found[0] == record_id else [(record_id, sobject.name)]:
        _restore(records, store.schema[name], restored_id)
    if found[0] == record_id:
        _refill(records, record_id)
    _follow(records, sobject, record_id)


def _restore(records: Records, sobject: SObject, record_id: str) -> None:
    store = records.store
    values: Values = {"IsDeleted": 0, **_stamps(records, sobject)}
    if sobject.stored_field("MasterRecordId") is not None:
        values["MasterRecordId"] = None
    store.update(sobject, record_id, values)
    with store.transaction() as connection:
        connection.execute("DELETE FROM _delete_log WHERE object = ? AND id = ?", (sobject.name, record_id))
        connection.execute("DELETE FROM _recycled WHERE id = ?", (record_id,))


def _refill(records: Records, root_id: str) -> None:
    """Restore lookups that the deletion had cleared, unless they point elsewhere by now."""
    store = records.store
    rows = store.reader.execute(
        "SELECT object, id, field, value FROM _cleared WHERE root_id = ?", (root_id,)
    ).fetchall()
    for name, child_id, field, value in rows:
        sobject = store.schema.get(name)
        current = store.get(sobject, child_id) if sobject is not None else None
        if sobject is not None and current is not None and current.get(field) is None:
            store.update(sobject, child_id, {field: value, **derived.changed_stamps(sobject, records.actor)})
    with store.transaction() as connection:
        connection.execute("DELETE FROM _cleared WHERE root_id = ?", (root_id,))


# Hard delete


def hard_delete(records: Records, sobject: SObject, record_id: str) -> None:
    """Remove a record for good, from the recycle bin or straight away; only the delete log remembers it."""
    store = records.store
    is_deleted = store.is_deleted(sobject, record_id)
    if is_deleted is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[])
    if not is_deleted:
        delete(records, sobject, record_id)
    rows = store.reader.execute("SELECT id, object FROM _recycled WHERE root_id = ?", (record_id,)).fetchall()
    for removed_id, name in [*rows, (record_id, sobject.name)]:
        store.remove(store.schema[name], removed_id)
        with store.transaction() as connection:
            connection.execute("DELETE FROM _recycled WHERE id = ?", (removed_id,))
    with store.transaction() as connection:
        connection.execute("DELETE FROM _cleared WHERE root_id = ?", (record_id,))


# Merge


def merge(records: Records, sobject: SObject, master_id: str, loser_ids: list[str]) -> None:
    """Merge up to two records into a third: children move, losers are deleted and name their master."""
    if sobject.name not in MERGEABLE:
        raise ApiError("INVALID_TYPE_FOR_OPERATION", f"entity type {sobject.name} does not support merge")
    if not 1 <= len(loser_ids) <= 2 or master_id in loser_ids:
        raise ApiError(
            "INVALID_NUM_ARGS" if master_id not in loser_ids else "INVALID_OPERATION",
            "invalid number of records to merge",
        )
    master, *losers = [records.existing(sobject, one) for one in (master_id, *loser_ids)]
    persons.before_merge(records, sobject, [master, *losers])
    for loser in losers:
        _merge_into(records, sobject, loser, master)
    records.store.update(sobject, master_id, _stamps(records, sobject))


def _merge_into(records: Records, sobject: SObject, loser: Values, master: Values) -> None:
    """Move what belongs to a record and to the contact of a person, then delete it."""
    pairs = [(sobject, loser["Id"], master["Id"])]
    if sobject.name == "Account" and loser.get(persons.FLAG):
        pairs.append((records.store.schema["Contact"], loser[persons.CONTACT], master[persons.CONTACT]))
    for kind, loser_id, master_id in pairs:
        for child in records.store.schema.children(kind.name):
            if len(pairs) == 1 or (child.child_object, child.field) not in _OF_PERSONS:
                _reparent(records, child, loser_id, master_id)
    delete(records, sobject, loser["Id"])
    for kind, loser_id, master_id in pairs:
        if kind.stored_field("MasterRecordId") is not None:
            records.store.update(kind, loser_id, {"MasterRecordId": master_id})


def _reparent(records: Records, child: ChildRelationship, loser_id: str, master_id: str) -> None:
    target = records.store.schema[child.child_object]
    if child.field == "MasterRecordId":
        return
    sql = f'SELECT "Id" FROM {table_name(target)} WHERE {column_name(child.field)} = ? AND +_deleted = 0'
    for (child_id,) in records.store.reader.execute(sql, (loser_id,)).fetchall():
        values: Values = {child.field: master_id, **derived.changed_stamps(target, records.actor)}
        records.store.update(target, child_id, values)
