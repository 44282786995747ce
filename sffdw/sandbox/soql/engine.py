"""Runs plans on the store: pages that shrink, locators, child subqueries, counts and groups."""

from __future__ import annotations

import json
import re
import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import Schema
from sffdw.sandbox.soql.cursors import Cursor, Cursors, Numbers
from sffdw.sandbox.soql.grouped import MAX_GROUPS
from sffdw.sandbox.soql.jsonrows import rows_sql
from sffdw.sandbox.soql.messages import too_complicated
from sffdw.sandbox.soql.plan import Children, Plan
from sffdw.sandbox.soql.render import NULL, Renderer, result_text
from sffdw.sandbox.store.store import Store
from sffdw.sandbox.store.tables import table_name

DEFAULT_BATCH, MIN_BATCH = 2000, 200
LONG_TEXT_BATCH = 200
_WIDE = ((400, 500), (150, 1000))  # (columns from, rows at most): wide rows make smaller pages

_BEYOND = re.compile("too (large|many|big)|at most|stack overflow")

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Request:
    """How a result is wanted."""

    user_id: str
    version: str
    now: float
    pretty: bool = False
    batch_size: int = DEFAULT_BATCH


@dataclass(frozen=True)
class Answer:
    """The JSON text of a QueryResult and how many records it carries."""

    text: str
    rows: int
    object_name: str


