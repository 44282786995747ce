"""getUpdated, getDeleted and transactions that commit late."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.sandbox.conftest import Caller


def window(sf: Caller, resource: str, start: str, end: str) -> Any:
    return sf.get(f"/sobjects/Account/{resource}/?start={quote(start)}&end={quote(end)}")


def test_deletions_of_a_window_are_listed_whatever_became_of_the_rows(sf: Caller) -> None:
    ids = [sf.create("Account", Name=str(number)) for number in range(4)]
    sf.send("DELETE", f"/sobjects/Account/{ids[0]}")
    sf.change(
        {"op": "hard_delete", "object": "Account", "id": ids[1]}, {"op": "delete", "object": "Account", "id": ids[2]}
    )
    sf.change({"op": "undelete", "object": "Account", "id": ids[2]})
    sf.org.clock.advance(3600)
    answer = window(sf, "deleted", "2025-06-18T11:00:00Z", "2025-06-18T13:00:00+00:00")
    assert [row["id"] for row in answer["deletedRecords"]] == ids[:2]
    assert answer["deletedRecords"][0]["deletedDate"].startswith("2025-06-18T12:00:0")
    assert answer["latestDateCovered"] == "2025-06-18T13:00:00.000+0000"
    assert answer["earliestDateAvailable"] == "2025-06-03T13:00:00.000+0000"
    assert window(sf, "deleted", "2025-06-18T12:30:00Z", "2025-06-18T13:00:00Z")["deletedRecords"] == []
    assert window(sf, "updated", "2025-06-18T11:00:00Z", "2025-06-18T13:00:00Z")["ids"] == ids[2:]


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2025-06-18T11:00:00Z", "2025-06-18T11:00:59Z", "startDate must be before endDate"),
        ("2025-06-18T11:00:00Z", "2025-06-18T10:00:00Z", "startDate must be before endDate"),
        ("2025-05-18T11:00:00Z", "2025-06-18T11:00:00Z", "startDate cannot be more than 15 days ago"),
        ("yesterday", "2025-06-18T11:00:00Z", "invalid date: yesterday"),
    ],
)
def test_a_window_must_be_a_minute_long_and_recent(sf: Caller, start: str, end: str, text: str) -> None:
    assert window(sf, "deleted", start, end) == [{"message": text, "errorCode": "INVALID_REPLICATION_DATE"}]


def test_what_commits_late_has_an_early_stamp_and_holds_back_what_is_covered(own_sf: Caller) -> None:
    sf = own_sf
    sf.send("PUT", "/_sandbox/clock", {"now": "2025-06-18T12:00:30Z"})
    change = {"op": "create", "object": "Account", "values": {"Name": "late"}}
    (result,) = sf.change(change, commit_after_s=600)
    sf.send("PUT", "/_sandbox/clock", {"advance_s": 300})
    assert sf.rows("SELECT Id FROM Account") == []
    covered = window(sf, "updated", "2025-06-18T11:00:00Z", "2025-06-18T12:04:00Z")
    assert covered == {"ids": [], "latestDateCovered": "2025-06-18T12:00:00.000+0000"}
    sf.create("Account", Name="between")
    sf.send("PUT", "/_sandbox/clock", {"advance_s": 301})
    rows = sf.rows("SELECT Id, Name, SystemModstamp FROM Account ORDER BY SystemModstamp")
    assert [row["Name"] for row in rows] == ["late", "between"]
    assert rows[0]["Id"] == result["id"]
    assert rows[0]["SystemModstamp"] == "2025-06-18T12:00:30.000+0000"
    assert rows[0]["Id"] < sf.create("Account", Name="after")


def test_raw_changes_set_ids_and_stamps(sf: Caller) -> None:
    wanted = "001000000000001AAA"
    values = {"Name": "raw", "SystemModstamp": "2020-01-01T00:00:00Z", "CreatedDate": "2019-01-01T00:00:00Z"}
    sf.change({"op": "create", "object": "Account", "id": wanted, "values": values}, raw=True)
    row = sf.rows("SELECT Id, SystemModstamp, CreatedDate, LastModifiedDate FROM Account")[0]
    assert row["Id"] == wanted
    assert row["SystemModstamp"] == "2020-01-01T00:00:00.000+0000"
    sf.change({"op": "update", "object": "Account", "id": wanted, "values": {"Description": "quiet"}}, raw=True)
    assert sf.values("SELECT SystemModstamp FROM Account") == [row["SystemModstamp"]]
    sf.change({"op": "touch", "object": "Account", "id": wanted}, at="2021-01-01T00:00:00Z")
    assert sf.rows("SELECT SystemModstamp, LastModifiedDate FROM Account") == [
        {"SystemModstamp": "2021-01-01T00:00:00.000+0000", "LastModifiedDate": row["LastModifiedDate"]}
    ]


def test_updates_of_rows_that_are_not_shared_are_missing(sf: Caller) -> None:
    seen, hidden = sf.create("Account", Name="seen"), sf.create("Account", Name="hidden")
    sf.org.clock.advance(120)
    target = "/sobjects/Account/updated/?start=2025-06-18T11:59:00Z&end=2025-06-18T12:02:00Z"
    assert sf.get(target)["ids"] == [seen, hidden]
    user = sf.org.users.default.username
    sf.send("PUT", f"/_sandbox/users/{user}", {"share": {"Account": "Name = 'seen'"}})
    assert sf.get(target)["ids"] == [seen]
    sf.send("PUT", f"/_sandbox/users/{user}", {"share": None})


def test_some_delete_logs_name_rows_that_are_there(sf: Caller) -> None:
    record_id = sf.create("Account", Name="there")
    sf.org.clock.advance(120)
    target = "/sobjects/Account/deleted/?start=2025-06-18T11:59:00Z&end=2025-06-18T12:02:00Z"
    sf.post("/_sandbox/faults", {"name": "deleted.wrong", "when": {"calls": "1"}})
    assert [row["id"] for row in sf.get(target)["deletedRecords"]] == [record_id]
    assert sf.get(target)["deletedRecords"] == []
