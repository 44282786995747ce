"""INSERT, COPY, UPDATE and DELETE: which calls the wrapper gets, and when a statement fails."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from .conftest import Connection, calls, make_table, only_call

COLUMNS = "id int, name text, note text"
ROWS = json.dumps([{"id": i, "name": f"n{i}", "note": "old"} for i in range(1, 4)])
WRITES = ("begin_modify", "insert", "bulk_insert", "update", "delete", "end_modify")


def table(db: Connection, **options: str) -> None:
    make_table(db, "t", "Memory", COLUMNS, **{"rows": ROWS, "name": "t", **options})
    db.execute("SELECT FROM t")
    calls(db)


def rows(db: Connection) -> list[Any]:
    return db.execute("SELECT id, name, note FROM t ORDER BY id").fetchall()


@pytest.fixture
def batched(connect: Callable[..., Connection]) -> Connection:
    db = connect()
    table(db, batch="3")
    return db


def test_insert_goes_in_batches(batched: Connection) -> None:
    assert batched.execute("INSERT INTO t SELECT i, 'x' FROM generate_series(10, 16) i").rowcount == 7
    assert calls(batched, *WRITES) == [
        ["begin_modify", 0], ["bulk_insert", 3, [10, 11, 12]], ["bulk_insert", 3, [13, 14, 15]],
        ["bulk_insert", 1, [16]], ["end_modify", 7]]
    assert rows(batched)[-1] == (16, "x", "stored")


def test_insert_with_returning_goes_one_by_one(batched: Connection) -> None:
    found = batched.execute("INSERT INTO t SELECT i, 'x' FROM generate_series(10, 11) i RETURNING id, note").fetchall()
    assert found == [(10, "stored"), (11, "stored")]
    assert [call[0] for call in calls(batched, *WRITES)] == ["begin_modify", "insert", "insert", "end_modify"]


def test_insert_gives_all_columns(db: Connection) -> None:
    table(db)
    db.execute("ALTER FOREIGN TABLE t ALTER name SET DEFAULT 'dflt'")
    db.execute("INSERT INTO t (id) VALUES (9)")
    assert only_call(db, "insert")[1] == {"id": 9, "name": "dflt", "note": None}


def test_generated_column_is_left_to_the_remote(db: Connection) -> None:
    make_table(db, "t", "Memory", "id int, twice int GENERATED ALWAYS AS (id * 2) STORED", name="generated")
    db.execute("INSERT INTO t VALUES (4)")
    assert only_call(db, "insert")[1] == {"id": 4}
    db.execute("UPDATE t SET id = 5")
    assert only_call(db, "update")[1:] == [4, {"id": 5}]


def test_row_triggers_see_stored_rows_and_make_single_calls(batched: Connection) -> None:
    batched.execute("""
        CREATE TABLE seen (id int, note text);
        CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN INSERT INTO seen VALUES (NEW.id, NEW.note); RETURN NULL; END$$;
        CREATE TRIGGER look AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION look()""")
    batched.execute("INSERT INTO t SELECT i, 'x' FROM generate_series(10, 12) i")
    assert [call[0] for call in calls(batched, "insert", "bulk_insert")] == ["insert"] * 3
    assert batched.execute("SELECT * FROM seen").fetchall() == [(10, "stored"), (11, "stored"), (12, "stored")]
    with batched.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write_row((20, "c", None))
    assert [call[0] for call in calls(batched, "insert", "bulk_insert")] == ["insert"]
    batched.execute("UPDATE t SET name = 'u' WHERE id = 1")
    assert batched.execute("SELECT * FROM seen OFFSET 3").fetchall() == [(20, "stored"), (1, "stored")]


def test_before_trigger_decides_what_is_sent(db: Connection) -> None:
    table(db)
    db.execute("""
        CREATE FUNCTION mend() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.note := 'mended'; RETURN NEW; END$$;
        CREATE TRIGGER mend BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION mend()""")
    db.execute("INSERT INTO t VALUES (9, 'x')")
    assert only_call(db, "insert")[1]["note"] == "mended"
    db.execute("UPDATE t SET name = 'y' WHERE id = 9")
    assert only_call(db, "update")[2] == {"id": 9, "name": "y", "note": "mended"}


def test_copy_goes_in_batches(batched: Connection) -> None:
    with batched.cursor().copy("COPY t (id, name) FROM STDIN") as copy:
        for i in range(10, 17):
            copy.write_row((i, f"c{i}"))
    assert calls(batched, *WRITES) == [
        ["begin_modify", 0], ["bulk_insert", 3, [10, 11, 12]], ["bulk_insert", 3, [13, 14, 15]],
        ["bulk_insert", 1, [16]], ["end_modify", 7]]
    assert len(rows(batched)) == 10


def test_copy_to_a_wrapper_without_batches(db: Connection) -> None:
    table(db)
    with db.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write_row((9, "c", None))
    assert [call[0] for call in calls(db, *WRITES)] == ["begin_modify", "insert", "end_modify"]


def test_failed_copy_sends_nothing_more(batched: Connection) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation), batched.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write("10\ta\t\\N\nbad\ta\t\\N\n")
    assert [call[0] for call in calls(batched, *WRITES)] == ["begin_modify"]


def test_update_gives_row_id_and_assigned_columns(db: Connection) -> None:
    table(db)
    db.execute("UPDATE t SET name = upper(name) WHERE id < 3")
    assert calls(db, *WRITES) == [
        ["begin_modify", 0], ["update", 1, {"id": 1, "name": "N1"}], ["update", 2, {"id": 2, "name": "N2"}],
        ["end_modify", 2]]
    assert rows(db) == [(1, "N1", "stored"), (2, "N2", "stored"), (3, "n3", "old")]


def test_update_of_the_row_id_gives_both(db: Connection) -> None:
    table(db)
    db.execute("UPDATE t SET id = 30 WHERE id = 3")
    assert only_call(db, "update")[1:] == [3, {"id": 30}]


def test_update_returns_what_was_stored(db: Connection) -> None:
    table(db)
    found = db.execute("UPDATE t SET name = 'x' WHERE id = 1 RETURNING id, name, note, t.*").fetchall()
    assert found == [(1, "x", "stored", 1, "x", "stored")]


def test_update_from_a_join(db: Connection) -> None:
    table(db)
    db.execute("CREATE TABLE new AS SELECT 2 AS id, 'joined' AS name")
    db.execute("UPDATE t SET name = new.name FROM new WHERE t.id = new.id")
    assert only_call(db, "update")[1:] == [2, {"id": 2, "name": "joined"}]


def test_delete_gives_row_ids_and_returns_rows_as_read(db: Connection) -> None:
    table(db)
    assert db.execute("DELETE FROM t WHERE id <> 2 RETURNING *, name || '!'").fetchall() == [
        (1, "n1", "old", "n1!"), (3, "n3", "old", "n3!")]
    assert calls(db, *WRITES) == [["begin_modify", 0], ["delete", 1], ["delete", 3], ["end_modify", 2]]
    db.execute("DELETE FROM t")
    assert rows(db) == []


def test_delete_reads_only_the_row_id(db: Connection) -> None:
    table(db)
    db.execute("DELETE FROM t WHERE name = 'n1'")
    assert only_call(db, "execute")[2] == ["id", "name"]


def test_row_without_row_id_is_refused(db: Connection) -> None:
    table(db, rows='[{"id": null, "name": "x"}]', name="nameless")
    with pytest.raises(psycopg.errors.NotNullViolation, match='row id column "id"'):
        db.execute("DELETE FROM t")


def test_row_id_column_that_does_not_exist(db: Connection) -> None:
    table(db, rowid="key")
    with pytest.raises(psycopg.Error) as caught:
        db.execute("DELETE FROM t")
    assert caught.value.sqlstate == "HV005"
    assert caught.value.diag.message_primary == 'the foreign table has no column "key"'


@pytest.mark.parametrize("statement", ["INSERT INTO r VALUES ('x')", "UPDATE r SET x = '1'", "DELETE FROM r"])
def test_wrapper_that_only_reads_says_so(db: Connection, statement: str) -> None:
    make_table(db, "r", "Literal", "x text", code="[['a']]")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match=r'wrapper "toy_wrappers\.Literal" does not support'):
        db.execute(statement)


@pytest.mark.parametrize("batch", ["1", "3"])
def test_error_of_a_row_fails_the_statement(db: Connection, batch: str) -> None:
    table(db, batch=batch)
    with pytest.raises(psycopg.Error) as caught:
        db.execute("INSERT INTO t VALUES (8, 'a', 'ok'), (9, 'b', 'fail insert')")
    assert caught.value.sqlstate == "SF010"
    assert caught.value.diag.message_detail == "REQUIRED_FIELD_MISSING"
    assert caught.value.diag.message_hint == "Fill it."
    assert [call[0] for call in calls(db, "end_modify")] == []
    assert len(rows(db)) == 3


END_FAILURES = [
    "INSERT INTO t VALUES (9, 'fail end')",
    "INSERT INTO t VALUES (9, 'fail end') RETURNING id",
    "WITH w AS (INSERT INTO t VALUES (9, 'fail end') RETURNING id) SELECT * FROM w",
    "DO $$BEGIN INSERT INTO t VALUES (9, 'fail end'); END$$",
]


@pytest.mark.parametrize("statement", END_FAILURES)
@pytest.mark.parametrize("batch", ["1", "3"])
def test_error_of_end_modify_fails_the_statement_not_the_commit(db: Connection, statement: str, batch: str) -> None:
    table(db, batch=batch)
    with pytest.raises(psycopg.Error) as caught, db.transaction():
        db.execute(statement)
        pytest.fail("the statement must fail, not the commit")
    assert caught.value.sqlstate == "SF010"
    assert caught.value.diag.message_detail == "row 1: DUPLICATE_VALUE"


def test_queue_of_a_failed_statement_is_void(db: Connection) -> None:
    table(db)
    with db.transaction():
        with pytest.raises(psycopg.errors.DivisionByZero), db.transaction():
            db.execute("INSERT INTO t SELECT i, (1 / (i - 6))::text FROM generate_series(5, 6) i")
        assert [call[0] for call in calls(db, *WRITES)] == ["begin_modify", "insert"]
        db.execute("INSERT INTO t VALUES (7, 'x')")
    assert calls(db, *WRITES) == [
        ["begin_modify", 1], ["insert", {"id": 7, "name": "x", "note": None}], ["end_modify", 1]]
    assert [row[0] for row in rows(db)] == [1, 2, 3, 7]


def test_queue_of_a_statement_that_failed_in_an_exception_block_is_void(db: Connection) -> None:
    table(db)
    db.execute("""DO $$BEGIN
        BEGIN INSERT INTO t SELECT i, (1 / (i - 6))::text FROM generate_series(5, 6) i;
        EXCEPTION WHEN division_by_zero THEN NULL; END;
        INSERT INTO t VALUES (7, 'x'); END$$""")
    assert calls(db, "begin_modify", "end_modify") == [
        ["begin_modify", 0], ["begin_modify", 1], ["end_modify", 1]]
    assert [row[0] for row in rows(db)] == [1, 2, 3, 7]


def test_statement_inside_a_statement_keeps_the_outer_queue(db: Connection) -> None:
    table(db)
    db.execute("""
        CREATE FUNCTION nested(int) RETURNS text LANGUAGE plpgsql AS
            $$BEGIN INSERT INTO t VALUES ($1 * 10, 'inner'); RETURN 'outer'; END$$""")
    db.execute("INSERT INTO t SELECT i, nested(i) FROM generate_series(5, 6) i")
    assert calls(db, "begin_modify") == [["begin_modify", 0]]
    assert [row[0] for row in rows(db)] == [1, 2, 3, 5, 6, 50, 60]


def test_two_writes_of_one_statement(db: Connection) -> None:
    table(db)
    db.execute("WITH a AS (INSERT INTO t VALUES (8, 'a') RETURNING id), b AS (DELETE FROM t WHERE id = 1 RETURNING id) "
               "SELECT * FROM a, b")
    assert len(calls(db, "begin_modify")) == 1
    assert [row[0] for row in rows(db)] == [2, 3, 8]


def partitioned(db: Connection) -> None:
    db.execute("CREATE TABLE root (id int, name text, note text) PARTITION BY RANGE (id)")
    for part in (0, 10):
        rows = json.dumps([{"id": part + 1, "name": "x", "note": "old"}])
        make_table(db, f"p{part}", "Memory", COLUMNS, rows=rows, name=f"p{part}", batch="2")
        db.execute(f"ALTER TABLE root ATTACH PARTITION p{part} FOR VALUES FROM ({part}) TO ({part + 10})")
    db.execute("SELECT FROM root")
    calls(db)


def test_rows_are_routed_to_partitions_in_batches(db: Connection) -> None:
    partitioned(db)
    db.execute("INSERT INTO root SELECT i, 'n' FROM generate_series(2, 14, 3) i")
    assert sorted(call[2] for call in calls(db, "bulk_insert")) == [[2, 5], [8], [11, 14]]
    with db.cursor().copy("COPY root FROM STDIN") as copy:
        copy.write_row((3, "c", None))
        copy.write_row((13, "c", None))
    assert db.execute("SELECT count(*) FROM root").fetchone() == (9,)


def test_update_and_delete_through_a_partitioned_table(db: Connection) -> None:
    partitioned(db)
    db.execute("UPDATE root SET name = 'u'")
    assert sorted(call[1] for call in calls(db, "update")) == [1, 11]
    assert db.execute("DELETE FROM root WHERE id > 5 RETURNING id, name").fetchall() == [(11, "u")]


def test_update_that_moves_a_row_into_a_table_it_reads_is_refused(db: Connection) -> None:
    partitioned(db)
    db.execute("CREATE TABLE near PARTITION OF root FOR VALUES FROM (-10) TO (0)")
    db.execute("INSERT INTO root VALUES (-5, 'local')")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match='cannot move rows into foreign table "p0"'):
        db.execute("UPDATE root SET id = id + 10")
    assert calls(db, "end_modify") == []
    db.execute("UPDATE root SET id = id + 10 WHERE id < 0")
    assert only_call(db, "insert")[1]["id"] == 5


def test_check_option_of_a_view_sees_the_stored_row(db: Connection) -> None:
    table(db, batch="3")
    db.execute("CREATE VIEW v AS SELECT * FROM t WHERE note = 'stored' WITH CHECK OPTION")
    db.execute("INSERT INTO v VALUES (9, 'x', 'anything')")
    assert len(calls(db, "insert")) == 1


def test_on_conflict_is_refused(db: Connection) -> None:
    table(db)
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="ON CONFLICT"):
        db.execute("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING")
    assert calls(db, *WRITES) == []


def test_prepared_insert_runs_often(db: Connection) -> None:
    table(db, batch="3")
    for i in range(10, 20):
        db.execute("INSERT INTO t VALUES (%s, %s)", [i, "p"], prepare=True)
    assert len(rows(db)) == 13


def test_explain_of_a_write_calls_nothing(db: Connection) -> None:
    table(db)
    for statement in ("INSERT INTO t VALUES (9)", "UPDATE t SET name = ''", "DELETE FROM t"):
        db.execute(f"EXPLAIN {statement}")
    assert calls(db, *WRITES, "execute", "begin") == []
