"""The storm's own judgement: what it takes for equal, and that its changes are those of their seed."""

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pytest

from tests.storm.changes import Changer, Population
from tests.storm.objects import BY_NAME, proof, seal
from tests.storm.oracle import is_same, twice


@pytest.mark.parametrize(("name", "local", "stored", "want"), [
    ("Name", "a", "a", True), ("Name", "a", "A", False), ("Name", None, None, True), ("Name", None, "a", False),
    ("Amount", 500.0, 500, True), ("Amount", Decimal("1.2500"), 1.25, True), ("Amount", 500.0, 500.5, False),
    ("Amount", 0.0, None, False),
    ("CloseDate", dt.date(2026, 1, 2), "2026-01-02", True), ("CloseDate", dt.date(2026, 1, 2), "2026-01-03", False),
    ("CreatedDate", dt.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05.000+0000", True),
    ("CreatedDate", dt.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:06.000+0000", False),
    # Stamps of rows that did not change otherwise need not follow, but none is ahead.
    ("SystemModstamp", dt.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:06.000+0000", True),
    ("SystemModstamp", dt.datetime(2026, 1, 2, 3, 4, 7), "2026-01-02T03:04:06.000+0000", False),
    ("SystemModstamp", None, "2026-01-02T03:04:06.000+0000", False),
    ("Is_High__c", True, True, True), ("Is_High__c", False, True, False),
])
def test_a_column_is_what_the_org_has_stored(name: str, local: Any, stored: Any, want: bool) -> None:
    assert is_same(name, local, stored) is want


def test_ids_that_are_there_twice_are_found() -> None:
    assert twice(["a", "b", "b", "c"]) == {"b"}
    assert twice(["a", "b", "c"]) == set()


def test_a_seal_breaks_when_parts_of_another_version_are_under_it() -> None:
    values = proof("Account:1", 2, random.Random(1))
    assert values["Seal__c"] == seal("Account:1", 2, values["Note__c"])
    assert values["Seal__c"] != seal("Account:1", 3, values["Note__c"])
    assert values["Seal__c"] != seal("Account:2", 2, values["Note__c"])


def draw(seed: int) -> list[Any]:
    people = Population()
    for number in range(50):
        people.living["Account"].append(f"001{number}")
        people.markers[f"001{number}"] = f"Account:{number}"
        people.external[f"001{number}"] = f"X{number}"
    changer = Changer(sandbox=None, seed=seed, wanted=100, seconds=1, rate=1, population=people)  # type: ignore[arg-type]
    return [changer._draw(20) for _ in range(10)]


def test_the_changes_are_those_of_their_seed() -> None:
    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_what_a_running_transaction_holds_is_left_alone() -> None:
    people = Population(locked={"a"})
    assert people.choose(["a"], random.Random(1)) is None
    assert people.choose(["a", "b"], random.Random(1)) == "b"


@pytest.mark.parametrize(("amount", "stage", "want"), [
    (500, "Prospecting", True), (499.99, "Prospecting", False), (None, "Prospecting", False),
    (500, "Closed Lost", False)])
def test_the_row_filter_is_understood_without_the_product(amount: float | None, stage: str, want: bool) -> None:
    assert BY_NAME["Opportunity"].is_mapped({"Amount": amount, "StageName": stage}) is want
