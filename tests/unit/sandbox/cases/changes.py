"""Cases 1 to 14: changes that a cursor does not see, or sees for nothing."""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.bulk.conftest import Bulk
from tests.unit.sandbox.cases.table import case, pages, refused, strike

STAMPED = "SELECT Name, SystemModstamp FROM Account ORDER BY SystemModstamp, Id"


def many(sf: Bulk, count: int, **options: Any) -> None:
    """Create accounts named by number."""
    sf.change(*({"op": "create", "object": "Account", "values": {"Name": str(n)}} for n in range(count)), **options)


@case(1)
def a_record_commits_after_its_stamp(sf: Bulk) -> None:
    many(sf, 1, at="2025-06-18T11:57:00Z", commit_after_s=180)
    assert sf.values("SELECT Name FROM Account WHERE SystemModstamp >= 2025-06-18T11:50:00Z") == []
    sf.org.clock.advance(181)
    assert sf.rows(STAMPED) == [{"Name": "0", "SystemModstamp": "2025-06-18T11:57:00.000+0000"}]


@case(2)
def a_transaction_of_forty_minutes_hides_its_rows_and_stalls_what_is_covered(sf: Bulk) -> None:
    strike(sf, "commit.late", {"commit_after_s": 2400}, kind="collections", calls="1")
    records = [{"attributes": {"type": "Account"}, "Name": "late"}]
    assert sf.post("/composite/sobjects", {"records": records})[0]["success"] is True
    many(sf, 1)
    sf.org.clock.advance(2340)
    window = "/sobjects/Account/updated/?start=2025-06-18T11:00:00Z&end=2025-06-18T12:39:00Z"
    covered = sf.get(window)
    assert (len(covered["ids"]), covered["latestDateCovered"]) == (1, "2025-06-18T12:00:00.000+0000")
    sf.org.clock.advance(61)
    covered = sf.get(window)
    assert (len(covered["ids"]), covered["latestDateCovered"]) == (2, "2025-06-18T12:39:00.000+0000")
    assert {row["SystemModstamp"] for row in sf.rows(STAMPED)} == {"2025-06-18T12:00:00.000+0000"}


@case(3)
def five_thousand_rows_have_one_stamp(sf: Bulk) -> None:
    account = sf.org.schema["Account"]
    rows = [(record_id, "x") for record_id in sf.org.store.new_ids(account, 5000)]
    sf.org.store.insert_rows(account, ["Id", "Name"], rows)
    strike(sf, "storm.recalculate", kind="query", calls="1")
    assert [len(page) for page in pages(sf, STAMPED)] == [2000, 2000, 1000]
    assert sf.query("SELECT COUNT() FROM Account WHERE SystemModstamp = 2025-06-18T12:00:00Z")["totalSize"] == 5000
    assert sf.values("SELECT Id FROM Account WHERE SystemModstamp > 2025-06-18T12:00:00Z") == []
    strike(sf, "stamp.tie", {"at": "2025-06-18T12:30:00.000+0000"}, kind="create")
    for seconds in (0, 300):
        sf.org.clock.advance(seconds)
        sf.send("POST", "/sobjects/Account", {"Name": "y"})
    tied = "SELECT COUNT() FROM Account WHERE SystemModstamp = 2025-06-18T12:30:00Z"
    assert sf.query(tied)["totalSize"] == 2


@case(4)
def milliseconds_are_ignored(sf: Bulk) -> None:
    many(sf, 1, raw=True, at="2025-06-18T11:00:00.900Z")
    for literal in ("11:00:00.000Z", "11:00:00.400Z", "11:00:00.999Z"):
        assert len(sf.values(f"SELECT Id FROM Account WHERE SystemModstamp = 2025-06-18T{literal}")) == 1
    assert sf.rows(STAMPED)[0]["SystemModstamp"] == "2025-06-18T11:00:00.000+0000"
    window = "/sobjects/Account/updated/?start=2025-06-18T11:00:59Z&end=2025-06-18T11:01:59Z"
    assert len(sf.get(window)["ids"]) == 1


@case(5)
def the_orgs_clock_is_not_the_clients(sf: Bulk) -> None:
    for seconds in (600, -1200):
        sf.send("PUT", "/_sandbox/clock", {"advance_s": seconds})
        many(sf, 1)
    stamps = [row["SystemModstamp"] for row in sf.rows(STAMPED)]
    assert stamps == ["2025-06-18T11:50:00.000+0000", "2025-06-18T12:10:00.000+0000"]
    assert refused(sf, "GET", "/sobjects/Account/updated/?start=2025-06-18T12:20:00Z&end=2025-06-18T12:10:00Z") == (
        400,
        "INVALID_REPLICATION_DATE",
    )


