"""Polls of very many changes: through one Bulk job, resumable at each page, with the watermark moved in the end."""

import math
import os
import signal
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, background, is_ended, one, poll, rows, set_options, wait_for
from tests.integration.sync.test_bulk_load import (
    jobs_created,
    names,
    page_of,
    pages_read,
    reconnected,
    state,
    superuser,
)

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]
COUNT = 60


@pytest.fixture(autouse=True)
def fast(org: Org) -> None:
    """Salesforce's second of queueing for each job passes in twenty milliseconds."""
    org.sandbox.call("PUT", "/clock", {"rate": 50})


@pytest.fixture
def changed(org: Org, account: Session) -> Session:
    """The owner's session: 60 accounts have come since the load, of which REST reads 10 a page, a job gives 20."""
    account.execute("UPDATE sffdw.mapping SET poll_interval = '1 hour'")
    poll(account)
    set_options(account, page_size=10, bulk_load_threshold=40, bulk_pause_ms=10)
    page_of(account, 20)
    org.create("Account", *[{"Name": f"A {number:02}"} for number in range(COUNT)])
    return account


def all_names() -> list[str]:
    return [f"A {number:02}" for number in range(COUNT)]


def counts(org: Org, since: int) -> int:
    return sum("COUNT()" in call["path"] for call in org.calls("query", since))


def queries(org: Org, since: int) -> int:
    return len(org.calls("query", since)) - counts(org, since)


def test_case_13_twelve_thousand_changes_take_few_calls_and_go_on_where_the_backend_died(
        org: Org, account: Session, connect: Connect) -> None:
    poll(account)
    account.execute("UPDATE sffdw.mapping SET poll_interval = '1 hour', next_poll_at = now(), "
                    "next_deletes_at = 'infinity'")
    page_of(account, 4000)
    for _ in range(4):
        org.create("Account", *[{"Name": "many"}] * 3000)
    before, watermark = org.last_call(), one(account, "SELECT watermark_at FROM sffdw.mapping")
    poller = connect()
    with org.fault("http.latency", {"ms": 300}, kind="bulk_result"), background(
            lambda: poll(poller, force=False)) as raised:
        wait_for(lambda: one(account, "SELECT sum(row_count) >= 4000 FROM sffdw.load_chunk"), "the first page", 60)
        assert state(account) == "POLLING_SF_BULK"
        os.kill(poller.info.backend_pid, signal.SIGKILL)
    assert [type(error) for error in raised] == [psycopg.OperationalError]
    wait_for(lambda: is_ended(account), "the server restarts")
    session = wait_for(lambda: reconnected(connect), "the server is back")
    done = one(session, "SELECT sum(row_count) FROM sffdw.load_chunk")
    assert one(session, "SELECT watermark_at FROM sffdw.mapping") == watermark
    assert done <= one(session, "SELECT count(*) FROM salesforce.account") <= done + 2000
    resumed = org.last_call()
    poll(session, force=False)
    assert one(session, "SELECT count(DISTINCT sfid) FROM salesforce.account") == 12_000
    assert state(session) == "DATA_SYNCED"
    assert one(session, "SELECT watermark_at FROM sffdw.mapping") > watermark
    assert jobs_created(org, before) == 1
    assert pages_read(org, resumed) == math.ceil((12_000 - done) / 4000)
    assert (queries(org, before), counts(org, before)) == (1, 1)
    assert one(session, "SELECT count(*) FROM sffdw.load_chunk") == 0


def test_number_and_server_decide_whether_a_poll_goes_through_bulk(org: Org, changed: Session) -> None:
    cases = [("the rest is more than the threshold", {}, "ADD transport 'auto'", (1, 1, 1)),
             ("the rest, by whole seconds, is not", {"bulk_load_threshold": 60}, "SET transport 'auto'", (7, 1, 0)),
             ("a page holds all", {"page_size": 100}, "SET transport 'auto'", (1, 0, 0)),
             ("the server says REST", {"page_size": 10}, "SET transport 'rest'", (7, 0, 0)),
             ("the server says Bulk", {}, "SET transport 'bulk'", (1, 1, 1))]
    began = one(changed, "SELECT watermark_at FROM sffdw.mapping")
    for name, settings, options, calls in cases:
        set_options(changed, **{"bulk_load_threshold": 40, "page_size": 10} | settings)
        changed.execute("UPDATE sffdw.mapping SET watermark_at = %s, next_deletes_at = 'infinity'", [began])
        changed.execute("SET xmlbinary = 'hex'; DELETE FROM salesforce.account; RESET xmlbinary")
        with superuser(changed) as admin:
            admin.execute(f"ALTER SERVER sf OPTIONS ({options})")  # type: ignore[call-overload]
        before = org.last_call()
        poll(changed)
        assert names(changed) == all_names(), name
        assert (queries(org, before), counts(org, before), jobs_created(org, before)) == calls, name


