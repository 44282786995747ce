"""Joins, order, limits, rescans, cursors and EXPLAIN."""

import json
from typing import Any

import psycopg
import pytest

from .conftest import Connection, calls, make_table, only_call, plan_lines

ROWS = json.dumps([{"id": i, "parent": i % 3, "name": f"n{i}"} for i in range(10)])
COLUMNS = "id int, parent int, name text"


def memory(db: Connection, name: str, /, **options: str) -> None:
    make_table(db, name, "Memory", COLUMNS, **{"rows": ROWS, "name": name, "filters": "true", **options})


def executions(db: Connection) -> list[Any]:
    return [call[1] for call in calls(db, "execute")]


def test_join_looks_up_each_outer_row_by_key(db: Connection) -> None:
    memory(db, "t", keys="id", size="100000")
    db.execute("CREATE TABLE wanted AS SELECT * FROM (VALUES (2), (4), (NULL)) v (n)")
    db.execute("ANALYZE wanted")
    found = db.execute("SELECT n, name FROM wanted JOIN t ON t.id = n ORDER BY n").fetchall()
    assert found == [(2, "n2"), (4, "n4")]
    assert executions(db) == [[["id", "=", 2]], [["id", "=", 4]]], "and no call for NULL"


def test_lateral_supplies_all_columns_of_a_key(db: Connection) -> None:
    memory(db, "t", keys="parent+name,name", size="1000000")
    query = """SELECT v.n, f.id FROM (VALUES ('n1'), ('n2')) v (n),
               LATERAL (SELECT id FROM t WHERE parent = 1 AND name = v.n) f"""
    assert db.execute(query).fetchall() == [("n1", 1)]
    assert [sorted(quals) for quals in executions(db)] == [
        [["name", "=", "n1"], ["parent", "=", 1]], [["name", "=", "n2"], ["parent", "=", 1]]]


def test_key_that_is_not_supplied_in_full_is_not_used(db: Connection) -> None:
    memory(db, "t", keys="parent+name", size="1000000")
    assert len(db.execute("SELECT 1 FROM (VALUES ('n1'), ('n2')) v (n) JOIN t ON t.name = v.n").fetchall()) == 2
    assert executions(db) == [[]]


def test_key_from_two_relations_at_once(db: Connection) -> None:
    memory(db, "t", keys="parent+name", size="1000000")
    query = """SELECT t.id FROM (VALUES (1), (2)) a (p) CROSS JOIN (VALUES ('n1'), ('n2')) b (n)
               JOIN t ON t.parent = a.p AND t.name = b.n ORDER BY 1"""
    assert db.execute(query).fetchall() == [(1,), (2,)]
    assert len(executions(db)) == 4


def test_left_join_by_key(db: Connection) -> None:
    memory(db, "t", keys="id", size="100000")
    query = "SELECT n, t.name FROM (VALUES (1), (77)) v (n) LEFT JOIN t ON t.id = v.n ORDER BY n"
    assert db.execute(query).fetchall() == [(1, "n1"), (77, None)]


def test_scan_is_repeated_for_each_outer_row_without_keys(db: Connection) -> None:
    memory(db, "t")
    query = "SELECT n, (SELECT count(*) FROM t WHERE parent = n) FROM generate_series(0, 2) n"
    assert db.execute(query).fetchall() == [(0, 4), (1, 3), (2, 3)]
    assert executions(db) == [[["parent", "=", n]] for n in range(3)]


