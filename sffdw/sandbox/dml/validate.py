"""The rules of single values and records: unknown and read-only fields, types, required fields, uniqueness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.dml.references import resolve_external
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.schema.person_fields import is_person_field
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.store.tables import column_name, table_name
from sffdw.sandbox.values import to_stored

AUDIT_FIELDS = frozenset({"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"})


def read_values(store: Store, sobject: SObject, given: Mapping[str, Any], actor: Actor, *, is_new: bool) -> Values:
    """Return the stored form of what a caller sent, by canonical names; raises ApiError."""
    values: Values = {}
    forbidden: list[str] = []
    for name, value in given.items():
        if name.lower() in {"attributes", "id"}:
            continue
        field = find_field(sobject, name, actor)
        if field is None:
            reference, record_id = resolve_external(store, sobject, name, value, actor)
            values[reference.name] = record_id
        elif not _is_writable(sobject, field, actor, is_new=is_new) or field.is_compound:
            forbidden.append(field.name)
        else:
            values[field.name] = _stored_value(field, value, actor)
    if forbidden:
        raise _not_writable(forbidden)
    return values


def find_field(sobject: SObject, name: str, actor: Actor) -> Field | None:
    """Find a field the writer may name."""
    if actor.is_raw:
        return sobject.stored_field(name)
    return actor.access.find_field(sobject, name)


def _stored_value(field: Field, value: Any, actor: Actor) -> Any:
    if actor.is_raw and isinstance(value, str) and field.is_text:
        return value or None
    return to_stored(field, value)


def _is_writable(sobject: SObject, field: Field, actor: Actor, *, is_new: bool) -> bool:
    if actor.is_raw:
        return True
    if is_new and actor.sets_audit and field.name in AUDIT_FIELDS:
        return True
    allowed = field.createable if is_new else field.updateable
    return allowed and actor.access.of_field(sobject, field.name).edit


def _not_writable(names: list[str]) -> ApiError:
    return ApiError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        fields=names,
    )


def check_required(sobject: SObject, values: Mapping[str, Any], *, is_new: bool) -> None:
    """Refuse a record whose required fields have no value (on update: are set to none)."""
    missing = [field.name for field in sobject.required_fields if _is_missing(field, values, is_new=is_new)]
    if sobject.name == "Account" and not values.get("IsPersonAccount"):
        missing = [name for name in missing if not is_person_field(name)]  # what persons need, companies do not
    if missing:
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", fields=missing)


def _is_missing(field: Field, values: Mapping[str, Any], *, is_new: bool) -> bool:
    if is_new:
        return field.createable and not field.defaulted_on_create and values.get(field.name) is None
    return field.name in values and values[field.name] is None and (field.createable or field.updateable)


def check_unique(store: Store, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
    """Refuse a value that another record holds in a unique field, or is about to get."""
    store.check_values(sobject, values)
    for field in sobject.unique_fields:
        if values.get(field.name) is None:
            continue
        held = f'{column_name(field)} = ? AND +_deleted = 0 AND "Id" <> ?'
        sql = f'SELECT "Id" FROM {table_name(sobject)} WHERE {held} LIMIT 1'
        other = store.reader.execute(sql, (values[field.name], record_id)).fetchone()
        if other is not None:
            raise ApiError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {field.name} duplicates value on record with id: {other[0][:15]}",
                fields=[],
            )


def record_id_of(sobject: SObject, text: object) -> str:
    """Return the id a caller means; raises MALFORMED_ID for what is not an id of the object."""
    record_id = ids.normalise(text)
    if record_id is None:
        raise ApiError("MALFORMED_ID", f"malformed id {text}", fields=["Id"])
    if sobject.key_prefix is not None and not record_id.startswith(sobject.key_prefix):
        raise ApiError("MALFORMED_ID", f"{sobject.name} ID: id value of incorrect type: {text}", fields=["Id"])
    return record_id
