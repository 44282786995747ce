"""Failures of Salesforce's servers: of one record they hold back that one, of the whole org everything, for as long."""

from typing import Any

import pytest

from tests.integration.sync.org import Org, Session, log, one, poll, rows, set_options, write

KINDS = ["collections", "composite"]
DUE = "UPDATE sffdw.write_claim SET next_try_at = NULL WHERE phase IN ('waiting', 'doubtful')"
STEP = "SELECT s.has_done, s.next_batch FROM sffdw.connection c CROSS JOIN sffdw.write_step(c.connection_id, %s, %s) s"
FAILURE = {"status": 500, "code": "UNKNOWN_EXCEPTION", "message": "An unexpected error occurred"}
TOLD = "SELECT event_count, message FROM sffdw.notification WHERE event_type = 'write-delayed'"


@pytest.fixture
def both(org: Org, account: Session, contact: Session) -> Session:
    org.create("Account", {"Name": "A"}, {"Name": "B"})
    org.create("Contact", {"LastName": "C"})
    poll(contact)
    set_options(contact, row_lock_attempts=4)
    contact.execute("UPDATE salesforce.account SET phone = '1'; UPDATE salesforce.contact SET phone = '1'")
    return contact


def send_once(org: Org, session: Session) -> list[str | None]:
    """One batch is sent and settled, whatever was to wait; the objects of its requests, None for a Composite."""
    mark = org.last_call()
    session.execute(DUE)
    batch = rows(session, STEP, "claim", None)[0][1]
    session.execute(STEP, ["send", batch])
    while rows(session, STEP, "ask", None)[0][0]:
        pass
    session.execute(STEP, ["settle", None])
    return [call["object"] for call in org.calls(None, mark) if call["kind"] in KINDS]


def test_case_69_what_servers_fail_at_holds_back_only_itself_and_is_told_of(org: Org, both: Session) -> None:
    """All changes of accounts fail, and any Composite request."""
    with (org.fault("http.status", FAILURE, kind="composite"),
          org.fault("http.status", FAILURE, kind="collections", object="Account")):
        sent = [send_once(org, both), send_once(org, both)]
        for number in range(4):
            both.execute("UPDATE salesforce.contact SET phone = %s", [f"new {number}"])
            sent.append(send_once(org, both))
            assert org.sandbox.records("Contact")[0]["Phone"] == f"new {number}"
    alone = ["Contact", "Account", "Account"]
    assert sent == [[None], ["Account", "Contact"], ["Contact", "Account"], alone, alone, ["Contact"]]
    failed = "SELECT table_name, status_code, attempt_count FROM sffdw.write_errors"
    assert rows(both, failed) == [("account", "UNKNOWN_EXCEPTION", 5)] * 2
    told, = rows(both, TOLD)
    assert (told[0], "An unexpected error occurred" in told[1]) == (2, True)
    assert "An unexpected error occurred" in one(both, "SELECT last_error FROM sffdw.connection")
    assert one(both, "SELECT count(*) FROM sffdw.log WHERE event = 'WRITE DELAYED'") == 1


def test_case_69_an_outage_of_the_org_fails_nothing_however_long(org: Org, both: Session) -> None:
    with org.fault("http.status", FAILURE, kind=KINDS):
        sent = [send_once(org, both) for _ in range(7)]
    assert max(map(len, sent)) <= 3
    assert {state for _, state in log(both)} == {"NEW"}
    assert [count for count, _ in rows(both, TOLD)] == [3]
    both.execute("UPDATE sffdw.write_claim SET next_try_at = now() + interval '1 hour', claimed_at = clock_timestamp()")
    both.execute("INSERT INTO salesforce.contact (lastname) VALUES ('new')")
    assert rows(both, STEP, "claim", None) == [(False, None)], "others wait too"
    both.execute("UPDATE sffdw.connection SET accepted_at = clock_timestamp()")
    both.execute(STEP, ["send", rows(both, STEP, "claim", None)[0][1]])
    assert org.names("Contact", "LastName") == ["C", "new"]
    assert sorted(send_once(org, both), key=str) == ["Account", "Account", "Contact"]
    assert {state for _, state in log(both)} == {"SUCCESS"}


def test_case_69_others_wait_a_second_and_twice_as_long_with_each_batch_that_fails(org: Org, contact: Session) -> None:
    """By inserts, which stay in doubt. Half of a pause is asked about where it is long enough for a slow machine."""
    def waits(age_s: float) -> bool:
        contact.execute("UPDATE sffdw.write_claim SET claimed_at = clock_timestamp() - make_interval(secs => %s)",
                        [age_s])
        return bool(one(contact, "SELECT sffdw.awaits_org(connection_id) FROM sffdw.connection"))

    with org.fault("http.status", FAILURE | {"status": 503}, kind=KINDS):
        for number, pause_s in enumerate((1, 2, 4, 8, 15, 15)):
            contact.execute("INSERT INTO salesforce.contact (lastname) VALUES (%s)", [f"new {number}"])
            assert len(send_once(org, contact)) == 1
            assert pause_s < 4 or waits(pause_s / 2)
            assert not waits(pause_s)
    assert one(contact, "SELECT count(*) FROM sffdw.write_claim WHERE phase = 'doubtful'") == 6


def test_case_69_what_was_not_sent_waits_no_longer_for_having_failed_often(org: Org, both: Session) -> None:
    with org.fault("http.status", FAILURE, kind=KINDS):
        assert send_once(org, both) == [None]
    both.execute("UPDATE sffdw.write_claim SET attempt_count = 9")
    with org.fault("reply.lost", kind=KINDS):
        assert len(send_once(org, both)) == 1
    unsent = ("SELECT max(next_try_at) < clock_timestamp() + interval '10 seconds' FROM sffdw.write_claim "
              "WHERE message LIKE 'not sent%%'")
    assert one(both, unsent) is True


def test_case_62_pages_of_others_and_a_disabled_api_keep_changes_queued(org: Org, both: Session) -> None:
    disabled = {"status": 403, "code": "API_CURRENTLY_DISABLED", "message": "API is currently disabled"}
    trouble: list[tuple[str, dict[str, Any]]] = [
        ("http.html", {"status": 403}), ("http.html", {"status": 404}), ("http.html", {"status": 420, "body": ""}),
        ("http.status", disabled)]
    set_options(both, row_lock_attempts=1)
    for number, (name, params) in enumerate(trouble):
        with org.fault(name, params, kind=KINDS):
            for _ in range(3):
                assert send_once(org, both), name
                assert one(both, "SELECT bool_and(sffdw.concerns_org(http_status, status_code)) FROM sffdw.write_claim")
        assert {state for _, state in log(both)} <= {"NEW", "SUCCESS"}, name
        assert one(both, "SELECT last_error FROM sffdw.connection"), name
        both.execute(DUE)
        write(both)
        assert {state for _, state in log(both)} == {"SUCCESS"}, name
        both.execute("UPDATE salesforce.account SET phone = %s", [f"next {number}"])
        both.execute("UPDATE sffdw.connection SET last_error = NULL")
    assert len(rows(both, TOLD)) == 2, "one a code"
