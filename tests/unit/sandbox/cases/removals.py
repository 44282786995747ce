"""Cases 15 to 25: records that are gone, in all the ways there are, and some that are not."""

from __future__ import annotations

from tests.unit.sandbox.bulk.conftest import Bulk
from tests.unit.sandbox.cases.table import case, refused, strike

GONE = "/sobjects/Account/deleted/?start=2025-06-18T11:00:00Z&end=2025-06-18T12:10:00Z"
FLAGS = "SELECT Id, IsDeleted, SystemModstamp FROM Account ORDER BY Id"
NOON, LATER = "2025-06-18T12:00:00.000+0000", "2025-06-18T12:05:00.000+0000"


def account(sf: Bulk, name: str = "x") -> str:
    """Create an account, five minutes before what follows."""
    record_id = sf.create("Account", Name=name)
    sf.org.clock.advance(300)
    return record_id


@case(15)
def a_delete_moves_the_stamp_or_not(sf: Bulk) -> None:
    first, second = sf.create("Account", Name="a"), account(sf)
    strike(sf, "deleted.no_stamp", kind="delete", calls="2")
    for record_id in (first, second):
        assert sf.send("DELETE", f"/sobjects/Account/{record_id}").status == 204
    rows = sf.rows(FLAGS, "queryAll")
    assert [(row["IsDeleted"], row["SystemModstamp"]) for row in rows] == [(True, LATER), (True, NOON)]
    sf.org.clock.advance(600)
    assert [row["id"] for row in sf.get(GONE)["deletedRecords"]] == [first, second]


@case(16)
def a_hard_delete_leaves_its_trace_in_the_delete_log_only(sf: Bulk) -> None:
    record_id = account(sf)
    sf.change({"op": "hard_delete", "object": "Account", "id": record_id})
    sf.org.clock.advance(600)
    assert sf.rows(FLAGS, "queryAll") == []
    assert [row["id"] for row in sf.get(GONE)["deletedRecords"]] == [record_id]
    strike(sf, "deleted.purged", {"hours": 0.01}, kind="deleted")
    assert sf.get(GONE)["deletedRecords"] == []


@case(17)
def the_delete_log_reaches_back_so_far_only(sf: Bulk) -> None:
    account(sf)
    for start, end, code in (
        ("2025-06-18T11:00:10Z", "2025-06-18T11:00:50Z", "INVALID_REPLICATION_DATE"),
        ("2025-05-01T11:00:00Z", "2025-06-18T11:00:00Z", "INVALID_REPLICATION_DATE"),
    ):
        assert refused(sf, "GET", f"/sobjects/Account/deleted/?start={start}&end={end}") == (400, code)
    strike(sf, "deleted.purged", {"hours": 0.5, "refuse": True}, calls="1")
    assert refused(sf, "GET", GONE) == (400, "INVALID_REPLICATION_DATE")
    strike(sf, "deleted.purged", {"hours": 0.5}, calls="1")
    assert sf.get(GONE)["earliestDateAvailable"] == "2025-06-18T11:35:00.000+0000"
    strike(sf, "http.status", {"status": 400, "code": "EXCEEDED_ID_LIMIT"}, kind="deleted", calls="1")
    assert refused(sf, "GET", GONE) == (400, "EXCEEDED_ID_LIMIT")


@case(18)
def a_merge_deletes_the_loser_and_moves_its_children(sf: Bulk) -> None:
    master, loser = sf.create("Account", Name="a"), sf.create("Account", Name="b")
    contact = sf.create("Contact", LastName="c", AccountId=loser)
    sf.org.clock.advance(300)
    sf.change({"op": "merge", "object": "Account", "master_id": master, "ids": [loser]})
    gone = sf.rows("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", "queryAll")
    assert gone == [{"Id": loser, "MasterRecordId": master}]
    child = sf.rows("SELECT Id, AccountId, SystemModstamp FROM Contact")
    assert child == [{"Id": contact, "AccountId": master, "SystemModstamp": LATER}]


@case(19)
def a_deleted_record_comes_back(sf: Bulk) -> None:
    record_id = account(sf)
    sf.change({"op": "delete", "object": "Account", "id": record_id})
    assert sf.rows(FLAGS) == []
    sf.change({"op": "undelete", "object": "Account", "id": record_id})
    assert sf.rows(FLAGS) == [{"Id": record_id, "IsDeleted": False, "SystemModstamp": LATER}]


@case(20)
def children_go_with_their_parent(sf: Bulk) -> None:
    parent = sf.create("Account", Name="a")
    child = sf.create("Contact", LastName="c", AccountId=parent)
    sf.org.clock.advance(300)
    sf.send("DELETE", f"/sobjects/Account/{parent}")
    rows = sf.rows("SELECT Id, IsDeleted, SystemModstamp FROM Contact", "queryAll")
    assert rows == [{"Id": child, "IsDeleted": True, "SystemModstamp": LATER}]


@case(21)
def some_objects_have_no_flag_for_deletion(sf: Bulk) -> None:
    for name in ("User", "RecordType"):
        code, text = sf.refusal(f"SELECT Id FROM {name} WHERE IsDeleted = false")
        assert (code, text.partition(".")[0]) == ("INVALID_FIELD", f"No such column 'IsDeleted' on entity '{name}'")


@case(22)
def rights_that_are_lost_look_like_deletes(sf: Bulk) -> None:
    names = [f"{number:03}" for number in range(400)]
    sf.change(*({"op": "create", "object": "Account", "values": {"Name": name}} for name in names))
    strike(sf, "rows.hidden", {"share": 0.9}, kind="query", calls="1-2")
    seen = sf.values("SELECT Id FROM Account")
    assert 20 <= len(seen) <= 60
    assert seen == sf.values("SELECT Id FROM Account")
    assert len(sf.values("SELECT Id FROM Account")) == 400
    user = sf.org.users.default.username
    sf.send("PUT", f"/_sandbox/users/{user}", {"share": {"Account": "Name LIKE '00%'"}})
    assert len(sf.values("SELECT Id FROM Account")) == 10
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 10
    assert sf.get(GONE)["deletedRecords"] == []


@case(23)
def a_deleted_record_has_lost_values(sf: Bulk) -> None:
    record_id = sf.create("Account", Name="a", Phone="5")
    sf.change({"op": "delete", "object": "Account", "id": record_id})
    sf.change({"op": "update", "object": "Account", "id": record_id, "values": {"Phone": None}}, raw=True)
    assert sf.rows("SELECT Name, Phone, IsDeleted FROM Account", "queryAll") == [
        {"Name": "a", "Phone": None, "IsDeleted": True}
    ]


@case(24)
def the_delete_log_names_records_that_are_there(sf: Bulk) -> None:
    record_id = account(sf)
    sf.org.clock.advance(600)
    strike(sf, "deleted.wrong", object="Account", calls="1")
    assert [row["id"] for row in sf.get(GONE)["deletedRecords"]] == [record_id]
    assert sf.values("SELECT Id FROM Account") == [record_id]


@case(25)
def old_activities_are_found_by_query_all_only(sf: Bulk) -> None:
    record_id = sf.create("Task", Subject="old", ActivityDate="2023-01-01", Status="Completed")
    sf.change({"op": "update", "object": "Task", "id": record_id, "values": {"IsArchived": True}}, raw=True)
    assert sf.values("SELECT Id FROM Task") == []
    assert sf.values("SELECT Id FROM Task", "queryAll") == [record_id]
