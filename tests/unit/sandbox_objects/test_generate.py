"""Generated rows: seeded, valid, nasty, with parents and stamps that make sense."""

from collections import Counter
from typing import Any

import pytest

from sffdw.sandbox import ids
from sffdw.sandbox.generate import GenerateError, generate_rows, sequential_ids
from sffdw.sandbox.schema import Field, Schema
from sffdw.sandbox.store.store import Store
from sffdw.sandbox.values import to_stored

from .conftest import AT, USER

OBJECTS = (
    *("Account", "Contact", "Lead", "Campaign", "Product2", "Pricebook2", "PricebookEntry", "Opportunity", "Case"),
    *("Task", "Event", "CampaignMember", "OpportunityLineItem", "Asset", "Contract", "Order", "Widget__c"),
)


def make(store: Store, name: str, count: int, seed: int = 1) -> list[dict[str, Any]]:
    assert generate_rows(store, store.schema, name, count, seed=seed, user=USER, at=AT) == count
    sobject = store.schema[name]
    found = store.reader.execute(f'SELECT "Id" FROM "{sobject.name}" ORDER BY _row').fetchall()
    return [row for (record_id,) in found if (row := store.get(sobject, record_id)) is not None]


def with_widget(store: Store) -> None:
    types = ("string", "textarea", "double", "currency", "date", "datetime", "time", "boolean", "email", "url", "phone")
    fields: list[dict[str, Any]] = [{"name": f"{kind}__c", "type": kind} for kind in types]
    fields += [
        {"name": "key__c", "type": "string", "length": 12, "externalId": True, "unique": True},
        {"name": "tags__c", "type": "multipicklist", "values": ["a", "b", "c"], "restrictedPicklist": True},
        {"name": "Name", "type": "string", "nameField": True, "autoNumber": True, "displayFormat": "W-{0000}"},
        {"name": "owner__c", "type": "reference", "referenceTo": ["Account"], "masterDetail": True},
    ]
    store.follow(store.schema.define({"name": "Widget__c", "fields": fields}))


def test_every_value_is_valid_and_in_stored_form(store: Store) -> None:
    """Reading a generated value as if a client had sent it changes nothing and is never refused."""
    with_widget(store)
    for name in OBJECTS:
        sobject = store.schema[name]
        for row in make(store, name, 40):
            for field in sobject.fields:
                if row.get(field.name) is not None:
                    assert is_valid(field, row[field.name]), (name, field.name, row[field.name])
                elif field.createable and not field.nillable and not field.is_compound:
                    pytest.fail(f"{name}.{field.name} is required and has no value")


def is_valid(field: Field, value: Any) -> bool:
    return bool(to_stored(field, bool(value) if field.type == "boolean" else value) == value)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(schema: Schema) -> None:
    made = []
    for seed in (7, 7, 8):
        opened = Store(None, Schema(list(schema)))
        made.append(make(opened, "Account", 50, seed))
        opened.close()
    assert made[0] == made[1] != made[2]


def test_nasty_values_are_mixed_in(store: Store) -> None:
    texts = {str(value) for row in make(store, "Account", 4000) for value in row.values()}
    assert {"NA", "NULL", "01234", "123456789012345678", "😀🎉", "trailing", "leading"} <= texts
    assert any("\n" in text for text in texts)
    assert any('"' in text for text in texts)
    days = {row["CloseDate"] for row in make(store, "Opportunity", 2000)}
    assert {"1700-01-01", "4000-12-31"} & days


def test_parents_exist_and_no_record_is_its_own_ancestor(store: Store) -> None:
    accounts = {row["Id"]: row["ParentId"] for row in make(store, "Account", 400)}
    parents = {parent for parent in accounts.values() if parent}
    assert parents
    assert parents <= accounts.keys()
    assert all(accounts[parent] is None for parent in parents)
    assert {row["AccountId"] for row in make(store, "Contact", 50)} <= accounts.keys() | {None}


def test_a_required_parent_that_is_missing_is_an_error_and_stores_nothing(store: Store) -> None:
    with pytest.raises(GenerateError, match='records of "OpportunityLineItem" need records of "Opportunity" first'):
        make(store, "OpportunityLineItem", 3)
    assert store.count(store.schema["OpportunityLineItem"]) == 0


def test_rows_of_an_unknown_object_are_refused(store: Store) -> None:
    with pytest.raises(GenerateError, match='unknown object "Nope"'):
        make(store, "Nope", 1)


def test_stamps_spread_over_time_with_ties_and_in_order(store: Store) -> None:
    rows = make(store, "Account", 3000)
    created = [row["CreatedDate"] for row in rows]
    assert created == sorted(created)
    assert max(Counter(created).values()) >= 7
    assert len(set(created)) > 20
    assert all(row["CreatedDate"] <= row["LastModifiedDate"] <= row["SystemModstamp"] <= AT for row in rows)
    assert any(row["LastModifiedDate"] < row["SystemModstamp"] for row in rows)


def test_persons_have_the_name_of_their_parts_and_stages_their_consequences(store: Store) -> None:
    for row in make(store, "Contact", 30):
        assert row["Name"] == " ".join(part for part in (row["FirstName"], row["LastName"]) if part)
    for row in make(store, "Opportunity", 60):
        assert row["IsWon"] == int(row["StageName"] == "Closed Won")
        assert row["FiscalYear"] == int(row["CloseDate"][:4])


def test_numbers_and_ids_go_on_with_the_next_rows(store: Store) -> None:
    make(store, "Case", 5)
    rows = make(store, "Case", 5)
    assert [row["CaseNumber"] for row in rows] == [f"{number:08d}" for number in range(1, 11)]
    assert len({row["Id"] for row in rows}) == 10
    assert store.new_id(store.schema["Case"]) == ids.compose("500", store.instance, 11)


@pytest.mark.parametrize(("first", "count"), [(1, 10), (3840, 10), (62**3 - 5, 4000), (10**12, 3)])
def test_sequential_ids_are_those_that_are_composed_one_by_one(first: int, count: int) -> None:
    want = [ids.compose("a0A", "Xz9", number) for number in range(first, first + count)]
    assert list(sequential_ids("a0A", "Xz9", first, count)) == want
