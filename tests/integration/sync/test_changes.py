"""Accelerated mappings: change events have polled at once what they are about."""

import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, Session, background, one, poll, rows, set_options, wait_for

FOLLOW = "CALL sffdw.changes()"


@pytest.fixture
def fast(org: Org, account: Session, contact: Session) -> Session:
    """Account accelerated, Contact not; both loaded, the stream open."""
    account.execute("SELECT sffdw.alter_mapping('Account', accelerated => true)")
    set_options(account, accelerated_gap_s=1)
    poll(account)
    follow(account)
    poll_due(account)
    return account


def follow(session: Session, times: int = 1) -> None:
    for _ in range(times):
        session.execute(FOLLOW)


def poll_due(session: Session, seconds: int = 5) -> None:
    session.execute("CALL sffdw.poll(force => false, at => now() + %s)", [timedelta(seconds=seconds)])


def is_hastened(session: Session) -> bool:
    return bool(one(session, "SELECT sffdw.is_hastened(c, m, now() + interval '2 seconds') FROM sffdw.mapping m "
                             "JOIN sffdw.connection c USING (connection_id) WHERE m.object_name = 'Account'"))


def names(session: Session) -> list[str]:
    return [name for name, in rows(session, "SELECT name FROM salesforce.account ORDER BY name")]


def test_change_is_polled_for_as_soon_as_its_event_is_read(org: Org, fast: Session) -> None:
    org.create("Account", {"Name": "now"})
    poll_due(fast)
    assert names(fast) == []
    follow(fast)
    poll_due(fast)
    assert names(fast) == ["now"]


def test_events_of_mappings_that_are_not_accelerated_are_ignored(org: Org, fast: Session) -> None:
    org.create("Contact", {"LastName": "later"})
    follow(fast)
    poll_due(fast)
    assert one(fast, "SELECT count(*) FROM salesforce.contact") == 0


def test_one_subscription_serves_all_and_costs_no_api_call(org: Org, fast: Session) -> None:
    fast.execute("SELECT sffdw.alter_mapping('Contact', accelerated => true)")
    mark = org.last_call()
    org.create("Account", {"Name": "one"})
    org.create("Contact", {"LastName": "two"})
    follow(fast)
    assert {call["kind"] for call in org.calls(None, mark)} <= {"event", "versions"}
    poll_due(fast)
    assert names(fast) == ["one"]
    assert one(fast, "SELECT count(*) FROM salesforce.contact") == 1
    assert one(fast, "SELECT event_count FROM sffdw.change_stream") == 2


def test_deletion_is_confirmed_at_once(org: Org, fast: Session) -> None:
    record_id, = org.create("Account", {"Name": "gone"})
    poll(fast)
    follow(fast)
    org.act("hard_delete", "Account", record_id)
    follow(fast)
    poll_due(fast)
    assert names(fast) == []


def test_what_happened_between_two_followers_is_replayed(org: Org, fast: Session, connect: Any) -> None:
    org.create("Account", {"Name": "first"})
    follow(fast)
    poll_due(fast)
    org.create("Account", {"Name": "while nobody listened"})
    other = connect()
    follow(other, 2)
    poll_due(other)
    assert names(other) == ["first", "while nobody listened"]


def test_followers_of_an_idle_org_have_nothing_polled(org: Org, fast: Session, connect: Any) -> None:
    mark = org.last_call()
    for _ in range(3):
        follow(connect())
        poll_due(fast)
    assert org.calls("query", mark) == []
    org.create("Account", {"Name": "at last"})
    follow(connect())
    poll_due(fast)
    assert names(fast) == ["at last"]


def test_rolled_back_reading_is_read_again(org: Org, fast: Session) -> None:
    org.create("Account", {"Name": "first"})
    follow(fast)
    before = one(fast, "SELECT replay_id FROM sffdw.change_stream")
    org.create("Account", {"Name": "second"})
    with fast.transaction(force_rollback=True):
        assert one(fast, "SELECT (sffdw.changes_step(connection_id, NULL)).caught FROM sffdw.connection") is None
        assert one(fast, "SELECT replay_id FROM sffdw.change_stream") > before
    follow(fast)
    assert one(fast, "SELECT replay_id FROM sffdw.change_stream") > before
    poll_due(fast)
    assert names(fast) == ["first", "second"]


@pytest.mark.parametrize("fault", ["event.gap", "event.overflow"])
def test_gaps_and_overflows_fall_back_to_a_poll(org: Org, fast: Session, fault: str) -> None:
    with org.fault(fault, object="Account"):
        org.create("Account", *[{"Name": f"A {n}"} for n in range(3)])
    follow(fast)
    poll_due(fast)
    assert names(fast) == ["A 0", "A 1", "A 2"]


