"""An object as a foreign table: rows in the table's order, pages that lose nothing, changes by API name."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from sffdw.answers import refused
from sffdw.client import Page
from sffdw.connection import Connection
from sffdw.errors import Error, FieldUnknown, LocatorExpired
from sffdw.live import SYSTEM_COLUMNS, ObjectTable
from sffdw.options import TableOptions
from tests.unit.wrapper.conftest import FakeClient
from tests.unit.wrapper.test_planner import Key, Q

LOCATOR = LocatorExpired("gone")


@dataclass
class Definition:
    options: dict[str, str] = field(default_factory=dict)


COLUMNS = {
    "id": "Id", "name": "Name", "total__c": "Total__c", "paid__c": "Paid__c", "due__c": "Due__c",
    "count__c": "Count__c",
    "systemmodstamp": "SystemModstamp", "account__c": "Account__c", "notes__c": "Notes__c", "at__c": "At__c",
    "place__c": "Place__c", "code__c": "Code__c"}


def table_of(connection: Connection, *, names: Iterable[str] = COLUMNS, has_system: bool = False,
             is_assigned: bool = True, **options: Any) -> ObjectTable:
    columns = {name: Definition({"field": COLUMNS[name]} if name in COLUMNS else {}) for name in names}
    columns |= dict.fromkeys(SYSTEM_COLUMNS, Definition()) if has_system else {}
    return ObjectTable(connection, TableOptions("Invoice__c", **options), columns, gives_assigned_only=is_assigned)


def record(number: int, **values: Any) -> dict[str, Any]:
    url = f"/services/data/v62.0/sobjects/Invoice__c/a00{number:012d}AAA"
    return {"attributes": {"type": "Invoice__c", "url": url}, **values}


def page(*records: dict[str, Any], next_url: str | None = None) -> Page:
    return Page(list(records), len(records), next_url)


def read(table: ObjectTable, quals: Iterable[Q] = (), columns: Iterable[str] = ("name",), sortkeys: Iterable[Key] = (),
         limit: int | None = None, offset: int | None = None) -> list[list[Any]]:
    return [list(row) for row in table.rows(list(quals), columns, list(sortkeys), limit, offset)]


def test_rows_are_in_the_tables_order_with_converted_values(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(record(1, Name="x", Count__c=Decimal("5.0"), At__c="10:00:00.000Z", Place__c=None),
                            record(2, Name=None, Count__c=None, At__c=None, Place__c={"latitude": Decimal("1.50")}))]]
    rows = read(table_of(connection, names=["at__c", "name", "total__c", "place__c", "count__c"]),
                columns={"name", "count__c", "at__c", "place__c"})
    assert rows == [["10:00:00.000", "x", None, None, 5], [None, None, None, '{"latitude":1.50}', None]]
    assert client.statements == ["SELECT At__c, Name, Place__c, Count__c FROM Invoice__c ORDER BY Id ASC NULLS FIRST"]


def test_a_table_of_one_column_gives_rows_of_one_value(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(record(1, Name="x"))]]
    assert read(table_of(connection, names=["name"])) == [["x"]]


def test_arguments_are_echoed_and_choose_the_scope(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(record(1, Name="x"))]]
    quals = [Q("_scope", "=", "all"), Q("_purpose", "=", "poll")]
    table = table_of(connection, names=["name"], has_system=True)
    row = dict(zip(["name", *SYSTEM_COLUMNS], read(table, quals, ["name", "_scope", "_purpose"])[0], strict=True))
    assert row == dict.fromkeys(SYSTEM_COLUMNS) | {"name": "x", "_scope": "all", "_purpose": "poll"}


@pytest.mark.parametrize(("name", "value"), [("_scope", "some"), ("_page_size", "0"), ("_page_size", "x"),
("_after", "x")])
def test_wrong_arguments_are_refused_by_name(connection: Connection, name: str, value: str) -> None:
    with pytest.raises(Error, match=name) as caught:
        read(table_of(connection, has_system=True), [Q(name, "=", value)])
    assert caught.value.sqlstate == "HV002"


def test_a_column_without_option_is_found_by_its_name(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(record(1, Tags__c="a;b"))]]
    table = ObjectTable(connection, TableOptions("invoice__C"), {"tags__c": Definition()}, gives_assigned_only=True)
    assert read(table, columns=["tags__c"]) == [["a;b"]]


def test_case_49_a_field_that_is_gone_fails_only_who_asks_for_it(connection: Connection, client: FakeClient) -> None:
    table = table_of(connection, names=["name", "gone__c"])
    client.answers = [[page(record(1, Name="x"))]]
    assert read(table) == [["x", None]]
    with pytest.raises(FieldUnknown, match="gone__c"):
        read(table, columns=["name", "gone__c"])


def test_case_49_a_field_that_vanishes_meanwhile_makes_the_describe_be_asked_anew(
        connection: Connection, client: FakeClient) -> None:
    table = table_of(connection)
    client.answers = [[refused(400, [{"errorCode": "INVALID_FIELD",
    "message": "No such column 'Name' on entity 'X'."}])]]
    with pytest.raises(FieldUnknown):
        read(table)
    read(table)
    assert client.describe_count == 2


def test_parents_are_read_along_their_path(connection: Connection, client: FakeClient) -> None:
    table = ObjectTable(connection, TableOptions("Invoice__c"), {"owner": Definition({"field": "Owner.Name"})},
                        gives_assigned_only=True)
    client.answers = [[page(record(1, Owner={"attributes": {}, "Name": "Ann"}), record(2, Owner=None))]]
    assert read(table, columns=["owner"]) == [["Ann"], [None]]
    assert client.statements[0].startswith("SELECT Owner.Name FROM Invoice__c")


def test_limit_and_offset_are_applied_when_nothing_is_rechecked(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(*(record(n, Name=str(n)) for n in range(5)))]] * 2
    assert [row[1] for row in read(table_of(connection), limit=2, offset=1)] == ["1", "2"]
    assert client.statements[0].endswith("FROM Invoice__c LIMIT 3")
    quals = [Q("name", "=", "x")]
    assert len(read(table_of(connection), quals, limit=2)) == 5
    assert "LIMIT" not in client.statements[1]


def test_no_call_is_made_for_a_condition_that_nothing_meets(connection: Connection, client: FakeClient) -> None:
    assert read(table_of(connection), [Q("id", "=", "x")]) == []
    assert client.statements == []


def test_case_43_a_short_id_is_answered_with_a_warning(connection: Connection) -> None:
    table = table_of(connection)
    read(table, [Q("account__c", "=", "001A0000006Vm9u")])
    read(table, [Q("account__c", "=", "001A0000006Vm9u")])
    (message, hint), = connection.host.warn.seen  # type: ignore[attr-defined]
    assert "account__c" in message
    assert "001A0000006Vm9uIAC" in str(hint)


# --- cursors and pages ---

def test_case_11_a_full_scan_goes_on_behind_the_last_record_when_its_cursor_dies(
        connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(record(1, Name="1"), record(2, Name="2"), next_url="/more"), LOCATOR], [page(record(3,
    Name="3"))]]
    assert [row[1] for row in read(table_of(connection))] == ["1", "2", "3"]
    assert "WHERE Id > 'a00000000000002AAA' ORDER BY Id" in client.statements[1]


def test_case_11_a_scan_in_another_order_says_that_its_cursor_died(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(record(1, Name="1"), next_url="/more"), LOCATOR]]
    with pytest.raises(Error) as caught:
        read(table_of(connection), sortkeys=[Key("total__c")])
    assert caught.value.sqlstate == "SF005"


def stamped(number: int, at: str) -> dict[str, Any]:
    return record(number, Id=f"a00{number:012d}AAA", SystemModstamp=f"2025-01-01T00:00:{at}+0000")


def test_case_3_a_page_is_one_statement_and_ends_at_its_size(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(stamped(1, "01.000"), stamped(2, "01.000"))]]
    quals = [Q("_after", "=", "2025-01-01T00:00:01.000Z,a00000000000000AAA"), Q("_page_size", "=", "2"),
             Q("systemmodstamp", "<", dt.datetime(2025, 1, 2, tzinfo=dt.UTC))]
    rows = read(table_of(connection, names=["id", "systemmodstamp"], has_system=True), quals, ["id", "systemmodstamp"])
    assert [row[0] for row in rows] == ["a00000000000001AAA", "a00000000000002AAA"]
    assert client.statements == [
        "SELECT Id, SystemModstamp FROM Invoice__c WHERE SystemModstamp <= 2025-01-02T00:00:00Z AND "
        "(SystemModstamp > 2025-01-01T00:00:01Z OR "
        "(SystemModstamp = 2025-01-01T00:00:01Z AND Id > 'a00000000000000AAA')) "
        "ORDER BY SystemModstamp ASC NULLS FIRST, Id ASC NULLS FIRST LIMIT 2"]


def test_case_4_a_page_is_filled_when_times_are_dropped_for_their_fraction(
        connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(stamped(1, "01.200"), stamped(2, "01.700"))], [page(stamped(3, "02.000"), stamped(4,
    "03.000"))]]
    quals = [Q("_after", "=", "2025-01-01T00:00:01.500Z,"), Q("_page_size", "=", "2")]
    rows = read(table_of(connection, names=["id", "systemmodstamp"], has_system=True), quals, ["id", "systemmodstamp"])
    assert [row[0] for row in rows] == ["a00000000000002AAA", "a00000000000003AAA"]
    assert "LIMIT 2" in client.statements[0]


def test_case_4_a_position_within_a_second_skips_no_later_fraction(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(stamped(5, "01.200"), stamped(9, "01.500"), stamped(1, "01.700"), stamped(2, "02.000"))]]
    quals = [Q("_after", "=", "2025-01-01T00:00:01.500Z,a00000000000009AAA"), Q("_page_size", "=", "2")]
    rows = read(table_of(connection, names=["id", "systemmodstamp"], has_system=True), quals, ["id", "systemmodstamp"])
    assert [row[0] for row in rows] == ["a00000000000001AAA", "a00000000000002AAA"]
    assert "SystemModstamp >= 2025-01-01T00:00:01Z" in client.statements[0]
    assert "LIMIT" not in client.statements[0]


def test_case_11_a_page_goes_on_when_its_cursor_dies(connection: Connection, client: FakeClient) -> None:
    client.answers = [[page(stamped(1, "01.000"), next_url="/more"), LOCATOR], [page(stamped(2, "02.000"))]]
    quals = [Q("_after", "=", "2025-01-01T00:00:00Z,"), Q("_page_size", "=", "3")]
    rows = read(table_of(connection, names=["id", "systemmodstamp"], has_system=True), quals, ["id", "systemmodstamp"])
    assert len(rows) == 2
    assert client.statements[1].endswith("LIMIT 2")


def test_case_57_a_long_list_gives_each_record_once_and_in_order(connection: Connection, client: FakeClient) -> None:
    one, two, three, null = (record(n, Name="x", Total__c=total) for n, total in ((1, 3), (2, 1), (3, 2), (4, None)))
    client.answers = [[page(one, null)], [page(two, one)], [page(three)]]
    quals = [Q("name", ("=", True), [f"name {n} {'x' * 100}" for n in range(1800)])]
    rows = read(table_of(connection, names=["total__c", "name"]), quals, ["total__c"], [Key("total__c")])
    assert [row[0] for row in rows] == [1, 2, 3, None]
    assert len(client.statements) == 3


# --- planning ---

def test_explain_shows_statement_and_division_of_conditions(connection: Connection, client: FakeClient) -> None:
    quals = [Q("total__c", ">", Decimal(5)), Q("name", "=", "x"), Q("name", "<>", "y")]
    assert list(table_of(connection).explain(quals, ["name"], [Key("total__c")], None)) == [
        "SOQL: SELECT Name FROM Invoice__c WHERE Total__c > 5 AND Name = 'x' ORDER BY Total__c ASC NULLS LAST",
        "Transport: REST", "Pushed: total__c > 5", "Superset: name = x", "Local: name <> y"]
    assert client.statements == []


def test_keys_and_lookups_are_paths(connection: Connection) -> None:
    assert table_of(connection).path_keys() == [(("id",), 1), (("account__c",), 20), (("code__c",), 1)]


@pytest.mark.parametrize(("quals", "want"), [
    ([], 10_000), ([Q("id", "=", "x")], 1), ([Q("id", ("=", True), ["a", "b"])], 2), ([Q("name", "=", "x")], 200),
    ([Q("_page_size", "=", "50")], 50)])
def test_estimates_need_no_call(connection: Connection, client: FakeClient, quals: list[Q], want: int) -> None:
    assert table_of(connection, has_system=True).rel_size(quals, ["name"]) == (want, 32)
    assert client.describe_count == 0


def test_a_full_scan_teaches_the_estimate(connection: Connection, client: FakeClient) -> None:
    client.answers = [[Page([record(1, Name="x")], 77, None)]]
    read(table_of(connection))
    assert table_of(connection).rel_size([], ["name"])[0] == 77


# --- writing ---

def test_inserted_rows_come_back_with_their_ids(connection: Connection, client: FakeClient) -> None:
    table = table_of(connection)
    row = dict.fromkeys(COLUMNS) | {"name": "x", "total__c": Decimal("1.10"), "due__c": dt.date(2025, 1, 2)}
    assert table.insert([row])[0]["id"] == "a00000000000000AAA"
    assert client.saved == [("insert", "Invoice__c", [{"Name": "x", "Total__c": Decimal("1.10"),
    "Due__c": "2025-01-02"}], True)]


def test_a_batch_of_rows_keeps_its_order(connection: Connection, client: FakeClient) -> None:
    table = table_of(connection, batch_size=2, all_or_none=False)
    stored = table.insert([{"name": str(n)} for n in range(5)])
    assert [row["name"] for row in stored] == ["0", "1", "2", "3", "4"]
    assert [len(saved[2]) for saved in client.saved] == [2, 2, 1]
    assert [saved[3] for saved in client.saved] == [False] * 3


def test_updates_and_deletes_wait_for_the_end_of_the_statement(connection: Connection, client: FakeClient) -> None:
    table = table_of(connection)
    table.update("a00000000000001", {"id": "a00000000000001", "name": None, "total__c": 5})
    assert client.saved == []
    table.end()
    table.delete("a00000000000001AAA")
    table.end()
    assert [saved[:3] for saved in client.saved] == [
        ("update", "Invoice__c", [{"Id": "a00000000000001AAA", "Name": None, "Total__c": 5}]),
        ("delete", "Invoice__c", [{"Id": "a00000000000001AAA"}])]


def test_a_statement_that_failed_leaves_nothing_to_send(connection: Connection, client: FakeClient) -> None:
    table = table_of(connection)
    table.delete("a00000000000001AAA")
    table.begin()
    table.end()
    assert client.saved == []


Change = Callable[[ObjectTable], object]


@pytest.mark.parametrize(("change", "column"), [
    (lambda table: table.insert([{"systemmodstamp": dt.datetime(2025, 1, 1)}]), "systemmodstamp"),
    (lambda table: table.insert([{"place__c": "{}"}]), "place__c"), (lambda table: table.insert([{"id": "x"}]), "id"),
    (lambda table: table.insert([{"_scope": "all"}]), "_scope"),
    (lambda table: table.update("a00000000000001AAA", {"account__c": None}), "account__c"),
    (lambda table: table.update("a00000000000001AAA", {"id": "a00000000000002AAA"}), "id")])
def test_columns_that_salesforce_sets_are_refused_by_name(
        connection: Connection, client: FakeClient, change: Change, column: str) -> None:
    with pytest.raises(Error, match=f'"{column}"') as caught:
        change(table_of(connection, has_system=True))
    assert caught.value.sqlstate == "428C9"
    assert client.saved == []


@pytest.mark.parametrize("is_assigned", [True, False])
def test_a_host_that_gives_all_columns_has_only_changed_writable_ones_sent(
        connection: Connection, client: FakeClient, is_assigned: bool) -> None:
    record_id = "a00000000000001AAA"
    client.answers = [[page(record(1, Id=record_id, Name="old", Total__c=Decimal("5.00")))]]
    table = table_of(connection, is_assigned=is_assigned)
    table.update(record_id, dict.fromkeys(COLUMNS) | {"id": record_id, "name": "x", "total__c": 5, "account__c": "y"})
    table.end()
    assert client.saved[0][:3] == ("update", "Invoice__c", [{"Id": record_id, "Name": "x"}])


def test_a_value_that_salesforce_cannot_store_is_refused_by_column(connection: Connection) -> None:
    with pytest.raises(Error, match='"due__c"') as caught:
        table_of(connection).insert([{"due__c": dt.date(4500, 1, 1)}])
    assert caught.value.sqlstate == "22000"