def test_rescan_without_parameters_gives_the_same_rows(db: Connection) -> None:
    memory(db, "t")
    db.execute("SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
    assert db.execute("SELECT count(*) FROM t a CROSS JOIN t b").fetchone() == (100,)
    assert db.execute("SELECT count(*) FROM t a JOIN t b ON a.id < b.id").fetchone() == (45,)


def test_order_the_wrapper_honours_is_not_sorted_again(db: Connection) -> None:
    memory(db, "t", sorts="parent,id")
    query = "SELECT parent, id FROM t ORDER BY parent DESC, id"
    assert not any("Sort" in line for line in plan_lines(db, query))
    calls(db)
    assert db.execute(query).fetchall()[:2] == [(2, 2), (2, 5)]
    assert only_call(db, "execute")[3] == {
        "sortkeys": [["parent", 2, True, True, None], ["id", 1, False, False, None]]}


def test_order_by_other_keys_than_the_leading_ones_is_sorted_again(db: Connection) -> None:
    memory(db, "t", sorts="the last")
    assert db.execute("SELECT parent, id FROM t ORDER BY parent, id").fetchall()[:2] == [(0, 0), (0, 3)]
    assert only_call(db, "execute")[3] == {}


def test_order_is_honoured_in_part(db: Connection) -> None:
    memory(db, "t", sorts="parent")
    query = "SELECT parent, name FROM t ORDER BY parent, name"
    assert plan_lines(db, query)[0] == "Incremental Sort"
    assert db.execute(query).fetchall()[:2] == [(0, "n0"), (0, "n3")]


SORTS = [
    ("name", [["name", 3, False, False, "default"]]),
    ("name DESC NULLS LAST", [["name", 3, True, False, "default"]]),
    ('name COLLATE "C"', [["name", 3, False, False, "C"]]),
    ("id + 1", []),
    ("id::oid", []),
    ("name::bpchar", []),
    ("id, id + 1", [["id", 1, False, False, None]]),
    ("name USING ~<~", []),
]


@pytest.mark.parametrize(("order", "want"), SORTS)
def test_order_offered_to_the_wrapper(db: Connection, order: str, want: list[Any]) -> None:
    memory(db, "t")
    db.execute(f"SELECT 1 FROM t ORDER BY {order}")
    assert [call[1] for call in calls(db, "can_sort")] == ([want] if want else [])


# query, limit told (None: not told)
LIMITS = [
    ("SELECT id FROM t LIMIT 3", 3),
    ("SELECT id FROM t LIMIT 3 OFFSET 2", 5),
    ("SELECT id FROM t ORDER BY id LIMIT 3", 3),
    ("SELECT id FROM t LIMIT NULL", None),
    ("SELECT id FROM t OFFSET 2", None),
    ("SELECT id FROM t WHERE id > 1 LIMIT 3", None),
    ("SELECT id FROM t ORDER BY name LIMIT 3", None),
    ("SELECT id FROM t ORDER BY id FETCH FIRST 3 ROWS WITH TIES", None),
    ("SELECT DISTINCT parent FROM t LIMIT 3", None),
    ("SELECT count(*) FROM t LIMIT 3", None),
    ("SELECT parent FROM t GROUP BY parent LIMIT 3", None),
    ("SELECT row_number() OVER () FROM t LIMIT 3", None),
    ("SELECT generate_series(1, id) FROM t LIMIT 3", None),
    ("SELECT a.id FROM t a, t b LIMIT 3", None),
    ("SELECT id FROM t UNION ALL SELECT id FROM t LIMIT 3", None),
    ("SELECT id FROM t LIMIT (SELECT 3)", None),
]


@pytest.mark.parametrize(("query", "limit"), LIMITS)
def test_limit_is_told_where_nothing_stands_between(db: Connection, query: str, limit: int | None) -> None:
    memory(db, "t", limits="true", sorts="id")
    found = db.execute(query).fetchall()
    extras = [call[3] for call in calls(db, "execute")]
    assert all((extra.get("limit"), extra.get("offset")) == ((limit, 0) if limit else (None, None)) for extra in extras)
    assert extras
    db.execute("CREATE TEMP TABLE u AS SELECT * FROM t")
    assert found == db.execute(query.replace(" t", " u")).fetchall(), "same rows without Python"


def test_limit_is_not_told_to_a_wrapper_that_cannot(db: Connection) -> None:
    memory(db, "t")
    assert len(db.execute("SELECT id FROM t LIMIT 3").fetchall()) == 3
    assert only_call(db, "execute")[3] == {}


def test_limit_of_a_prepared_statement(db: Connection) -> None:
    memory(db, "t", limits="true")
    db.execute("PREPARE q (int) AS SELECT id FROM t LIMIT $1")
    for mode, told in (("force_custom_plan", 2), ("force_generic_plan", None)):
        db.execute(f"SET plan_cache_mode = {mode}")
        assert len(db.execute("EXECUTE q (2)").fetchall()) == 2
        assert only_call(db, "execute")[3].get("limit") == told


def test_explain_shows_the_wrappers_lines(db: Connection) -> None:
    memory(db, "t", limits="true", sorts="id")
    assert plan_lines(db, "SELECT id FROM t WHERE name = 'x'")[-3:] == [
        "Filter Sent: name = x", "Multicorn: a plain line", "Multicorn: verbose=True []"]
    assert plan_lines(db, "SELECT id FROM t ORDER BY id LIMIT 1", "COSTS OFF")[-1] == (
        "Multicorn: verbose=False ['limit', 'offset', 'sortkeys']")
    [(tree,)] = db.execute("EXPLAIN (FORMAT JSON) SELECT id FROM t")
    assert tree[0]["Plan"]["Filter Sent"] == "none"
    assert tree[0]["Plan"]["Multicorn"] == ["a plain line", "verbose=False []"]
    assert executions(db) == [], "EXPLAIN alone reads nothing"


def test_explain_of_values_not_known_yet(db: Connection) -> None:
    memory(db, "t", keys="id", size="100000")
    lines = plan_lines(db, "SELECT 1 FROM (VALUES (1), (2)) v (n) JOIN t ON t.id = v.n WHERE t.parent = 1")
    assert "Filter Sent: parent = 1" in lines
    db.execute("SET plan_cache_mode = force_generic_plan")
    db.execute("PREPARE q (int) AS SELECT 1 FROM t WHERE id = $1")
    assert "Filter Sent: id = 5" in plan_lines(db, "EXECUTE q (5)")
    [(count,)] = db.execute("SELECT count(*) FROM t WHERE id = (SELECT 3)")
    assert count == 1
    assert plan_lines(db, "SELECT 1 FROM t WHERE id = (SELECT 3)", "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF")


def test_first_row_comes_before_the_last_is_made(db: Connection) -> None:
    make_table(db, "t", "Series", "a int, b text, c float8", count="1000000000")
    assert db.execute("SELECT a, b FROM t LIMIT 2").fetchall() == [(0, "row 0 äöü"), (1, "row 1 äöü")]


def test_cursor_goes_forward_and_closes_the_scan(db: Connection) -> None:
    memory(db, "t")
    with db.transaction():
        db.execute("DECLARE c NO SCROLL CURSOR FOR SELECT id FROM t")
        assert executions(db) == [], "execute() is called at the first row"
        assert db.execute("FETCH 2 FROM c").fetchall() == [(0,), (1,)]
        assert db.execute("FETCH 1 FROM c").fetchall() == [(2,)]
        assert len(executions(db)) == 1
        db.execute("CLOSE c")
        assert len(calls(db, "end_scan")) == 1
    with db.transaction():
        db.execute("DECLARE c NO SCROLL CURSOR FOR SELECT id FROM t")
        db.execute("FETCH 2 FROM c")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState), db.transaction():
            db.execute("FETCH BACKWARD 1 FROM c")


