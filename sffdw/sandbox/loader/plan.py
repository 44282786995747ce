"""What loading found out: a plan that can be looked at and applied, made without touching any store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sffdw.sandbox.schema import Schema, SchemaChange


class LoadError(ValueError):
    """A path that cannot be loaded at all; the message names the file and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """Definitions and alterations of objects, then the records, then what to tell the user.

    `changes` are ordered, parents first where the files allow it: {"op": "create", "object", "id", "values"}. Ids and
    stamps are the files' own, so they want raw mode. Values are as stored: text trimmed and never empty, ids of 18
    characters, dateTime `2025-12-16T13:05:30.000+0000`, date `2025-12-16`. A name with None is blank in its file; what
    no file states has no name. IsDeleted true means the recycle bin.
    """

    definitions: tuple[Mapping[str, Any], ...] = ()
    alterations: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    changes: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    def define(self, schema: Schema) -> list[SchemaChange]:
        """Bring a schema to what the records need; returns what a store must follow, once at the end.

        An object that is new is reported as it is at the end, so nothing further is said of it.
        """
        done: list[SchemaChange] = []
        for definition in self.definitions:
            done += schema.define(definition)
        for name, operations in self.alterations:
            done += schema.alter(name, operations)
        new = {change.object_name for change in done if change.kind == "created"}
        return [change for change in done if change.kind == "created" or change.object_name not in new]

    def by_object(self) -> dict[str, list[Mapping[str, Any]]]:
        """Group the changes by object, in order."""
        grouped: dict[str, list[Mapping[str, Any]]] = {}
        for change in self.changes:
            grouped.setdefault(change["object"], []).append(change)
        return grouped


def counted(number: int, noun: str) -> str:
    """Say `1 row`, `2 rows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def joined(parts: Iterable[str]) -> str:
    """Join the distinct parts with commas, sorted."""
    return ", ".join(sorted(set(parts)))
