"""Polling that misses nothing: late commits, skewed clocks, cursors that die, records that move between two pages."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, rows, set_options

Session = psycopg.Connection[Any]
NAMES = "SELECT name FROM salesforce.account ORDER BY name"
DRIFT = "SELECT sfid, kind, fields, repaired_at IS NOT NULL FROM sffdw.drift"


@pytest.fixture
def loaded(org: Org, account: Session) -> Session:
    org.create("Account", *[{"Name": f"A {n}", "Phone": str(n)} for n in range(3)])
    poll(account)
    return account


def poll_due(session: Session, minutes: float) -> None:
    """A poll of what is due so many minutes from now."""
    session.execute("CALL sffdw.poll(force => false, at => now() + %s * interval '1 minute')", [minutes])


def in_step(org: Org, session: Session) -> bool:
    """Whether the local accounts are those of the org, name by name."""
    return dict(rows(session, "SELECT sfid, name FROM salesforce.account")) == {
        record["Id"]: record["Name"] for record in org.sandbox.records("Account")}


@pytest.mark.parametrize("change", ["create", "update"])
def test_case_2_a_change_that_commits_forty_minutes_late_is_found_by_a_sweep(
        org: Org, loaded: Session, change: str) -> None:
    record_id = one(loaded, "SELECT sfid FROM salesforce.account WHERE name = 'A 1'")
    org.advance(60)
    values = {"Name": "late", "Phone": "late"}
    target = {} if change == "create" else {"id": record_id}
    late_id = org.sandbox.change({"op": change, "object": "Account", "values": values, **target},
                                 commit_after_s=2330)[0]["id"]
    for minute in (10, 20, 30):
        org.advance(600)
        poll_due(loaded, minute + 1)
    assert ("late",) not in rows(loaded, NAMES)
    assert rows(loaded, DRIFT) == []
    org.advance(600)
    poll_due(loaded, 41)
    assert rows(loaded, "SELECT sfid, phone FROM salesforce.account WHERE name = 'late'") == [(late_id, "late")]
    assert rows(loaded, DRIFT) == [(late_id, "late", ["Name", "Phone"] if change == "update" else None, True)]
    poll_due(loaded, 52)
    assert in_step(org, loaded)
    assert one(loaded, "SELECT count(*) FROM sffdw.drift") == 1


def test_case_2_without_sweeps_such_a_change_is_missed(org: Org, loaded: Session) -> None:
    set_options(loaded, sweep_window_s=300)
    org.sandbox.change({"op": "create", "object": "Account", "values": {"Name": "late"}}, commit_after_s=2390)
    for minute in (10, 20, 30, 40, 50):
        org.advance(600)
        poll_due(loaded, minute + 1)
    assert ("late",) not in rows(loaded, NAMES)


def test_a_sweep_costs_no_call_and_rewrites_nothing(org: Org, loaded: Session) -> None:
    loaded.execute("SELECT sffdw.alter_mapping('Account', poll_interval => '1 minute')")
    before, costs = rows(loaded, "SELECT xmin::text FROM salesforce.account"), []
    for window in (300, 3600):
        set_options(loaded, sweep_window_s=window, delete_interval_s=999_999)
        loaded.execute("UPDATE sffdw.mapping SET next_sweep_at = NULL, next_poll_at = now()")
        mark = org.last_call()
        for minute in range(21):
            poll_due(loaded, minute * 1.01)
        costs.append(len(org.calls("query", mark)))
    assert costs == [21, 21]
    assert rows(loaded, "SELECT xmin::text FROM salesforce.account") == before
    assert rows(loaded, DRIFT) == []


def test_case_1_a_burst_is_not_read_again_by_each_poll_and_what_commits_late_is_found_all_the_same(
        org: Org, account: Session) -> None:
    poll(account)
    set_options(account, page_size=4)
    account.execute("UPDATE sffdw.mapping SET next_sweep_at = 'infinity', next_deletes_at = 'infinity'")
    ids = org.create("Account", *[{"Name": f"B {n}"} for n in range(9)])
    org.advance(10)
    assert rows_read(org, account) == 9
    org.advance(5)
    org.create("Account", {"Name": "new"})
    assert rows_read(org, account) == 1
    late = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=2)
    org.create("Account", {"Name": "late"}, at=late.isoformat())
    assert rows_read(org, account) == 11
    # One that comes late where another has left is not seen by counting, but soon.
    org.advance(5)
    org.update("Account", ids[0], Phone="moved")
    org.create("Account", {"Name": "hidden"}, at=late.isoformat())
    assert rows_read(org, account) <= 2
    org.advance(120)
    assert rows_read(org, account) == 12
    assert in_step(org, account)
    for _ in range(3):
        org.advance(600)
        poll(account)
    assert rows_read(org, account) == 0
    assert one(account, "SELECT overlap_to IS NULL FROM sffdw.mapping")


def rows_read(org: Org, session: Session) -> int:
    """How many records a poll reads."""
    mark = org.last_call()
    poll(session)
    return sum(call["rows"] for call in org.calls("query", mark) if "COUNT()" not in call["path"])


def test_one_poll_an_interval_is_a_sweep(org: Org, loaded: Session) -> None:
    loaded.execute("SELECT sffdw.alter_mapping('Account', poll_interval => '1 minute')")
    loaded.execute("UPDATE sffdw.mapping SET next_sweep_at = NULL, next_poll_at = now()")
    swept = []
    for minute in range(21):
        poll_due(loaded, minute * 1.01)
        swept.append(one(loaded, "SELECT late_before IS NOT NULL FROM sffdw.mapping"))
    assert [minute for minute, is_sweep in enumerate(swept) if is_sweep] == [0, 10, 20]


def test_after_an_outage_the_first_poll_begins_at_the_watermark(org: Org, loaded: Session) -> None:
    set_options(loaded, sweep_interval_s=999_999)
    record_id = org.create("Account", {"Name": "in the outage"})[0]
    org.advance(86_400)
    poll(loaded)
    assert one(loaded, "SELECT name FROM salesforce.account WHERE sfid = %s", record_id) == "in the outage"
    assert rows(loaded, DRIFT) == []


@pytest.mark.parametrize("skew", [600, -600])
def test_case_5_windows_are_bounded_by_the_clock_of_salesforce(org: Org, account: Session, skew: int) -> None:
    org.advance(skew)
    org.create("Account", {"Name": "first"})
    poll(account)
    # Only an ordinary poll shows where its window began.
    account.execute("UPDATE sffdw.mapping SET next_sweep_at = 'infinity'")
    for name in ("second", "third"):
        record_id = org.create("Account", {"Name": name})[0]
        org.advance(1)
        poll(account)
        assert one(account, "SELECT name FROM salesforce.account WHERE sfid = %s", record_id) == name
    now = dt.datetime.fromisoformat(org.sandbox.call("GET", "/")["now"])
    assert abs(one(account, "SELECT watermark_at FROM sffdw.mapping") - now) < dt.timedelta(seconds=30)


def test_case_4_a_record_stamped_within_the_last_second_of_a_window_arrives_once(org: Org, loaded: Session) -> None:
    loaded.execute("UPDATE sffdw.mapping SET next_sweep_at = 'infinity'")
    poll(loaded)
    watermark = one(loaded, "SELECT watermark_at FROM sffdw.mapping").replace(microsecond=0)
    stamps = [watermark - dt.timedelta(seconds=1), watermark, watermark + dt.timedelta(milliseconds=900)]
    for number, stamp in enumerate(stamps):
        org.create("Account", {"Name": f"edge {number}"}, at=stamp.isoformat())
    set_options(loaded, overlap_s=1)
    poll(loaded)
    poll(loaded)
    assert rows(loaded, "SELECT name FROM salesforce.account WHERE name LIKE 'edge%' ORDER BY 1") == [
        (f"edge {number}",) for number in range(3)]


def test_case_8_a_record_with_a_back_dated_lastmodifieddate_is_found(org: Org, loaded: Session) -> None:
    record_id = one(loaded, "SELECT sfid FROM salesforce.account WHERE name = 'A 1'")
    org.advance(7200)
    poll(loaded)
    org.sandbox.change({"op": "update", "object": "Account", "id": record_id, "values": {
        "Phone": "migrated", "LastModifiedDate": "2001-02-03T04:05:06Z",
        "SystemModstamp": org.sandbox.call("GET", "/")["now"]}}, raw=True)
    record = org.record("Account", record_id)
    assert record is not None
    assert record["LastModifiedDate"].startswith("2001")
    poll(loaded)
    assert one(loaded, "SELECT phone FROM salesforce.account WHERE sfid = %s", record_id) == "migrated"


def steps(session: Session) -> list[str]:
    """The next step of the poll of Account, committed: how it stands."""
    found = rows(session, "SELECT s.progress, s.caught FROM sffdw.mapping m, "
                          "sffdw.poll_step(m.mapping_id, true, now() - interval '1 hour', NULL) s")
    assert found[0][1] is None
    return [found[0][0]]


@pytest.mark.parametrize("kind", ["changes", "load"])
def test_case_10_records_that_move_between_two_pages_are_neither_lost_nor_doubled(
        org: Org, account: Session, kind: str) -> None:
    set_options(account, page_size=10)
    if kind == "changes":
        poll(account)
    ids = org.create("Account", *[{"Name": f"A {n:02}"} for n in range(35)])
    account.execute("UPDATE sffdw.mapping SET last_poll_at = '-infinity'")
    while one(account, "SELECT count(*) FROM salesforce.account") < 20:
        assert steps(account) == ["more"]
    # Of those read and of those not yet read: one moves to the end, one goes, and one is new.
    org.update("Account", ids[3], Name="moved from the read ones")
    org.update("Account", ids[25], Name="moved from the unread ones")
    org.act("delete", "Account", ids[4])
    org.act("delete", "Account", ids[26])
    org.create("Account", {"Name": "new"})
    poll(account)
    assert in_step(org, account)
    assert one(account, "SELECT count(DISTINCT sfid) = count(*) FROM salesforce.account")


def test_cases_11_59_a_small_page_whose_cursor_dies_is_asked_for_anew(org: Org, loaded: Session) -> None:
    set_options(loaded, page_size=500)
    org.create("Account", *[{"Name": f"B {n}"} for n in range(1200)])
    mark = org.last_call()
    with org.fault("page.shrink", {"rows": 200}), org.fault("locator.expired", calls="1,3", kind="query_more"):
        poll(loaded)
    assert [call["status"] for call in org.calls("query_more", mark)].count(400) == 2
    assert in_step(org, loaded)
    assert one(loaded, "SELECT count(*) FROM salesforce.account") == 1203


def test_case_7_a_storm_of_recalculations_rewrites_no_row_and_fires_no_trigger(org: Org, account: Session) -> None:
    org.create("Account", *[{"Name": f"A {n}"} for n in range(3000)])
    poll(account)
    account.execute("CREATE TABLE salesforce.fired (at timestamptz DEFAULT now());"
                    "CREATE FUNCTION salesforce.note() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN INSERT INTO salesforce.fired DEFAULT VALUES; RETURN NULL; END $$;"
                    "CREATE TRIGGER note AFTER UPDATE ON salesforce.account FOR EACH ROW "
                    "EXECUTE FUNCTION salesforce.note()")
    before = rows(account, "SELECT xmin::text, ctid::text, id FROM salesforce.account ORDER BY id")
    assert len(before) == 3000
    org.advance(3600)
    with org.fault("storm.recalculate", calls="1", object="Account"):
        poll(account)
    assert one(account, "SELECT unchanged_count FROM sffdw.sync_runs ORDER BY run_id DESC LIMIT 1") == 3000
    assert rows(account, "SELECT xmin::text, ctid::text, id FROM salesforce.account ORDER BY id") == before
    assert rows(account, "SELECT * FROM salesforce.fired") == []


def test_the_echo_of_our_own_write_brings_its_stamp(org: Org, loaded: Session) -> None:
    org.advance(60)
    loaded.execute("UPDATE salesforce.account SET phone = 'ours' WHERE name = 'A 1'")
    loaded.execute("CALL sffdw.write()")
    poll(loaded)
    sfid, stamp, lastop = rows(
        loaded, "SELECT sfid, systemmodstamp, _hc_lastop FROM salesforce.account WHERE name = 'A 1'")[0]
    record = org.record("Account", sfid)
    assert record is not None
    assert stamp == dt.datetime.fromisoformat(record["SystemModstamp"]).astimezone(dt.UTC).replace(tzinfo=None)
    assert lastop == "SYNCED"


def test_case_25_archived_activities_are_loaded_and_kept(org: Org, owner: Session) -> None:
    archived, active, gone = org.create("Task", {"Subject": "archived"}, {"Subject": "active"}, {"Subject": "gone"})
    org.sandbox.change({"op": "update", "object": "Task", "id": archived, "values": {"IsArchived": True}}, raw=True)
    org.act("delete", "Task", gone)
    owner.execute("SELECT sffdw.create_mapping('Task', fields => '{Subject,IsArchived}')")
    poll(owner)
    want = [(archived, "archived", True), (active, "active", False)]
    query = "SELECT sfid, subject, isarchived FROM salesforce.task ORDER BY sfid"
    assert rows(owner, query) == want
    owner.execute("SELECT sffdw.reload('Task')")
    poll(owner)
    assert rows(owner, query) == want


@pytest.fixture
def stampless(org: Org, owner: Session) -> Callable[..., Session]:
    """Map an object of which Salesforce hides these fields."""
    def mapped(*hidden: str) -> Session:
        org.sandbox.call("POST", "/objects", {"name": "Entry__c", "fields": [
            {"name": "Text__c", "type": "string", "length": 80}]})
        org.sandbox.call("PATCH", "/objects/Entry__c", {"hide_fields": dict.fromkeys(hidden, True)})
        org.create("Entry__c", *[{"Name": f"E {n}"} for n in range(5)])
        org.advance(7200)
        owner.execute("SELECT sffdw.create_mapping('Entry__c', fields => '{Name,Text__c}')")
        poll(owner)
        return owner
    return mapped


ENTRIES = "SELECT name, text__c FROM salesforce.entry__c ORDER BY name"


@pytest.mark.parametrize("cursor", ["LastModifiedDate", "CreatedDate"])
def test_case_9_without_systemmodstamp_polls_read_what_another_time_says_is_recent(
        org: Org, stampless: Callable[..., Session], cursor: str) -> None:
    session = stampless("SystemModstamp", *["LastModifiedDate"] * (cursor == "CreatedDate"))
    set_options(session, page_size=2)
    before = rows(session, "SELECT sfid, xmin::text FROM salesforce.entry__c ORDER BY name")
    assert len(before) == 5
    mark = org.last_call()
    org.create("Entry__c", *[{"Name": f"F {n}"} for n in range(3)])
    if cursor == "LastModifiedDate":
        org.update("Entry__c", before[0][0], Text__c="changed")
    poll(session)
    assert rows(session, ENTRIES) == [
        ("E 0", "changed" if cursor == "LastModifiedDate" else None), *[(f"E {n}", None) for n in range(1, 5)],
        *[(f"F {n}", None) for n in range(3)]]
    assert {call["rows"] for call in org.calls("query", mark)} <= {0, 1, 2}
    assert len(org.calls("query", mark)) <= 3
    assert rows(session, "SELECT sfid, xmin::text FROM salesforce.entry__c WHERE name > 'E 0' AND name < 'F' "
                         "ORDER BY name") == before[1:]
    org.act("delete", "Entry__c", before[1][0])
    org.act("hard_delete", "Entry__c", before[1][0])
    session.execute("CALL sffdw.maintain(at => now() + interval '30 hours')")
    poll(session)
    assert ("E 1", None) not in rows(session, ENTRIES)
    assert len(rows(session, ENTRIES)) == 7


def test_case_9_without_any_time_all_records_are_compared(org: Org, stampless: Callable[..., Session]) -> None:
    session = stampless("SystemModstamp", "LastModifiedDate", "CreatedDate")
    set_options(session, page_size=2)
    before = rows(session, "SELECT sfid, xmin::text FROM salesforce.entry__c ORDER BY name")
    org.create("Entry__c", {"Name": "F"})
    org.update("Entry__c", before[0][0], Text__c="changed")
    org.act("delete", "Entry__c", before[1][0])
    org.act("hard_delete", "Entry__c", before[1][0])
    poll(session)
    assert rows(session, ENTRIES) == [
        ("E 0", "changed"), ("E 2", None), ("E 3", None), ("E 4", None), ("F", None)]
    assert rows(session, "SELECT sfid, xmin::text FROM salesforce.entry__c WHERE name > 'E 1' AND name < 'F' "
                         "ORDER BY name") == before[2:]