def test_scroll_cursor_goes_backward(db: Connection) -> None:
    memory(db, "t")
    with db.transaction():
        db.execute("DECLARE c SCROLL CURSOR FOR SELECT id FROM t")
        assert db.execute("FETCH LAST FROM c").fetchall() == [(9,)]
        assert db.execute("FETCH BACKWARD 2 FROM c").fetchall() == [(8,), (7,)]
        assert db.execute("FETCH FIRST FROM c").fetchall() == [(0,)]
    assert len(executions(db)) == 1


def test_holdable_cursor_outlives_the_transaction(db: Connection) -> None:
    memory(db, "t")
    db.execute("DECLARE c CURSOR WITH HOLD FOR SELECT id FROM t")
    assert db.execute("FETCH 2 FROM c").fetchall() == [(0,), (1,)]
    db.execute("CLOSE c")


def test_rows_locked_for_update_are_given(db: Connection) -> None:
    memory(db, "t", limits="true")
    assert len(db.execute("SELECT id FROM t LIMIT 2 FOR UPDATE").fetchall()) == 2
    assert only_call(db, "execute")[3] == {}


def test_tables_in_an_inheritance_tree(db: Connection) -> None:
    db.execute("CREATE TABLE root (id int, parent int, name text) PARTITION BY LIST (parent)")
    for part in range(3):
        rows = json.dumps([{"id": part, "parent": part, "name": f"p{part}"}])
        memory(db, f"p{part}", rows=rows, sorts="id", limits="true")
        db.execute(f"ALTER TABLE root ATTACH PARTITION p{part} FOR VALUES IN ({part})")
    assert db.execute("SELECT id FROM root ORDER BY id DESC LIMIT 2").fetchall() == [(2,), (1,)]
    assert db.execute("SELECT name FROM root WHERE parent = 1").fetchall() == [("p1",)]
    assert db.execute("SELECT tableoid::regclass::text FROM root WHERE id = 2").fetchall() == [("p2",)]
