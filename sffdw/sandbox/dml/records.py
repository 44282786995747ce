"""Creating, changing and upserting single records by Salesforce's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sffdw.sandbox import ids
from sffdw.sandbox.dml import derived, persons, removal, rollups, standard
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.dml.currencies import check_currency
from sffdw.sandbox.dml.dependencies import check_dependencies
from sffdw.sandbox.dml.record_types import check_record_type
from sffdw.sandbox.dml.references import check_references
from sffdw.sandbox.dml.rules import check_rules
from sffdw.sandbox.dml.validate import check_required, check_unique, read_values, record_id_of
from sffdw.sandbox.errors import ApiError, unknown_object
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.schema.record_types import FIELD
from sffdw.sandbox.soql.currencies import CODE
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.values import to_stored

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def _as_rehearsed(
    method: Callable[Concatenate[Records, _Given], _Result],
) -> Callable[Concatenate[Records, _Given], _Result]:
    """One record's change: what a transaction that commits late was answered is what it does."""

    @wraps(method)
    def change(self: Records, /, *args: _Given.args, **named: _Given.kwargs) -> _Result:
        with self.store.deed():
            return method(self, *args, **named)

    return change


class Records:
    """One writer's view of the store. Every method is one record and raises ApiError when it is refused."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self.store = store
        self.actor = actor
        if store.recorder is not None:
            store.recorder.write_as(actor)

    def object(self, name: object) -> SObject:
        """Find an object by name."""
        found = self.store.schema.get(name) if isinstance(name, str) else None
        if found is None or not self.actor.access.can_see(found):
            raise unknown_object(str(name))
        return found

    # Create

    @_as_rehearsed
    def create(self, sobject: SObject, given: Mapping[str, Any]) -> str:
        """Create a record and return its id."""
        self._check_allowed(sobject, "create", sobject.createable)
        values = read_values(self.store, sobject, given, self.actor, is_new=True)
        persons.before_create(self.store, sobject, values, self.actor)
        record_id = self._new_id(sobject, given)
        derived.set_defaults(self.store, sobject, record_id, values, self.actor)
        standard.before_save(self.store, sobject, values, {}, self.actor)
        derived.set_person_name(sobject, values, {})
        if not self.actor.is_raw:
            check_required(sobject, values, is_new=True)
            check_record_type(self.store, sobject, values, self.actor)
            check_references(self.store, sobject, values, self.actor)
            self._check_dependencies(sobject, values, {})
            check_unique(self.store, sobject, record_id, values)
            check_currency(self.store, sobject, values)
        derived.set_audit(sobject, values, self.actor, is_new=True)
        persons.name_contact(self.store, sobject, values)
        self.store.insert(sobject, {**values, "Id": record_id})
        if values.get("IsDeleted"):
            removal.log_deletion(
                self.store, sobject, record_id, record_id, str(values.get("SystemModstamp") or self.actor.at)
            )
        if not self.actor.is_raw:
            check_rules(self.store, sobject, record_id, None, self.actor)
        standard.after_save(self, sobject, record_id, {}, values)
        rollups.follow(self, sobject, {}, {**values, "Id": record_id})
        return record_id

    def _new_id(self, sobject: SObject, given: Mapping[str, Any]) -> str:
        stated = next((value for name, value in given.items() if name.lower() == "id"), None)
        if stated in (None, ""):
            return self.store.new_id(sobject)
        if not self.actor.is_raw:
            raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", fields=["Id"])
        record_id = record_id_of(sobject, stated)
        if self.store.is_deleted(sobject, record_id) is not None:
            raise ApiError(
                "DUPLICATE_VALUE", f"duplicate value found: Id duplicates value on record with id: {record_id[:15]}"
            )
        if record_id[3:6] == self.store.instance:
            self.store.skip_numbers(record_id[:3], ids.counter(record_id))
        return record_id

    # Update

    @_as_rehearsed
    def update(self, sobject: SObject, record_id: str, given: Mapping[str, Any]) -> None:
        """Change fields of a record."""
        self._check_allowed(sobject, "edit", sobject.updateable)
        self._check_lock(record_id)
        before = self.existing(sobject, record_id)
        values = read_values(self.store, sobject, given, self.actor, is_new=False)
        persons.before_update(self.store, sobject, values, before, self.actor)
        standard.before_save(self.store, sobject, values, before, self.actor)
        derived.set_person_name(sobject, values, before)
        if not self.actor.is_raw:
            check_required(sobject, values, is_new=False)
            if values.get(FIELD) != before.get(FIELD):
                check_record_type(self.store, sobject, values, self.actor)
            check_references(self.store, sobject, _changed(values, before), self.actor)
            self._check_dependencies(sobject, values, before)
            check_unique(self.store, sobject, record_id, values)
            check_currency(self.store, sobject, _changed(values, before))
        derived.set_audit(sobject, values, self.actor, is_new=False)
        if values:
            self.store.update(sobject, record_id, values)
        if not self.actor.is_raw:
            check_rules(self.store, sobject, record_id, before, self.actor)
        standard.after_save(self, sobject, record_id, before, values)
        rollups.follow(self, sobject, before, {**before, **values})
        if CODE in values and values[CODE] != before.get(CODE):
            rollups.recalculate(self, sobject, record_id)

    def _check_dependencies(self, sobject: SObject, values: Values, before: Values) -> None:
        if self.actor.enforces_dependencies:
            check_dependencies(sobject, values, before)

    def existing(self, sobject: SObject, record_id: str) -> Values:
        """Return a record that can be changed; raises for a missing or deleted one."""
        found = self.store.get(sobject, record_id)
        if found is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[])
        if found["IsDeleted"] and not self.actor.is_raw:
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", fields=[])
        return found

    def touch(self, sobject: SObject, record_id: str) -> None:
        """Bump SystemModstamp as a system process does, changing nothing else."""
        self.existing(sobject, record_id)
        stamps = derived.changed_stamps(sobject, self.actor)
        if stamps:
            self.store.update(sobject, record_id, stamps)

    # Upsert

    def external_field(self, sobject: SObject, name: str) -> Field:
        """Find the field an upsert goes by."""
        field = self.actor.access.find_field(sobject, name)
        if field is None or not (field.external_id or field.id_lookup):
            raise ApiError(
                "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}", status=404
            )
        return field

    def matches(self, sobject: SObject, field: Field, value: Any) -> list[str]:
        """Return the ids of the records an external id value means."""
        stored = to_stored(field, value)
        return [] if stored is None else self.store.find(sobject, field, stored)

    @_as_rehearsed
    def upsert(self, sobject: SObject, field: Field, given: Mapping[str, Any]) -> tuple[str, bool]:
        """Create or change the record an external id in `given` means; return its id and whether it is new."""
        value = next((item for name, item in given.items() if name.lower() == field.name.lower()), None)
        if field.type == "id":
            if value in (None, ""):
                return self.create(sobject, {name: item for name, item in given.items() if name.lower() != "id"}), True
            record_id = record_id_of(sobject, value)
            self.update(sobject, record_id, given)
            return record_id, False
        if value in (None, ""):
            raise ApiError("MISSING_ARGUMENT", f"{field.name} not specified", fields=[])
        found = self.matches(sobject, field, value)
        if len(found) > 1:
            raise ApiError(
                "DUPLICATE_EXTERNAL_ID",
                f"{field.name}: more than one record found for external id field: [{', '.join(found)}]",
                fields=[field.name],
            )
        if not found:
            return self.create(sobject, given), True
        rest = {name: item for name, item in given.items() if name.lower() != field.name.lower()}
        self.update(sobject, found[0], rest)
        return found[0], False

    # Locks and rights

    def _check_lock(self, record_id: str) -> None:
        if not self.actor.is_raw:
            self.store.check_row(record_id)

    def _check_allowed(self, sobject: SObject, what: str, supported: bool) -> None:
        if self.actor.is_raw:
            return
        if not supported:
            verb = {"edit": "update"}.get(what, what)
            raise ApiError("INVALID_TYPE_FOR_OPERATION", f"entity type {sobject.name} does not support {verb}")
        if not getattr(self.actor.access.of_object(sobject), what):
            raise ApiError(
                "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", status=403, fields=[]
            )

    @_as_rehearsed
    def delete(self, sobject: SObject, record_id: str) -> None:
        """Move a record and what belongs to it to the recycle bin."""
        self._check_allowed(sobject, "delete", sobject.deletable)
        self._check_lock(record_id)
        persons.before_delete(self.store, sobject, record_id, self.actor)
        removal.delete(self, sobject, record_id)


def _changed(values: Values, before: Values) -> Values:
    return {name: value for name, value in values.items() if before.get(name) != value}
