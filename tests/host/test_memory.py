"""Memory and references: long scans and many errors leave nothing behind."""

import psycopg
import pytest

from .conftest import Connection, calls, make_table


def resident_kb(db: Connection) -> int:
    """The backend's resident memory, read by the backend itself."""
    [(pages,)] = db.execute("SELECT split_part(pg_read_file('/proc/self/statm'), ' ', 2)::int").fetchall()
    return int(pages) * 4


@pytest.mark.parametrize(("query", "rows"), [
    ("SELECT count(a), count(b), count(c) FROM t", 1_000_000),
    ("SELECT count(*) FROM t WHERE b LIKE 'row%' AND c > 0.5", 1_000_000),
])
def test_memory_is_flat_over_a_long_scan(db: Connection, query: str, rows: int) -> None:
    make_table(db, "warm", "Series", "a int, b text, c float8", count="200000")
    make_table(db, "t", "Series", "a int, b text, c float8", count=str(rows))
    db.execute(query.replace(" t", " warm"))
    before = resident_kb(db)
    db.execute(query)
    assert resident_kb(db) - before < 3000


def test_memory_is_flat_over_many_inserts(db: Connection) -> None:
    make_table(db, "t", "Discard", "a int, b text, c numeric, d timestamptz", batch="200")
    insert = "INSERT INTO t SELECT i, 'text ' || i, i / 7.0, now() FROM generate_series(1, {}) i"
    db.execute(insert.format(50000))
    before = resident_kb(db)
    db.execute(insert.format(300000))
    assert resident_kb(db) - before < 3000


FAILING = [
    ("Broken", "v text", {"way": "state"}),
    ("Broken", "v text", {"way": "late"}),
    ("Broken", "v text", {"way": "key"}),
    ("Literal", "v int", {"code": "[['x' * 10000] for _ in range(3)]"}),
    ("Literal", "v int[]", {"code": "([[1, 'x' * 10000]] for _ in range(3))"}),
    ("Literal", "v text", {"code": "[['\\ud800' * 10000]]"}),
]


@pytest.mark.parametrize(("server", "columns", "options"), FAILING)
def test_memory_is_flat_over_many_errors(db: Connection, server: str, columns: str, options: dict[str, str]) -> None:
    make_table(db, "t", server, columns, **options)
    loop = """DO $$BEGIN FOR i IN 1..{} LOOP
        BEGIN PERFORM v FROM t WHERE v IS NOT NULL; RAISE 'no error'; EXCEPTION WHEN OTHERS THEN
        IF SQLERRM = 'no error' THEN RAISE; END IF; END; END LOOP; END$$"""
    db.execute(loop.format(1000))
    before = resident_kb(db)
    db.execute(loop.format(3000))
    assert resident_kb(db) - before < 3000


def test_references_are_freed_by_errors(db: Connection) -> None:
    make_table(db, "t", "Counted", "v int, n int")
    for limit in (0, 1):
        for _ in range(50):
            with pytest.raises(psycopg.errors.DivisionByZero):
                db.execute("SELECT 1 / (v - %s) FROM t WHERE n >= 0", [limit])
    db.execute("SELECT FROM t LIMIT 1")
    assert db.execute("SELECT v, n FROM t ORDER BY v LIMIT 1").fetchall() == [(0, 1)], "one scan is alive: this one"


def test_instances_of_dropped_tables_go(db: Connection) -> None:
    for i in range(5):
        make_table(db, f"t{i}", "Series", "a int, b text, c float8", count="1")
        db.execute(f"SELECT FROM t{i}")
        db.execute(f"DROP FOREIGN TABLE t{i}")
    code = "[[sum(type(o).__name__ == 'Series' for o in __import__('gc').get_objects())]]"
    make_table(db, "alive", "Literal", "n int", code=code)
    assert db.execute("SELECT n FROM alive").fetchall() == [(0,)]


def test_iterator_of_a_scan_that_ends_early_is_closed(db: Connection) -> None:
    make_table(db, "t", "Counted", "v int, n int")
    db.execute("SELECT v FROM t LIMIT 1")
    assert calls(db, "closed") == [["closed"]]
