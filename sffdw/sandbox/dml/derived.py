"""Values that Salesforce sets itself: names of persons, auto numbers, defaults, audit fields."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.dml.currencies import set_currency
from sffdw.sandbox.dml.record_types import set_record_type
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.values import to_stored

_NAME_PARTS = ("FirstName", "MiddleName", "LastName", "Suffix")
_PLACEHOLDER = re.compile(r"\{(0+|YYYY|YY|MM|DD)\}")
_DEFAULT_FORMAT = "{00000000}"


def set_defaults(store: Store, sobject: SObject, record_id: str, values: Values, actor: Actor) -> None:
    """Fill what the writer left out of a new record."""
    set_currency(store, sobject, values, actor)
    set_record_type(store, sobject, values, actor)
    for field in sobject.default_fields:
        if field.name in values:
            continue
        default = _default(field, actor)
        if default is not None:
            values[field.name] = default
        elif field.auto_number and not (actor.is_raw and values.get(field.name)):
            values[field.name] = _next_in_series(store, sobject, field, actor)
    named = sobject.name_field
    if named is not None and named.type == "string" and named.defaulted_on_create and values.get(named.name) is None:
        values[named.name] = record_id[:15]


def _default(field: Field, actor: Actor) -> object:
    if field.name == "OwnerId" and field.is_reference:
        return actor.user_id
    chosen = next((known.value for known in field.picklist_values if known.default_value), None)
    if chosen is not None:
        return chosen
    if field.default_value is None or field.calculated:
        return None
    return to_stored(field, field.default_value)


def _next_in_series(store: Store, sobject: SObject, field: Field, actor: Actor) -> str:
    number = store.next_number(f"{sobject.name}.{field.name}")
    parts = {"YYYY": actor.at[:4], "YY": actor.at[2:4], "MM": actor.at[5:7], "DD": actor.at[8:10]}
    return _PLACEHOLDER.sub(
        lambda match: parts.get(match[1], str(number).zfill(len(match[1]))), field.display_format or _DEFAULT_FORMAT
    )


def set_person_name(sobject: SObject, values: Values, before: Mapping[str, object]) -> None:
    """Put a person's full name together from its parts."""
    named = sobject.name_field
    if named is None or not named.is_person_name or not (set(_NAME_PARTS) & values.keys()):
        return
    values[named.name] = full_name({**before, **values})


def full_name(values: Mapping[str, object]) -> str | None:
    """Put a name together from its parts."""
    return " ".join(str(values[part]) for part in _NAME_PARTS if values.get(part)) or None


def set_audit(sobject: SObject, values: Values, actor: Actor, *, is_new: bool) -> None:
    """Stamp a record; what a raw writer or one with the audit permission gives is kept."""
    stamps = {"LastModifiedDate": actor.at, "LastModifiedById": actor.user_id, "SystemModstamp": actor.at}
    if is_new:
        stamps |= {"CreatedDate": actor.at, "CreatedById": actor.user_id}
    if actor.is_raw and not is_new:
        return
    for name, value in stamps.items():
        if sobject.stored_field(name) is not None and values.get(name) is None:
            values[name] = value


def changed_stamps(sobject: SObject, actor: Actor) -> Values:
    """Return the stamps a system process leaves: SystemModstamp only."""
    return {"SystemModstamp": actor.at} if sobject.stored_field("SystemModstamp") is not None else {}
