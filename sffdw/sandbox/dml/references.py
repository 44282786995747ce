"""References to other records: by id, checked for type and existence, or by the other record's external id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.values import to_stored

# Owning and being owned locks nobody out.
_NEVER_LOCKED = frozenset({"User", "Group"})


def no_such_field(sobject: SObject, name: str) -> ApiError:
    """Return the error for a field name that the object does not have."""
    return ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}", fields=[])


def resolve_external(store: Store, sobject: SObject, name: str, value: Any, actor: Actor) -> tuple[Field, str | None]:
    """Read `"Account": {"Ext__c": "k"}`: return the reference field and the id of the record meant."""
    reference = sobject.relationship(name)
    if reference is None or (value is not None and not isinstance(value, Mapping)):
        raise no_such_field(sobject, name)
    if value is None:
        return reference, None
    keys = {key: item for key, item in value.items() if key != "attributes"}
    if len(keys) != 1:
        raise ApiError(
            "INVALID_FIELD", f"The external foreign key reference for {name} needs exactly one field", fields=[]
        )
    (key, wanted), *_ = keys.items()
    return reference, _find(store, reference, _target(store, reference, value), key, wanted)


def _target(store: Store, reference: Field, value: Mapping[str, Any]) -> SObject:
    stated = (value.get("attributes") or {}).get("type")
    target = store.schema.get(stated or reference.reference_to[0])
    if target is None or target.name not in reference.reference_to:
        raise ApiError("INVALID_FIELD", f"invalid type for reference {reference.name}: {stated}", fields=[])
    return target


def _find(store: Store, reference: Field, target: SObject, key: str, wanted: Any) -> str:
    field = target.field(key)
    if field is None or not (field.id_lookup or field.external_id):
        raise ApiError(
            "INVALID_FIELD",
            f"Field name provided, {key} is not an External ID or indexed field for {target.name}",
            fields=[],
        )
    found = store.find(target, field, to_stored(field, wanted))
    if len(found) == 1:
        return found[0]
    if not found:
        message = (
            f"Foreign key external ID: {str(wanted).lower()} not found for field {field.name} in entity {target.name}"
        )
        raise ApiError("INVALID_FIELD", message, fields=[])
    raise ApiError(
        "DUPLICATE_EXTERNAL_ID", f"{key}: more than one record found for external id field: {found}", fields=[]
    )


def check_references(store: Store, sobject: SObject, values: Values, actor: Actor) -> None:
    """Refuse references to records of a wrong object, to none, and to deleted ones."""
    if actor.is_raw:
        return
    for field in sobject.reference_fields:
        record_id = values.get(field.name)
        if record_id is not None:
            _check_reference(store, field, record_id)


def _check_reference(store: Store, field: Field, record_id: str) -> None:
    target = store.schema.by_prefix(record_id)
    if target is None or target.name not in field.reference_to:
        raise ApiError(
            "MALFORMED_ID" if target is None else "FIELD_INTEGRITY_EXCEPTION",
            f"{field.label}: id value of incorrect type: {record_id}",
            fields=[field.name],
        )
    is_deleted = store.is_deleted(target, record_id)
    if is_deleted is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[field.name])
    if is_deleted:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", fields=[field.name])
    if target.name not in _NEVER_LOCKED:
        store.refer_to(record_id)