def test_lost_replay_id_is_given_up_and_everything_polled(org: Org, fast: Session, connect: Any) -> None:
    org.create("Account", {"Name": "first"})
    follow(fast)
    org.create("Account", {"Name": "lost"})
    other = connect()
    with org.fault("event.replay_invalid"), pytest.raises(psycopg.Error) as raised:
        follow(other)
    assert raised.value.diag.sqlstate == "SF017"
    assert one(other, "SELECT replay_id FROM sffdw.change_stream") == -1
    follow(other)
    poll_due(other)
    assert names(other) == ["first", "lost"]
    assert len(rows(other, "SELECT FROM sffdw.log WHERE event = 'EVENTS LOST'")) == 1


def test_forgotten_client_subscribes_again_where_it_was(org: Org, fast: Session) -> None:
    org.create("Account", {"Name": "first"})
    follow(fast)
    org.create("Account", {"Name": "second"})
    with org.fault("event.disconnect", calls="1"):
        follow(fast)
    poll_due(fast)
    assert names(fast) == ["first", "second"]


def test_expired_session_is_renewed(org: Org, fast: Session) -> None:
    org.create("Account", {"Name": "first"})
    org.sandbox.call("POST", "/sessions/expire", {})
    follow(fast, 2)
    poll_due(fast)
    assert names(fast) == ["first"]


def test_change_during_a_poll_is_followed_by_another_poll(org: Org, fast: Session, connect: Any) -> None:
    poller = connect()
    fast.execute("UPDATE sffdw.mapping SET next_poll_at = now() WHERE object_name = 'Account'")
    with org.fault("http.latency", {"ms": 1500}, kind="query", object="Account", calls="1"), \
            background(lambda: poll_due(poller, 0)) as raised:
        wait_for(lambda: one(fast, "SELECT phase FROM sffdw.mapping WHERE object_name = 'Account'") == "changes",
                 "the window is open")
        org.create("Account", {"Name": "meanwhile"})
        follow(fast)
    assert not raised
    assert is_hastened(fast)
    poll_due(fast, 2)
    assert not is_hastened(fast)
    assert "meanwhile" in names(fast)


def test_who_follows_events_waits_for_no_poll_and_other_mappings_go_on(org: Org, fast: Session, connect: Any) -> None:
    fast.execute("SELECT sffdw.alter_mapping('Contact', accelerated => true)")
    poll(fast)
    record_id, = org.create("Account", {"Name": "gone"})
    poll(fast)
    follow(fast)
    poll_due(fast)
    poller = connect(autocommit=False)
    number = one(poller, "SELECT mapping_id FROM sffdw.mapping WHERE object_name = 'Account' FOR NO KEY UPDATE")
    poller.execute("SELECT sffdw.add_gone(%s, %s, 'poll')", [number, [record_id]])
    org.act("hard_delete", "Account", record_id)
    org.create("Contact", {"LastName": "other"})
    fast.execute("SET lock_timeout = '1s'")
    follow(fast)
    assert one(fast, "SELECT last_error FROM sffdw.change_stream") is None
    fast.execute("CALL sffdw.poll('Contact', force => false, at => now() + interval '5 seconds')")
    assert rows(fast, "SELECT lastname FROM salesforce.contact") == [("other",)]
    assert names(fast) == ["gone"]
    poller.rollback()
    poll_due(fast)
    assert names(fast) == []


def test_events_do_not_shorten_the_pause_of_a_mapping_in_error(org: Org, fast: Session) -> None:
    fast.execute("UPDATE sffdw.mapping SET error_count = 3, next_poll_at = now() + interval '1 hour'")
    org.create("Account", {"Name": "event"})
    follow(fast)
    poll_due(fast)
    assert names(fast) == []
    fast.execute("UPDATE sffdw.mapping SET error_count = 0")
    poll_due(fast)
    assert names(fast) == ["event"]


def test_nothing_accelerated_listens_to_nothing(org: Org, account: Session) -> None:
    mark = org.last_call()
    follow(account)
    assert org.calls("event", mark) == []


@pytest.fixture
def at_work(fast: Session, connect: Any) -> Iterator[None]:
    """Both loops, as pg_cron runs them."""
    calls = ["CALL sffdw.poll(force => false, max_duration => '12 seconds', lane => 1)",
             "CALL sffdw.changes(max_duration => '12 seconds', lane => 1)"]
    sessions = [connect() for _ in calls]
    with background(lambda: sessions[0].execute(calls[0])) as first, \
            background(lambda: sessions[1].execute(calls[1])) as second:
        yield
    assert not first and not second


def test_latency_from_commit_to_row(org: Org, fast: Session, at_work: None) -> None:
    taken = []
    for number in range(3):
        started = time.monotonic()
        org.create("Account", {"Name": f"L {number}"})
        wait_for(lambda: len(names(fast)) > number, "it arrives")  # noqa: B023
        taken.append(time.monotonic() - started)
        wait_for(lambda: time.monotonic() - started > 2.2, "the gap is over")  # noqa: B023
    print(f"accelerated: median {statistics.median(taken):.2f} s of {len(taken)}")
