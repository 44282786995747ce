"""plan_write: the requests that a write would make and what waits, without a call, a claim or a change."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]
REQUESTS = ("collections", "create", "update", "upsert", "delete", "composite", "bulk_job")


def plan(session: Session, most: int = 1000) -> list[tuple[Any, ...]]:
    """The plan, made where nothing can be changed: position, transport, operation, object, how many entries, reason."""
    with session.transaction():
        session.execute("SET TRANSACTION READ ONLY")
        return rows(session, 'SELECT "position", transport, operation, object_name, cardinality(entry_ids), '
                             "held_reason FROM sffdw.plan_write(%s)", most)


@pytest.fixture
def both(org: Org, account: Session, contact: Session) -> Session:
    """Two accounts, a contact, and nothing to send."""
    org.create("Account", {"Name": "A 0"}, {"Name": "A 1", "External_Id__c": "one"})
    org.create("Contact", {"LastName": "C 0"})
    poll(account)
    assert plan(account) == []
    return account


def test_requests_are_shown_in_their_order_and_then_made(org: Org, both: Session) -> None:
    both.execute("INSERT INTO salesforce.account (name, external_id__c) SELECT n, n FROM generate_series(1, 250) n;"
                 "INSERT INTO salesforce.contact (lastname) VALUES ('C 1'), ('C 2');"
                 "UPDATE salesforce.account SET phone = '1' WHERE name LIKE 'A%';"
                 "DELETE FROM salesforce.contact WHERE lastname = 'C 0'")
    mark = org.last_call()
    planned = plan(both)
    assert planned == [
        (1, "REST", "upsert", "Account", 200, None), (2, "REST", "upsert", "Account", 50, None),
        (3, "REST", "insert", "Contact", 2, None), (4, "REST", "update", "Account", 2, None),
        (5, "REST", "delete", "Contact", 1, None)]
    assert plan(both, 100) == [(1, "REST", "upsert", "Account", 100, None)]
    assert org.last_call() == mark
    assert rows(both, "SELECT DISTINCT state FROM salesforce._trigger_log") == [("NEW",)]
    entries = [entry for _, _, _, _, ids, _ in rows(both, "SELECT * FROM sffdw.plan_write()") for entry in ids]
    assert sorted(entries) == [entry for entry, in rows(both, "SELECT id FROM salesforce._trigger_log ORDER BY id")]
    write(both)
    assert plan(both) == []
    assert rows(both, "SELECT DISTINCT state FROM salesforce._trigger_log") == [("SUCCESS",)]


def reason(session: Session, operation: str = "update") -> str:
    """The one reason why entries of this operation wait."""
    found = [why for position, _, doing, _, _, why in plan(session) if doing == operation and position is None]
    assert len(found) == 1, plan(session)
    return str(found[0])


def test_what_waits_is_shown_with_its_reason_and_what_does_not_with_its_request(org: Org, both: Session) -> None:
    both.execute("UPDATE salesforce.account SET phone = '1' WHERE name = 'A 0'")
    assert plan(both) == [(1, "REST", "update", "Account", 1, None)]
    both.execute("UPDATE salesforce.account SET phone = '2' WHERE name = 'A 0'")
    assert plan(both)[0] == (1, "REST", "update", "Account", 1, None)
    assert reason(both) == "an older change of the same record is open"
    write(both)
    both.execute("UPDATE salesforce.account SET createddate = '2001-01-01' WHERE name = 'A 0'")
    assert reason(both) == "nothing is sent, the entry becomes IGNORED: no field that may be written has changed"
    write(both)
    both.execute("INSERT INTO salesforce._trigger_log (state, action, table_name, record_id) "
                 "VALUES ('NEW', 'UPDATE', 'nowhere', 1)")
    assert reason(both) == 'nothing is sent, the entry becomes FAILED: NOT_MAPPED: table "nowhere" is not mapped'
    write(both)
    both.execute("UPDATE salesforce.account SET phone = '3'")
    both.execute("SELECT sffdw.pause('out')")
    assert reason(both) == "writes are paused"
    both.execute("SELECT sffdw.resume('out')")
    with org.fault("http.status", {"status": 503}, kind="collections"):
        write(both)
    assert reason(both).startswith("it is sent again after a pause")


def test_what_is_held_or_will_be_is_shown_and_other_mappings_go_on(org: Org, both: Session) -> None:
    both.execute("SELECT sffdw.alter_mapping('Account', hold_threshold => 1)")
    both.execute("UPDATE salesforce.account SET phone = 'mistake';"
                 "INSERT INTO salesforce.contact (lastname) VALUES ('x')")
    held = (None, None, "update", "Account", 2, "held: 2 changes are unsent, and more than 1 at once are not believed")
    assert plan(both) == [(1, "REST", "insert", "Contact", 1, None), held]
    write(both)
    assert plan(both) == [held]
    assert one(both, "SELECT sffdw.release('out')") == 2
    assert plan(both) == [(1, "REST", "update", "Account", 2, None)]


def test_a_row_that_names_a_parent_waits_for_it(org: Org, account: Session) -> None:
    account.execute("SELECT sffdw.create_mapping('Contact', access => 'read_write', "
                    "fields => '{LastName,Account.External_Id__c}')")
    poll(account)
    account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('parent', 'p');"
                    "INSERT INTO salesforce.contact (lastname, account__external_id__c) VALUES ('child', 'p')")
    (first, *_, nothing), (position, *_, why) = plan(account)
    assert (first, nothing, position) == (1, None, None) and "is not in Salesforce yet" in why
    write(account)
    assert plan(account) == [] and org.names("Contact", "LastName") == ["child"]


def test_many_changes_of_one_kind_are_shown_as_a_job(org: Org, both: Session) -> None:
    set_options(both, bulk_write_threshold=20)
    both.execute("INSERT INTO salesforce.contact (lastname) SELECT n::text FROM generate_series(1, 30) n;"
                 "UPDATE salesforce.account SET phone = '1'")
    assert plan(both) == [(1, "Bulk", "insert", "Contact", 30, None), (2, "REST", "update", "Account", 2, None)]


def test_only_the_owner_may_ask(both: Session, connect: Any) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject):
        connect(user="crm_app").execute("SELECT * FROM sffdw.plan_write()")


def entries(session: Session) -> list[tuple[Any, ...]]:
    """The plan, made where nothing can be changed: operation, whether it is sent, the entries, the reason."""
    with session.transaction():
        session.execute("SET TRANSACTION READ ONLY")
        return rows(session, 'SELECT operation, "position" IS NOT NULL, entry_ids, held_reason FROM sffdw.plan_write()')


def test_a_row_that_is_deleted_before_it_was_sent_is_not_planned(org: Org, both: Session) -> None:
    both.execute("INSERT INTO salesforce.account (name) VALUES ('gone')")
    both.execute("DELETE FROM salesforce.account WHERE name = 'gone'")
    first = one(both, "SELECT min(id) FROM salesforce._trigger_log")
    assert entries(both) == [("insert", False, [first], "nothing is sent, its row was deleted before it was sent")]
    mark = org.last_call()
    write(both)
    assert [call for call in org.calls(since=mark) if call["kind"] in REQUESTS] == []


def test_merged_changes_are_planned_as_they_are_sent(org: Org, both: Session) -> None:
    both.execute("SELECT sffdw.alter_connection(write_algorithm => 'merged')")
    for phone in ("2", "3"):
        both.execute("UPDATE salesforce.account SET phone = %s WHERE name = 'A 0'", [phone])
    both.execute("UPDATE salesforce.contact SET phone = '4'")
    both.execute("DELETE FROM salesforce.contact")
    update, later, dropped, delete = (
        entry for entry, in rows(both, "SELECT id FROM salesforce._trigger_log ORDER BY id"))
    assert entries(both) == [
        ("update", True, [update], None), ("delete", True, [delete], None),
        ("update", False, [later], f"it is merged into entry {update}"),
        ("update", False, [dropped], f"it is merged into entry {delete}")]
    write(both)
    assert rows(both, "SELECT id, state FROM salesforce._trigger_log ORDER BY id") == [
        (update, "SUCCESS"), (later, "MERGED"), (dropped, "MERGED"), (delete, "SUCCESS")]
