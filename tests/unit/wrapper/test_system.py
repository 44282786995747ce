"""System tables: arguments are conditions, rows come in the table's order."""

import datetime as dt
from typing import Any

import pytest

from sffdw import system
from sffdw.client import Deletions, Page
from sffdw.connection import Connection
from sffdw.errors import Error
from sffdw.system import open_table
from sffdw.system.soql import object_of
from sffdw.system.table import SystemTable
from sffdw.types import parse_json
from tests.unit.wrapper.conftest import FakeClient
from tests.unit.wrapper.test_planner import Q


def opened(name: str, connection: Connection) -> SystemTable:
    return open_table(name, connection, tuple(column.name for column in system.table_class(name).columns))


def read(name: str, connection: Connection, *quals: Q) -> list[dict[str, Any]]:
    table = opened(name, connection)
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows(quals, names, [], None, None)]


@pytest.mark.parametrize("name", system.NAMES)
def test_every_system_table_has_columns_and_its_name(name: str) -> None:
    found = system.table_class(name)
    assert found.name == name
    assert len({column.name for column in found.columns}) == len(found.columns) > 1


@pytest.mark.parametrize(("name", "missing"), [
    ("_fields", "object_name"), ("_soql", "query"), ("_deleted", "object_name"), ("_updated", "object_name"),
    ("_write", "batch_id"), ("_bulk_results", "job_id"), ("_ingest_results", "job_id"), ("_bulk_pages", "job_id"),
    ("_picklist_values", "object_name"), ("_relationships", "object_name"), ("_schema_changes", "known")])
def test_a_missing_argument_is_an_error_that_names_it(name: str, missing: str, connection: Connection) -> None:
    with pytest.raises(Error) as caught:
        read(name, connection)
    assert caught.value.sqlstate == "HV002"
    assert missing in str(caught.value)
    assert missing in str(caught.value.hint)


@pytest.mark.parametrize(("name", "keys"), [
    ("_fields", [("object_name",)]), ("_soql", [("query",), ("query", "scope")]),
    ("_deleted", [("object_name", "start_at", "end_at")]), ("_write", [("batch_id",)]),
    ("_record_counts", [("object_name",)]), ("_limits", []),
    ("_bulk_results", [("job_id",), ("job_id", "locator"), ("job_id", "max_records"),
                       ("job_id", "locator", "max_records")])])
def test_joins_may_give_the_arguments(name: str, keys: list[tuple[str, ...]], connection: Connection) -> None:
    assert [key for key, _ in opened(name, connection).path_keys()] == keys


def test_arguments_are_echoed_as_given(connection: Connection) -> None:
    rows = read("_fields", connection, Q("object_name", "=", "INVOICE__C"))
    assert {row["object_name"] for row in rows} == {"INVOICE__C"}
    total = next(row for row in rows if row["field_name"] == "Total__c")
    assert (total["column_name"], total["heroku_type"], total["precise_type"], total["createable"]) == (
        "total__c", "double precision", "numeric", True)


def test_a_list_asks_for_each_of_its_values(connection: Connection) -> None:
    rows = read("_fields", connection, Q("object_name", ("=", True), ["Invoice__c", None, "invoice__c", "Invoice__c"]))
    assert {row["object_name"] for row in rows} == {"Invoice__c", "invoice__c"}


def test_an_argument_that_is_no_name_is_refused(connection: Connection) -> None:
    with pytest.raises(Error, match="object_name") as caught:
        read("_fields", connection, Q("object_name", "=", "a/../b"))
    assert caught.value.sqlstate == "HV002"


def test_picklists_and_relationships_come_from_describe(connection: Connection) -> None:
    values = read("_picklist_values", connection, Q("object_name", "=", "Invoice__c"))
    assert [(row["field_name"], row["position"], row["value"], row["active"]) for row in values] == [
        ("Level__c", 1, "low", True), ("Level__c", 2, "high", False)]
    relation, = read("_relationships", connection, Q("object_name", "=", "Invoice__c"))
    assert (relation["child_object_name"], relation["cascade_delete"]) == ("Line__c", True)


# --- _soql ---

def soql(connection: Connection, query: str, *quals: Q) -> list[Any]:
    return [parse_json(row["record"]) for row in read("_soql", connection, Q("query", "=", query), *quals)]


def test_soql_gives_records_as_they_are(connection: Connection, client: FakeClient) -> None:
    client.answers = [[Page([{"attributes": {"type": "X"}, "N": parse_json("1.10"), "P": {"Name": "a"}}], 1, None)]]
    assert soql(connection, "SELECT N, P.Name FROM X") == [{"attributes": {"type": "X"}, "N": parse_json("1.10"),
    "P": {"Name": "a"}}]
    assert client.statements == ["SELECT N, P.Name FROM X"]


