"""System tables against an org."""

import datetime as dt
import uuid
from typing import Any

import psycopg
import pytest

from tools.sandbox import Sandbox

Session = psycopg.Connection[Any]


def one(session: Session, query: str, *values: Any) -> Any:
    row = session.execute(query, values).fetchone()
    assert row is not None
    return row


def test_session_says_who_we_are(tables: Session, org: Sandbox) -> None:
    overview = org.call("GET", "/")
    row = one(tables, "SELECT org_id, username, instance_url, api_version, login_url, user_id LIKE '005%%', "
                      "authenticated_at IS NOT NULL FROM _session")
    assert row == (overview["org_id"], "integration@sandbox.example", org.url, "62.0", org.url, True, True)


def test_case_5_server_time_is_salesforces(tables: Session, org: Sandbox) -> None:
    tables.execute("SELECT * FROM _session")
    org.call("PUT", "/clock", {"advance_s": 86400})
    ahead, = one(tables, "SELECT server_time - now() FROM _session")
    assert dt.timedelta(hours=23, minutes=59) < ahead < dt.timedelta(hours=24, minutes=1)


def test_session_spends_no_api_call(tables: Session, calls: Any) -> None:
    tables.execute("SELECT * FROM _session")
    calls()
    tables.execute("SELECT * FROM _session")
    assert set(calls()) <= {"versions"}


def test_objects_and_fields(tables: Session, calls: Any) -> None:
    assert one(tables, "SELECT key_prefix, queryable, createable, custom FROM _objects WHERE object_name = "
                       "'Account'") == (
        "001", True, True, False)
    calls()
    rows = tables.execute("SELECT o.object_name, count(*) FROM _objects o JOIN LATERAL (SELECT * FROM _fields f "
                          "WHERE f.object_name = o.object_name) f ON true WHERE o.object_name IN ('Account', "
                          "'Contact') "
                          "GROUP BY 1 ORDER BY 1").fetchall()
    assert [name for name, _ in rows] == ["Account", "Contact"]
    assert calls() == {"describe_global": 1, "describe": 2}
    assert one(tables, "SELECT column_name, type, heroku_type, precise_type, createable, reference_to FROM _fields "
                       "WHERE object_name = 'contact' AND field_name = 'AccountId'") == (
        "accountid", "reference", "varchar(18)", "varchar(18)", True, ["Account"])


def test_a_field_made_now_is_seen_now(tables: Session, org: Sandbox) -> None:
    tables.execute("SELECT * FROM _fields WHERE object_name = 'Account'")
    org.call("PATCH", "/objects/Account", {"add_fields": [{"name": "Fresh__c", "type": "string", "length": 12}]})
    assert one(tables, "SELECT heroku_type FROM _fields WHERE object_name = 'Account' AND field_name = 'Fresh__c'") == (
        "varchar(12)",)


def test_limits_and_counts(tables: Session, org: Sandbox) -> None:
    org.change(*({"op": "create", "object": "Account", "values": {"Name": f"n{n}"}} for n in range(3)))
    row = one(tables, "SELECT max_count, used_count, remaining_count FROM _limits WHERE limit_name = "
                      "'DailyApiRequests'")
    assert row[0] == row[1] + row[2]
    counts = tables.execute("SELECT object_name, record_count FROM _record_counts "
                            "WHERE object_name = 'Account'").fetchall()
    assert counts in ([], [("Account", 3)])


def test_soql_takes_any_statement(tables: Session, org: Sandbox) -> None:
    results = org.change({"op": "create", "object": "Account", "values": {"Name": "it's", "AnnualRevenue": 1234567}})
    org.change(*({"op": "create", "object": "Contact", "values": {"LastName": f"c{n}", "AccountId": results[0]["id"]}}
                 for n in range(3)))
    query = "SELECT Name, AnnualRevenue, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account"
    assert one(tables, "SELECT record->>'Name', (record->>'AnnualRevenue')::numeric, "
                       "jsonb_path_query_array(record, '$.Contacts.records[*].LastName') FROM _soql WHERE query = %s",
               query) == ("it's", 1234567, ["c0", "c1", "c2"])
    assert one(tables, "SELECT record->>'totalSize' FROM _soql WHERE query = 'SELECT COUNT() FROM Contact'") == ("3",)
    assert one(tables, "SELECT record->>'n' FROM _soql WHERE query = 'SELECT COUNT(Id) n FROM Contact'") == ("3",)


