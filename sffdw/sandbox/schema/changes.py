"""Alterations of an object: what PATCH /_sandbox/objects/OBJECT may say, and what a store must do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sffdw.sandbox.schema.definition import read_rule
from sffdw.sandbox.schema.dependencies import settle
from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.field import Field, change_field, make_field, rename_field
from sffdw.sandbox.schema.record_types import FIELD, merge_record_types, record_type_field
from sffdw.sandbox.schema.sobject import SObject

OPERATIONS = (
    *("rename_to", "add_fields", "alter_fields", "drop_fields", "rename_fields", "hide_fields", "rules"),
    "record_types",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """What one definition, alteration or drop did to one object: the store's columns follow from it."""

    object_name: str
    kind: str  # created, altered, dropped
    renamed_from: str | None = None
    added: tuple[Field, ...] = ()
    altered: tuple[Field, ...] = ()
    dropped: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Alteration:
    """An object being altered: each method applies one operation and notes what changed."""

    sobject: SObject
    fields: list[Field] = field(default_factory=list)
    added: list[Field] = field(default_factory=list)
    altered: list[Field] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)

    def _index(self, name: str) -> int:
        wanted = name.lower()
        for index, known in enumerate(self.fields):
            if known.name.lower() == wanted:
                return index
        raise SchemaError(f'object "{self.sobject.name}" has no field "{name}"')

    def _refuse_known(self, name: str) -> None:
        if any(known.name.lower() == name.lower() for known in self.fields):
            raise SchemaError(f'object "{self.sobject.name}" already has a field "{name}"')

    def add_fields(self, stated: Iterable[Mapping[str, Any]]) -> None:
        """Append new fields."""
        for item in stated:
            new = make_field(item)
            self._refuse_known(new.name)
            self.fields.append(new)
            self.added.append(new)

    def alter_fields(self, stated: Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]) -> None:
        """Change attributes of fields: [{name, …}] or {name: {…}}."""
        for name, changes in _by_name(stated):
            index = self._index(name)
            self.fields[index] = change_field(self.fields[index], changes)
            self.altered.append(self.fields[index])

    def drop_fields(self, names: Iterable[str]) -> None:
        """Remove fields with their values."""
        for name in names:
            index = self._index(name)
            if self.fields[index].type == "id":
                raise SchemaError(f'the Id of object "{self.sobject.name}" cannot be dropped')
            self.dropped.append(self.fields.pop(index).name)

    def rename_fields(self, names: Mapping[str, str]) -> None:
        """Give fields new API names; the values stay."""
        for old, new in names.items():
            index = self._index(old)
            self._refuse_known(new)
            self.renamed.append((self.fields[index].name, new))
            self.fields[index] = rename_field(self.fields[index], new)
            self._follow_controller(old, new)

    def _follow_controller(self, old: str, new: str) -> None:
        for index, field_ in enumerate(self.fields):
            if str(field_.controller_name).lower() == old.lower():
                self.fields[index] = replace(field_, controller_name=new)

    def hide_fields(self, stated: Iterable[str] | Mapping[str, bool]) -> None:
        """Hide fields from describe and statements, or show them again ({name: false})."""
        wanted = stated if isinstance(stated, Mapping) else dict.fromkeys(stated, True)
        for name, hidden in wanted.items():
            index = self._index(name)
            self.fields[index] = replace(self.fields[index], hidden=bool(hidden))
            self.altered.append(self.fields[index])

    def set_rules(self, stated: Iterable[Mapping[str, Any]]) -> None:
        """Replace the validation rules."""
        self.sobject = replace(self.sobject, rules=tuple(read_rule(rule) for rule in stated))

    def set_record_types(self, stated: Iterable[str | Mapping[str, Any]]) -> None:
        """Add record types or change which are available and default; the first brings the field RecordTypeId."""
        types = merge_record_types(self.sobject.record_types, stated)
        self.sobject = replace(self.sobject, record_types=types)
        if not any(known.name == FIELD for known in self.fields):
            self.fields.append(record_type_field())
            self.added.append(self.fields[-1])

    def finish(self, rename_to: str | None) -> tuple[SObject, SchemaChange]:
        """Return the altered object and what happened to it."""
        name = rename_to or self.sobject.name
        change = SchemaChange(
            object_name=name,
            kind="altered",
            renamed_from=self.sobject.name if name != self.sobject.name else None,
            added=tuple(self.added),
            altered=tuple(self.altered),
            dropped=tuple(self.dropped),
            renamed=tuple(self.renamed),
        )
        return replace(self.sobject, name=name, fields=settle(self.fields)), change


def _by_name(
    stated: Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]],
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    if isinstance(stated, Mapping):
        return stated.items()
    if any("name" not in item for item in stated):
        raise SchemaError("an altered field needs a name")
    return [(item["name"], {key: value for key, value in item.items() if key != "name"}) for item in stated]


def alter_object(sobject: SObject, operations: Mapping[str, Any]) -> tuple[SObject, SchemaChange]:
    """Apply the operations of a PATCH in a fixed order: drop, rename, alter, add, hide, rules, rename the object."""
    unknown = sorted(set(operations) - set(OPERATIONS))
    if unknown:
        raise SchemaError(f'unknown operation "{unknown[0]}"; valid operations are: {", ".join(OPERATIONS)}')
    alteration = Alteration(sobject, list(sobject.fields))
    alteration.drop_fields(operations.get("drop_fields") or ())
    alteration.rename_fields(operations.get("rename_fields") or {})
    alteration.alter_fields(operations.get("alter_fields") or ())
    alteration.add_fields(operations.get("add_fields") or ())
    alteration.hide_fields(operations.get("hide_fields") or ())
    if operations.get("rules") is not None:
        alteration.set_rules(operations["rules"])
    if operations.get("record_types") is not None:
        alteration.set_record_types(operations["record_types"])
    return alteration.finish(operations.get("rename_to"))