def test_deletes_filters_and_unsent_values_are_as_in_any_poll(org: Org, changed: Session) -> None:
    poll(changed)
    ids = dict(rows(changed, "SELECT name, sfid FROM salesforce.account"))
    changed.execute("SELECT sffdw.alter_mapping('Account', row_filter => 'site IS NULL')")
    poll(changed)
    before = org.last_call()
    for name, record_id in ids.items():
        org.update("Account", record_id, Phone="new", **{"Site": "out"} if name == "A 58" else {})
    org.act("delete", "Account", ids["A 57"])
    changed.execute("UPDATE salesforce.account SET phone = 'unsent' WHERE name = 'A 59'")
    poll(changed)
    assert jobs_created(org, before) == 1
    assert dict(rows(changed, "SELECT name, phone FROM salesforce.account")) == {
        name: "unsent" if name == "A 59" else "new" for name in all_names() if name not in ("A 57", "A 58")}


def test_a_waiting_poll_leaves_the_lane_to_other_mappings(org: Org, changed: Session, contact: Session) -> None:
    changed.execute("UPDATE sffdw.mapping SET next_poll_at = now()")
    with org.fault("bulk.slow", {"seconds": 100_000}, kind="bulk_job"):
        changed.execute("CALL sffdw.poll(force => false, max_duration => '2 seconds')")
        org.create("Contact", {"LastName": "other"})
        contact.execute("UPDATE sffdw.mapping SET next_poll_at = now() WHERE object_name = 'Contact'")
        changed.execute("CALL sffdw.poll(force => false, max_duration => '2 seconds')")
        assert one(contact, "SELECT count(*) FROM salesforce.contact") == 1
        assert one(changed, "SELECT state FROM sffdw.mapping WHERE object_name = 'Account'") == "POLLING_SF_BULK"
        org.advance(200_000)
    poll(changed)
    assert names(changed) == all_names()


def test_cases_11_61_a_lost_job_makes_room_for_a_new_one_and_rest_reads_what_none_gives(
        org: Org, changed: Session) -> None:
    began = one(changed, "SELECT watermark_at FROM sffdw.mapping")
    cases: list[tuple[str, dict[str, Any], int, str, int]] = [
        ("locator.expired", {"kind": "bulk_result", "calls": "2"}, 2, "BULK LOAD NEW JOB", 1),
        ("bulk.failed", {"kind": "bulk_job"}, 4, "BULK LOAD THROUGH REST", 7)]
    for fault, when, jobs, event, pages in cases:
        changed.execute("UPDATE sffdw.mapping SET watermark_at = %s, next_deletes_at = 'infinity'", [began])
        changed.execute("SET xmlbinary = 'hex'; DELETE FROM salesforce.account; RESET xmlbinary")
        before = org.last_call()
        with org.fault(fault, {}, **when):
            poll(changed)
        assert names(changed) == all_names(), fault
        assert (jobs_created(org, before), queries(org, before)) == (jobs, pages), fault
        assert one(changed, "SELECT count(*) FROM sffdw.log WHERE event = %s", event) == 1
        assert state(changed) == "DATA_SYNCED"


def test_finished_jobs_are_deleted_and_salesforce_may_refuse(org: Org, changed: Session) -> None:
    for faults in (False, True):
        before = org.last_call()
        if faults:
            changed.execute("SELECT sffdw.reload()")
            set_options(changed, bulk_load_threshold=10)
            with org.fault("http.status", {"status": 404, "code": "NOT_FOUND", "message": "gone"}, kind="bulk_job",
                           calls="from 3"):
                poll(changed)
        else:
            poll(changed)
        deletes = [call for call in org.calls("bulk_job", before) if call["method"] == "DELETE"]
        assert len(deletes) == (0 if faults else 1)
        assert names(changed) == all_names()
