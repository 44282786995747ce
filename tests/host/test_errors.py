"""Python exceptions at the client: never a traceback, always an SQLSTATE."""

from pathlib import Path

import psycopg
import pytest

from tools.cluster import Cluster

from .conftest import Connection, make_table

PREFIX = 'wrapper "toy_wrappers.Broken" failed: '

# way, SQLSTATE, message, detail, hint
WAYS = [
    ("key", "HV000", PREFIX + "KeyError: 'Nämé'", None, None),
    ("state", "SF005", "it broke", "The détail.", "The hint."),
    ("badstate", "HV000", PREFIX + "Failure: it broke", None, None),
    ("lines", "HV000", PREFIX + "ValueError: first line", "second line", None),
    ("log", "HV000", "just say no", "The detail.", "The hint."),
    ("memory", "53200", PREFIX + "MemoryError: no room", None, None),
    ("recursion", "HV000", None, None, None),
    ("keyboard", "57014", "canceling statement because the wrapper was interrupted", None, None),
    ("exit", "HV000", PREFIX + "SystemExit: 3", None, None),
    ("str", "HV000", PREFIX + "Unprintable: ", None, None),
    ("surrogate_error", "SF005", "odd \\ud800 text ", None, None),
    ("short", "HV000", 'a row has 0 values, but foreign table "t" has 1 columns', None, None),
    ("text_row", "HV000", 'a row of foreign table "t" is of the Python type str', None,
     "Rows are sequences in column order or mappings by column name."),
    ("number_row", "HV000", 'a row of foreign table "t" is of the Python type int', None,
     "Rows are sequences in column order or mappings by column name."),
    ("no_iterable", "HV000", PREFIX + "TypeError: 'int' object is not iterable", None, None),
    ("late", "SF006", "failed at the second row", None, None),
    ("init", "HV00N", "no instance", None, None),
    ("plan", "HV001", "no plan", None, None),
    ("rel_size", "HV000", 'wrapper "toy_wrappers.Broken": get_rel_size() did not return (rows, width)', None, None),
    ("nothing", "HV000", PREFIX + "AttributeError: 'Broken' object has no attribute 'do_nothing'", None, None),
]


@pytest.mark.parametrize(("way", "sqlstate", "message", "detail", "hint"), WAYS)
def test_exception_becomes_an_error(
    db: Connection, way: str, sqlstate: str, message: str | None, detail: str | None, hint: str | None
) -> None:
    make_table(db, "t", "Broken", "v text", way=way, secret="hunter2")
    for _ in range(2):
        with pytest.raises(psycopg.Error) as caught:
            db.execute("SELECT * FROM t")
        diag = caught.value.diag
        assert caught.value.sqlstate == sqlstate
        assert message is None or diag.message_primary == message
        assert (diag.message_detail, diag.message_hint) == (detail, hint)
        assert "hunter2" not in str(caught.value) and "Traceback" not in str(caught.value)
    assert db.execute("SELECT 1").fetchone() == (1,)


def test_context_is_shown(db: Connection) -> None:
    make_table(db, "t", "Broken", "v text", way="state")
    with pytest.raises(psycopg.Error) as caught:
        db.execute("SELECT * FROM t")
    assert caught.value.diag.context == "in the toy"


def test_log_to_postgres_reaches_the_client(db: Connection) -> None:
    make_table(db, "t", "Broken", "v text", way="warn")
    seen: list[tuple[str | None, ...]] = []
    db.add_notice_handler(lambda n: seen.append((n.severity, n.message_primary, n.message_detail, n.message_hint)))
    db.execute("SELECT * FROM t")
    assert seen == [("WARNING", "be warned", "The detail.", "The hint.")]


def test_message_that_cannot_be_sent_is_an_error(db: Connection) -> None:
    make_table(db, "t", "Literal", "v text", code="log_to_postgres('\\ud800') or []")
    with pytest.raises(psycopg.Error) as caught:
        db.execute("SELECT * FROM t")
    assert caught.value.sqlstate == "22021"
    assert db.execute("SELECT 1").fetchone() == (1,)


def test_error_in_the_cleanup_after_an_error_goes_with_it(db: Connection) -> None:
    make_table(db, "t", "Broken", "v text", way="finally")
    make_table(db, "u", "Literal", "v text", code="[['fine']]")
    db.execute("CREATE TABLE found (v text)")
    db.execute("""DO $$BEGIN
        BEGIN PERFORM 1 / (v::int - 1) FROM t; EXCEPTION WHEN division_by_zero THEN NULL; END;
        INSERT INTO found SELECT v FROM u; END$$""")
    assert db.execute("SELECT v FROM found").fetchall() == [("fine",)]


def test_odd_estimates_are_bounded(db: Connection) -> None:
    make_table(db, "t", "Broken", "v text", way="odd_numbers")
    [(line,)] = db.execute("EXPLAIN (FORMAT TEXT) SELECT * FROM t WHERE v = 'x'").fetchall()[:1]
    assert "rows=1000000000000 width=1)" in line
    assert db.execute("SELECT v FROM t").fetchall() == [("1",)]


def test_traceback_is_in_the_server_log_from_debug1_on(db: Connection, cluster: Cluster) -> None:
    make_table(db, "t", "Broken", "v text", way="key")
    log = Path(cluster.log)
    start = log.stat().st_size
    for level, is_logged in (("warning", False), ("debug1", True)):
        db.execute(f"SET log_min_messages = {level}")
        with pytest.raises(psycopg.Error):
            db.execute("SELECT * FROM t")
        assert ("Traceback (most recent call last)" in log.read_text("utf-8")[start:]) is is_logged


def test_error_is_caught_by_plpgsql(db: Connection) -> None:
    make_table(db, "t", "Broken", "v text", way="state")
    db.execute("CREATE TABLE found (code text, detail text)")
    db.execute("""DO $$DECLARE d text; BEGIN PERFORM * FROM t;
        EXCEPTION WHEN SQLSTATE 'SF005' THEN GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
        INSERT INTO found VALUES (SQLSTATE, d); END$$""")
    assert db.execute("SELECT * FROM found").fetchall() == [("SF005", "The détail.")]


def test_backend_questions_inside_python(db: Connection, connect: object) -> None:
    db.execute("DO $$BEGIN CREATE ROLE host_plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$")
    make_table(db, "t", "Literal", "a bool, b bool, c bool, d bool",
               code="[[is_superuser(), has_role('host_plain'), has_role('pg_monitor'), has_role('no such')]]")
    assert db.execute("SELECT * FROM t").fetchall() == [(True, True, True, False)]
    schema = db.execute("SELECT current_schema").fetchone()
    assert schema
    db.execute(f"GRANT USAGE ON SCHEMA {schema[0]} TO host_plain; GRANT SELECT ON t TO host_plain")
    db.execute("SET ROLE host_plain")
    assert db.execute("SELECT * FROM t").fetchall() == [(False, True, False, False)]


def test_the_database_is_told_inside_python(db: Connection) -> None:
    make_table(db, "t", "Literal", "oid bigint", code="[[database_oid()]]")
    assert db.execute("SELECT t.oid = d.oid::bigint FROM t, pg_database d WHERE datname = current_database()"
                      ).fetchall() == [(True,)]
