"""Both sides compared: by Id once a day, by every field on demand; what is found is repaired the way polls do it."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]
NAMES = "SELECT name FROM salesforce.account ORDER BY name"
DRIFT = "SELECT sfid, kind, fields, repaired_at IS NOT NULL FROM sffdw.drift ORDER BY drift.sfid"
VERIFY = "SELECT * FROM sffdw.verify_mapping('Account')"
REPAIR = "SELECT * FROM sffdw.verify_mapping('Account', repair => true)"


@pytest.fixture
def loaded(org: Org, account: Session) -> Session:
    org.create("Account", *[{"Name": f"A {n}", "Phone": str(n)} for n in range(6)])
    org.advance(120)
    poll(account)
    return account


def quietly(session: Session, statement: str, *values: Any) -> None:
    """Change the table behind the back of capture."""
    with session.transaction():
        session.execute("SET LOCAL xmlbinary = 'hex'")
        session.execute(statement, values or None)


def compare(session: Session) -> None:
    session.execute("CALL sffdw.maintain(at => now() + interval '25 hours')")


def id_of(session: Session, name: str) -> str:
    return str(one(session, "SELECT sfid FROM salesforce.account WHERE name = %s", name))


def hard_delete_unseen(org: Org, session: Session, ids: list[str]) -> None:
    """Hard deletes that Salesforce's delete log does not tell of."""
    for operation in ("delete", "hard_delete"):
        org.sandbox.change(*[{"op": operation, "object": "Account", "id": record_id} for record_id in ids])
    session.execute("UPDATE sffdw.mapping SET next_deletes_at = 'infinity'")
    session.execute("CALL sffdw.poll(force => false, at => now() + interval '1 hour')")


# --- once a day, by Id ---


def test_case_16_a_hard_delete_that_no_log_tells_of_is_found_by_comparing_ids(org: Org, loaded: Session) -> None:
    record_id = id_of(loaded, "A 1")
    hard_delete_unseen(org, loaded, [record_id])
    assert len(rows(loaded, NAMES)) == 6
    mark = org.last_call()
    loaded.execute("CALL sffdw.maintain()")
    assert org.calls(since=mark) == [], "it is not due"
    compare(loaded)
    calls = org.calls("query", mark)
    assert [call["path"].partition("q=")[2].partition(" FROM")[0] for call in calls] == [
        "SELECT Id, IsDeleted, SystemModstamp"]
    assert rows(loaded, DRIFT) == [(record_id, "extra", None, False)]
    loaded.execute("CALL sffdw.poll(force => false)")
    assert rows(loaded, NAMES) == [(f"A {n}",) for n in (0, 2, 3, 4, 5)]
    assert rows(loaded, DRIFT) == [(record_id, "extra", None, True)]
    assert rows(loaded, "SELECT outcome, read_count, call_count FROM sffdw.sync_runs WHERE purpose = 'verify'") == [
        ("ok", 5, 1)]
    assert one(loaded, "SELECT sum(call_count) FROM sffdw.api_usage WHERE purpose = 'verify'") == 1


def test_a_comparison_is_made_once_a_day_and_says_how_many_records_there_are(org: Org, loaded: Session) -> None:
    compare(loaded)
    mark = org.last_call()
    compare(loaded)
    assert org.calls("query", mark) == []
    assert one(loaded, "SELECT org_count FROM sffdw.mappings") == 6
    assert one(loaded, "SELECT event FROM sffdw.log WHERE event LIKE 'VERIFY%%'") == "VERIFY OK"
    loaded.execute("CALL sffdw.maintain(at => now() + interval '50 hours')")
    assert len(org.calls("query", mark)) == 1


def test_a_comparison_goes_on_where_an_error_ended_it(org: Org, loaded: Session) -> None:
    set_options(loaded, page_size=2)
    hard_delete_unseen(org, loaded, [id_of(loaded, "A 0"), id_of(loaded, "A 5")])
    mark = org.last_call()
    with org.fault("http.status", {"status": 400, "code": "MALFORMED_QUERY", "message": "no"}, calls="2", kind="query"):
        compare(loaded)
    assert len(org.calls("query", mark)) == 2
    assert one(loaded, "SELECT count(*) FROM sffdw.log WHERE event = 'VERIFY ERROR'") == 1
    compare(loaded)
    assert len(org.calls("query", mark)) == 2, "not before ten minutes"
    loaded.execute("UPDATE sffdw.verification SET retry_at = now()")
    compare(loaded)
    assert [call["status"] for call in org.calls("query", mark)] == [200, 400, 200, 200]
    poll(loaded)
    assert rows(loaded, NAMES) == [(f"A {n}",) for n in (1, 2, 3, 4)]


