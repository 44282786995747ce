"""Merged writes: what happened to a record since it was last sent goes out as one change."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def merged(owner: Session, org: Org) -> None:
    owner.execute("SELECT sffdw.alter_connection(write_algorithm => 'merged')")


@pytest.fixture
def acme(org: Org, account: Session) -> str:
    """The Id of a record that both sides have."""
    record_id = org.create("Account", {"Name": "Acme", "Phone": "1"})[0]
    poll(account)
    return record_id


def changes(org: Org, mark: int) -> int:
    return len(org.calls("collections", mark))


def test_changes_of_a_record_go_out_as_one_with_its_latest_values(org: Org, account: Session, acme: str) -> None:
    account.execute("UPDATE salesforce.account SET phone = '2', description = 'x'")
    account.execute("UPDATE salesforce.account SET phone = '3', name = 'Acme, \"Inc\"'")
    account.execute("UPDATE salesforce.account SET description = NULL")
    mark = org.last_call()
    write(account)
    record = org.record("Account", acme)
    assert record is not None
    assert (record["Name"], record["Phone"], record["Description"]) == ('Acme, "Inc"', "3", None)
    assert changes(org, mark) == 1
    assert log(account) == [("UPDATE", "SUCCESS"), ("UPDATE", "MERGED"), ("UPDATE", "MERGED")]
    survivor = one(account, "SELECT min(id) FROM salesforce._trigger_log")
    assert log(account, "sf_message, processed_at IS NOT NULL")[1:] == [(f"merged into entry {survivor}", True)] * 2
    assert one(account, "SELECT old::hstore -> 'phone' FROM salesforce._trigger_log WHERE state = 'SUCCESS'") == "1"
    assert one(account, "SELECT _hc_lastop FROM salesforce.account") == "UPDATED"


def test_a_row_that_is_changed_before_it_was_sent_is_inserted_as_it_is_then(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name, phone) VALUES ('A', '1'), ('B', '1')")
    account.execute("UPDATE salesforce.account SET phone = '2' WHERE name = 'A'")
    mark = org.last_call()
    write(account)
    assert sorted((record["Name"], record["Phone"]) for record in org.sandbox.records("Account")) == [
        ("A", "2"), ("B", "1")]
    assert (changes(org, mark), log(account)) == (1, [
        ("INSERT", "SUCCESS"), ("INSERT", "SUCCESS"), ("UPDATE", "MERGED")])


def test_a_row_that_is_deleted_before_it_was_sent_is_never_sent(org: Org, account: Session) -> None:
    """The contract's algorithm may leave such a record in Salesforce (case 66)."""
    account.execute("INSERT INTO salesforce.account (name) VALUES ('A')")
    account.execute("UPDATE salesforce.account SET name = 'B'")
    account.execute("DELETE FROM salesforce.account")
    mark = org.last_call()
    write(account)
    assert (changes(org, mark), org.names()) == (0, [])
    assert {state for _, state in log(account)} <= {"IGNORED", "MERGED"}


def test_changes_before_a_delete_are_not_sent(org: Org, account: Session, acme: str) -> None:
    account.execute("UPDATE salesforce.account SET phone = '2'")
    account.execute("DELETE FROM salesforce.account")
    mark = org.last_call()
    write(account)
    assert (changes(org, mark), org.names()) == (1, [])
    assert log(account) == [("UPDATE", "MERGED"), ("DELETE", "SUCCESS")]


def test_changes_of_two_tables_in_turn_share_a_request(org: Org, account: Session, contact: Session) -> None:
    for n in range(6):
        account.execute("INSERT INTO salesforce.account (name) VALUES (%s)", [f"A {n}"])
        contact.execute("INSERT INTO salesforce.contact (lastname) VALUES (%s)", [f"C {n}"])
    contact.execute("UPDATE salesforce.contact SET firstname = 'x'")
    mark = org.last_call()
    write(account)
    assert len([call for call in org.calls(since=mark) if call["kind"] in ("collections", "composite")]) == 1
    assert (len(org.names()), {record["FirstName"] for record in org.sandbox.records("Contact")}) == (6, {"x"})


def test_what_is_being_sent_is_left_alone(org: Org, account: Session, app: Session, acme: str) -> None:
    account.execute("UPDATE salesforce.account SET phone = '2'")
    app.execute("SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection")
    app.commit()
    for phone in ("3", "4"):
        account.execute("UPDATE salesforce.account SET phone = %s", [phone])
    assert one(account, "SELECT sffdw.merge_entries(c) FROM sffdw.connection c") == 1
    assert log(account) == [("UPDATE", "PENDING"), ("UPDATE", "NEW"), ("UPDATE", "MERGED")]


