"""The safety stop outwards: a mass of changes waits for a person, who has it sent or taken back."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, background, one, poll, rows, set_options, wait_for, write

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]
HELD = "SELECT object_name, direction, action, entry_count, threshold FROM sffdw.held_changes ORDER BY action"
RELEASE = "SELECT sffdw.release('out', 'Account')"
DISCARD = "SELECT sffdw.release('out', 'Account', discard => true)"
MASS = "UPDATE salesforce.account SET phone = 'mistake'"
CALLS = ("create", "update", "upsert", "delete", "collections", "composite", "batch", "bulk_job")
# `make test` makes a small mistake, `make bad-deploy` a large one.
BAD_DEPLOY_ROWS = int(os.environ.get("SFFDW_BAD_DEPLOY_ROWS", "5000"))


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    """Say how long a step took: figures for people, nothing depends on them."""
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.2f} s")


def fill(org: Org, session: Session, count: int) -> None:
    """Load so many accounts."""
    for first in range(0, count, 2000):
        org.create("Account", *[{"Name": f"A {n:05}", "Phone": "1"} for n in range(first, min(first + 2000, count))])
    poll(session)


def write_calls(org: Org, since: int) -> int:
    # Polls of very many changes make Bulk jobs too, to query.
    return sum("/jobs/query" not in call["path"] for kind in CALLS for call in org.calls(kind, since))


def threshold(session: Session, entries: int, name: str = "Account") -> None:
    session.execute("SELECT sffdw.alter_mapping(%s, hold_threshold => %s)", [name, entries])


def both_sides(org: Org, session: Session) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """What the org has and what the table has, with all that a person would see of a row."""
    there = sorted((one["Id"], one["Name"], one["Phone"]) for one in org.sandbox.records("Account"))
    return there, rows(session, "SELECT sfid, name, phone FROM salesforce.account ORDER BY sfid COLLATE \"C\"")


@pytest.fixture
def loaded(org: Org, account: Session) -> Session:
    """30 accounts; more than 10 changes at once are held."""
    fill(org, account, 30)
    threshold(account, 10)
    return account


# --- what is held ---


def test_a_small_table_that_is_emptied_is_held_and_one_of_which_much_is_left_is_not(org: Org, account: Session) -> None:
    fill(org, account, 150)
    account.execute("DELETE FROM salesforce.account WHERE id IN "
                    "(SELECT id FROM salesforce.account ORDER BY id LIMIT 112)")
    write(account)
    assert (len(org.names()), rows(account, HELD)) == (38, [])
    fill(org, account, 100)
    mark = org.last_call()
    account.execute("DELETE FROM salesforce.account")
    write(account)
    assert write_calls(org, mark) == 0
    assert rows(account, HELD) == [("Account", "out", "DELETE", 138, 103)]
    assert len(org.names()) == 138


def test_as_many_as_the_threshold_are_sent_and_one_more_is_held_and_told_once(org: Org, loaded: Session) -> None:
    loaded.execute(f"{MASS} WHERE id IN (SELECT id FROM salesforce.account ORDER BY id LIMIT 10)")
    assert one(loaded, RELEASE) == 0 and one(loaded, DISCARD) == 0
    write(loaded)
    assert sum(record["Phone"] == "mistake" for record in org.sandbox.records("Account")) == 10
    # What gathers in a pause counts like anything else.
    loaded.execute("SELECT sffdw.pause('out')")
    loaded.execute("UPDATE salesforce.account SET name = 'x' WHERE id IN "
                   "(SELECT id FROM salesforce.account ORDER BY id LIMIT 11)")
    write(loaded)
    assert rows(loaded, HELD) == []
    loaded.execute("SELECT sffdw.resume('out')")
    mark = org.last_call()
    write(loaded)
    write(loaded)
    assert write_calls(org, mark) == 0
    assert rows(loaded, HELD) == [("Account", "out", "UPDATE", 11, 10)]
    assert rows(loaded, "SELECT state, count(*) FROM salesforce._trigger_log GROUP BY 1 ORDER BY 1") == [
        ("NEW", 11), ("SUCCESS", 10)]
    (event, message), = rows(loaded, "SELECT event_type, message FROM sffdw.notifications")
    assert event == "changes-held" and "release('out', 'Account')" in message and "11 changes are unsent" in message
    assert rows(loaded, "SELECT level, row_count FROM sffdw.log WHERE event = 'CHANGES HELD'") == [("WARNING", 11)]
    assert one(loaded, "SELECT held_count FROM sffdw.connections") == 11


def test_everything_of_a_held_mapping_waits_and_other_mappings_go_on(
        org: Org, loaded: Session, contact: Session) -> None:
    loaded.execute(MASS)
    write(loaded)
    loaded.execute("INSERT INTO salesforce.account (name) VALUES ('one more')")
    contact.execute("INSERT INTO salesforce.contact (lastname) VALUES ('goes on')")
    write(contact)
    assert org.names("Contact", "LastName") == ["goes on"]
    assert "one more" not in org.names()
    # The count in the view is brought up to date now and then.
    loaded.execute("UPDATE sffdw.held_change SET counted_at = '-infinity'")
    write(loaded)
    assert rows(loaded, HELD) == [("Account", "out", "INSERT", 1, 10), ("Account", "out", "UPDATE", 30, 10)]


def test_two_writers_that_meet_a_mass_at_once_tell_it_once(loaded: Session, app: Session, connect: Connect) -> None:
    watcher = connect()
    loaded.execute(MASS)
    held = "SELECT sffdw.hold_writes(c) FROM sffdw.connection c"
    # What was chosen just before the mass was seen is given up.
    with loaded.transaction(force_rollback=True):
        assert one(loaded, "SELECT sffdw.keep_sendable(c, ARRAY(SELECT l.id FROM salesforce._trigger_log l)) "
                           "FROM sffdw.connection c") is None
    assert one(app, held) == ["account"]
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%hold_writes%'"
    with background(lambda: loaded.execute(held)) as raised:
        wait_for(lambda: one(watcher, waits), "the second waits for the first")
        app.commit()
    assert raised == []
    assert one(loaded, "SELECT count(*) FROM sffdw.notifications") == 1
    assert rows(loaded, HELD) == [("Account", "out", "UPDATE", 30, 10)]


SHARES = [
    # changed, deleted, held: of 60 rows, with hold_percent 20 and hold_delete_percent 10
    (12, 0, False),
    (13, 0, True),
    (0, 6, False),
    (0, 7, True),
    (8, 4, False),
    (8, 5, True),
]


def test_without_a_threshold_a_share_of_the_rows_is_held_and_less_of_deletes(org: Org, account: Session) -> None:
    limits = "SELECT (sffdw.hold_limits(c, m, ROW(%s, %s))).* FROM sffdw.connection c JOIN sffdw.mapping m " \
             "USING (connection_id)"
    held = "SELECT sffdw.hold_writes(c) FROM sffdw.connection c"
    fill(org, account, 60)
    assert rows(account, limits, 1001, 1001) == [(1000, 795)]
    assert rows(account, limits, 1001, 2000) == [(1000, 1000)]
    set_options(account, hold_rows=3, hold_delete_rows=2, hold_percent=20, hold_delete_percent=10)
    assert rows(account, limits, 61, 61) == [(24, 12)]
    for changed, deleted, want in SHARES:
        with account.transaction(force_rollback=True):
            account.execute(f"{MASS} WHERE id IN (SELECT id FROM salesforce.account ORDER BY id LIMIT {changed});"
                            f"DELETE FROM salesforce.account WHERE id IN "
                            f"(SELECT id FROM salesforce.account ORDER BY id DESC LIMIT {deleted})")
            assert (one(account, held) == ["account"]) is want, (changed, deleted)


# --- released ---


def test_release_sends_what_was_held_and_what_comes_later_is_judged_anew(org: Org, loaded: Session) -> None:
    set_options(loaded, write_batch_size=5, write_batch_calls=1)
    loaded.execute(MASS)
    write(loaded)
    assert one(loaded, RELEASE) == 30
    assert rows(loaded, HELD) == []
    loaded.execute("UPDATE salesforce.account SET name = 'later' WHERE id % 3 = 0")
    write(loaded)
    assert {record["Phone"] for record in org.sandbox.records("Account")} == {"mistake"}
    assert org.names().count("later") == 10
    loaded.execute("UPDATE salesforce.account SET name = 'mass'")
    write(loaded)
    loaded.execute(RELEASE)
    # Too much while what was released leaves.
    loaded.execute("UPDATE salesforce.account SET name = 'mass again'")
    write(loaded)
    assert "mass again" not in org.names()
    assert rows(loaded, HELD) == [("Account", "out", "UPDATE", 30, 10)]
    assert one(loaded, RELEASE) == 60
    write(loaded)
    assert set(org.names()) == {"mass again"}
    write(loaded)
    assert rows(loaded, "SELECT FROM sffdw.write_release") == []


def test_case_72_a_release_ends_on_a_restored_server_too(org: Org, loaded: Session) -> None:
    """Numbers of transactions of the other server may be far ahead of ours."""
    loaded.execute(MASS)
    write(loaded)
    assert one(loaded, RELEASE) == 30
    loaded.execute("UPDATE sffdw.write_release SET in_progress = '{999999999999}'")
    write(loaded)
    write(loaded)
    assert one(loaded, "SELECT count(*) FROM sffdw.write_release") == 1
    loaded.execute("UPDATE sffdw.connection SET system_identifier = system_identifier - 1")
    loaded.execute("SELECT sffdw.recover(accept_cluster => true)")
    write(loaded)
    write(loaded)
    assert one(loaded, "SELECT count(*) FROM sffdw.write_release") == 0


def test_a_mass_that_was_not_committed_at_the_release_is_not_released(
        org: Org, loaded: Session, app: Session) -> None:
    app.execute("UPDATE salesforce.account SET name = 'uncommitted' WHERE id % 2 = 0")
    loaded.execute("UPDATE salesforce.account SET name = 'seen' WHERE id % 2 = 1")
    write(loaded)
    assert one(loaded, RELEASE) == 15
    app.commit()
    mark = org.last_call()
    write(loaded)
    assert write_calls(org, mark) == 0
    assert rows(loaded, HELD) == [("Account", "out", "UPDATE", 15, 10)]
    loaded.execute(RELEASE)
    write(loaded)
    assert sorted(set(org.names())) == ["seen", "uncommitted"]


def test_a_hold_ends_by_itself_when_it_is_no_mass_any_more(org: Org, loaded: Session) -> None:
    for way_out in ("UPDATE salesforce._trigger_log SET state = 'IGNORED' WHERE state = 'NEW' AND record_id % 3 > 0",
                    "SELECT sffdw.alter_mapping('Account', hold_threshold => 30)"):
        loaded.execute("UPDATE salesforce.account SET name = %s", [way_out[:6]])
        write(loaded)
        assert rows(loaded, HELD) == [("Account", "out", "UPDATE", 30, 10)]
        loaded.execute(way_out)
        loaded.execute("UPDATE sffdw.held_change SET counted_at = '-infinity'")
        write(loaded)
        assert rows(loaded, HELD) == []
    assert set(org.names()) == {"SELECT"}


# --- discarded ---


def mistake(session: Session) -> None:
    """Every row is changed; then some are deleted, some come, and some of those go again."""
    session.execute(MASS)
    session.execute("DELETE FROM salesforce.account WHERE id % 3 = 0")
    session.execute("INSERT INTO salesforce.account (name) SELECT 'new ' || n FROM generate_series(1, 7) n")
    session.execute("DELETE FROM salesforce.account WHERE name IN ('new 3', 'new 4')")


def discard(org: Org, session: Session) -> int:
    """Have it held and taken back; return the number of write calls, which must be none."""
    mark = org.last_call()
    write(session)
    session.execute(DISCARD)
    poll(session)
    write(session)
    return write_calls(org, mark)


def test_discard_makes_both_sides_equal_and_deleted_rows_have_their_ids_again(org: Org, loaded: Session) -> None:
    set_options(loaded, page_size=7)
    image = "SELECT id, sfid, name, phone, _hc_lastop FROM salesforce.account ORDER BY id"
    before = rows(loaded, image)
    mistake(loaded)
    assert discard(org, loaded) == 0
    assert rows(loaded, image) == before
    there, here = both_sides(org, loaded)
    assert here == there
    assert rows(loaded, HELD) == [] and rows(loaded, "SELECT FROM sffdw.write_release") == []
    assert rows(loaded, "SELECT DISTINCT state FROM salesforce._trigger_log") == [("IGNORED",)]
    assert set(rows(loaded, "SELECT sf_message FROM salesforce._trigger_log WHERE sf_message IS NOT NULL")) == {
        ("discarded",), ("the row was deleted before this was sent",)}
    assert rows(loaded, "SELECT outcome, read_count, inserted_count, updated_count, call_count FROM sffdw.sync_runs "
                        "WHERE inserted_count > 0 ORDER BY run_id DESC LIMIT 1") == [("ok", 30, 10, 20, 5)]
    assert rows(loaded, "SELECT row_count FROM sffdw.log WHERE event = 'CHANGES DISCARDED'") == [(45,)]


def test_few_changes_among_many_rows_are_read_by_their_ids_and_later_ones_kept(org: Org, account: Session) -> None:
    fill(org, account, 200)
    threshold(account, 5)
    account.execute(f"{MASS} WHERE id % 20 = 0")
    account.execute("DELETE FROM salesforce.account WHERE id % 40 = 0")
    write(account)
    account.execute(DISCARD)
    kept = one(account, "SELECT sfid FROM salesforce.account WHERE id = 20")
    account.execute("UPDATE salesforce.account SET name = 'meant' WHERE id = 20")
    mark = org.last_call()
    poll(account)
    first, *_ = [call for call in org.calls("query", mark) if call["object"] == "Account"]
    assert first["rows"] == 10
    assert rows(account, "SELECT name, phone FROM salesforce.account WHERE id = 20") == [("meant", "1")]
    write(account)
    there, here = both_sides(org, account)
    assert here == there and (kept, "meant", "1") in here


def test_discard_goes_on_where_an_error_stopped_it_with_what_the_org_has_by_then(org: Org, loaded: Session) -> None:
    set_options(loaded, page_size=10)
    loaded.execute(MASS)
    write(loaded)
    loaded.execute(DISCARD)
    gone = {"status": 500, "code": "UNKNOWN_EXCEPTION", "message": "down"}
    with org.fault("http.status", gone, calls="2-9", kind="query"), pytest.raises(psycopg.Error):
        poll(loaded)
    assert rows(loaded, "SELECT state, count(*) FROM salesforce._trigger_log GROUP BY 1 ORDER BY 1") == [
        ("IGNORED", 10), ("NEW", 20)]
    assert one(loaded, "SELECT count(*) FROM salesforce.account WHERE phone = 'mistake'") == 20
    assert one(loaded, DISCARD) == 0
    *_, changed, deleted = [sfid for sfid, in rows(loaded, "SELECT sfid FROM salesforce.account ORDER BY sfid")]
    org.update("Account", changed, Name="theirs")
    org.act("delete", "Account", deleted)
    poll(loaded)
    there, here = both_sides(org, loaded)
    assert len(here) == 29 and here == there and (changed, "theirs", "1") in here


def test_case_75_rows_that_an_app_holds_are_restored_later_and_not_sent_meanwhile(
        org: Org, loaded: Session, app: Session) -> None:
    loaded.execute(MASS)
    loaded.execute("INSERT INTO salesforce.account (name) VALUES ('held by an app')")
    write(loaded)
    app.execute("SELECT FROM salesforce.account WHERE name IN ('held by an app', 'A 00003') FOR UPDATE")
    loaded.execute(DISCARD)
    poll(loaded)
    assert one(loaded, "SELECT count(*) FROM salesforce.account WHERE phone = 'mistake'") == 1
    assert one(loaded, "SELECT count(*) FROM salesforce.account") == 31
    # However few are left.
    loaded.execute("UPDATE sffdw.held_change SET counted_at = '-infinity'")
    write(loaded)
    assert {record["Phone"] for record in org.sandbox.records("Account")} == {"1"}
    app.rollback()
    poll(loaded)
    there, here = both_sides(org, loaded)
    assert here == there and rows(loaded, HELD) == []


def test_case_75_a_bad_deploy_is_held_before_it_leaves_and_taken_back(org: Org, account: Session) -> None:
    fill(org, account, BAD_DEPLOY_ROWS)
    threshold(account, BAD_DEPLOY_ROWS // 10)
    ids = rows(account, "SELECT id, sfid FROM salesforce.account ORDER BY id")
    mark = org.last_call()
    with timed("statements"):
        account.execute(MASS)
        account.execute("DELETE FROM salesforce.account")
    with timed("a write that holds"):
        write(account)
    with timed("a write that is held"):
        write(account)
    assert rows(account, "SELECT action, entry_count FROM sffdw.held_changes ORDER BY 1") == [
        ("DELETE", BAD_DEPLOY_ROWS), ("UPDATE", BAD_DEPLOY_ROWS)]
    with timed("discard"):
        assert discard(org, account) == 0
    assert write_calls(org, mark) == 0
    there, here = both_sides(org, account)
    assert len(here) == BAD_DEPLOY_ROWS and here == there
    assert rows(account, "SELECT id, sfid FROM salesforce.account ORDER BY id") == ids
    print("calls that read:", len(org.calls("query", mark)))
