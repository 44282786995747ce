"""Describes are remembered, shared, confirmed and forgotten."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sffdw import describe as module
from sffdw.connection import Connection
from sffdw.describe import describe, described, forget
from sffdw.errors import Error
from sffdw.host import Host
from sffdw.options import Settings
from tests.unit.wrapper.conftest import INVOICE, FakeClient, field_of


def another(settings: Settings, host: Host) -> tuple[Connection, FakeClient]:
    made, client = Connection(settings, host), FakeClient()
    made.__dict__["client"] = client
    return made, client


def test_a_describe_is_asked_for_once_by_all_backends(
        connection: Connection, client: FakeClient, settings: Settings, host: Host) -> None:
    assert describe(connection, "invoice__C").name == "Invoice__c"
    assert describe(connection, "INVOICE__c").field("TOTAL__C").sf_type == "currency"
    other, other_client = another(settings, host)
    assert describe(other, "Invoice__c").name == "Invoice__c"
    assert (client.describe_count, other_client.describe_count) == (1, 0)


def test_case_55_backends_that_need_a_describe_at_once_ask_once(settings: Settings) -> None:
    asked: list[str] = []

    def slow(name: str, since: str | None) -> tuple[dict[str, Any], None]:
        asked.append(name)
        threading.Event().wait(0.05)
        return INVOICE, None

    def ask(number: int) -> str:
        host = Host(lambda work, stop: work(), lambda seconds: threading.Event().wait(seconds), lambda text, hint: None)
        made, client = another(settings, host)
        client.describe = slow  # type: ignore[assignment, method-assign]
        return describe(made, "Invoice__c").name

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(16))) == {"Invoice__c"}
    assert asked == ["Invoice__c"]


def test_case_55_an_old_describe_is_confirmed_by_a_conditional_request(
        connection: Connection, client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def answer(name: str, since: str | None) -> tuple[dict[str, Any] | None, str | None]:
        asked.append(since)
        return (None, since) if since else (INVOICE, "Mon, 13 Nov 2023 22:00:00 GMT")

    monkeypatch.setattr(client, "describe", answer)
    clock = [1_000.0]
    monkeypatch.setattr(module.time, "time", lambda: clock[0])
    first = describe(connection, "Invoice__c")
    clock[0] += 899
    assert describe(connection, "Invoice__c") is first
    clock[0] += 2
    assert describe(connection, "Invoice__c") is first
    assert asked == [None, "Mon, 13 Nov 2023 22:00:00 GMT"]
    describe(connection, "Invoice__c", max_age_s=-1)
    forget(connection, "Invoice__c")
    describe(connection, "Invoice__c")
    assert asked[2:] == ["Mon, 13 Nov 2023 22:00:00 GMT", None]


def test_a_describe_as_fresh_as_its_own_stamp_is_not_asked_for_by_it(connection: Connection, client: FakeClient,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def answer(name: str, since: str | None) -> tuple[dict[str, Any], str]:
        asked.append(since)
        return INVOICE, "Tue, 14 Nov 2023 22:13:19 GMT"

    monkeypatch.setattr(client, "describe", answer)
    describe(connection, "Invoice__c")
    describe(connection, "Invoice__c", max_age_s=-1)
    assert asked == [None, None]


@pytest.mark.parametrize("name", ["Nope__c", "_soql"])
def test_an_unknown_object_is_named(connection: Connection, name: str) -> None:
    with pytest.raises(Error) as caught:
        describe(connection, name)
    assert caught.value.sqlstate == "SF007"
    assert name in str(caught.value)


def test_an_unknown_field_is_named(connection: Connection) -> None:
    with pytest.raises(Error) as caught:
        describe(connection, "Invoice__c").field("Nope__c")
    assert caught.value.sqlstate == "SF008"
    assert '"Invoice__c"' in str(caught.value)
    assert '"Nope__c"' in str(caught.value)


def test_a_damaged_shared_describe_is_replaced(connection: Connection, client: FakeClient) -> None:
    describe(connection, "Invoice__c")
    name = next(path.name for path in connection.spool.directory.glob("*.json"))
    connection.spool.write(name, b'{"raw":')
    connection.describes.clear()
    assert describe(connection, "Invoice__c").name == "Invoice__c"
    assert client.describe_count == 2


def test_case_53_fields_whose_columns_would_meet_get_distinct_ones() -> None:
    def columns(*names: str) -> list[str]:
        fields = described({"name": "X", "fields": [field_of(name, "string") for name in names]}).fields.values()
        return [field.column_name for field in fields]

    names = ["L" * 70 + "a__c", "L" * 70 + "b__c", "Order__c", "ns__Order__c", "Order"]
    assert len(set(columns(*names))) == len(names)
    assert all(len(name.encode()) <= 63 for name in columns(*names))
    assert columns(*reversed(names)) == [columns(name)[0] for name in reversed(names)], "whatever else there is"
