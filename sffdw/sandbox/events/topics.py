"""Push topics: standing queries whose rows are announced when they change.

A topic is a record of PushTopic. Whether a change counts depends on NotifyForFields and on the operations it listens
to; the record must meet the query's condition after the change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.events.bus import Entry
from sffdw.sandbox.events.recorder import CREATE, DELETE, UNDELETE, UPDATE, Change
from sffdw.sandbox.schema import Schema, SObject
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.compiler import QueryCompiler
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.names import Statement
from sffdw.sandbox.soql.parser import parse
from sffdw.sandbox.soql.render import Renderer
from sffdw.sandbox.soql.settings import Settings
from sffdw.sandbox.store.tables import table_name

if TYPE_CHECKING:
    from sffdw.sandbox.dml.actor import Actor
    from sffdw.sandbox.store.store import Store, Values

MODES = ("All", "Referenced", "Select", "Where")
_OPERATIONS = {CREATE: "Create", UPDATE: "Update", DELETE: "Delete", UNDELETE: "Undelete"}
_TYPES = {CREATE: "created", UPDATE: "updated", DELETE: "deleted", UNDELETE: "undeleted"}
_CHUNK = 200
MAX_TOPICS = 100


@dataclass(frozen=True)
class Topic:
    """An active push topic with its query read; the field names are lower case."""

    name: str
    query: ast.Query
    object_name: str
    mode: str
    operations: frozenset[str]
    selected: frozenset[str]
    filtered: frozenset[str]
    version: str

    def wants(self, change: Change) -> bool:
        """Tell whether a change of its object is one the topic listens to, whatever the record holds."""
        if change.kind not in self.operations:
            return False
        if change.kind != UPDATE or self.mode == "All":
            return True
        by_mode = {"Select": self.selected, "Where": self.filtered}
        watched = by_mode.get(self.mode, self.selected | self.filtered)
        return any(name.lower() in watched for name in change.values)


def read_topic(row: Mapping[str, Any]) -> Topic:
    """Read a record of PushTopic; raises SoqlError when its query cannot be parsed."""
    query = parse(str(row["Query"]))
    return Topic(
        name=str(row["Name"]),
        query=query,
        object_name=query.sources[0].path.text.lower(),
        mode=str(row.get("NotifyForFields") or "Referenced"),
        operations=frozenset(kind for kind, name in _OPERATIONS.items() if row.get(f"NotifyForOperation{name}")),
        selected=frozenset(_names(query.items)),
        filtered=frozenset(_names(query.where)),
        version=f"{float(row.get('ApiVersion') or 62):.1f}",
    )


def _names(node: Any) -> Iterator[str]:
    """List the field names that a part of a syntax tree mentions."""
    if isinstance(node, ast.Path):
        yield node.text.lower()
    elif isinstance(node, tuple):
        for item in node:
            yield from _names(item)
    elif is_dataclass(node):
        for item in fields(node):
            yield from _names(getattr(node, item.name))


def active_topics(store: Store) -> list[Topic]:
    """Return the topics of the org that are active."""
    sobject = store.schema.get("PushTopic")
    if sobject is None:
        return []
    sql = f'SELECT "Id" FROM {table_name(sobject)} WHERE _deleted = 0 AND "IsActive" = 1 ORDER BY "Name"'
    rows = (store.get(sobject, record_id) for (record_id,) in store.reader.execute(sql).fetchall())
    return [read_topic(row) for row in rows if row is not None]


# Announcing


def announcements(store: Store, changes: Iterable[Change], settings: Settings, created_at: str) -> Iterator[Entry]:
    """Return the events that the topics of the org make of a transaction's changes."""
    topics = active_topics(store)
    if not topics:
        return
    changes = list(changes)
    for topic in topics:
        wanted: dict[str, Change] = {}
        for change in changes:
            if change.layout.name.lower() == topic.object_name and topic.wants(change):
                wanted[change.record_id] = wanted.get(change.record_id) or change
        for record_id, shown in _matching(store, topic, list(wanted), settings).items():
            change = wanted[record_id]
            body = {"Id": record_id} if change.kind == DELETE else shown
            event = {"createdDate": created_at, "replayId": 0, "type": _TYPES[change.kind]}
            yield Entry("topic", topic.name, {"event": event, "sobject": body})


def _matching(store: Store, topic: Topic, record_ids: list[str], settings: Settings) -> dict[str, Any]:
    """Return the records among these that meet the topic's condition, as its query shows them."""
    found: dict[str, Any] = {}
    sobject = store.schema.get(topic.object_name)
    if sobject is None:
        return found
    for start in range(0, len(record_ids), _CHUNK):
        statement = Statement(topic.name, store.schema, settings)
        plan = QueryCompiler(statement, topic.query, sobject, unfiltered=True).plan()
        marks = ", ".join(statement.bind(record_id) for record_id in record_ids[start : start + _CHUNK])
        sql = f'SELECT {plan.select_list} FROM {plan.source} WHERE {plan.where} AND {plan.alias}."Id" IN ({marks})'
        renderer = Renderer(plan, store.schema, version=topic.version, pretty=False, depth=0)
        for row in store.reader.execute(sql, plan.params).fetchall():
            found[row[1]] = _bare(json.loads(renderer.row(row)))
    return {record_id: found[record_id] for record_id in record_ids if record_id in found}


def _bare(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "attributes"}


# Saving a topic


def check_topic(store: Store, merged: Mapping[str, Any], given: Values, actor: Actor) -> Values:
    """Refuse a topic whose query cannot stand for changes; return what follows from its fields."""
    if "Id" not in merged and len(active_topics(store)) >= MAX_TOPICS:
        raise ApiError("LIMIT_EXCEEDED", "The maximum number of active topics has been reached")
    if "Query" in given:
        _check_query(store.schema, str(given["Query"] or ""))
    mode = given.get("NotifyForFields")
    if mode is not None and mode not in MODES:
        raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"bad value: {mode}", fields=["NotifyForFields"])
    return {}


def _check_query(schema: Schema, text: str) -> None:
    try:
        query = parse(text)
    except SoqlError as error:
        raise _refused(error.message) from None
    sobject = schema.get(query.sources[0].path.text)
    if sobject is None:
        raise _refused(f"sObject type '{query.sources[0].path.text}' is not supported")
    if query.order or query.group or query.is_count or query.limit is not None or query.offset is not None:
        raise _refused("ORDER BY, GROUP BY, COUNT, LIMIT and OFFSET are not supported")
    if "id" not in set(_names(query.items)):
        raise _refused("the query must select the field Id")
    _check_fields(schema, sobject, query, text)


def _check_fields(schema: Schema, sobject: SObject, query: ast.Query, text: str) -> None:
    if any("." in name for name in _names((query.items, query.where))):
        raise _refused("relationships are not supported")
    try:
        QueryCompiler(Statement(text, schema, Settings()), query, sobject, unfiltered=True).plan()
    except ApiError as error:
        raise _refused(error.message) from None


def _refused(reason: str) -> ApiError:
    return ApiError("INVALID_FIELD", f"Invalid value for field Query: {reason}", fields=["Query"])