@pytest.mark.parametrize(("query", "sqlstate"), [
    ("SELECT * FROM _soql", "HV002"), ("SELECT * FROM _soql WHERE query = 'SELEC'", "SF009"),
    ("SELECT * FROM _soql WHERE query = 'SELECT Nope FROM Account'", "SF008"),
    ("SELECT * FROM _soql WHERE query = 'SELECT Id FROM Nope__c'", "SF007"), ("SELECT * FROM _fields", "HV002"),
    ("SELECT * FROM _fields WHERE object_name = 'Nope__c'", "SF007"),
    ("SELECT * FROM _deleted WHERE object_name = 'Account' AND start_at = '2025-01-01'", "HV002"),
    ("INSERT INTO _limits (limit_name) VALUES ('x')", "0A000"), ("DELETE FROM _objects", "0A000")])
def test_wrong_questions_are_refused(tables: Session, query: str, sqlstate: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        tables.execute(query)  # type: ignore[call-overload]
    assert caught.value.sqlstate == sqlstate


def test_case_16_hard_deletes_are_in_the_delete_log(tables: Session, org: Sandbox) -> None:
    made = org.change(*({"op": "create", "object": "Account", "values": {"Name": f"n{n}"}} for n in range(3)))
    org.change({"op": "delete", "object": "Account", "id": made[0]["id"]},
               {"op": "hard_delete", "object": "Account", "id": made[1]["id"]})
    org.call("PUT", "/clock", {"advance_s": 120})
    rows = tables.execute("SELECT d.record_id, d.deleted_at BETWEEN s.server_time - interval '10 minutes' AND "
                          "s.server_time, "
                          "d.latest_covered_at IS NOT NULL FROM _session s JOIN LATERAL (SELECT * FROM _deleted d "
                          "WHERE d.object_name = 'Account' AND d.start_at = (s.server_time - interval '1 hour')::text "
                          "AND d.end_at = s.server_time::text) d ON true").fetchall()
    assert sorted(rows) == sorted([(made[0]["id"], True, True), (made[1]["id"], True, True)])


def test_updated_lists_what_changed(tables: Session, org: Sandbox) -> None:
    made = org.change({"op": "create", "object": "Account", "values": {"Name": "x"}})
    org.call("PUT", "/clock", {"advance_s": 120})
    start, end = one(tables, "SELECT (server_time - interval '1 hour')::text, server_time::text FROM _session")
    assert tables.execute("SELECT record_id FROM _updated WHERE object_name = 'Account' AND start_at = %s AND "
                          "end_at = %s",
                          [start, end]).fetchall() == [(made[0]["id"],)]


# --- _write ---

RESULTS = ("SELECT position, success, created, status_code, http_status, transient FROM _write WHERE batch_id = %s "
           "ORDER BY position")


def write(session: Session, *entries: tuple[str, str, str | None, str]) -> str:
    """Send entries (object, operation, external id field, record) as one statement; the batch's id."""
    batch = str(uuid.uuid4())
    session.execute(
        "INSERT INTO _write (batch_id, position, object_name, operation, external_id_field, record) "
        "SELECT %s, n, o, p, e, r::jsonb FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) "
        "WITH ORDINALITY AS t(o, p, e, r, n)", [batch, *map(list, zip(*entries, strict=True))])
    return batch


def test_write_gives_a_result_for_each_entry(tables: Session, org: Sandbox, calls: Any) -> None:
    org.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "Key__c", "type": "string", "length": 80, "externalId": True, "unique": True}]})
    there = org.change({"op": "create", "object": "Account", "values": {"Name": "there", "Key__c": "k1"}})[0]["id"]
    calls()
    batch = write(tables, ("Account", "insert", None, '{"Name":"a"}'), ("Account", "insert", None, '{"Phone":"1"}'),
                  ("Account", "upsert", "Key__c", '{"Key__c":"k1","Name":"b"}'),
                  ("Account", "upsert", "Key__c", '{"Key__c":"k2","Name":"c"}'),
                  ("Account", "update", None, f'{{"Id":"{there}","Phone":"2"}}'),
                  ("Account", "delete", None, f'{{"Id":"{there}"}}'),
                  ("Account", "delete", None, '{"Id":"001000000000000AAA"}'))
    assert calls() == {"composite": 1}
    rows = tables.execute(RESULTS, [batch]).fetchall()
    assert [row[1:3] for row in rows] == [(True, True), (False, None), (True, False), (True, True), (True, False),
                                          (True, False), (False, None)]
    assert rows[1][3:] == ("REQUIRED_FIELD_MISSING", 400, False)
    assert calls() == {}
    assert sorted(record["Name"] for record in org.records("Account")) == ["a", "c"]
    assert one(tables, "SELECT record_id, fields FROM _write WHERE batch_id = %s AND position = 2", batch) == (None,
    ["Name"])


