"""Reading what a plan asks for: whole results, whatever cursors, lengths of statements and fractions of seconds do."""

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sffdw import narrow
from sffdw.calls import Purpose
from sffdw.connection import Connection
from sffdw.describe import forget
from sffdw.errors import FieldUnknown, LocatorExpired, UnreadableAnswer
from sffdw.narrow import id_of
from sffdw.planner import Keyset, Plan, SortKey
from sffdw.soql import Select
from sffdw.types import utc

Record = dict[str, Any]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class TooMany(Exception):
    """A result is larger than it was to be; nothing of it has been given."""


def read(connection: Connection, purpose: Purpose, plan: Plan, order: Sequence[tuple[str, SortKey]],
         at_most: int | None = None) -> Iterator[Record]:
    """The records of a plan for an object. order: the fields that the plan sorts by, with their keys.

    Raises TooMany instead of the first record when there are more than at_most.
    """
    if plan.page_size is not None:
        return _paged(connection, purpose, plan)
    if plan.is_divided():
        return _divided(connection, purpose, plan, order)
    return _records(connection, purpose, plan, plan.select, at_most)


def _records(connection: Connection, purpose: Purpose, plan: Plan, select: Select,
             at_most: int | None = None) -> Iterator[Record]:
    """Rows of one statement. When the cursor dies, the rest is asked for anew if the order allows."""
    count, left = 0, plan.select.limit
    sobject = select.object
    is_whole = not plan.conditions and plan.keyset == Keyset(None, "")
    while True:
        last: Record | None = None
        try:
            for page in narrow.pages(connection, purpose, select, has_deleted=plan.has_deleted):
                if is_whole:
                    connection.row_counts[sobject.lower()] = page.total
                if at_most is not None and last is None and page.total > at_most:
                    raise TooMany
                yield from page.records
                last = page.records[-1] if page.records else last
                count += len(page.records)
            return
        except FieldUnknown:
            forget(connection, sobject)
            raise
        except LocatorExpired:
            if plan.keyset is None or last is None:
                raise
            is_whole = False
            plan = plan.after(_position(plan.keyset, last), None if left is None else left - count)
            select = plan.select


def _position(keyset: Keyset, record: Mapping[str, Any]) -> Keyset:
    """Where a record stands in the order of the keyset."""
    try:
        record_id = id_of(dict(record))
        at = None if keyset.at is None else utc(dt.datetime.fromisoformat(record["SystemModstamp"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise UnreadableAnswer("Salesforce answered a query with rows that have no place in its order") from exc
    return Keyset(at, record_id)


def _divided(connection: Connection, purpose: Purpose, plan: Plan,
             order: Sequence[tuple[str, SortKey]]) -> Iterator[Record]:
    """Rows of a plan too long for a statement, each once and in order all the same."""
    found = {id_of(record): record for select in plan.selects()
             for record in _records(connection, purpose, plan, select)}
    records = list(found.values())
    for field, key in reversed(order):
        nulls = [record for record in records if record[field] is None]
        others = sorted((record for record in records if record[field] is not None),
                        key=operator.itemgetter(field), reverse=key.is_reversed)
        records = nulls + others if key.nulls_first else others + nulls
    return iter(records)


def _paged(connection: Connection, purpose: Purpose, plan: Plan) -> Iterator[Record]:
    """As many rows as the page is to have, counting only those that PostgreSQL will keep."""
    wanted = plan.page_size or 0
    keeps = _kept_by(plan)
    while True:
        seen, last = 0, None
        for record in _records(connection, purpose, plan, plan.select):
            seen, last = seen + 1, record
            if keeps(record):
                yield record
                wanted -= 1
                if wanted <= 0:
                    return
        if plan.keyset is None or last is None or plan.select.limit is None or seen < plan.select.limit:
            return
        plan = plan.after(_position(plan.keyset, last), wanted)


def _kept_by(plan: Plan) -> Callable[[Mapping[str, Any]], bool]:
    """Whether PostgreSQL will keep a record, by the times that SOQL sees too coarsely."""
    checks = [(condition.field, COMPARE[condition.recheck[0]], condition.recheck[1])
              for condition in plan.conditions if condition.recheck and condition.field in plan.select.fields]
    keyset = plan.keyset

    def keeps(record: Mapping[str, Any]) -> bool:
        for name, compare, bound in checks:
            text = record[name]
            if text is None or not compare(utc(dt.datetime.fromisoformat(text)), bound):
                return False
        if keyset is None or keyset.at is None or not keyset.has_fraction():
            return True
        position = _position(keyset, record)
        assert position.at is not None
        return (position.at, position.record_id) > (keyset.at, keyset.record_id)

    return keeps


def rows_of(records: Iterable[Record], keys: Sequence[str], constants: Mapping[str, Any],
            converters: Sequence[tuple[int, Callable[[Any], Any]]]) -> Iterator[list[Any]]:
    """Records as lists of the values under `keys`, which constants give too; converters by place in the list."""
    take = operator.itemgetter(*keys) if len(keys) > 1 else lambda record: (record[keys[0]],)
    paths = [key for key in keys if "." in key]
    for record in records:
        record.update(constants)
        for path in paths:
            record[path] = _at_path(record, path)
        try:
            row = list(take(record))
        except KeyError as exc:
            raise UnreadableAnswer(f"Salesforce answered a query without the field {exc}") from exc
        for place, convert in converters:
            row[place] = convert(row[place])
        yield row


def _at_path(record: Mapping[str, Any], path: str) -> Any:
    found: Any = record
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
