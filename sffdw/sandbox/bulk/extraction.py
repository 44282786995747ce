"""Carrying a bulk query out: SQLite itself writes each row as CSV, so that Python only moves bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from sffdw.sandbox.bulk.csvtext import write_row
from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.runs import Run, RunFailed
from sffdw.sandbox.bulk.selection import BulkQuery, Column
from sffdw.sandbox.soql.jsonrows import double_sql
from sffdw.sandbox.store.functions import register
from sffdw.sandbox.store.store import Store

_FETCH_ROWS = 2_000
_FORMAT_COLUMNS = 80  # SQLite takes at most 100 arguments in a function call
_DOUBLES = frozenset({"double", "currency", "percent"})
_QUOTELESS = _DOUBLES | {"id", "reference", "date", "datetime", "time", "int", "long", "boolean"}


def open_snapshot(store: Store) -> sqlite3.Connection:
    """Open a connection that goes on seeing what is committed now, for use in any one thread."""
    connection = sqlite3.connect(store.database.path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA mmap_size = 2147483648")
    register(connection)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM _meta").fetchone()
    return connection


class Marks:
    """Stands in for NUL characters while SQLite formats a row, where they would end the text."""

    _MARK = "\U0010fffd"

    def __init__(self) -> None:
        self._is_used = False

    def hide(self, text: str) -> str:
        """Return a text without NULs."""
        self._is_used = True
        return text.replace("\0", self._MARK)

    def show(self, rows: list[bytes]) -> list[bytes]:
        """Return rows with the NULs that their values have."""
        return [row.replace(self._MARK.encode(), b"\0") for row in rows] if self._is_used else rows


def prepare(connection: sqlite3.Connection) -> Marks:
    """Make the functions known that rows are written with."""
    marks = Marks()
    connection.create_function("sf_mark", 1, marks.hide)
    return marks


@dataclass(frozen=True)
class Layout:
    """Delimiter and line ending of a result."""

    delimiter: str = ","
    ending: str = "\n"


def header_of(columns: Sequence[Column], layout: Layout) -> bytes:
    """Return the header row."""
    return write_row([column.header for column in columns], layout.delimiter, layout.ending)


def csv_sql(columns: Sequence[Column], layout: Layout) -> str:
    """Return the SQL expression that writes a row; NULL is written as an empty value."""
    parts = []
    for start in range(0, len(columns), _FORMAT_COLUMNS):
        some = columns[start : start + _FORMAT_COLUMNS]
        template = layout.delimiter.join('"%w"' if _may_hold_quotes(column) else '"%s"' for column in some)
        is_last = start + _FORMAT_COLUMNS >= len(columns)
        template += layout.ending if is_last else layout.delimiter
        parts.append(f"format('{template}', {', '.join(_cell(column) for column in some)})")
    return " || ".join(parts)


def _may_hold_quotes(column: Column) -> bool:
    """Tell whether a column's values are free text: %w doubles quotes in it, and wants no NULL."""
    return column.type not in _QUOTELESS


def _cell(column: Column) -> str:
    sql = column.sql
    if column.type in _DOUBLES:
        return double_sql(sql, "NULL")
    if column.type == "boolean":
        return f"CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if column.type == "datetime":
        return f"substr({sql}, 1, 23) || 'Z'"
    if not _may_hold_quotes(column):
        return sql
    return f"CASE WHEN instr({sql}, char(0)) THEN sf_mark({sql}) ELSE ifnull({sql}, '') END"


def extract(query: BulkQuery, connection: sqlite3.Connection, layout: Layout, run: Run) -> ResultFile:
    """Write the rows of a query to a file and close the connection."""
    plan, result = query.plan, ResultFile(header_of(query.columns, layout))
    sql = f"SELECT {csv_sql(query.columns, layout)} FROM {plan.source} WHERE {plan.where} ORDER BY {plan.order}"
    marks = prepare(connection)
    connection.text_factory = bytes
    try:
        cursor = connection.execute(sql + plan.range_sql, plan.params)
        while rows := cursor.fetchmany(_FETCH_ROWS):
            run.check()
            result.append(marks.show([row[0] for row in rows]))
            run.processed = len(result)
    except sqlite3.OperationalError as error:
        # A column that was dropped after the statement had been accepted.
        raise RunFailed(f"InvalidBatch : Failed to process query: INVALID_FIELD: {error}") from None
    finally:
        connection.close()
    return result
