"""The header row of an upload: each column is a field, or a parent named by one of its external ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sffdw.sandbox.access import Access
from sffdw.sandbox.bulk.runs import RunFailed
from sffdw.sandbox.schema import Schema, SObject

NULL_MARK = "#N/A"


@dataclass(frozen=True)
class Target:
    """Where a column's values go: a field, or `relationship` with the parent's `key` (and object, where many fit)."""

    name: str
    key: str | None = None
    object_name: str | None = None

    def value(self, text: str) -> Any:
        """Return what a record holds for a value of the column."""
        if text == NULL_MARK:
            return None
        if self.key is None:
            return text
        attributes = {"attributes": {"type": self.object_name}} if self.object_name else {}
        return {**attributes, self.key: text}


def read_header(names: Sequence[str], schema: Schema, sobject: SObject, access: Access) -> list[Target]:
    """Return the targets of a header row; a name that means nothing fails the batch."""
    targets: list[Target] = []
    for name in names:
        target = _target(name, schema, sobject, access)
        if target is None:
            raise RunFailed(f"InvalidBatch : Field name not found : {name}")
        if target.name.lower() in {known.name.lower() for known in targets}:
            raise RunFailed(f"InvalidBatch : Duplicate field name found : {name}")
        targets.append(target)
    return targets


def _target(name: str, schema: Schema, sobject: SObject, access: Access) -> Target | None:
    path, _, key = name.rpartition(".")
    if not path:
        found = access.find_field(sobject, name)
        return Target(found.name) if found is not None and not found.is_compound else None
    stated, _, relationship = path.rpartition(":")
    reference = sobject.relationship(relationship)
    if reference is None or access.find_field(sobject, reference.name) is None:
        return None
    parent = schema.get(stated or reference.reference_to[0])
    field = parent.field(key) if parent is not None and parent.name in reference.reference_to else None
    if parent is None or field is None or not (field.external_id or field.id_lookup or field.type == "id"):
        return None
    return Target(str(reference.relationship_name), field.name, parent.name if stated else None)


def record_of(targets: Sequence[Target], values: Sequence[str]) -> dict[str, Any]:
    """Return the record a row means; an empty value says nothing about its field."""
    return {target.name: target.value(text) for target, text in zip(targets, values, strict=True) if text != ""}
