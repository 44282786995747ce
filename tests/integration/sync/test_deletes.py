"""Deletes in Salesforce: all of them arrive, none that is not one, and never implausibly many at once."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]
NAMES = "SELECT name FROM salesforce.account ORDER BY name"
COUNT = "SELECT count(*) FROM salesforce.account"
HELD = "SELECT object_name, direction, action, entry_count, threshold FROM sffdw.held_changes"


@pytest.fixture
def loaded(org: Org, account: Session) -> Session:
    org.create("Account", *[{"Name": f"A {n}", "Phone": str(n)} for n in range(3)])
    poll(account)
    return account


def fill(org: Org, session: Session, count: int) -> list[str]:
    """Load so many accounts; return their Ids."""
    ids = org.create("Account", *[{"Name": f"A {n:04}"} for n in range(count)])
    poll(session)
    return ids


def delete(org: Org, ids: list[str], name: str = "Account") -> None:
    org.sandbox.change(*[{"op": "delete", "object": name, "id": record_id} for record_id in ids])


def id_of(session: Session, name: str) -> str:
    return str(one(session, "SELECT sfid FROM salesforce.account WHERE name = %s", name))


# --- which deletes arrive ---


def test_case_15_a_soft_delete_that_moves_no_stamp_arrives_by_the_delete_log(org: Org, loaded: Session) -> None:
    org.advance(7200)
    poll(loaded)
    record_id = id_of(loaded, "A 1")
    loaded.execute("DELETE FROM salesforce.account WHERE sfid = %s", [record_id])
    with org.fault("deleted.no_stamp"):
        write(loaded)
    # As if the row were still here, for somebody else had deleted the record.
    loaded.execute("DELETE FROM salesforce._trigger_log")
    with loaded.transaction():
        loaded.execute("SET LOCAL xmlbinary = 'hex'")
        loaded.execute("INSERT INTO salesforce.account (sfid, name) VALUES (%s, 'A 1')", [record_id])
    org.advance(120)
    mark = org.last_call()
    poll(loaded)
    assert rows(loaded, NAMES) == [("A 0",), ("A 2",)]
    assert len(org.calls("deleted", mark)) == 1


@pytest.fixture(params=["REST", "Bulk"])
def unmarked(org: Org, owner: Session, request: pytest.FixtureRequest) -> Session:
    """Account, whose records do not say whether they are deleted, loaded while one lay in the bin."""
    set_options(owner, bulk_load_threshold=0 if request.param == "Bulk" else 1000, bulk_pause_ms=10)
    org.sandbox.call("PATCH", "/objects/Account", {"hide_fields": ["IsDeleted"]})
    ids = org.create("Account", *[{"Name": f"A {n}"} for n in range(4)])
    delete(org, ids[3:])
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name}')")
    poll(owner)
    return owner


@pytest.mark.parametrize("way", ["log", "comparison"])
def test_case_15_a_soft_delete_arrives_of_an_object_that_hides_what_is_deleted(org: Org, unmarked: Session,
                                                                               way: str) -> None:
    assert rows(unmarked, NAMES) == [("A 0",), ("A 1",), ("A 2",)]
    org.update("Account", id_of(unmarked, "A 1"), Name="changed")
    delete(org, [id_of(unmarked, "A 2")])
    if way == "log":
        org.advance(120)
        poll(unmarked)
    else:
        unmarked.execute("UPDATE sffdw.mapping SET next_deletes_at = now() + interval '1 day'")
        unmarked.execute("SELECT sffdw.request_verification('Account')")
        unmarked.execute("CALL sffdw.maintain()")
        unmarked.execute("CALL sffdw.poll(force => false, at => now() + interval '1 hour')")
    assert rows(unmarked, NAMES) == [("A 0",), ("changed",)]


def test_case_17_a_window_with_too_many_ids_is_halved_before_all_is_compared(org: Org, loaded: Session) -> None:
    record_id = id_of(loaded, "A 1")
    delete(org, [record_id])
    org.act("hard_delete", "Account", record_id)
    org.advance(3600)
    mark = org.last_call()
    too_many = {"status": 400, "code": "EXCEEDED_ID_LIMIT", "message": "too many ids"}
    with org.fault("http.status", too_many, calls="1", kind="deleted"):
        poll(loaded)
    assert [call["status"] for call in org.calls("deleted", mark)] == [400, 200, 200]
    assert rows(loaded, NAMES) == [("A 0",), ("A 2",)]
    assert one(loaded, "SELECT count(*) FROM sffdw.log WHERE event = 'DELETES MISSED'") == 0


def test_case_18_children_of_a_merged_loser_belong_to_the_winner(org: Org, loaded: Session, contact: Session) -> None:
    winner, loser = id_of(loaded, "A 0"), id_of(loaded, "A 1")
    org.create("Contact", {"LastName": "child", "AccountId": loser})
    poll(contact)
    assert one(contact, "SELECT accountid FROM salesforce.contact") == loser
    org.act("merge", "Account", loser, master_id=winner, ids=[loser])
    poll(contact)
    assert rows(loaded, NAMES) == [("A 0",), ("A 2",)]
    assert rows(contact, "SELECT lastname, accountid FROM salesforce.contact") == [("child", winner)]


def test_case_20_children_go_with_their_parent_and_others_stay(org: Org, loaded: Session, contact: Session) -> None:
    gone, stays = id_of(loaded, "A 0"), id_of(loaded, "A 1")
    org.create("Contact", {"LastName": "goes", "AccountId": gone}, {"LastName": "stays", "AccountId": stays})
    poll(contact)
    delete(org, [gone])
    poll(contact)
    assert rows(contact, "SELECT lastname FROM salesforce.contact") == [("stays",)]
    assert log(contact) == []


def test_case_23_fields_that_a_delete_empties_are_not_emptied_here_first(org: Org, loaded: Session) -> None:
    loaded.execute("CREATE TABLE salesforce.seen (op text, phone text);"
                   "CREATE FUNCTION salesforce.note() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN INSERT INTO salesforce.seen VALUES (TG_OP, OLD.phone); RETURN NULL; END $$;"
                   "CREATE TRIGGER note AFTER UPDATE OR DELETE ON salesforce.account FOR EACH ROW "
                   "EXECUTE FUNCTION salesforce.note()")
    record_id = id_of(loaded, "A 1")
    org.sandbox.change({"op": "update", "object": "Account", "id": record_id, "values": {"Phone": None}},
                       {"op": "delete", "object": "Account", "id": record_id})
    poll(loaded)
    assert rows(loaded, "SELECT op, phone FROM salesforce.seen") == [("DELETE", "1")]


def test_case_24_what_the_delete_log_says_is_confirmed_by_the_id(org: Org, loaded: Session) -> None:
    before = rows(loaded, "SELECT sfid, id FROM salesforce.account ORDER BY id")
    delete(org, [before.pop(1)[0]])
    org.advance(120)
    mark = org.last_call()
    with org.fault("deleted.wrong", kind="deleted"):
        poll(loaded)
    assert any(before[0][0] in call["path"] for call in org.calls("query", mark)), "it was asked for by its Id"
    assert rows(loaded, "SELECT sfid, id FROM salesforce.account ORDER BY id") == before
    assert rows(loaded, "SELECT * FROM sffdw.gone_record") == []


def test_a_delete_waits_for_a_local_change_and_for_a_lock(org: Org, loaded: Session, app: Session) -> None:
    delete(org, [id_of(loaded, "A 0"), id_of(loaded, "A 1")])
    loaded.execute("UPDATE salesforce.account SET phone = 'unsent' WHERE name = 'A 0'")
    app.execute("SELECT FROM salesforce.account WHERE name = 'A 1' FOR UPDATE")
    poll(loaded)
    assert rows(loaded, NAMES) == [("A 0",), ("A 1",), ("A 2",)]
    assert {reason for reason, in rows(loaded, "SELECT reason FROM sffdw.deferred_row")} == {"deleted"}
    app.rollback()
    poll(loaded)
    assert rows(loaded, NAMES) == [("A 0",), ("A 2",)]
    write(loaded)
    org.advance(120)
    poll(loaded)
    assert rows(loaded, NAMES) == [("A 2",)]
    assert rows(loaded, "SELECT * FROM sffdw.deferred_row") == []


def test_a_delete_that_waited_long_for_a_local_change_comes_with_the_next_poll(org: Org, loaded: Session) -> None:
    delete(org, [id_of(loaded, "A 0"), id_of(loaded, "A 1")])
    loaded.execute("UPDATE salesforce.account SET phone = 'unsent' WHERE name IN ('A 0', 'A 1')")
    poll(loaded)
    loaded.execute("UPDATE sffdw.gone_record SET attempts = 12, tried_at = tried_at - interval '5 seconds', "
                   "error = CASE sfid WHEN %s THEN 'refused' END", [id_of(loaded, "A 1")])
    loaded.execute("UPDATE sffdw.mapping SET next_poll_at = now()")
    poll(loaded, force=False)
    assert rows(loaded, NAMES) == [("A 0",), ("A 1",), ("A 2",)]
    write(loaded)
    loaded.execute("UPDATE sffdw.mapping SET next_poll_at = now()")
    poll(loaded, force=False)
    assert rows(loaded, NAMES) == [("A 1",), ("A 2",)], "what the table refuses keeps its pauses"


def test_case_66_a_row_deleted_here_is_not_revived_by_an_edit_there(org: Org, loaded: Session) -> None:
    record_id = id_of(loaded, "A 1")
    loaded.execute("DELETE FROM salesforce.account WHERE sfid = %s", [record_id])
    org.update("Account", record_id, Phone="edited there")
    for _ in range(2):
        poll(loaded)
        assert rows(loaded, NAMES) == [("A 0",), ("A 2",)]
    write(loaded)
    poll(loaded)
    assert rows(loaded, NAMES) == [("A 0",), ("A 2",)]
    assert org.record("Account", record_id) is None


def test_case_66_what_is_inserted_and_deleted_before_it_is_sent_is_nowhere(org: Org, loaded: Session) -> None:
    loaded.execute("INSERT INTO salesforce.account (name) VALUES ('brief')")
    loaded.execute("DELETE FROM salesforce.account WHERE name = 'brief'")
    for action in (write, poll, write, poll):
        action(loaded)
    assert rows(loaded, NAMES) == [("A 0",), ("A 1",), ("A 2",)]
    assert org.names() == ["A 0", "A 1", "A 2"]


# --- how many may go at once ---


def hide_and_reload(org: Org, session: Session, ids: list[str]) -> None:
    session.execute("SELECT sffdw.reload('Account')")
    with org.fault("rows.hidden", {"share": 0.9}, kind="query", object="Account"):
        poll(session)


def delete_in_the_org(org: Org, session: Session, ids: list[str]) -> None:
    delete(org, ids[: len(ids) * 9 // 10])
    poll(session)


def hard_delete_in_the_org(org: Org, session: Session, ids: list[str]) -> None:
    delete(org, ids[: len(ids) * 9 // 10])
    org.sandbox.change(*[{"op": "hard_delete", "object": "Account", "id": one} for one in ids[: len(ids) * 9 // 10]])
    org.advance(120)
    poll(session)


@pytest.mark.parametrize("page_size", [2000, 50])
@pytest.mark.parametrize("vanish", [hide_and_reload, delete_in_the_org, hard_delete_in_the_org])
def test_case_22_nothing_is_deleted_when_most_of_a_table_would_vanish(
        org: Org, account: Session, vanish: Callable[..., None], page_size: int) -> None:
    set_options(account, page_size=page_size)
    ids = fill(org, account, 400)
    vanish(org, account, ids)
    assert one(account, COUNT) == 400
    name, direction, action, count, threshold = rows(account, HELD)[0]
    assert (name, direction, action, threshold) == ("Account", "in", "DELETE", 100)
    assert 300 < count <= 400
    assert one(account, "SELECT held_count FROM sffdw.connections") == count
    assert one(account, "SELECT count(*) FROM sffdw.notifications WHERE event_type = 'changes-held'") == 1
    assert one(account, "SELECT state FROM sffdw.mappings") == "DATA_SYNCED"
    org.create("Account", {"Name": "goes on"})
    poll(account)
    assert one(account, "SELECT count(*) FROM salesforce.account WHERE name = 'goes on'") == 1


@pytest.mark.parametrize(("count", "gone", "is_held"), [(5, 5, True), (5, 4, False), (600, 121, True),
                                                         (600, 120, False)])
def test_case_22_as_many_as_the_table_makes_plausible_are_deleted(
        org: Org, account: Session, count: int, gone: int, is_held: bool) -> None:
    ids = fill(org, account, count)
    delete(org, ids[:gone])
    poll(account)
    assert one(account, COUNT) == (count if is_held else count - gone)
    assert len(rows(account, HELD)) == is_held


def test_case_22_how_many_may_go_depends_on_the_table(account: Session) -> None:
    cases = [(4, 4), (5, 4), (8, 6), (20, 15), (100, 75), (133, 99), (140, 100), (500, 100), (600, 120), (5000, 1000)]
    for count, want in cases:
        account.execute("DELETE FROM salesforce.account")
        account.execute("INSERT INTO salesforce.account (sfid) SELECT '001' || lpad(n::text, 15, '0') "
                        "FROM generate_series(1, %s) n", [count])
        found = "SELECT sffdw.delete_threshold(c, m, %s) FROM sffdw.connection c, sffdw.mapping m"
        assert one(account, found, count) == want
        # The rows are not all counted where they are many enough.
        assert one(account, found, want) >= want
        assert one(account, found, want + 1) <= want + 1


def test_the_threshold_is_a_setting_of_the_connection(org: Org, account: Session) -> None:
    set_options(account, delete_threshold_percent=100)
    ids = fill(org, account, 20)
    delete(org, ids)
    poll(account)
    assert one(account, COUNT) == 0


def test_released_deletes_happen_once_they_are_confirmed(org: Org, account: Session) -> None:
    ids = fill(org, account, 20)
    delete(org, ids[:19])
    poll(account)
    assert one(account, COUNT) == 20
    org.act("undelete", "Account", ids[0])
    assert one(account, "SELECT sffdw.release('in', 'account')") == 19
    assert rows(account, HELD) == []
    poll(account)
    assert rows(account, NAMES) == [("A 0000",), ("A 0019",)]
    assert one(account, "SELECT sffdw.release('in')") == 0


def test_discarded_deletes_keep_their_rows_until_they_are_looked_at_again(org: Org, account: Session) -> None:
    ids = fill(org, account, 20)
    delete(org, ids[:19])
    poll(account)
    assert one(account, "SELECT sffdw.release('in', discard => true)") == 19
    org.advance(120)
    poll(account)
    delete(org, ids[19:])
    poll(account)
    assert one(account, COUNT) == 19
    assert rows(account, HELD) == []
    account.execute("UPDATE sffdw.gone_record SET kept_until = now()")
    poll(account)
    assert one(account, COUNT) == 19
    assert [count for *_, count, _ in rows(account, HELD)] == [19]


def test_a_hold_ends_by_itself_when_the_records_are_seen_again(org: Org, account: Session) -> None:
    fill(org, account, 40)
    account.execute("SELECT sffdw.reload()")
    with org.fault("rows.hidden", {"share": 1.0}, kind="query", object="Account"):
        poll(account)
    assert [count for *_, count, _ in rows(account, HELD)] == [40]
    account.execute("SELECT sffdw.reload()")
    poll(account)
    assert rows(account, HELD) == []
    assert rows(account, "SELECT * FROM sffdw.gone_record") == []
    assert one(account, COUNT) == 40


def test_release_refuses_what_it_does_not_know(account: Session) -> None:
    for call, error in (("release('up')", psycopg.errors.InvalidParameterValue),
                        ("release(NULL)", psycopg.errors.InvalidParameterValue),
                        ("release('in', 'Nothing__c')", psycopg.errors.UndefinedObject)):
        with pytest.raises(error) as raised:
            account.execute(f"SELECT sffdw.{call}")
        assert raised.value.diag.message_hint