def test_soql_counts_are_a_row(connection: Connection, client: FakeClient) -> None:
    client.answers = [[Page([], 42, None)]]
    assert soql(connection, " select Count ( ) from X") == [{"totalSize": 42}]


def test_soql_fetches_the_rest_of_child_results(connection: Connection, client: FakeClient,
monkeypatch: pytest.MonkeyPatch) -> None:
    client.answers = [[Page([{"Lines__r": {"done": False, "nextRecordsUrl": "/more", "records": [{"N": 1}]},
    "None__r": None}], 1, None)]]
    monkeypatch.setattr(client, "more", lambda url: Page([{"N": 2}], 2, None), raising=False)
    assert soql(connection, "SELECT x")[0]["Lines__r"] == {"done": True, "records": [{"N": 1}, {"N": 2}]}


def test_an_unknown_scope_is_refused(connection: Connection) -> None:
    with pytest.raises(Error, match="scope"):
        soql(connection, "SELECT x", Q("scope", "=", "some"))


# --- _deleted ---

WINDOW = (Q("object_name", "=", "Invoice__c"), Q("start_at", "=", "2025-01-01 00:00:00+00"),
          Q("end_at", "=", "2025-01-01T12:00:00Z"))


@pytest.mark.parametrize(("covered", "available", "count"), [
    ("2025-01-01T12:00:00.000+0000", "2024-12-01T00:00:00.000+0000", 0),
    ("2025-01-01T11:59:30.000+0000", None, 0), ("2025-01-01T11:00:00.000+0000", None, 1),
    ("2025-01-01T12:00:00.000+0000", "2025-01-01T06:00:00.000+0000", 1)])
def test_case_17_bounds_are_told_although_nothing_was_deleted(
        connection: Connection, client: FakeClient, covered: str, available: str | None, count: int) -> None:
    client.deletions = Deletions([], covered, available)
    rows = read("_deleted", connection, *WINDOW)
    assert len(rows) == count
    assert all(row["record_id"] is None and row["latest_covered_at"] == covered for row in rows)


def test_deletions_are_rows(connection: Connection, client: FakeClient) -> None:
    client.deletions = Deletions([("a00000000000001AAA", "2025-01-01T01:00:00.000+0000")],
    "2025-01-01T11:00:00.000+0000", None)
    row, = read("_deleted", connection, *WINDOW)
    assert (row["record_id"], row["start_at"]) == ("a00000000000001AAA", "2025-01-01 00:00:00+00")


@pytest.mark.parametrize(("text", "want"), [
    ("2025-01-01 00:00:00+00", dt.datetime(2025, 1, 1, tzinfo=dt.UTC)),
    ("2025-01-01 05:30:00.123456+05:30", dt.datetime(2025, 1, 1, 0, 0, 0, 123_456, dt.UTC)),
    ("2025-01-01", dt.datetime(2025, 1, 1, tzinfo=dt.UTC)),
    ("2025-01-01T00:00:00.5Z", dt.datetime(2025, 1, 1, 0, 0, 0, 500_000, dt.UTC))])
def test_times_are_read_as_postgresql_and_iso_write_them(connection: Connection, text: str, want: dt.datetime) -> None:
    assert opened("_deleted", connection).time_argument({"start_at": text}, "start_at") == want


def test_a_time_that_is_none_is_refused(connection: Connection) -> None:
    with pytest.raises(Error, match="start_at"):
        opened("_deleted", connection).time_argument({"start_at": "soon"}, "start_at")


# --- _write ---

BATCH = "11111111-1111-1111-1111-111111111111"
ENTRY = {"batch_id": BATCH, "position": 1, "object_name": "Invoice__c", "operation": "insert", "record": '{"Name":"x"}'}


def test_changes_are_sent_when_the_statement_ends_and_no_select_sends_anything(
        connection: Connection, client: FakeClient) -> None:
    table = opened("_write", connection)
    table.insert([ENTRY, ENTRY | {"position": 2, "operation": "UPDATE",
    "record": '{"ID":"a00000000000001AAA","N":1.10}'}])
    assert read("_write", connection, Q("batch_id", "=", BATCH)) == []
    assert client.saved == []
    table.end()
    rows = read("_write", connection, Q("batch_id", "=", BATCH.upper()))
    rows = read("_write", connection, Q("batch_id", "=", BATCH))
    assert [(row["position"], row["operation"], row["success"], row["created"]) for row in rows] == [
        (1, "insert", True, True), (2, "update", True, False)]
    assert [saved[0] for saved in client.saved] == ["insert", "update"]
    assert client.saved[1][2] == [{"Id": "a00000000000001AAA", "N": parse_json("1.10")}]


