"""Scans: exact values, whole results, and the same rows whatever is pushed down."""

from typing import Any

import psycopg
import pytest

from tools.sandbox import Sandbox

Session = psycopg.Connection[Any]


def plan(session: Session, query: str) -> dict[str, str]:
    """EXPLAIN's lines of ours by label."""
    lines = [line.strip() for line, in session.execute(f"EXPLAIN (VERBOSE, COSTS OFF) {query}")]
    found = (line.partition(": ") for line in lines)
    return {label: text for label, _, text in found if label in ("SOQL", "Transport", "Pushed", "Superset", "Local")}


@pytest.fixture
def types(org: Sandbox, live: Session) -> Session:
    """A table of an object with a field of each type and rows that are hard to get right."""
    org.call("POST", "/objects", {"name": "Thing__c", "fields": [
        {"name": "Text__c", "type": "string", "length": 255}, {"name": "Money__c", "type": "currency", "scale": 2},
        {"name": "Number__c", "type": "double", "scale": 6}, {"name": "Whole__c", "type": "double", "scale": 0},
        {"name": "Day__c", "type": "date"}, {"name": "Moment__c", "type": "datetime"},
        {"name": "Hour__c", "type": "time"}, {"name": "Yes__c", "type": "boolean"},
        {"name": "Tags__c", "type": "multipicklist", "length": 4099,
         "picklistValues": [{"value": value, "label": value, "active": True} for value in "abc"]}]})
    rows = [
        {"Name": "1", "Text__c": "Acme", "Money__c": 9999999999999.99, "Number__c": 0.1, "Whole__c": 7, "Yes__c": True,
         "Day__c": "1700-01-01", "Moment__c": "2025-03-30T01:59:59.000+0000", "Hour__c": "10:00:00.000Z",
         "Tags__c": "a;c"},
        {"Name": "2", "Text__c": "ACME", "Money__c": 10.1, "Number__c": 123.456789, "Day__c": "4000-12-31",
         "Moment__c": "2025-03-30T02:00:00.000+0000", "Hour__c": "23:59:59.999Z", "Tags__c": "b"},
        {"Name": "3", "Text__c": "it's 100% \"odd\"\\ \n日本 😀", "Money__c": -1, "Day__c": "2025-01-02"},
        {"Name": "4", "Text__c": "01234", "Money__c": 0}, {"Name": "5"}]
    org.change(*({"op": "create", "object": "Thing__c", "values": row} for row in rows))
    live.execute("CREATE SCHEMA live")
    live.execute("IMPORT FOREIGN SCHEMA salesforce LIMIT TO (thing__c) FROM SERVER sf INTO live")
    return live


VALUES: dict[str, list[Any]] = {
    "text__c": ["Acme", "ACME", 'it\'s 100% "odd"\\ \n日本 😀', "01234", None],
    "money__c = 9999999999999.99": [True, False, False, False, None],
    "number__c::text": ["0.1", "123.456789", None, None, None],
    "to_char(day__c, 'YYYY-MM-DD')": ["1700-01-01", "4000-12-31", "2025-01-02", None, None],
    "extract(epoch FROM moment__c)::text": ["1743299999.000000", "1743300000.000000", None, None, None],
    "hour__c::text": ["10:00:00", "23:59:59.999", None, None, None],
    "yes__c": [True, False, False, False, False], "tags__c": ["a;c", "b", None, None, None]}


@pytest.mark.parametrize(("zone", "style"), [("America/Los_Angeles", "German"), ("Asia/Kolkata", "ISO, DMY")])
def test_values_arrive_exactly_whatever_the_sessions_settings(types: Session, zone: str, style: str) -> None:
    types.execute(f"SET timezone = '{zone}'; SET datestyle = '{style}'")
    for column, want in VALUES.items():
        found = [value for value, in types.execute(f"SELECT {column} FROM live.thing__c ORDER BY name")]
        assert found == want, column


