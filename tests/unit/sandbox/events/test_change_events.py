"""What change events say about changes, and about which changes they say nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.call import Call
from sffdw.sandbox.events.layout import Layout
from sffdw.sandbox.org import Org
from sffdw.sandbox.rest.records import origin_of

Change = Callable[..., list[dict[str, Any]]]
Create = Callable[..., str]
NOON_MS = 1750248000000


def header(payload: dict[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = payload["ChangeEventHeader"]
    return named


def kinds(payloads: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(header(payload)["entityName"], header(payload)["changeType"]) for payload in payloads]


def test_create_carries_all_values_that_are_not_empty(changes: Any, create: Create, org: Org) -> None:
    user = org.users.default.user_id
    record_id = create("Item__c", Note__c="new", Day__c="2024-02-29", At__c="2024-02-29T10:00:00Z", Score__c=1)
    (payload,) = changes.payloads()
    named = header(payload)
    assert len(named.pop("transactionKey")) == 36
    assert named.pop("commitNumber") > 0
    assert named == {
        "entityName": "Item__c", "recordIds": [record_id], "changeType": "CREATE", "changeOrigin": "",
        "sequenceNumber": 1, "commitTimestamp": NOON_MS, "commitUser": user,
        "nulledFields": [], "diffFields": [], "changedFields": [],
    }  # fmt: skip
    assert {name: value for name, value in payload.items() if name != "ChangeEventHeader"} == {
        "OwnerId": user, "Name": record_id[:15], "Note__c": "new", "Score__c": 1.0, "On__c": False,
        "Day__c": "2024-02-29", "At__c": "2024-02-29T10:00:00.000Z",
        "CreatedDate": "2025-06-18T12:00:00.000Z", "CreatedById": user,
        "LastModifiedDate": "2025-06-18T12:00:00.000Z", "LastModifiedById": user,
    }  # fmt: skip


def test_update_carries_changed_fields_only_and_names_those_set_to_null(
    changes: Any, create: Create, change: Change
) -> None:
    record_id = create("Item__c", Note__c="old", Score__c=1)
    changes.events()
    values = {"Note__c": None, "Score__c": 1, "On__c": True}
    change({"op": "update", "object": "Item__c", "id": record_id, "values": values})
    (payload,) = changes.payloads()
    assert header(payload)["changedFields"] == ["LastModifiedDate", "Note__c", "On__c"]
    assert header(payload)["nulledFields"] == ["Note__c"]
    del payload["ChangeEventHeader"]
    assert payload == {"Note__c": None, "On__c": True, "LastModifiedDate": "2025-06-18T12:00:00.000Z"}


def test_last_modified_by_is_carried_only_when_another_user_writes(
    changes: Any, create: Create, change: Change, org: Org
) -> None:
    org.users.configure("other@example.com", {})
    other = org.users.by_username("other@example.com")
    assert other is not None
    record_id = create("Item__c", Note__c="old")
    changes.events()
    for note, user in (("a", None), ("b", other.user_id)):
        change({"op": "update", "object": "Item__c", "id": record_id, "values": {"Note__c": note}}, user=user)
    same, others = changes.payloads()
    assert "LastModifiedById" not in same
    assert (others["LastModifiedById"], header(others)["commitUser"]) == (other.user_id, other.user_id)


def test_compound_fields_are_nested_and_named_by_their_parts(changes: Any, create: Create, change: Change) -> None:
    record_id = create("Contact", FirstName="Ann", LastName="Lee", MailingCity="Rome", MailingStreet="Via 1")
    (made,) = changes.payloads()
    assert made["Name"] == {"LastName": "Lee", "FirstName": "Ann"}
    assert made["MailingAddress"] == {"Street": "Via 1", "City": "Rome"}
    change({"op": "update", "object": "Contact", "id": record_id, "values": {"FirstName": "Eve", "MailingCity": None}})
    (updated,) = changes.payloads()
    assert (updated["Name"], updated["MailingAddress"]) == ({"FirstName": "Eve"}, {"City": None})
    want = ["LastModifiedDate", "Name.FirstName", "MailingAddress.City"]
    assert header(updated)["changedFields"] == want
    assert header(updated)["nulledFields"] == ["MailingAddress.City"]


def test_delete_carries_nothing_and_undelete_everything(changes: Any, create: Create, change: Change) -> None:
    record_id = create("Item__c", Note__c="kept")
    change({"op": "delete", "object": "Item__c", "id": record_id})
    change({"op": "undelete", "object": "Item__c", "id": record_id})
    made, deleted, restored = changes.payloads()
    assert kinds([deleted, restored]) == [("Item__c", "DELETE"), ("Item__c", "UNDELETE")]
    assert list(deleted) == ["ChangeEventHeader"]
    assert (restored["Note__c"], restored["CreatedDate"]) == ("kept", made["CreatedDate"])


def test_cascade_tells_of_children_in_the_same_transaction(changes: Any, create: Create, change: Change) -> None:
    account = create("Account", Name="Parent")
    create("Contact", LastName="Child", AccountId=account)
    changes.events()
    change({"op": "delete", "object": "Account", "id": account})
    parent, child = changes.payloads()
    assert kinds([parent, child]) == [("Account", "DELETE"), ("Contact", "DELETE")]
    assert header(parent)["transactionKey"] == header(child)["transactionKey"]
    assert [header(parent)["sequenceNumber"], header(child)["sequenceNumber"]] == [1, 2]


def test_merge_deletes_losers_and_updates_the_master(changes: Any, create: Create, change: Change) -> None:
    master, loser = create("Account", Name="A"), create("Account", Name="B")
    changes.events()
    change({"op": "merge", "object": "Account", "master_id": master, "ids": [loser]})
    told = changes.payloads()
    assert kinds(told) == [("Account", "DELETE"), ("Account", "UPDATE")]
    assert [header(payload)["recordIds"] for payload in told] == [[loser], [master]]


# No events


def test_system_changes_and_formulas_are_not_told(changes: Any, create: Create, change: Change, org: Org) -> None:
    record_id = create("Item__c", Score__c=2)
    (made,) = changes.payloads()
    assert "Twice__c" not in made
    change({"op": "touch", "object": "Item__c", "id": record_id})
    assert changes.payloads() == []
    change({"op": "update", "object": "Item__c", "id": record_id, "values": {"Score__c": 3}})
    (updated,) = changes.payloads()
    assert header(updated)["changedFields"] == ["LastModifiedDate", "Score__c"]


def test_what_is_rolled_back_is_not_told(changes: Any, create: Create, change: Change) -> None:
    change(
        {"op": "create", "object": "Item__c", "values": {"Note__c": "kept"}},
        {"op": "create", "object": "Item__c", "values": {"Note__c": "x" * 101}},
        refused=True,
    )
    assert [payload["Note__c"] for payload in changes.payloads()] == ["kept"]


def test_only_selected_objects_are_told(changes: Any, create: Create, org: Org) -> None:
    org.events.configure({"selected": ["Account"]})
    create("Item__c", Note__c="unseen")
    create("Account", Name="Seen")
    assert kinds(changes.payloads()) == [("Account", "CREATE")]


def test_hard_deletion_of_a_deleted_record_is_no_news(changes: Any, create: Create, change: Change) -> None:
    record_id = create("Item__c")
    for operation in ("delete", "hard_delete"):
        change({"op": operation, "object": "Item__c", "id": record_id})
    assert kinds(changes.payloads()) == [("Item__c", "CREATE"), ("Item__c", "DELETE")]


# One event for several records


def test_the_same_change_of_several_records_is_one_event(changes: Any, create: Create, change: Change) -> None:
    first, second, third = (create("Item__c", Note__c="old") for _ in range(3))
    changes.events()
    for values in ({"Note__c": "same"}, {"Note__c": "other"}):
        chosen = (first, second) if values["Note__c"] == "same" else (third,)
        change(*({"op": "update", "object": "Item__c", "id": item, "values": values} for item in chosen))
    change({"op": "delete", "object": "Item__c", "ids": [first, second, third]})
    told = [header(payload)["recordIds"] for payload in changes.payloads()]
    assert told == [[first, second], [third], [first, second, third]]


def test_records_are_not_joined_where_that_would_reorder_their_changes(
    changes: Any, create: Create, change: Change
) -> None:
    first, second = create("Item__c"), create("Item__c")
    changes.events()

    def note(record_id: str, text: str) -> dict[str, Any]:
        return {"op": "update", "object": "Item__c", "id": record_id, "values": {"Note__c": text}}

    change(note(first, "a"), note(second, "b"), note(second, "a"))
    told = [(header(payload)["recordIds"], payload["Note__c"]) for payload in changes.payloads()]
    assert told == [([first], "a"), ([second], "b"), ([second], "a")]


# Gaps and overflow


def test_gap_fault_strikes_the_events_it_names(changes: Any, create: Create, org: Org) -> None:
    org.faults.add({"name": "event.gap", "when": {"object": "Item__c", "calls": "2"}})
    records = [create("Item__c", Note__c=str(number)) for number in range(3)]
    create("Account", Name="Unharmed")
    told = changes.payloads()
    assert kinds(told) == [
        ("Item__c", "CREATE"), ("Item__c", "GAP_CREATE"), ("Item__c", "CREATE"), ("Account", "CREATE"),
    ]  # fmt: skip
    assert list(told[1]) == ["ChangeEventHeader"]
    assert header(told[1])["recordIds"] == [records[1]]


def test_gaps_of_one_kind_and_transaction_share_an_event(changes: Any, change: Change, org: Org) -> None:
    org.faults.add({"name": "event.gap"})
    made = change(*({"op": "create", "object": "Item__c", "values": {"Note__c": str(n)}} for n in range(3)))
    (gap,) = changes.payloads()
    assert header(gap)["recordIds"] == [result["id"] for result in made]
    assert header(gap)["sequenceNumber"] == 1


def test_an_event_that_would_be_too_large_is_a_gap(changes: Any, create: Create, org: Org) -> None:
    org.events.configure({"max_event_bytes": 2_000})
    create("Item__c", Story__c="x" * 1_000)
    create("Item__c", Story__c="x" * 2_000)
    assert [kind for _, kind in kinds(changes.payloads())] == ["CREATE", "GAP_CREATE"]


def test_overflow_counts_fields_of_updates_and_comes_once_per_object(
    changes: Any, create: Create, change: Change, org: Org
) -> None:
    first, second = create("Item__c"), create("Item__c")
    changes.events()
    org.events.configure({"overflow_after": 4})
    values = {"Note__c": "n", "Score__c": 1}  # with LastModifiedDate each update counts three
    change(
        {"op": "update", "object": "Item__c", "id": first, "values": values},
        {"op": "update", "object": "Item__c", "id": second, "values": values | {"Score__c": 2}},
        {"op": "create", "object": "Account", "values": {"Name": "Beyond"}},
        {"op": "delete", "object": "Item__c", "id": first},
    )
    told = changes.payloads()
    assert kinds(told) == [("Item__c", "UPDATE"), ("Item__c", "GAP_OVERFLOW"), ("Account", "GAP_OVERFLOW")]
    assert header(told[1])["recordIds"] == ["000000000000000AAA"]
    assert list(told[1]) == ["ChangeEventHeader"]


def test_overflow_fault_replaces_what_follows_in_a_transaction(changes: Any, change: Change, org: Org) -> None:
    org.faults.add({"name": "event.overflow", "when": {"object": "Item__c", "calls": "1"}, "params": {"after": 1}})
    several = [{"op": "create", "object": "Item__c", "values": {"Note__c": str(n)}} for n in range(3)]
    change(*several)
    assert [kind for _, kind in kinds(changes.payloads())] == ["CREATE", "GAP_OVERFLOW"]
    change(*several)
    assert [kind for _, kind in kinds(changes.payloads())] == ["CREATE"] * 3


# The header and the schema


def test_changes_over_rest_say_where_they_come_from(changes: Any) -> None:
    body = {"Note__c": "x"}
    changes.rest("POST", "/sobjects/Item__c", body, sforce_call_options="client=mirror, defaultNamespace=x")
    changes.rest("POST", "/sobjects/Item__c", body)
    origins = [header(payload)["changeOrigin"] for payload in changes.payloads()]
    assert origins == ["com/salesforce/api/rest/62.0;client=mirror", "com/salesforce/api/rest/62.0"]


@pytest.mark.parametrize(("kind", "api"), [("create", "rest"), ("collections", "rest"), ("bulk_upload", "bulkapi")])
def test_origin_names_the_api(org: Org, kind: str, api: str) -> None:
    call = Call(org, "POST", "", "", {}, {}, kind=kind, version="61.0")
    assert origin_of(call) == f"com/salesforce/api/{api}/61.0"


def test_lists_of_nulled_fields_can_be_left_out(changes: Any, create: Create, org: Org) -> None:
    org.events.configure({"lists_nulled": False})
    create("Item__c")
    (payload,) = changes.payloads()
    assert {"nulledFields", "diffFields"} & header(payload).keys() == set()


def test_schema_id_changes_with_the_fields(org: Org) -> None:
    before = Layout(org.schema["Item__c"]).schema_id
    assert Layout(org.schema["Item__c"]).schema_id == before
    org.store.follow(org.schema.alter("Item__c", {"add_fields": [{"name": "Later__c", "type": "date"}]}))
    assert Layout(org.schema["Item__c"]).schema_id != before


@pytest.mark.parametrize("object_name", ["Account", "Contact"])
def test_standard_objects_carry_the_fields_of_real_schemas(fixtures_dir: Path, org: Org, object_name: str) -> None:
    schema = json.loads((fixtures_dir / f"events/avro/avro/{object_name}ChangeEvent.avsc").read_text())
    real = {field["name"] for field in schema["fields"]} - {"ChangeEventHeader"}
    layout = Layout(org.schema[object_name])
    ours = {place.top for place in layout.places.values()}
    assert ours - real == set()
    stored = {field.name for field in org.schema[object_name].fields}
    assert (real & stored) - ours == set()
