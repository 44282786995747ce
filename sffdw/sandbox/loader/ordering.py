"""The order of the records: parents before children as far as references allow it.

Ids are given before anything is stored, so a cycle needs no second pass: in it, and only there, a record comes before
the one it points to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sffdw.sandbox.schema import Schema


def parents_first(changes: Sequence[Mapping[str, Any]], schema: Schema) -> list[Mapping[str, Any]]:
    """Sort changes so that what a record points to comes before it; otherwise the order stays."""
    by_id = {change["id"]: change for change in changes}
    references = {name: _reference_names(schema, name) for name in {change["object"] for change in changes}}
    done: set[str] = set()
    ordered: list[Mapping[str, Any]] = []
    for change in changes:
        _place(change, by_id, references, done, ordered)
    return ordered


def _reference_names(schema: Schema, name: str) -> tuple[str, ...]:
    return tuple(field.name for field in schema[name].reference_fields)


def _place(
    first: Mapping[str, Any],
    by_id: Mapping[str, Mapping[str, Any]],
    references: Mapping[str, tuple[str, ...]],
    done: set[str],
    ordered: list[Mapping[str, Any]],
) -> None:
    """Place a change after its parents, depth first with an own stack; a cycle is cut where it closes."""
    stack = [(first, iter(_parents(first, by_id, references)))] if first["id"] not in done else []
    done.add(first["id"])
    while stack:
        change, parents = stack[-1]
        parent = next((item for item in parents if item["id"] not in done), None)
        if parent is None:
            ordered.append(change)
            stack.pop()
        else:
            done.add(parent["id"])
            stack.append((parent, iter(_parents(parent, by_id, references))))


def _parents(
    change: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]], references: Mapping[str, tuple[str, ...]]
) -> list[Mapping[str, Any]]:
    pointed = (change["values"].get(name) for name in references[change["object"]])
    return [by_id[record_id] for record_id in pointed if record_id in by_id]
