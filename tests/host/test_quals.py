"""Which conditions a wrapper is told, and in what form."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from .conftest import Connection, calls, make_table, only_call, plan_lines

COLUMNS = """id int, name text, short varchar(10), padded char(5), flag bool, price numeric, ratio float8, day date,
    at timestamptz, wall timestamp, tags text[], doc jsonb, mood text COLLATE "C", grade grade, small float4,
    span interval, area box, key uuid """
ROWS = """[{"id": 1, "name": "a", "short": "s", "padded": "p", "flag": true, "price": "1.5", "ratio": 0.5,
    "day": "2024-01-01", "at": "2024-01-01T00:00:00Z", "wall": "2024-01-01T00:00:00", "tags": ["x"], "doc": {},
    "grade": "low", "small": 0.1, "span": "1 day", "area": "(2,1),(1,0)"},
    {"id": 2}]"""
UTC = "datetime:2024-01-01 00:00:00+00:00"

# condition, quals told
TOLD = [
    ("id = 1", [["id", "=", 1]]),
    ("1 = id", [["id", "=", 1]]),
    ("5 > id", [["id", "<", 5]]),
    ("id <> 1", [["id", "<>", 1]]),
    ("id >= 1 AND id <= 3", [["id", ">=", 1], ["id", "<=", 3]]),
    ("id BETWEEN 1 AND 3", [["id", ">=", 1], ["id", "<=", 3]]),
    ("id = 1::bigint", [["id", "=", 1]]),
    ("name = 'ä😀'", [["name", "=", "ä😀"]]),
    ("name LIKE 'a%'", [["name", "~~", "a%"]]),
    ("name NOT LIKE 'a%'", [["name", "!~~", "a%"]]),
    ("name ILIKE 'a%'", [["name", "~~*", "a%"]]),
    ("name NOT ILIKE 'a%'", [["name", "!~~*", "a%"]]),
    ("name ~ '^a'", [["name", "~", "^a"]]),
    ("short = 's'", [["short", "=", "s"]]),
    ("short LIKE 's%'", [["short", "~~", "s%"]]),
    ("padded = 'p'", [["padded", "=", "p"]]),
    ("flag", [["flag", "=", True]]),
    ("NOT flag", [["flag", "=", False]]),
    ("flag = true", [["flag", "=", True]]),
    ("flag IS TRUE", [["flag", "=", True]]),
    ("flag IS FALSE", [["flag", "=", False]]),
    ("flag IS UNKNOWN", [["flag", "=", None]]),
    ("flag IS NOT UNKNOWN", [["flag", "<>", None]]),
    ("name IS NULL", [["name", "=", None]]),
    ("name IS NOT NULL", [["name", "<>", None]]),
    ("id IN (1, 2)", [["id", ["=", True], [1, 2]]]),
    ("id = ANY ('{1,NULL}')", [["id", ["=", True], [1]]]),
    ("id NOT IN (1, 2)", [["id", ["<>", False], [1, 2]]]),
    ("id <> ALL ('{{1,2},{3,4}}'::int[])", [["id", ["<>", False], [1, 2, 3, 4]]]),
    ("id <> ALL ('{}'::int[])", []),
    ("name LIKE ANY ('{a%,b%}')", [["name", ["~~", True], ["a%", "b%"]]]),
    ("short IN ('a', 'b')", [["short", ["=", True], ["a", "b"]]]),
    ("price > 1.25", [["price", ">", "Decimal:1.25"]]),
    ("price > 1", [["price", ">", "Decimal:1"]]),
    ("ratio < 2", [["ratio", "<", "float:2.0"]]),
    ("day = '2024-01-01'", [["day", "=", "date:2024-01-01"]]),
    ("day < 'infinity'", [["day", "<", "infinity"]]),
    ("at >= '2024-01-01T02:00+02'", [["at", ">=", UTC]]),
    ("at >= date '2024-01-01'", [["at", ">=", UTC]]),
    ("at >= timestamp '2024-01-01'", [["at", ">=", UTC]]),
    ("wall >= date '2024-01-01'", [["wall", ">=", "datetime:2024-01-01 00:00:00"]]),
    ("at > '2024-01-02'::timestamptz - interval '1 day'", [["at", ">", UTC]]),
    ("tags = '{a,b}'", [["tags", "=", ["a", "b"]]]),
    ("name = 'x' COLLATE \"C\"", [["name", "=", "x"]]),
    ("grade = 'high'", [["grade", "=", "high"]]),
    ("grade IN ('high', 'low')", [["grade", ["=", True], ["high", "low"]]]),
    ("key > '00000000-0000-0000-0000-00000000000A'", [["key", ">", "00000000-0000-0000-0000-00000000000a"]]),
    ("tags @> '{a}'", [["tags", "@>", ["a"]]]),
    ("small = 0.5::float4", [["small", "=", "float:0.5"]]),
    # told in part, or not at all: Python would compare otherwise
    ("id::oid = 4294967295", []),
    ("name::bpchar = 'a'", []),
    ("padded LIKE 'p____'", []),
    ("padded ~ 'p '", []),
    ("small <> 0.1", []),
    ("grade < 'high'", []),
    ("span = '24:00'", []),
    ("doc = '{}'", []),
    ("area = box '(0,0),(1,1)'", []),
    ("tags < '{b}'", []),
    ("wall >= timestamptz '2024-01-01'", []),
    ("day >= timestamp '2024-01-01 12:00'", []),
    ("id = 1 OR id = 2", []),
    ("id + 1 = 2", []),
    ("id = ratio", []),
    ("NOT (id = 1 AND name = 'a')", []),
    ("name = upper('a') AND length(name) = 1", [["name", "=", "A"]]),
    ("id = (random() * 0)::int", []),
    ("flag IS NOT TRUE", []),
    ("name = mood", []),
    ("lower(name) = 'a'", []),
    ("name = 'x' COLLATE insensitive", []),
    ("id === 1", []),
    ("doc IS NOT NULL", [["doc", "<>", None]]),
    ("tableoid > 0", []),
]


@pytest.fixture(scope="module")
def session(host_database: str) -> Iterator[Connection]:
    """One session with the table `t` for all tests here: what they make is temporary, and discarded."""
    with psycopg.connect(host_database, autocommit=True) as db:
        db.prepare_threshold = 1_000_000  # DISCARD ALL forgets what psycopg has prepared
        db.execute("CREATE SCHEMA quals; SET search_path = quals, public")
        db.execute("CREATE TYPE grade AS ENUM ('low', 'high')")
        make_table(db, "t", "Memory", COLUMNS, rows=ROWS, name="quals")
        db.execute("CREATE COLLATION insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
        db.execute("CREATE FUNCTION near(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 2'")
        db.execute("CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = near)")
        yield db
        db.execute("SET client_min_messages = warning; DROP SCHEMA quals CASCADE")


@pytest.fixture
def table(session: Connection) -> Connection:
    session.execute("DISCARD ALL")
    session.execute("SET search_path = quals, public")
    calls(session)
    return session


@pytest.mark.parametrize(("condition", "want"), TOLD)
def test_condition_is_told(table: Connection, condition: str, want: list[Any]) -> None:
    found = table.execute(f"SELECT id FROM t WHERE {condition}").fetchall()
    assert only_call(table, "execute")[1] == want
    table.execute("CREATE TEMP TABLE u AS SELECT * FROM t")
    assert found == table.execute(f"SELECT id FROM u AS t WHERE {condition}").fetchall(), "same rows without Python"


NEVER_TRUE = ["id = NULL::int + 1", "id = ANY (NULL::int[])", "id = ANY ('{}'::int[])", "id <> ALL ('{1,NULL}'::int[])"]


@pytest.mark.parametrize("condition", NEVER_TRUE)
def test_condition_that_no_row_meets_makes_no_call(table: Connection, condition: str) -> None:
    table.execute("SET plan_cache_mode = force_generic_plan")
    table.execute(f"PREPARE q (int, int[]) AS SELECT id FROM t WHERE {condition}")
    assert table.execute("EXECUTE q (NULL, NULL)").fetchall() == []
    assert calls(table, "execute") == []


PARAMETERS: list[tuple[str, str, str, list[Any] | None]] = [
    ("int", "id = $1", "1", [["id", "=", 1]]),
    ("int", "id = $1", "NULL", None),
    ("int[]", "id = ANY ($1)", "'{1,2}'", [["id", ["=", True], [1, 2]]]),
    ("int[]", "id = ANY ($1)", "'{}'", None),
    ("int[]", "id <> ALL ($1)", "'{}'", []),
    ("int[]", "id <> ALL ($1)", "'{3,NULL}'", None),
    ("text", "name LIKE $1", "'a%'", [["name", "~~", "a%"]]),
    ("timestamptz", "at >= $1 - interval '1 day'", "'2024-01-02 00:00Z'", [["at", ">=", UTC]]),
]


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize(("kind", "condition", "value", "want"), PARAMETERS)
def test_parameter_of_a_prepared_statement_is_told(
    table: Connection, kind: str, condition: str, value: str, want: list[Any] | None, mode: str
) -> None:
    table.execute(f"SET plan_cache_mode = {mode}")
    table.execute(f"PREPARE q ({kind}) AS SELECT id FROM t WHERE {condition}")
    for _ in range(2):
        table.execute(f"EXECUTE q ({value})")
        assert [call[1] for call in calls(table, "execute")] == ([] if want is None else [want])


def test_parameter_of_the_protocol_is_told(table: Connection) -> None:
    for _ in range(7):
        assert table.execute("SELECT id FROM t WHERE id = %s", [2], prepare=True).fetchall() == [(2,)]
    assert {str(call[1]) for call in calls(table, "execute")} == {"[['id', '=', 2]]"}


def test_subquery_that_runs_once_is_told(table: Connection) -> None:
    query = "SELECT id FROM t WHERE id = (SELECT max(n) FROM generate_series(1, 2) n)"
    assert table.execute(query).fetchall() == [(2,)]
    assert only_call(table, "execute")[1] == [["id", "=", 2]]


def test_stable_function_is_told_as_of_execution(table: Connection) -> None:
    table.execute("SELECT id FROM t WHERE name = current_setting('application_name')")
    assert only_call(table, "execute")[1] == [["name", "=", ""]]


def test_only_needed_columns_are_asked_for(table: Connection) -> None:
    cases = {"SELECT name FROM t": ["name"], "SELECT count(*) FROM t": [], "SELECT 1 FROM t WHERE flag": ["flag"],
             "SELECT id FROM t ORDER BY day": ["id", "day"], "SELECT upper(short) FROM t": ["short"]}
    for query, want in cases.items():
        table.execute(query)
        assert only_call(table, "execute")[2] == want, query
    table.execute("SELECT t FROM t")
    assert len(only_call(table, "execute")[2]) == 18


def test_conditions_are_told_while_planning(table: Connection) -> None:
    table.execute("SELECT id FROM t WHERE id = 1 AND at < now() - interval '1 day' AND flag IS NULL")
    [told] = [call[1] for call in calls(table, "get_rel_size")]
    assert [qual[:2] for qual in told] == [["flag", "="], ["id", "="], ["at", "<"]] or len(told) == 3


def test_value_unknown_while_planning_lowers_the_estimate(table: Connection) -> None:
    table.execute("SET plan_cache_mode = force_generic_plan")
    table.execute("PREPARE q (int) AS SELECT id FROM t WHERE id = $1")
    assert "rows=5 " in plan_lines(table, "EXECUTE q (1)", "COSTS ON")[0]
    assert "rows=1000 " in plan_lines(table, "SELECT id FROM t WHERE id = 1", "COSTS ON")[0]


def test_view_and_cte_pass_conditions_down(table: Connection) -> None:
    table.execute("CREATE TEMP VIEW v AS SELECT id AS number, name FROM t WHERE name = 'a'")
    assert table.execute("SELECT number FROM v WHERE number = 1").fetchall() == [(1,)]
    assert sorted(only_call(table, "execute")[1]) == [["id", "=", 1], ["name", "=", "a"]]