def test_a_comparison_brings_rows_that_are_missing_and_changes_that_came_too_late(org: Org, loaded: Session) -> None:
    missing, late = id_of(loaded, "A 1"), id_of(loaded, "A 2")
    org.sandbox.change({"op": "update", "object": "Account", "id": late, "values": {"Phone": "late"}},
                       commit_after_s=3 * 3600)
    org.advance(3 * 3600 - 10)
    poll(loaded)
    org.advance(20)
    poll(loaded)
    assert one(loaded, "SELECT phone FROM salesforce.account WHERE sfid = %s", late) == "2", "later than any sweep"
    quietly(loaded, "DELETE FROM salesforce.account WHERE sfid = %s", missing)
    compare(loaded)
    poll(loaded)
    assert one(loaded, "SELECT phone FROM salesforce.account WHERE sfid = %s", late) == "late"
    assert one(loaded, "SELECT name FROM salesforce.account WHERE sfid = %s", missing) == "A 1"
    assert rows(loaded, DRIFT) == [(missing, "missing", None, True), (late, "late", ["Phone"], True)]


def test_a_comparison_leaves_to_the_polls_what_they_have_not_seen_yet(org: Org, loaded: Session) -> None:
    org.create("Account", {"Name": "new"})
    org.update("Account", id_of(loaded, "A 1"), Phone="new")
    compare(loaded)
    assert rows(loaded, DRIFT) == []
    assert rows(loaded, "SELECT * FROM sffdw.deferred_row") == []
    poll(loaded)
    assert ("new",) in rows(loaded, NAMES)


@pytest.mark.parametrize("days", [14, 20])
def test_case_17_after_an_outage_beyond_the_delete_log_all_ids_are_compared(
        org: Org, loaded: Session, days: int) -> None:
    record_id = id_of(loaded, "A 1")
    for operation in ("delete", "hard_delete"):
        org.act(operation, "Account", record_id)
    org.advance(days * 86_400)
    mark = org.last_call()
    poll(loaded)
    assert rows(loaded, NAMES) == [(f"A {n}",) for n in (0, 2, 3, 4, 5)]
    selected = [call["path"].partition("q=")[2].partition(" FROM")[0] for call in org.calls("query", mark)]
    assert selected.count("SELECT Id, IsDeleted, SystemModstamp") == (days > 15)
    mark = org.last_call()
    poll(loaded)
    assert len(org.calls("query", mark)) == 1
    assert len(org.calls("deleted", mark)) == 1


def test_case_22_a_comparison_deletes_nothing_when_most_records_are_out_of_sight(org: Org, loaded: Session) -> None:
    with org.fault("rows.hidden", {"share": 1.0}, kind="query", object="Account"):
        compare(loaded)
        poll(loaded)
    assert len(rows(loaded, NAMES)) == 6
    assert rows(loaded, "SELECT entry_count FROM sffdw.held_changes") == [(6,)]
    loaded.execute("CALL sffdw.maintain(at => now() + interval '50 hours')")
    poll(loaded)
    assert rows(loaded, "SELECT * FROM sffdw.held_changes") == []
    assert {repaired for *_, repaired in rows(loaded, DRIFT)} == {True}


# --- on demand, by every field ---


def test_verify_counts_both_sides_and_finds_nothing_where_they_are_equal(org: Org, loaded: Session) -> None:
    assert rows(loaded, VERIFY) == [("Account", 6, 6, 0, 0, 0, 0)]
    assert rows(loaded, DRIFT) == []