CONDITIONS = [
    "text__c = 'Acme'", "text__c IN ('ACME', '01234')", "text__c LIKE 'A%'", "text__c LIKE '%\\%%'",
    "text__c ILIKE 'ac%'",
    "text__c <> 'Acme'", "text__c NOT LIKE 'A%'", "text__c NOT IN ('Acme')", "text__c = ''", "text__c IS NULL",
    "text__c IS NOT NULL", "text__c < 'B'", "text__c = E'it\\'s 100% \"odd\"\\\\ \\n日本 😀'", "money__c > 10.1",
    "money__c >= 10.1", "money__c = 10.10", "money__c <> 0", "money__c IN (0, -1)", "money__c = 9999999999999.99",
    "number__c = 0.1", "number__c < 100", "whole__c = 7", "day__c < '2025-01-02'", "day__c = '1700-01-01'",
    "day__c IN ('4000-12-31', '2025-01-02')", "moment__c > '2025-03-30 01:59:59+00'",
    "moment__c >= '2025-03-30 01:59:59.5+00'", "moment__c < '2025-03-30 02:00:00.001+00'",
    "moment__c = '2025-03-30 02:00:00+00'", "hour__c > '10:00'", "hour__c <= '23:59:59.999'", "yes__c", "NOT yes__c",
    "yes__c IS NULL", "tags__c = 'a;c'", "tags__c = 'c;a'", "tags__c LIKE '%a%'", "tags__c IS NULL",
    "name = '1' AND money__c > 0", "name = '1' OR money__c = 0", "id IS NULL", "id = 'nonsense'"]


def test_pushdown_changes_no_result(types: Session) -> None:
    types.execute("CREATE TEMP TABLE copy AS SELECT * FROM live.thing__c")
    for condition in CONDITIONS:
        query = f"SELECT name FROM {{}} WHERE {condition} ORDER BY name"
        found = types.execute(query.format("live.thing__c")).fetchall()
        assert found == types.execute(query.format("copy")).fetchall(), condition


def test_sorting_there_is_sorting_here(types: Session) -> None:
    types.execute("CREATE TEMP TABLE copy AS SELECT * FROM live.thing__c")
    for key in ("money__c", "money__c DESC", "day__c NULLS FIRST", "moment__c DESC NULLS LAST",
                "yes__c DESC, money__c", "hour__c", "text__c", "id"):
        query = f"SELECT name FROM {{}} ORDER BY {key}, name LIMIT 4"
        found = types.execute(query.format("live.thing__c")).fetchall()
        assert found == types.execute(query.format("copy")).fetchall(), key


def test_explain_shows_the_soql_and_makes_no_query(tables: Session, calls: Any) -> None:
    calls()
    assert plan(tables, "SELECT name FROM account WHERE annualrevenue > 5 AND name = 'x' AND name <> 'y'") == {
        "SOQL": "SELECT Name, AnnualRevenue FROM Account WHERE AnnualRevenue > 5 AND Name = 'x'",
        "Transport": "REST", "Pushed": "annualrevenue > 5", "Superset": "name = x", "Local": "name <> y"}
    assert "query" not in calls()


def test_a_limit_stops_the_query(tables: Session, org: Sandbox) -> None:
    assert plan(tables, "SELECT name FROM account LIMIT 7")["SOQL"] == "SELECT Name FROM Account LIMIT 7"


def test_case_57_lists_and_columns_beyond_the_length_of_a_uri(tables: Session, org: Sandbox, calls: Any) -> None:
    org.change({"op": "create", "object": "Account", "values": {"Name": "Name 999"}})
    calls()
    names = [f"Name {number}" for number in range(3000)]
    assert tables.execute("SELECT name FROM account WHERE name = ANY(%s)", [names]).fetchall() == [("Name 999",)]
    assert calls() == {"composite": 1}
    names = [f"Name {number} {'x' * 50}" for number in range(3000)] + ["Name 999"]
    assert tables.execute("SELECT name FROM account WHERE name = ANY(%s)", [names]).fetchall() == [("Name 999",)]
    assert calls()["composite"] == 2


@pytest.fixture
def many(org: Sandbox, live: Session) -> Session:
    org.call("POST", "/reset", {"rows": {"Account": 5000}})
    live.execute("CREATE SCHEMA live")
    live.execute("IMPORT FOREIGN SCHEMA salesforce LIMIT TO (account) FROM SERVER sf INTO live "
                 "OPTIONS (system_columns 'true')")
    live.execute("IMPORT FOREIGN SCHEMA salesforce_system FROM SERVER sf INTO live")
    live.execute("SET search_path = live, public")
    return live


def test_a_long_result_comes_whole_page_by_page(many: Session, org: Sandbox, calls: Any) -> None:
    calls()
    rows = many.execute("SELECT id, name FROM account").fetchall()
    want = {(record["Id"], record["Name"]) for record in org.records("Account")}
    assert len(rows) == 5000
    assert set(rows) == want
    assert calls() == {"query": 1, "query_more": 2}