def test_results_outlive_the_table_instance_but_not_a_failed_statement(connection: Connection,
client: FakeClient) -> None:
    table = opened("_write", connection)
    table.insert([ENTRY])
    table.begin()
    table.end()
    assert client.saved == []


@pytest.mark.parametrize(("change", "says"), [
    ({"operation": "merge"}, "operation"), ({"position": None}, "position"), ({"object_name": "a b"}, "object_name"),
    ({"batch_id": "x"}, "batch_id"), ({"record": "[]"}, "record"), ({"record": "{"}, "record"),
    ({"record": None}, "record"),
    ({"operation": "delete"}, "Id"), ({"operation": "upsert"}, "external_id_field"),
    ({"operation": "upsert", "external_id_field": "a/b"}, "external_id_field")])
def test_entries_that_cannot_be_sent_are_refused_before_anything_is(
        connection: Connection, client: FakeClient, change: dict[str, Any], says: str) -> None:
    with pytest.raises(Error, match=says) as caught:
        opened("_write", connection).insert([ENTRY | change])
    assert caught.value.sqlstate == "22000"
    assert client.saved == []


WRITABLE = ("_write", "_sync_write", "_intents", "_bulk_jobs", "_ingest_records")


@pytest.mark.parametrize("name", [name for name in system.NAMES if name not in WRITABLE])
def test_other_system_tables_cannot_be_written(name: str, connection: Connection) -> None:
    table = opened(name, connection)
    for change in (lambda: table.insert([{}]), table.rowid, lambda: table.update("x", {}), lambda: table.delete("x")):
        with pytest.raises(Error) as caught:
            change()
        assert caught.value.sqlstate == "0A000"
        assert name in str(caught.value)


def changes(connection: Connection, known: str) -> list[dict[str, Any]]:
    return read("_schema_changes", connection, Q("known", "=", known))


def test_objects_are_asked_for_together_and_unchanged_ones_give_no_row(connection: Connection,
                                                                       client: FakeClient) -> None:
    first = changes(connection, '{"Invoice__c": "", "Gone__c": "x"}')
    assert [(row["object_name"], row["is_found"]) for row in first] == [("Invoice__c", True), ("Gone__c", False)]
    digest = first[0]["digest"]
    assert changes(connection, f'{{"Invoice__c": "{digest}"}}') == []
    assert client.asked == [{"Invoice__c": None, "Gone__c": None}, {"Invoice__c": "Mon, 13 Nov 2023 22:00:00 GMT"}]
    fields = parse_json(first[0]["fields"])
    assert fields["level__c"]["picklist_values"] == ["low"]
    assert fields["notes__c"]["heroku_type"] == "text"


def test_an_object_without_a_digest_is_fetched_whatever_is_remembered(connection: Connection,
                                                                      client: FakeClient) -> None:
    assert len(changes(connection, '{"Invoice__c": null}') + changes(connection, '{"Invoice__c": null}')) == 2
    assert client.asked == [{"Invoice__c": None}] * 2


@pytest.mark.parametrize("known", ["", "[]", "3", '{"no name": null}', "{"])
def test_what_is_known_must_be_objects_with_digests(connection: Connection, known: str) -> None:
    with pytest.raises(Error) as caught:
        changes(connection, known)
    assert caught.value.sqlstate == "HV002"
    assert "JSON object" in str(caught.value.hint)


@pytest.mark.parametrize(("statement", "want"), [
    ("SELECT Id FROM Account", "Account"), ("select count() from Invoice__c where Name = 'x'", "Invoice__c"),
    ("SELECT Id, (SELECT Id FROM Contacts WHERE (Name = 'a)')) FROM Account", "Account"),
    ("SELECT Id FROM Account WHERE Name = ' FROM Lead ' AND Id IN (SELECT AccountId FROM Contact)", "Account"),
    ("SELECT Name, COUNT(Id) FROM\nCase GROUP BY Name", "Case"), ("SELECT Id WHERE Name = '\\' FROM Lead'", None),
    ("nonsense", None)])
def test_the_object_of_a_statement_is_the_one_it_reads_from(statement: str, want: str | None) -> None:
    assert object_of(statement) == want