def test_verify_finds_what_is_missing_extra_and_different_and_repairs_on_request(org: Org, loaded: Session) -> None:
    set_options(loaded, page_size=2)
    missing, different = id_of(loaded, "A 1"), id_of(loaded, "A 3")
    extra = "001zzzzzzzzzzzzAAA"
    quietly(loaded, "DELETE FROM salesforce.account WHERE sfid = %s", missing)
    quietly(loaded, "UPDATE salesforce.account SET phone = 'x', annualrevenue = 7 WHERE sfid = %s", different)
    quietly(loaded, "INSERT INTO salesforce.account (sfid, name) VALUES (%s, 'extra')", extra)
    want = [("Account", 6, 6, 1, 1, 1, 0)]
    assert rows(loaded, VERIFY) == want
    drift = [(missing, "missing", None), (different, "different", ["AnnualRevenue", "Phone"]), (extra, "extra", None)]
    assert rows(loaded, DRIFT) == [(*one, False) for one in drift]
    assert one(loaded, "SELECT count(*) FROM salesforce.account WHERE phone = 'x'") == 1, "nothing was repaired"
    assert rows(loaded, REPAIR) == want
    assert rows(loaded, VERIFY) == [("Account", 6, 6, 0, 0, 0, 0)]
    assert rows(loaded, DRIFT) == [(*one, True) for one in drift]
    assert rows(loaded, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        (f"A {n}", str(n)) for n in range(6)]


def test_local_changes_that_are_not_sent_are_pending_and_not_touched(org: Org, loaded: Session) -> None:
    loaded.execute("UPDATE salesforce.account SET phone = 'unsent' WHERE name = 'A 1'")
    loaded.execute("DELETE FROM salesforce.account WHERE name = 'A 2'")
    loaded.execute("INSERT INTO salesforce.account (name) VALUES ('unsent')")
    org.update("Account", id_of(loaded, "A 1"), AnnualRevenue=5)
    assert rows(loaded, REPAIR) == [("Account", 6, 6, 0, 0, 1, 2)]
    assert rows(loaded, "SELECT name, phone, annualrevenue FROM salesforce.account ORDER BY name") == [
        ("A 0", "0", None), ("A 1", "unsent", 5.0), ("A 3", "3", None), ("A 4", "4", None), ("A 5", "5", None),
        ("unsent", None, None)]
    assert rows(loaded, VERIFY) == [("Account", 6, 6, 0, 0, 0, 3)]
    write(loaded)
    poll(loaded)
    assert rows(loaded, VERIFY) == [("Account", 6, 6, 0, 0, 0, 0)]


def test_a_large_object_is_verified_page_by_page_in_the_background(org: Org, loaded: Session) -> None:
    org.advance(7200)
    for _ in range(2):
        poll(loaded)
    set_options(loaded, page_size=2)
    different = id_of(loaded, "A 3")
    quietly(loaded, "UPDATE salesforce.account SET phone = 'x' WHERE sfid = %s", different)
    loaded.execute("SELECT sffdw.request_verification('account')")
    mark = org.last_call()
    loaded.execute("CALL sffdw.maintain()")
    assert len(org.calls("query", mark)) == 4
    assert rows(loaded, "SELECT is_full, different_count, ended_at IS NOT NULL FROM sffdw.verification") == [
        (True, 1, True)]
    loaded.execute("CALL sffdw.poll(force => false)")
    assert rows(loaded, DRIFT) == [(different, "different", ["Phone"], True)]
    assert one(loaded, "SELECT phone FROM salesforce.account WHERE sfid = %s", different) == "3"
    mark = org.last_call()
    loaded.execute("CALL sffdw.maintain()")
    assert org.calls("query", mark) == [], "once"


def test_an_insert_whose_answer_was_lost_is_pending(org: Org, loaded: Session) -> None:
    loaded.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('in flight', 'x')")
    org.create("Account", {"Name": "in flight", "External_Id__c": "x"})
    assert rows(loaded, VERIFY) == [("Account", 7, 7, 0, 0, 0, 2)]


def test_case_22_a_repair_respects_the_safety_stop(org: Org, loaded: Session) -> None:
    with org.fault("rows.hidden", {"share": 1.0}, kind="query", object="Account"):
        assert rows(loaded, REPAIR) == [("Account", 0, 6, 0, 6, 0, 0)]
    assert len(rows(loaded, NAMES)) == 6
    assert rows(loaded, "SELECT entry_count FROM sffdw.held_changes") == [(6,)]
    assert rows(loaded, REPAIR) == [("Account", 6, 6, 0, 0, 0, 0)]
    poll(loaded)
    assert rows(loaded, "SELECT * FROM sffdw.held_changes") == []


def test_all_mappings_are_verified_and_what_it_cost_is_said(org: Org, loaded: Session, contact: Session) -> None:
    org.create("Contact", {"LastName": "one"})
    poll(contact)
    assert rows(contact, "SELECT object_name, org_count FROM sffdw.verify_mapping()") == [
        ("Account", 6), ("Contact", 1)]
    assert rows(contact, "SELECT object_name, call_count FROM sffdw.sync_runs WHERE purpose = 'verify' ORDER BY 1") == [
        ("Account", 1), ("Contact", 1)]


