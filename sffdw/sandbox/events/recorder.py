"""Listens to the store: what one transaction changes, savepoint by savepoint, handed on when it is about to commit.

Only the thread that holds the store's write lock records; who writes is known by thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.events.layout import Layout, Layouts
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.store.tables import column_name, table_name

if TYPE_CHECKING:
    from sffdw.sandbox.dml.actor import Actor
    from sffdw.sandbox.store.store import Store

CREATE, UPDATE, DELETE, UNDELETE, PUBLISH = "CREATE", "UPDATE", "DELETE", "UNDELETE", "PUBLISH"


def is_platform_event(sobject: SObject) -> bool:
    """Tell whether records of an object are events: published, never stored."""
    return sobject.name.endswith("__e")


@dataclass(frozen=True)
class Change:
    """What happened to one record: for an update the changed fields only, for a deletion none."""

    layout: Layout
    record_id: str
    kind: str
    values: Mapping[str, Any]
    user_id: str
    origin: str


class Recorder:
    """The changes of the transaction that is open, if any."""

    def __init__(
        self, store: Store, layouts: Layouts, publish: Callable[[list[Change]], None], wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._layouts = layouts
        self._publish = publish
        self._wake = wake
        self._thread = threading.local()
        self._pending: list[Change] = []
        self._depth = 0

    def write_as(self, actor: Actor) -> None:
        """Say who makes the next changes of this thread."""
        self._thread.actor = actor

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Record one level: what is rolled back is forgotten, the outermost level is published before its commit."""
        mark, self._depth = len(self._pending), self._depth + 1
        try:
            yield
            if self._depth == 1 and self._pending:
                self._publish(self._pending)
                self._thread.has_news = True
        except BaseException:
            del self._pending[mark:]
            raise
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._pending = []

    def committed(self) -> None:
        """Tell those who wait for events that a transaction is over."""
        if getattr(self._thread, "has_news", False) and not self._store.database.is_in_transaction:
            self._thread.has_news = False
            self._wake()

    # What the store does

    def inserting(self, sobject: SObject, values: Mapping[str, Any]) -> bool:
        """Note a new record and tell whether it is to be stored: platform events are not.

        A record that is loaded as deleted is no news.
        """
        record_id = str(values["Id"])
        if is_platform_event(sobject):
            self._note(sobject, record_id, PUBLISH, dict(values))
            return False
        if not values.get("IsDeleted"):
            self._note(sobject, record_id, CREATE, self._layouts.of(sobject).carried(values))
        return True

    def changing(self, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        """Note a change that is about to be stored."""
        if "IsDeleted" in values:
            self._removing(sobject, record_id, values)
            return
        known = self._layouts.of(sobject).places
        names = [name for name in values if name in known]
        before = self._before(sobject, record_id, names) if names else None
        if before is None or before[0]:
            return
        changed = {
            name: values[name]
            for name, old in zip(names, before[1:], strict=True)
            if old != values[name] or name == "LastModifiedDate"
        }
        if changed:
            self._note(sobject, record_id, UPDATE, changed)

    def _removing(self, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        before = self._before(sobject, record_id, [])
        if before is None or bool(before[0]) == bool(values["IsDeleted"]):
            return
        if values["IsDeleted"]:
            self._note(sobject, record_id, DELETE, {})
            return
        restored = {**(self._store.get(sobject, record_id) or {}), **values}
        self._note(sobject, record_id, UNDELETE, self._layouts.of(sobject).carried(restored))

    def _before(self, sobject: SObject, record_id: str, names: list[str]) -> tuple[Any, ...] | None:
        columns = ", ".join(["_deleted", *(column_name(name) for name in names)])
        sql = f'SELECT {columns} FROM {table_name(sobject)} WHERE "Id" = ?'
        found: tuple[Any, ...] | None = self._store.reader.execute(sql, (record_id,)).fetchone()
        return found

    def _note(self, sobject: SObject, record_id: str, kind: str, values: Mapping[str, Any]) -> None:
        actor: Actor | None = getattr(self._thread, "actor", None)
        user_id, origin = (actor.user_id, actor.origin) if actor is not None else ("", "")
        self._pending.append(Change(self._layouts.of(sobject), record_id, kind, values, user_id, origin))
