"""Putting a plan into a store so that the org holds exactly what the files say.

Columns that a file has are taken as they are, blanks included; only what no file states is filled in: defaults, audit
fields, auto numbers, names of persons, and what standard objects derive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.dml import derived, persons, removal, standard
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.loader.compile import load
from sffdw.sandbox.loader.plan import LoadPlan, counted
from sffdw.sandbox.schema import Schema, SchemaChange, SObject
from sffdw.sandbox.store.store import Store, Values

_TRAILING_NUMBER = re.compile(r"(\d+)\D*\Z")


class Minting:
    """Fresh ids of a store: numbers are counted here and taken from its sequences when `settle` is called."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers: dict[str, int] = {}

    def __call__(self, prefix: str) -> str:
        """Return the next id."""
        number = self._numbers[prefix] + 1 if prefix in self._numbers else self._store.next_number(prefix)
        self._numbers[prefix] = number
        return ids.compose(prefix, self._store.instance, number)

    def settle(self) -> None:
        """Let the store's sequences go on after the ids that were given."""
        for prefix, number in self._numbers.items():
            self._store.skip_numbers(prefix, number)


def load_paths(store: Store, schema: Schema, paths: Iterable[str | Path], *, user: str, at: str) -> list[str]:
    """Load files and folders as one set of data; returns what to tell the user, line by line.

    `user` and `at` stand where no file says who and when. Raises LoadError, storing nothing.
    """
    mint = Minting(store)
    plan = load(paths, schema, mint=mint)
    mint.settle()
    return [*plan.notes, *install(plan, store, user=user, at=at)]


def load_path(store: Store, schema: Schema, path: str | Path, *, user: str, at: str) -> list[str]:
    """Load one file or folder, see `load_paths`."""
    return load_paths(store, schema, [path], user=user, at=at)


def install(plan: LoadPlan, store: Store, *, user: str, at: str) -> list[str]:
    """Define what the plan defines and store its records in one transaction; returns what could not be stored."""
    said: list[str] = []
    actor = Actor(user, at, is_raw=True)
    with store.transaction():
        store.follow(_remade_where_empty(store, plan.define(store.schema)))
        for object_name, changes in plan.by_object().items():
            sobject = store.schema[object_name]
            new = [change for change in changes if store.is_deleted(sobject, change["id"]) is None]
            if len(new) < len(changes):
                said.append(f"{object_name}: skipped {counted(len(changes) - len(new), 'record')} the org has already")
            _insert(store, sobject, new, actor)
        completed = persons.complete(store, actor)
    if completed:
        said.append(f"Account: {counted(completed, 'person')} got a contact")
    return said


def _remade_where_empty(store: Store, changes: Iterable[SchemaChange]) -> list[SchemaChange]:
    """Have empty tables made anew instead of altered: hundreds of new columns at once, not one by one."""
    asked: dict[str, list[SchemaChange]] = {}
    for change in changes:
        if change.kind == "altered" and store.count(store.schema[change.object_name], deleted_too=True) == 0:
            name = change.object_name
            fields = store.schema[name].fields
            asked[name] = [
                SchemaChange(object_name=name, kind="dropped"),
                SchemaChange(object_name=name, kind="created", added=fields),
            ]
        else:
            asked.setdefault(change.object_name, []).append(change)
    return [change for group in asked.values() for change in group]


def _insert(store: Store, sobject: SObject, changes: Sequence[Mapping[str, Any]], actor: Actor) -> None:
    stated = {name for change in changes for name in change["values"]}
    rows = [_complete(store, sobject, change, stated, actor) for change in changes]
    columns = ["Id", *(field.name for field in sobject.fields if field.has_column and field.name != "Id"), "IsDeleted"]
    blank = {field.name: 0 for field in sobject.fields if field.type == "boolean"} | {"IsDeleted": 0}
    store.insert_rows(sobject, columns, ([row.get(name, blank.get(name)) for name in columns] for row in rows))
    for row in rows:
        if row.get("IsDeleted"):
            stamp = str(row.get("SystemModstamp") or actor.at)
            removal.log_deletion(store, sobject, row["Id"], row["Id"], stamp)
    _settle_numbers(store, sobject, rows)


def _complete(store: Store, sobject: SObject, change: Mapping[str, Any], stated: set[str], actor: Actor) -> Values:
    """Fill in what no file states; a column that other rows have stays blank where this one has none."""
    values: Values = dict.fromkeys(stated)
    values |= {name: _stored(value) for name, value in change["values"].items()}
    values |= {name: value for name, value in _derived(store, sobject, values, actor).items() if name not in stated}
    derived.set_defaults(store, sobject, change["id"], values, actor)
    derived.set_audit(sobject, values, actor, is_new=True)
    for field in sobject.fields:
        if field.type == "boolean" and values.get(field.name) is None:
            values[field.name] = 0
    return values | {"Id": change["id"]}


def _derived(store: Store, sobject: SObject, values: Values, actor: Actor) -> Values:
    following = dict(values)
    standard.before_save(store, sobject, following, {}, actor)
    derived.set_person_name(sobject, following, {})
    return following


def _stored(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _settle_numbers(store: Store, sobject: SObject, rows: Sequence[Values]) -> None:
    """Let ids and auto numbers go on after those of the files."""
    for row in rows:
        if row["Id"][3:6] == store.instance:
            store.skip_numbers(row["Id"][:3], ids.counter(row["Id"]))
    for field in sobject.fields:
        if field.auto_number:
            found = (_TRAILING_NUMBER.search(str(row.get(field.name) or "")) for row in rows)
            highest = max((int(match[1]) for match in found if match and len(match[1]) < 16), default=0)
            store.skip_numbers(f"{sobject.name}.{field.name}", highest)