class Engine:
    """Answers compiled statements."""

    def __init__(self, store: Store, schema: Schema, cursors: Cursors) -> None:
        self.store = store
        self.schema = schema
        self.cursors = cursors

    # Entry points

    def run(self, plan: Plan, request: Request) -> Answer:
        """Answer the first page of a plan."""
        answer = self._count if plan.is_count else self._groups if plan.is_grouped else self._first_page
        try:
            with self.store.database.snapshot() as connection:
                return answer(connection, plan, request)
        except sqlite3.OperationalError as error:
            # More tables, columns or depth than the store can take: Salesforce has such limits too.
            if not _BEYOND.search(str(error)):
                raise
            raise too_complicated() from error

    def more(self, locator: str, request: Request) -> Answer:
        """Answer the page that a locator with its offset names."""
        cursor, offset = self.cursors.find(locator, request.user_id, request.now)
        with self.store.database.snapshot() as connection:
            return self._page(connection, cursor, offset, request)

    # Counts and groups

    def _count(self, connection: sqlite3.Connection, plan: Plan, request: Request) -> Answer:
        where = plan.where[1:] if plan.is_unfiltered else plan.where
        sql = f"SELECT count(*) FROM {plan.source} WHERE {where}"
        if plan.range_sql:
            sql = f"SELECT count(*) FROM (SELECT 1 FROM {plan.source} WHERE {plan.where}{plan.range_sql})"
        total = connection.execute(sql, plan.params).fetchone()[0]
        return Answer(result_text([], total, pretty=request.pretty), 0, plan.sobject.name)

    def _groups(self, connection: sqlite3.Connection, plan: Plan, request: Request) -> Answer:
        rows = connection.execute(plan.grouped_sql, plan.params).fetchmany(MAX_GROUPS + 1)
        if len(rows) > MAX_GROUPS:
            raise ApiError(
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
            )
        renderer = Renderer(plan, self.schema, version=request.version, pretty=request.pretty)
        texts = [renderer.row(row) for row in rows]
        return Answer(result_text(texts, len(texts), pretty=request.pretty), len(texts), plan.sobject.name)

    # Pages

    def _first_page(self, connection: sqlite3.Connection, plan: Plan, request: Request) -> Answer:
        size = batch_size(plan, request.batch_size)
        numbers = row_numbers(connection, plan)
        texts, _ = self._page_texts(connection, plan, numbers[:size], "1", request, size)
        if len(texts) == len(numbers) or plan.offset is not None:
            # With OFFSET there is one page only; the caller goes on with a higher OFFSET.
            return Answer(result_text(texts, len(texts), pretty=request.pretty), len(texts), plan.sobject.name)
        cursor = self.cursors.open(plan, numbers, size, request.user_id, request.now)
        following = next_url(cursor, len(texts), request)
        text = result_text(texts, len(numbers), pretty=request.pretty, next_url=following)
        return Answer(text, len(texts), plan.sobject.name)

    def _page(self, connection: sqlite3.Connection, cursor: Cursor, offset: int, request: Request) -> Answer:
        plan, size = cursor.plan, min(cursor.batch_size, request.batch_size)
        wanted = cursor.numbers[offset : offset + size]
        visible = f"+{plan.alias}._deleted = 0" if plan.hides_deleted else "1"
        texts, end = self._page_texts(connection, plan, wanted, visible, request, size)
        # Rows that vanished since take no place in the page; the offset counts the snapshot.
        end += offset
        following = next_url(cursor, end, request) if end < len(cursor.numbers) else None
        text = result_text(texts, len(cursor.numbers), pretty=request.pretty, next_url=following)
        return Answer(text, len(texts), plan.sobject.name)

    def _page_texts(
        self,
        connection: sqlite3.Connection,
        plan: Plan,
        wanted: Numbers,
        visible: str,
        request: Request,
        size: int,
    ) -> tuple[list[str], int]:
        """Return rows by number as texts, in that order, and how many of the numbers they stand for."""
        renderer = Renderer(plan, self.schema, version=request.version, pretty=request.pretty)
        params = {**plan.params, "page": json.dumps(list(wanted))}
        flat = rows_sql(plan, renderer)
        if flat is not None:
            return [row[0] for row in connection.execute(plan.page_sql(visible, flat), params)], len(wanted)
        rows = connection.execute(plan.page_sql(visible), params).fetchall()
        texts = self._texts(connection, plan, rows, request, size)
        return texts, wanted.index(rows[len(texts)][0]) if len(texts) < len(rows) else len(wanted)

    def _texts(
        self,
        connection: sqlite3.Connection,
        plan: Plan,
        rows: Sequence[Row],
        request: Request,
        size: int,
        depth: int = 1,
    ) -> list[str]:
        """Write rows until children fill the batch; at least one row is written."""
        renderer = Renderer(plan, self.schema, version=request.version, pretty=request.pretty, depth=depth)
        if not plan.children:
            return [renderer.row(row) for row in rows]
        found = [self._children(connection, child, rows, request, size, depth) for child in plan.children]
        texts: list[str] = []
        used = 0
        for row in rows:
            here = [
                texts_by_id.get(row[child.id_index], (NULL, 0))
                for child, texts_by_id in zip(plan.children, found, strict=True)
            ]
            used += 1 + sum(count for _, count in here)
            if texts and used > size:
                break
            texts.append(renderer.row(row, {place: text for place, (text, _) in enumerate(here)}))
        return texts

    # Child subqueries

    def _children(
        self,
        connection: sqlite3.Connection,
        child: Children,
        rows: Sequence[Row],
        request: Request,
        size: int,
        depth: int,
    ) -> dict[str, tuple[str, int]]:
        """Return per parent id the text of its child result and the number of rows in it."""
        plan = child.plan
        found = self._child_rows(connection, child, rows, size)
        inner = batch_size(plan, size)
        answers = {}
        for parent_id, child_rows in found.items():
            texts = self._texts(connection, plan, child_rows[:inner], request, inner, depth + 2)
            total, following = len(child_rows), None
            if len(child_rows) > len(texts):
                cursor = self._child_cursor(connection, child, parent_id, inner, request)
                total, following = len(cursor.numbers), next_url(cursor, len(texts), request)
            text = result_text(texts, total, pretty=request.pretty, depth=depth + 1, next_url=following)
            answers[parent_id] = (text, len(texts))
        return answers

    def _child_rows(
        self, connection: sqlite3.Connection, child: Children, rows: Sequence[Row], size: int
    ) -> dict[str, list[Row]]:
        plan = child.plan
        parents = json.dumps([row[child.id_index] for row in rows])
        most = size + 1 if plan.limit is None else min(plan.limit, size + 1)
        inner = (
            f"SELECT {plan.select_list}, page.value AS p_id, page.key AS p_key, "
            f"row_number() OVER (PARTITION BY page.key ORDER BY {plan.order}) AS p_rank "
            f"FROM json_each(:page) AS page CROSS JOIN {plan.source} WHERE {plan.link} = page.value AND {plan.where}"
        )
        first = plan.offset or 0
        sql = f"SELECT * FROM ({inner}) WHERE p_rank > {first} AND p_rank <= {first + most} ORDER BY p_key, p_rank"
        found: dict[str, list[Row]] = {}
        for row in connection.execute(sql, {**plan.params, "page": parents}):
            found.setdefault(row[-3], []).append(row)
        return found

    def _child_cursor(
        self, connection: sqlite3.Connection, child: Children, parent_id: str, size: int, request: Request
    ) -> Cursor:
        plan = child.plan
        sql = (
            f"SELECT {plan.alias}._row FROM {plan.source} WHERE {plan.link} = :parent AND {plan.where} "
            f"ORDER BY {plan.order}{plan.range_sql}"
        )
        numbers = array("q", (row[0] for row in connection.execute(sql, {**plan.params, "parent": parent_id})))
        return self.cursors.open(plan, numbers, size, request.user_id, request.now)


def row_numbers(connection: sqlite3.Connection, plan: Plan) -> Numbers:
    """Return the row numbers of a plan's whole result, in order."""
    if plan.is_unfiltered and plan.order == f"{plan.alias}._row" and not plan.range_sql:
        # Counting goes by an index; numbers without a gap need not be read one by one.
        sql = f"SELECT count(*), min(_row), max(_row) FROM {table_name(plan.sobject)} WHERE _deleted = 0"
        count, first, last = connection.execute(sql).fetchone()
        if count and last - first + 1 == count:
            return range(first, last + 1)
    return array("I", (row[0] for row in connection.execute(plan.numbers_sql(), plan.params)))


def batch_size(plan: Plan, wanted: int) -> int:
    """Return how many rows a page of this plan holds at most."""
    size = min(max(wanted, 1), DEFAULT_BATCH)
    if plan.long_texts >= 2:
        return min(size, LONG_TEXT_BATCH)
    for columns, rows in _WIDE:
        if len(plan.columns) >= columns:
            return min(size, rows)
    return size


def next_url(cursor: Cursor, offset: int, request: Request) -> str:
    """Return the path of the page that begins at an offset."""
    return f"/services/data/v{request.version}/query/{cursor.locator}-{offset}"
