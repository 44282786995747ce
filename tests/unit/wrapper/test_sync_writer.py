"""Synchronous writes: all or none, on record before they are sent, and off it only when they surely had no effect."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sffdw.auth import Session
from sffdw.connection import Connection
from sffdw.errors import AuthenticationError, BudgetExhausted, Error, RequestError
from sffdw.intents import Intent, Intents
from sffdw.spool import Spool
from sffdw.sync_writer import Change, send_changes
from tests.unit.wrapper.conftest import FakeClient, Pauses
from tests.unit.wrapper.test_planner import Q
from tests.unit.wrapper.test_system import opened, read

WHO = Session("token", "http://127.0.0.1:9", org_id="00D000000000001EAA", user_id="005000000000001AAA", username="u")
BATCH = "3b241101-e2bb-4255-8caf-4136c566a962"


@pytest.fixture(autouse=True)
def identified(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.transport, "identify", lambda: WHO, raising=False)


def changes(count: int, operation: str = "insert") -> list[Change]:
    return [Change(BATCH, number, "Invoice__c", operation, None,
                   {"Name": str(number)} if operation == "insert" else {"Id": f"a00{number:012d}AAA"}, None, number, 7,
                   "here", "1234", WHO.org_id) for number in range(1, count + 1)]


def kept(connection: Connection) -> list[Intent]:
    return list(Intents(connection.spool).of("here", WHO.org_id, WHO.user_id))


def refusal(code: str) -> dict[str, Any]:
    return {"id": None, "success": False, "errors": [{"statusCode": code, "message": "no", "fields": ["Name"]}]}


def test_an_intent_is_on_disk_before_the_call_and_complete_after_it(connection: Connection, client: FakeClient) -> None:
    seen: list[Intent] = []

    def save(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        seen.extend(kept(connection))
        return [{"id": f"a0{record['Name']}", "success": True, "errors": []} for record in records]

    client.save_rule = save
    stored = list(send_changes(connection, changes(2)))
    assert [(one.change.local_id, one.record_id, one.is_created) for one in stored] == [
        (1, "a01", True), (2, "a02", True)]
    assert [(one.is_answered, one.transaction_id, len(one.changes)) for one in seen] == [(False, "1234", 2)]
    intent, = kept(connection)
    assert intent.is_answered
    assert [(change["local_id"], change["record_id"], change["created"]) for change in intent.changes] == [
        (1, "a01", True), (2, "a02", True)]
    assert client.saved[0][3] is True
    Intents(connection.spool).forget([intent.intent_id])
    assert kept(connection) == []


@pytest.mark.parametrize(("error", "sqlstate", "is_kept"), [
    (RequestError("cut", is_in_doubt=True), "SF012", True), (RequestError("no route"), "SF005", False),
    (BudgetExhausted("spent"), "SF003", False), (AuthenticationError("who"), "SF001", False)])
def test_only_what_surely_had_no_effect_is_off_the_record(connection: Connection, client: FakeClient, error: Error,
                                                          sqlstate: str, is_kept: bool) -> None:
    def fail(*_: Any) -> list[dict[str, Any]]:
        raise error

    client.save_rule = fail
    with pytest.raises(Error) as caught:
        list(send_changes(connection, changes(2)))
    assert caught.value.sqlstate == sqlstate
    assert [intent.is_answered for intent in kept(connection)] == [False] * is_kept


def test_an_interrupt_leaves_the_intent(connection: Connection, client: FakeClient) -> None:
    def interrupt(*_: Any) -> list[dict[str, Any]]:
        raise KeyboardInterrupt

    client.save_rule = interrupt
    with pytest.raises(KeyboardInterrupt):
        list(send_changes(connection, changes(1)))
    assert len(kept(connection)) == 1


def test_the_first_culprit_is_named_and_nothing_stays_on_record(connection: Connection, client: FakeClient) -> None:
    client.save_rule = lambda *_: [refusal("ALL_OR_NONE_OPERATION_ROLLED_BACK"), refusal("STRING_TOO_LONG")]
    with pytest.raises(Error) as caught:
        list(send_changes(connection, changes(2)))
    assert caught.value.sqlstate == "SF010"
    assert caught.value.detail == (
        "Salesforce answered: STRING_TOO_LONG: no (fields: Name) for row 2 of the statement, id 2. No row was stored.")
    assert kept(connection) == []


def test_batches_stay_on_record_when_a_later_one_is_refused(connection: Connection, client: FakeClient) -> None:
    client.save_rule = lambda _, records: (
        [{"id": "a0", "success": True}] * 200 if len(records) == 200 else [refusal("UNABLE_TO_LOCK_ROW")])
    with pytest.raises(Error) as caught:
        list(send_changes(connection, changes(201)))
    assert caught.value.sqlstate == "SF011"
    assert "200 rows were already stored" in str(caught.value.detail)
    assert [len(intent.changes) for intent in kept(connection)] == [200]


@pytest.mark.parametrize(("codes", "sent", "sqlstate"), [
    (["ENTITY_IS_DELETED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"], [2, 1], None), (["ENTITY_IS_DELETED"], [1], None),
    (["ENTITY_IS_DELETED", "DELETE_FAILED"], [2], "SF010")])
def test_what_is_gone_already_is_deleted(connection: Connection, client: FakeClient, codes: list[str], sent: list[int],
                                         sqlstate: str | None) -> None:
    def save(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(client.saved) == 1:
            return [refusal(code) for code in codes]
        return [{"id": record["Id"], "success": True} for record in records]

    client.save_rule = save
    if sqlstate:
        with pytest.raises(Error) as caught:
            list(send_changes(connection, changes(len(codes), "delete")))
        assert caught.value.sqlstate == sqlstate
    else:
        assert len(list(send_changes(connection, changes(len(codes), "delete")))) == len(codes)
    assert [len(records) for _, _, records, _ in client.saved] == sent


def test_nothing_is_sent_to_another_org_nor_without_a_record_of_it(connection: Connection, client: FakeClient,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Error) as caught:
        list(send_changes(connection, [replace(changes(1)[0], org_id="00D000000000002EAA")]))
    assert caught.value.sqlstate == "SF002"

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spool, "write", full)
    with pytest.raises(Error) as caught:
        list(send_changes(connection, changes(1)))
    assert (caught.value.sqlstate, caught.value.detail) == ("58030", "No space left on device")
    assert client.saved == []


def test_intents_are_of_one_origin_and_one_user(connection: Connection, client: FakeClient) -> None:
    list(send_changes(connection, changes(1)))
    assert len(read("_intents", connection, Q("origin", "=", "here"))) == 1
    assert read("_intents", connection, Q("origin", "=", "there")) == []
    intent_id = kept(connection)[0].intent_id
    found, = read("_intents", connection, Q("origin", "=", "here"), Q("intent_id", "=", intent_id))
    assert found["changes"]
    assert read("_intents", connection, Q("origin", "=", "here"), Q("intent_id", "=", str(uuid.uuid4()))) == []
    table = opened("_intents", connection)
    assert [row[-1] for row in table.rows([Q("origin", "=", "here")], ["intent_id"], [], None, None)] == [None]
    store = Intents(connection.spool)
    assert list(store.of("here", WHO.org_id, "005000000000002AAA")) == []
    assert list(store.of("here", "00D000000000002EAA", WHO.user_id)) == []


def test_forgetting_takes_no_other_names_than_ids(connection: Connection, tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), Pauses())
    (tmp_path / "intent-x.json").write_text("{}")
    with pytest.raises(Error) as caught:
        Intents(spool).forget(["../intent-x"])
    assert caught.value.sqlstate == "22000"
    Intents(spool).forget([str(uuid.uuid4())])
    assert (tmp_path / "intent-x.json").exists()


def test_what_a_savepoint_takes_back_is_not_sent(connection: Connection, client: FakeClient) -> None:
    table = opened("_sync_write", connection)
    row = {"batch_id": BATCH, "position": 1, "object_name": "Invoice__c", "operation": "insert",
           "record": '{"Name": "a"}', "local_id": 1, "mapping_id": 7, "origin": "here", "transaction_id": "5",
           "org_id": WHO.org_id}
    table.begin()
    table.insert([row])
    table.level = 2
    table.insert([row | {"position": 2}])
    table.undo(2)
    table.end()
    assert [len(records) for _, _, records, _ in client.saved] == [1]
    found, = read("_sync_write", connection, Q("batch_id", "=", BATCH.upper()))
    assert (found["local_id"], found["created"]) == (1, True)
    for wrong in ({"operation": "undelete"}, {"record": "[]"}, {"batch_id": "x"}, {"origin": None},
                  {"operation": "update"}):
        with pytest.raises(Error) as caught:
            table.insert([row | wrong])
        assert caught.value.sqlstate == "22000"