@case(6)
def a_formula_changes_without_a_stamp(sf: Bulk) -> None:
    formula = {"name": "Branch__c", "type": "string", "calculatedFormula": "Account.Industry"}
    sf.send("PATCH", "/_sandbox/objects/Contact", {"add_fields": [formula]})
    account = sf.create("Account", Name="x", Industry="Banking")
    sf.create("Contact", LastName="y", AccountId=account)
    before = sf.rows("SELECT Branch__c, SystemModstamp FROM Contact")[0]
    sf.org.clock.advance(60)
    sf.change({"op": "update", "object": "Account", "id": account, "values": {"Industry": "Energy"}})
    assert sf.rows("SELECT Branch__c, SystemModstamp FROM Contact") == [before | {"Branch__c": "Energy"}]


@case(7)
def a_recalculation_touches_everything_and_changes_nothing(sf: Bulk) -> None:
    many(sf, 500)
    fields = "Id, Name, LastModifiedDate"
    before = sf.rows(f"SELECT {fields} FROM Account")
    sf.org.clock.advance(60)
    strike(sf, "storm.recalculate", kind="query", calls="1")
    assert sf.rows(f"SELECT {fields} FROM Account") == before
    assert len(sf.values("SELECT Id FROM Account WHERE SystemModstamp = 2025-06-18T12:01:00Z")) == 500


@case(8)
def the_modified_date_can_lie(sf: Bulk) -> None:
    values = {"Name": "x", "LastModifiedDate": "2001-01-01T00:00:00Z", "CreatedDate": "2001-01-01T00:00:00Z"}
    sf.change({"op": "create", "object": "Account", "values": values}, raw=True)
    row = sf.rows("SELECT LastModifiedDate, SystemModstamp FROM Account")[0]
    assert row == {
        "LastModifiedDate": "2001-01-01T00:00:00.000+0000",
        "SystemModstamp": "2025-06-18T12:00:00.000+0000",
    }


@case(9)
def some_objects_have_no_stamp(sf: Bulk) -> None:
    sf.send("PATCH", "/_sandbox/objects/OpportunityHistory", {"hide_fields": ["SystemModstamp"]})
    code, text = sf.refusal("SELECT Id FROM OpportunityHistory WHERE SystemModstamp > 2025-01-01T00:00:00Z")
    assert (code, text.partition(".")[0]) == (
        "INVALID_FIELD",
        "No such column 'SystemModstamp' on entity 'OpportunityHistory'",
    )
    described = [field["name"] for field in sf.get("/sobjects/OpportunityHistory/describe")["fields"]]
    assert "CreatedDate" in described and "SystemModstamp" not in described
    assert sf.values("SELECT CreatedDate FROM OpportunityHistory") == []


@case(10)
def rows_move_while_pages_are_read(sf: Bulk) -> None:
    many(sf, 6)
    sf.org.clock.advance(60)
    strike(sf, "page.drift", {"rows": 1}, calls="2", kind="query")
    window = "SELECT Name FROM Account ORDER BY SystemModstamp, Id LIMIT 2 OFFSET {}"
    read = [name for offset in (0, 2, 4) for name in sf.values(window.format(offset))]
    assert read == ["0", "1", "3", "4", "5", "0"]


@case(11)
def locators_expire(sf: Bulk) -> None:
    many(sf, 450)
    small = {"sforce_query_options": "batchSize=200"}
    first = sf.query("SELECT Id FROM Account", **small)["nextRecordsUrl"]
    strike(sf, "locator.expired", kind="query_more", calls="1")
    assert refused(sf, "GET", first) == (400, "INVALID_QUERY_LOCATOR")
    assert sf.send("GET", first).status == 200
    sf.org.clock.advance(2 * 24 * 3600 + 1)
    user = sf.org.users.default
    sf.token = sf.org.sessions.issue(user.user_id, user.username, "x").token
    assert refused(sf, "GET", first) == (400, "INVALID_QUERY_LOCATOR")


@case(14)
def the_third_page_is_refused(sf: Bulk) -> None:
    many(sf, 900)
    small = {"sforce_query_options": "batchSize=200"}
    strike(sf, "limit.daily", kind="query_more", calls="2")
    page = sf.query("SELECT Id FROM Account", **small)
    page = sf.get(page["nextRecordsUrl"])
    assert refused(sf, "GET", page["nextRecordsUrl"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    strike(sf, "query.timeout", kind="query_more")
    assert refused(sf, "GET", page["nextRecordsUrl"]) == (400, "QUERY_TIMEOUT")
