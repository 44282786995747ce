"""Archived activities: which leave ordinary queries when the org's day turns, and who still sees them."""

from collections.abc import Iterator
from typing import Any

import pytest

from sffdw.sandbox import stamps
from sffdw.sandbox.org import Options, Org
from tests.unit.sandbox.conftest import NOON, Caller

DAY_S = 24 * 3600
OLD, YOUNG = "2024-06-19", "2024-06-20"  # 365 and 364 days before the day after NOON


@pytest.fixture(scope="module")
def diary_org(shared_org: Org) -> Iterator[Org]:
    org = Org(Options(seed=7, speed="instant"), birth=shared_org.birth)
    org.sessions.timeout_s = 30 * DAY_S
    yield org
    org.close()


@pytest.fixture
def diary(diary_org: Org) -> Caller:
    """An org at noon whose archiving has run today."""
    diary_org.clock.set(stamps.from_text(NOON))
    caller = Caller(diary_org)
    caller.get("/limits")
    return caller


def ids(sf: Caller, name: str, resource: str = "query", condition: str = "Id != null") -> set[str]:
    return set(sf.values(f"SELECT Id FROM {name} WHERE {condition}", resource))


@pytest.mark.parametrize(
    ("name", "values", "want"),
    [
        ("Task", {"ActivityDate": OLD, "Status": "Completed"}, True),
        ("Task", {"ActivityDate": YOUNG, "Status": "Completed"}, False),
        ("Task", {"ActivityDate": OLD, "Status": "Not Started"}, False),
        ("Task", {"Status": "Completed", "CreatedDate": f"{OLD}T23:59:59Z"}, True),
        ("Task", {"Status": "Completed", "CreatedDate": f"{YOUNG}T00:00:00Z"}, False),
        ("Task", {"ActivityDate": YOUNG, "Status": "Completed", "CreatedDate": f"{OLD}T00:00:00Z"}, False),
        ("Event", {"ActivityDateTime": f"{OLD}T10:00:00Z", "DurationInMinutes": 30}, True),
        ("Event", {"ActivityDateTime": f"{YOUNG}T10:00:00Z", "DurationInMinutes": 30}, False),
    ],
)
def test_activities_of_a_year_ago_are_archived_when_the_day_turns(
    diary: Caller, name: str, values: dict[str, Any], want: bool
) -> None:
    raw = {"op": "create", "object": name, "values": {"Subject": "s", **values}}
    record_id = diary.change(raw, raw=True)[0]["id"]
    before = diary.get(f"/sobjects/{name}/{record_id}")
    assert (record_id in ids(diary, name), before["IsArchived"]) == (True, False)
    diary.org.clock.advance(DAY_S)
    assert (record_id not in ids(diary, name)) is want
    assert record_id in ids(diary, name, "queryAll")
    assert (record_id in ids(diary, name, "queryAll", "IsArchived = true")) is want
    after = diary.get(f"/sobjects/{name}/{record_id}")
    assert (after["IsArchived"], after["SystemModstamp"]) == (want, before["SystemModstamp"])


@pytest.fixture
def archived(diary: Caller) -> str:
    """A task that has been archived."""
    task = diary.create("Task", Subject="old", ActivityDate=OLD, Status="Completed")
    diary.org.clock.advance(DAY_S)
    assert task not in ids(diary, "Task")
    return task


@pytest.mark.parametrize(("operation", "want"), [("query", False), ("queryAll", True)])
def test_bulk_jobs_see_them_with_query_all_only(diary: Caller, archived: str, operation: str, want: bool) -> None:
    job = diary.post("/jobs/query", {"operation": operation, "query": "SELECT Id FROM Task"})
    text = diary.send("GET", f"/jobs/query/{job['id']}/results").payload(False).decode()
    assert (archived in text) is want


def test_they_are_missing_among_their_parents_children_and_in_counts(diary: Caller) -> None:
    account = diary.create("Account", Name="a")
    old, young = (
        diary.create("Task", Subject="s", WhatId=account, ActivityDate=day, Status="Completed") for day in (OLD, YOUNG)
    )
    diary.org.clock.advance(DAY_S)
    soql = f"SELECT Id, (SELECT Id FROM Tasks) FROM Account WHERE Id = '{account}'"
    assert [row["Id"] for row in diary.rows(soql)[0]["Tasks"]["records"]] == [young]
    count = f"SELECT COUNT() FROM Task WHERE WhatId = '{account}'"
    assert [diary.query(count, resource)["totalSize"] for resource in ("query", "queryAll")] == [1, 2]
    assert old in ids(diary, "Task", "queryAll")


def test_they_can_be_changed_and_deleted_but_not_unarchived(diary: Caller, archived: str) -> None:
    assert diary.send("PATCH", f"/sobjects/Task/{archived}", {"Subject": "new"}).status == 204
    refused = diary.send("PATCH", f"/sobjects/Task/{archived}", {"IsArchived": False})
    assert refused.body[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert archived not in ids(diary, "Task")
    assert diary.send("DELETE", f"/sobjects/Task/{archived}").status == 204


def test_activities_that_come_in_old_wait_for_the_next_run(diary: Caller, archived: str) -> None:
    task = diary.create("Task", Subject="late", ActivityDate="2020-01-01", Status="Completed")
    diary.org.clock.advance(3600)
    assert task in ids(diary, "Task")
    diary.org.clock.advance(DAY_S)
    assert task not in ids(diary, "Task")