def test_a_filtered_mapping_is_verified_within_its_filter(org: Org, loaded: Session) -> None:
    loaded.execute("SELECT sffdw.alter_mapping('Account', row_filter => 'length(name) = 3 AND phone < ''3''')")
    org.advance(7200)
    for _ in range(2):
        poll(loaded)
    assert rows(loaded, VERIFY) == [("Account", 3, 3, 0, 0, 0, 0)]
    quietly(loaded, "DELETE FROM salesforce.account WHERE name = 'A 1'")
    compare(loaded)
    poll(loaded)
    assert rows(loaded, NAMES) == [("A 0",), ("A 1",), ("A 2",)]
    assert [kind for _, kind, *_ in rows(loaded, DRIFT)] == ["missing"]


def test_verify_refuses_what_it_may_not_read(org: Org, loaded: Session, connect: Any) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject):
        loaded.execute("SELECT sffdw.verify_mapping('Nothing__c')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user="postgres").execute("SELECT sffdw.verify_mapping('Account')")
    org.refresh()
    with pytest.raises(psycopg.Error) as raised:
        loaded.execute(REPAIR)
    assert raised.value.sqlstate == "SF002"
    assert len(rows(loaded, NAMES)) == 6


def test_stamps_of_a_storm_are_read_once(org: Org, loaded: Session) -> None:
    org.advance(3 * 3600)
    with org.fault("storm.recalculate", calls="1", object="Account"):
        poll(loaded)
    org.advance(3 * 3600)
    poll(loaded)
    for day in (1, 2, 3):
        loaded.execute("CALL sffdw.maintain(at => now() + %s * interval '25 hours')", [day])
        stale = one(loaded, "SELECT different_count FROM sffdw.verification")
        assert stale == (6 if day == 1 else 0)
        poll(loaded)
    assert rows(loaded, DRIFT) == []


# --- a count first ---


def is_counted(session: Session) -> bool:
    """How the last comparison was made."""
    return bool(one(session, "SELECT event = 'VERIFY COUNTED' FROM sffdw.log WHERE event LIKE 'VERIFY%%' "
                             "ORDER BY log_id DESC LIMIT 1"))


def compare_daily(org: Org, session: Session, day: int) -> int:
    """Compare on that day, and return the calls that it took."""
    mark = org.last_call()
    session.execute("CALL sffdw.maintain(at => now() + %s * interval '25 hours')", [day])
    return len(org.calls("query", mark))


def test_a_large_object_that_looks_equal_is_counted_for_six_days_in_a_row(org: Org, loaded: Session) -> None:
    set_options(loaded, bulk_load_threshold=3, page_size=2)
    org.advance(400)
    poll(loaded)
    assert compare_daily(org, loaded, 1) > 1, "the first one compares Ids"
    for day in range(2, 8):
        assert (compare_daily(org, loaded, day), is_counted(loaded)) == (1, True), day
    assert one(loaded, "SELECT org_count FROM sffdw.verification") == 6
    assert rows(loaded, "SELECT outcome, call_count FROM sffdw.sync_runs WHERE purpose = 'verify' "
                        "ORDER BY run_id DESC LIMIT 1") == [("ok", 1)]
    assert compare_daily(org, loaded, 8) > 1
    assert not is_counted(loaded)


@pytest.mark.parametrize("side", ["org", "local", "stamp"])
def test_a_large_object_whose_sides_differ_in_number_or_stamp_is_compared(org: Org, loaded: Session, side: str) -> None:
    set_options(loaded, bulk_load_threshold=3)
    org.advance(400)
    poll(loaded)
    compare_daily(org, loaded, 1)
    record_id = id_of(loaded, "A 5")
    if side == "org":
        hard_delete_unseen(org, loaded, [record_id])
    elif side == "local":
        quietly(loaded, "DELETE FROM salesforce.account WHERE sfid = %s", record_id)
    else:
        quietly(loaded, "UPDATE salesforce.account SET systemmodstamp = systemmodstamp - interval '1 hour'")
    assert compare_daily(org, loaded, 3) == 2
    assert not is_counted(loaded)
    loaded.execute("CALL sffdw.poll(force => false, at => now() + interval '80 hours')")
    assert len(rows(loaded, NAMES)) == (5 if side == "org" else 6)