def test_case_59_pages_smaller_than_asked_for(many: Session, fault: Any) -> None:
    fault("page.shrink", params={"rows": 333})
    assert many.execute("SELECT count(*), count(DISTINCT id) FROM account").fetchone() == (5000, 5000)


def test_case_11_a_dead_cursor_is_followed_by_the_rest(many: Session, fault: Any) -> None:
    fault("locator.expired", kind="query_more", calls="2")
    assert many.execute("SELECT count(*), count(DISTINCT id) FROM account").fetchone() == (5000, 5000)


def test_case_63_a_session_that_dies_between_pages(many: Session, fault: Any) -> None:
    fault("session.expired", kind="query_more", calls="1")
    assert many.execute("SELECT count(*), count(DISTINCT id) FROM account").fetchone() == (5000, 5000)


def test_case_3_keyset_pages_visit_every_record_once(many: Session, calls: Any) -> None:
    calls()
    seen: list[str] = []
    after = ","
    while True:
        page = many.execute("SELECT id FROM account WHERE _after = %s AND _page_size = '1500'", [after]).fetchall()
        seen += [record_id for record_id, in page]
        if len(page) < 1500:
            break
        after = f",{page[-1][0]}"
    assert len(seen) == len(set(seen)) == 5000
    assert seen == sorted(seen)
    assert calls() == {"query": 4}


def test_case_3_ties_of_one_second_are_paged_through(many: Session) -> None:
    seen: list[str] = []
    after = "2000-01-01T00:00:00Z,"
    while True:
        page = many.execute(
            "SELECT id, to_char(systemmodstamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM account "
            "WHERE _scope = 'all' AND _after = %s AND _page_size = '700' AND systemmodstamp < '2999-01-01'",
            [after]).fetchall()
        seen += [record_id for record_id, _ in page]
        if len(page) < 700:
            break
        after = f"{page[-1][1]},{page[-1][0]}"
    assert len(seen) == len(set(seen)) == 5000


def test_case_25_deleted_rows_are_seen_in_scope_all_only(many: Session, org: Sandbox) -> None:
    victim = org.records("Account")[0]["Id"]
    org.change({"op": "delete", "object": "Account", "id": victim})
    assert many.execute("SELECT count(*) FROM account WHERE id = %s", [victim]).fetchone() == (0,)
    assert many.execute("SELECT isdeleted FROM account WHERE id = %s AND _scope = 'all'",
    [victim]).fetchone() == (True,)


def test_a_join_by_id_asks_for_what_it_needs(many: Session, calls: Any) -> None:
    many.execute("CREATE TEMP TABLE wanted AS SELECT id FROM account LIMIT 2; ANALYZE wanted")
    calls()
    many.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
    found = many.execute("SELECT count(*) FROM wanted w JOIN account a ON a.id = w.id").fetchone()
    assert found == (2,)
    assert calls() == {"query": 2}


def test_case_49_a_field_removed_in_salesforce(tables: Session, org: Sandbox) -> None:
    org.change({"op": "create", "object": "Account", "values": {"Name": "x"}})
    org.call("PATCH", "/objects/Account", {"drop_fields": ["Fax"]})
    with pytest.raises(psycopg.Error) as caught:
        tables.execute("SELECT name, fax FROM account")
    assert caught.value.sqlstate == "SF008"
    assert '"Fax"' in str(caught.value)
    assert caught.value.diag.message_hint
    assert tables.execute("SELECT name FROM account").fetchall() == [("x",)]


def test_an_object_removed_in_salesforce(tables: Session, org: Sandbox) -> None:
    org.call("DELETE", "/objects/Task")
    with pytest.raises(psycopg.Error) as caught:
        tables.execute("SELECT id FROM task")
    assert caught.value.sqlstate == "SF007"


def test_case_48_field_that_came_after_the_describe_is_found_at_once(
        tables: Session, database: Session, org: Sandbox) -> None:
    org.change({"op": "create", "object": "Account", "values": {"Name": "x"}})
    assert tables.execute("SELECT name FROM account").fetchall() == [("x",)]
    org.call("PATCH", "/objects/Account", {"add_fields": [{"name": "Late__c", "type": "string", "length": 20}]})
    org.change({"op": "update", "object": "Account", "id": org.records("Account")[0]["Id"], "values": {"Late__c": "y"}})
    tables.execute("ALTER FOREIGN TABLE account ADD COLUMN late__c text OPTIONS (field 'Late__c')")
    assert tables.execute("SELECT late__c FROM account").fetchall() == [("y",)]