def test_no_select_writes_again(tables: Session, org: Sandbox, calls: Any) -> None:
    batch = write(tables, ("Account", "insert", None, '{"Name":"a"}'))
    calls()
    for _ in range(2):
        tables.execute("EXPLAIN ANALYZE SELECT * FROM _write WHERE batch_id = %s", [batch])
    assert calls() == {}
    assert len(org.records("Account")) == 1


def test_a_failed_statement_sends_nothing(tables: Session, org: Sandbox) -> None:
    with pytest.raises(psycopg.Error) as caught:
        write(tables, ("Account", "insert", None, '{"Name":"a"}'), ("Account", "merge", None, "{}"))
    assert caught.value.sqlstate == "22000"
    write(tables, ("Account", "insert", None, '{"Name":"b"}'))
    assert [record["Name"] for record in org.records("Account")] == ["b"]


def test_case_70_a_lost_reply_leaves_the_result_open(tables: Session, org: Sandbox, fault: Any) -> None:
    fault("reply.lost", kind="composite", calls="1")
    batch = write(tables, ("Account", "insert", None, '{"Name":"a"}'), ("Contact", "insert", None, '{"LastName":"b"}'),
                  ("Lead", "insert", None, '{"LastName":"c","Company":"d"}'),
                  ("Campaign", "insert", None, '{"Name":"e"}'),
                  ("Case", "insert", None, '{"Subject":"f"}'), ("Task", "insert", None, '{"Subject":"g"}'))
    rows = tables.execute(RESULTS, [batch]).fetchall()
    # Five kinds share a request; the sixth would have been the next.
    assert [row[1] for row in rows] == [None] * 5 + [False]
    assert (rows[5][3], rows[5][5]) == ("NOT_SENT", True)


@pytest.mark.parametrize(("parallel", "want"), [
    pytest.param(5, {True: 20, None: 10}, id="at the same time"),
    pytest.param(1, {True: 10, None: 10, False: 10}, id="one after the other"),
])
def test_case_70_of_requests_on_the_wire_only_the_unanswered_one_is_in_doubt(
        database: Session, tables: Session, org: Sandbox, fault: Any, parallel: int,
        want: dict[bool | None, int]) -> None:
    database.execute(f"ALTER SERVER sf OPTIONS (ADD parallel_requests '{parallel}')")  # type: ignore[call-overload]
    database.commit()
    fault("reply.lost", kind="composite", calls="2")
    batch = str(uuid.uuid4())
    tables.execute("INSERT INTO _write (batch_id, position, object_name, operation, record, request_size) "
                   "SELECT %s, n, 'Account', 'insert', jsonb_build_object('Name', n::text), 2 "
                   "FROM generate_series(1, 30) n", [batch])
    assert dict(tables.execute("SELECT success, count(*) FROM _write WHERE batch_id = %s GROUP BY success",
                               [batch]).fetchall()) == want
    sent = {int(record["Name"]) for record in org.records("Account")}
    answered = tables.execute("SELECT position FROM _write WHERE batch_id = %s AND success", [batch]).fetchall()
    assert {position for position, in answered} <= sent
    assert len(sent) == 30 - want.get(False, 0)


def test_case_69_locked_rows_are_transient(tables: Session, org: Sandbox, fault: Any) -> None:
    fault("row.locked", calls="1")
    batch = write(tables, ("Account", "insert", None, '{"Name":"a"}'))
    assert tables.execute(RESULTS, [batch]).fetchall()[0][3:] == ("UNABLE_TO_LOCK_ROW", 400, True)


def test_case_69_a_vanished_field_fails_only_the_entries_that_name_it(tables: Session, org: Sandbox) -> None:
    batch = write(tables, ("Account", "insert", None, '{"Name":"a"}'),
    ("Account", "insert", None, '{"Name":"b","Gone__c":1}'),
                  ("Account", "insert", None, '{"Name":"c"}'))
    rows = tables.execute(RESULTS, [batch]).fetchall()
    assert [row[1] for row in rows] == [True, False, True]
    assert (rows[1][3], rows[1][5]) == ("INVALID_FIELD", False)
