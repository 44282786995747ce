"""Rows written by SQLite: every double as Java writes it, wide rows, files that are read in parts."""

import csv
import io
import sqlite3

import pytest

from sffdw.sandbox.bulk.extraction import Layout, csv_sql, header_of, prepare
from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.selection import Column
from sffdw.sandbox.jsontext import java_double
from sffdw.sandbox.store.functions import register

DOUBLES = [0.0, -0.5, 1.0, 0.1 + 0.2, 1 / 3, 1e-3, 9.99e-4, 9999999.0, 9999999.5, 1e7, 12345678.9, 1e21, -1e15, 4.35]


@pytest.fixture
def connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    register(made)
    prepare(made)
    return made


@pytest.mark.parametrize("number", DOUBLES)
def test_doubles_are_written_as_java_writes_them(connection: sqlite3.Connection, number: float) -> None:
    sql = csv_sql([Column("n", "v", "double")], Layout())
    found = connection.execute(f"SELECT {sql} FROM (SELECT CAST(? AS REAL) AS v)", (number,)).fetchone()[0]
    connection.close()
    assert found == f'"{java_double(number)}"\n'


def test_rows_may_have_more_columns_than_a_function_takes_arguments(connection: sqlite3.Connection) -> None:
    columns = [Column(f"c{number}", f"'{number} \"q\"'", "string") for number in range(333)]
    layout = Layout("|", "\r\n")
    row = connection.execute(f"SELECT {csv_sql(columns, layout)}").fetchone()[0]
    connection.close()
    text = header_of(columns, layout).decode() + row
    header, values = csv.reader(io.StringIO(text, newline=""), delimiter="|")
    assert header == [f"c{number}" for number in range(333)]
    assert values == [f'{number} "q"' for number in range(333)]


CELLS = [
    ("boolean", 1, "true"),
    ("boolean", 0, "false"),
    ("boolean", None, ""),
    ("datetime", "2025-12-16T13:05:30.000+0000", "2025-12-16T13:05:30.000Z"),
    ("datetime", None, ""),
    ("date", "1700-01-01", "1700-01-01"),
    ("time", "13:05:30.000Z", "13:05:30.000Z"),
    ("double", None, ""),
    ("int", 7, "7"),
    ("string", "%s 100% é😀", "%s 100% é😀"),
    ("string", None, ""),
]


@pytest.mark.parametrize(("kind", "stored", "want"), CELLS)
def test_values_by_type(connection: sqlite3.Connection, kind: str, stored: object, want: str) -> None:
    sql = csv_sql([Column("v", "v", kind)], Layout())
    found = connection.execute(f"SELECT {sql} FROM (SELECT ? AS v)", (stored,)).fetchone()[0]
    connection.close()
    assert found == f'"{want}"\n'


def test_a_file_is_read_in_parts() -> None:
    result = ResultFile(b"h\n")
    result.append([b"a\n", b"bb\n"])
    result.append([])
    result.append([b"ccc\n"])
    assert len(result) == 3
    assert b"".join(result.page(1, 3)) == b"h\nbb\nccc\n"
    assert result.page_bytes(1, 3) == len(b"h\nbb\nccc\n")
    assert b"".join(result.page(3, 3)) == b"h\n"