def test_in_order_nothing_is_merged(org: Org, account: Session, acme: str) -> None:
    account.execute("SELECT sffdw.alter_connection(write_algorithm => 'ordered')")
    for phone in ("2", "3"):
        account.execute("UPDATE salesforce.account SET phone = %s", [phone])
    mark = org.last_call()
    write(account)
    assert (changes(org, mark), log(account)) == (2, [("UPDATE", "SUCCESS")] * 2)


def test_a_change_of_a_row_whose_insert_was_rejected_becomes_an_insert(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    write(account)
    assert log(account) == [("INSERT", "FAILED")]
    account.execute("UPDATE salesforce.account SET description = 'still without a name'")
    write(account)
    assert log(account) == [("INSERT", "MERGED"), ("INSERT", "FAILED")]
    account.execute("UPDATE salesforce.account SET name = 'A'")
    write(account)
    assert [(record["Name"], record["Phone"], record["Description"]) for record in org.sandbox.records("Account")] == [
        ("A", "1", "still without a name")]
    assert rows(account, "SELECT _hc_lastop, _hc_err FROM salesforce.account") == [("INSERTED", None)]
    assert rows(account, "SELECT * FROM sffdw.write_errors") == []


def test_an_archived_rejection_is_taken_up_too(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    write(account)
    account.execute("CALL sffdw.maintain(now() + interval '2 days')")
    account.execute("UPDATE salesforce.account SET name = 'A'")
    write(account)
    assert [(record["Name"], record["Phone"]) for record in org.sandbox.records("Account")] == [("A", "1")]
    assert rows(account, "SELECT state FROM salesforce._trigger_log_archive") == [("REQUEUED",)]


def test_a_rejected_change_is_sent_again_when_its_state_is_set_to_new(org: Org, account: Session, acme: str) -> None:
    account.execute("UPDATE salesforce.account SET name = NULL, phone = '2'")
    write(account)
    account.execute("UPDATE salesforce.account SET name = 'B'")
    account.execute("UPDATE salesforce._trigger_log SET state = 'NEW' WHERE state = 'FAILED'")
    write(account)
    record = org.record("Account", acme)
    assert record is not None
    assert (record["Name"], record["Phone"]) == ("B", "2")


def test_a_poll_keeps_the_values_of_merged_entries(org: Org, account: Session, acme: str) -> None:
    for column in ("phone", "description"):
        account.execute(f"UPDATE salesforce.account SET {column} = 'ours'")
    account.execute("SELECT sffdw.merge_entries(c) FROM sffdw.connection c")
    org.update("Account", acme, Phone="theirs", Description="theirs", Name="theirs")
    poll(account)
    assert rows(account, "SELECT name, phone, description FROM salesforce.account") == [("theirs", "ours", "ours")]
    write(account)
    record = org.record("Account", acme)
    assert record is not None
    assert (record["Phone"], record["Description"]) == ("ours", "ours")


def test_many_merged_changes_go_through_a_job(org: Org, account: Session) -> None:
    set_options(account, bulk_write_threshold=10, hold_rows=1000, hold_delete_rows=1000)
    org.sandbox.call("PUT", "/clock", {"rate": 50})
    account.execute("INSERT INTO salesforce.account (name) SELECT 'A ' || n FROM generate_series(1, 12) n")
    account.execute("UPDATE salesforce.account SET phone = '2' WHERE id % 2 = 0")
    account.execute("UPDATE salesforce.account SET phone = '3'")
    mark = org.last_call()
    write(account)
    assert {record["Phone"] for record in org.sandbox.records("Account")} == {"3"}
    assert (len(org.names()), changes(org, mark), len(org.calls("bulk_upload", mark))) == (12, 0, 1)


def test_the_algorithm_changes_only_while_nothing_is_open(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('A')")
    for algorithm, sqlstate, hint in (("ordered", "55006", "sffdw.write"), ("neither", "22023", "ordered, merged")):
        with pytest.raises(psycopg.Error) as caught:
            account.execute("SELECT sffdw.alter_connection(write_algorithm => %s)", [algorithm])
        assert caught.value.sqlstate == sqlstate
        assert hint in (caught.value.diag.message_hint or "")
    account.execute("SELECT sffdw.alter_connection(write_algorithm => 'merged')")
    write(account)
    account.execute("SELECT sffdw.alter_connection(write_algorithm => 'ordered')")
    assert one(account, "SELECT write_algorithm FROM sffdw.connections") == "ordered"
    assert '"poll_db_no_merge": true' in one(account, "SELECT details FROM salesforce._hcmeta")


def test_options_are_changed_one_by_one_and_checked(account: Session) -> None:
    options = "SELECT options FROM sffdw.connection"
    account.execute("""SELECT sffdw.alter_connection(options => '{"page_size": 500, "overlap_s": 60}')""")
    account.execute("""SELECT sffdw.alter_connection(options => '{"page_size": null}')""")
    assert one(account, options) == {"overlap_s": 60}
    with pytest.raises(psycopg.Error) as caught:
        account.execute("""SELECT sffdw.alter_connection(options => '{"pages": 500}')""")
    assert caught.value.sqlstate == "HV00D"
    assert one(account, options) == {"overlap_s": 60}


def test_a_rejected_change_brings_back_nothing_that_was_changed_since(org: Org, account: Session, acme: str) -> None:
    account.execute("UPDATE salesforce.account SET name = NULL, phone = 'old'")
    write(account)
    account.execute("UPDATE salesforce.account SET name = 'B', phone = 'new'")
    write(account)
    account.execute("UPDATE salesforce._trigger_log SET state = 'NEW' WHERE state = 'FAILED'")
    account.execute("UPDATE salesforce.account SET description = 'x'")
    write(account)
    record = org.record("Account", acme)
    assert record is not None
    assert (record["Name"], record["Phone"], record["Description"]) == ("B", "new", "x")
    assert log(account) == [("UPDATE", "MERGED"), ("UPDATE", "SUCCESS"), ("UPDATE", "SUCCESS")]


def test_what_was_rejected_together_is_retried_together(org: Org, account: Session, acme: str) -> None:
    account.execute("UPDATE salesforce.account SET phone = '2'")
    account.execute("UPDATE salesforce.account SET name = NULL")
    write(account)
    assert log(account) == [("UPDATE", "FAILED"), ("UPDATE", "MERGED")]
    org.sandbox.call("PATCH", "/objects/Account", {"alter_fields": [{"name": "Name", "required": False}]})
    account.execute("UPDATE salesforce._trigger_log SET state = 'NEW' WHERE state = 'FAILED'")
    write(account)
    record = org.record("Account", acme)
    assert record is not None
    assert (record["Name"], record["Phone"]) == (None, "2")


@pytest.mark.parametrize("key", ["key", None], ids=["with an identifier", "without"])
def test_a_row_that_takes_the_id_of_a_deleted_one_is_another_record(
        org: Org, account: Session, acme: str, key: str | None) -> None:
    with account.transaction():
        row = one(account, "DELETE FROM salesforce.account RETURNING id")
        account.execute("INSERT INTO salesforce.account (id, name, external_id__c) VALUES (%s, 'New', %s)", [row, key])
        account.execute("UPDATE salesforce.account SET phone = '7'")
    write(account)
    (record,) = org.sandbox.records("Account")
    assert (record["Name"], record["Phone"], record["Id"] == acme) == ("New", "7", False)
    assert log(account) == [("DELETE", "SUCCESS"), ("INSERT", "SUCCESS"), ("UPDATE", "MERGED")]
    poll(account)
    assert rows(account, "SELECT id, sfid, _hc_lastop FROM salesforce.account") == [(row, record["Id"], "SYNCED")]


@pytest.mark.parametrize("algorithm", ["ordered", "merged"])
def test_a_child_leaves_its_parent_before_that_one_is_deleted(
        org: Org, account: Session, contact: Session, algorithm: str) -> None:
    account.execute("SELECT sffdw.alter_connection(write_algorithm => %s)", [algorithm])
    old, new = org.create("Account", {"Name": "old"}, {"Name": "new"})
    org.create("Contact", {"LastName": "C", "AccountId": old})
    poll(account)
    account.execute("UPDATE salesforce.contact SET accountid = %s", [new])
    account.execute("DELETE FROM salesforce.account WHERE sfid = %s", [old])
    account.execute("UPDATE salesforce.contact SET phone = '2'")
    write(account)
    assert [(record["AccountId"], record["Phone"]) for record in org.sandbox.records("Contact")] == [(new, "2")]
    assert {state for _, state in log(account)} <= {"SUCCESS", "MERGED"}
    poll(account)
    assert rows(account, "SELECT accountid, phone FROM salesforce.contact") == [(new, "2")]


@pytest.mark.parametrize("algorithm", ["ordered", "merged"])
def test_an_identifier_is_given_up_before_another_record_takes_it(
        org: Org, account: Session, algorithm: str) -> None:
    account.execute("SELECT sffdw.alter_connection(write_algorithm => %s)", [algorithm])
    org.create("Account", {"Name": "A", "External_Id__c": "x"}, {"Name": "B", "External_Id__c": "y"})
    poll(account)
    for name, values in (("B", "phone = '1'"), ("A", "external_id__c = 'z'"), ("B", "external_id__c = 'x'"),
                         ("A", "phone = '2'")):
        account.execute(f"UPDATE salesforce.account SET {values} WHERE name = %s", [name])
    write(account)
    found = [(record["Name"], record["External_Id__c"], record["Phone"]) for record in org.sandbox.records("Account")]
    assert sorted(found) == [("A", "z", "2"), ("B", "x", "1")]
    assert {state for _, state in log(account)} <= {"SUCCESS", "MERGED"}
