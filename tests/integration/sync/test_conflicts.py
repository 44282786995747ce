"""What was changed on both sides: who wins, by policy, and that each conflict is a row with both values."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, write

Session = psycopg.Connection[Any]

CONFLICTS = "SELECT field, local_value, org_value, base_value, resolution FROM sffdw.conflicts ORDER BY conflict_id"
ROW = "SELECT name, phone, description FROM salesforce.account"


@pytest.fixture
def record_id(org: Org, account: Session) -> str:
    record_id = org.create("Account", {"Name": "first", "Phone": "base", "Description": "d", "AnnualRevenue": 10})[0]
    poll(account)
    return record_id


def set_policy(session: Session, policy: str) -> None:
    session.execute("SELECT sffdw.alter_mapping('Account', conflict_policy => %s)", [policy])


def values(org: Org, record_id: str) -> tuple[Any, ...]:
    record = org.record("Account", record_id)
    assert record is not None
    return record["Name"], record["Phone"], record["Description"]


def change_both(org: Org, session: Session, record_id: str, first: str) -> None:
    """Both sides change the phone, one of them a second field too."""
    steps = [lambda: session.execute("UPDATE salesforce.account SET phone = 'ours', name = 'renamed'"),
             lambda: org.update("Account", record_id, Phone="theirs", Description="new")]
    for step in steps if first == "local" else reversed(steps):
        step()


SETTLED = [
    # policy, phone on both sides afterwards, resolution
    ("last_writer", "ours", "local kept: sent after"),
    ("postgres", "ours", "local kept: sent"),
    ("salesforce", "theirs", "Salesforce kept: not sent"),
]


def test_a_field_that_both_sides_changed_is_settled_by_policy(org: Org, account: Session, record_id: str) -> None:
    for policy, phone, resolution in SETTLED:
        account.execute("DELETE FROM sffdw.conflict")
        set_policy(account, policy)
        org.update("Account", record_id, Name="first", Phone="base", Description="d")
        poll(account)
        change_both(org, account, record_id, "org")
        poll(account)
        assert rows(account, ROW) == [("renamed", "ours", "new")], "nothing unsent is overwritten"
        write(account)
        poll(account)
        assert rows(account, ROW) == [("renamed", phone, "new")], policy
        assert values(org, record_id) == ("renamed", phone, "new"), "fields that one side changed are both sides'"
        assert rows(account, CONFLICTS) == [("Phone", "ours", "theirs", "base", resolution)]
        assert rows(account, "SELECT object_name, sfid FROM sffdw.conflicts") == [("Account", record_id)]
    assert log(account) == [("UPDATE", "SUCCESS")] * 3


def test_the_order_of_the_changes_shows_but_the_last_that_salesforce_commits_counts(
        org: Org, account: Session, record_id: str) -> None:
    change_both(org, account, record_id, "local")
    org.advance(60)
    org.update("Account", record_id, Description="newer")
    poll(account)
    poll(account)
    assert rows(account, CONFLICTS) == [
        ("Phone", "ours", "theirs", "base", "local kept: sent after, though changed before")]
    write(account)
    assert values(org, record_id) == ("renamed", "ours", "newer")
    org.update("Account", record_id, Phone="last")
    poll(account)
    assert rows(account, ROW) == [("renamed", "last", "newer")]
    assert len(rows(account, CONFLICTS)) == 1, "a change after ours was sent is no conflict"


NO_CONFLICT = [
    # what the org changes meanwhile, what the app does
    ({"Description": "theirs"}, ["UPDATE salesforce.account SET phone = 'ours'"]),
    ({"Phone": "ours"}, ["UPDATE salesforce.account SET phone = 'ours'"]),
    ({"Phone": "ours"}, ["UPDATE salesforce.account SET phone = ' ours '"]),
    ({"Phone": None}, ["UPDATE salesforce.account SET phone = ''"]),
    ({"Name": "theirs"}, ["UPDATE salesforce.account SET phone = '1'", "UPDATE salesforce.account SET phone = '2'"]),
    ({"Name": "theirs"}, ["UPDATE salesforce.account SET annualrevenue = 20.50"]),
]


def test_changes_of_different_fields_or_to_the_same_value_are_no_conflict(org: Org, account: Session) -> None:
    for policy in ("last_writer", "salesforce", "postgres"):
        fields = {"Name": "first", "Phone": "base", "Description": "d", "AnnualRevenue": 10}
        ids = org.create("Account", *(fields for _ in NO_CONFLICT))
        poll(account)
        set_policy(account, policy)
        for record_id, (theirs, ours) in zip(ids, NO_CONFLICT, strict=True):
            org.update("Account", record_id, **theirs)
            for statement in ours:
                account.execute(f"{statement} WHERE sfid = '{record_id}'")
        poll(account)
        write(account)
        poll(account)
        assert rows(account, CONFLICTS) == [], policy
        assert {state for _, state in log(account)} == {"SUCCESS"}


def test_nothing_left_to_send_is_ignored_and_says_why(org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "salesforce")
    account.execute("UPDATE salesforce.account SET phone = 'ours'")
    org.update("Account", record_id, Phone="theirs")
    mark = org.last_call()
    write(account)
    assert rows(account, ROW) == [("first", "theirs", "d")]
    assert log(account, "state, sf_message") == [("IGNORED", "conflict: Salesforce's value kept")]
    assert rows(account, "SELECT _hc_lastop, _hc_err FROM salesforce.account") == [("SYNCED", None)]
    assert [call["kind"] for call in org.calls(since=mark) if call["kind"] in ("query", "collections")] == ["query"] * 2


def test_a_batch_asks_once_before_it_writes(org: Org, account: Session, record_id: str) -> None:
    org.create("Account", *({"Name": f"n{number}"} for number in range(8)))
    poll(account)
    for policy, want in (("last_writer", 0), ("salesforce", 1), ("postgres", 1)):
        set_policy(account, policy)
        mark = org.last_call()
        account.execute("UPDATE salesforce.account SET phone = %s", [policy])
        write(account)
        assert len(org.calls("query", mark)) == want, policy
    account.execute("CALL sffdw.maintain()")
    assert one(account, "SELECT call_count FROM sffdw.api_usage WHERE purpose = 'settle'") == 2
    assert rows(account, CONFLICTS) == []


def test_an_unsent_younger_change_survives_a_lost_conflict(org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "salesforce")
    account.execute("UPDATE salesforce.account SET phone = 'ours', description = 'ours'")
    account.execute("UPDATE salesforce.account SET description = 'younger'")
    org.update("Account", record_id, Phone="theirs")
    write(account)
    poll(account)
    assert rows(account, ROW) == [("first", "theirs", "younger")]
    assert values(org, record_id) == ("first", "theirs", "younger")


def test_a_corrected_rejection_is_no_conflict(org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "salesforce")
    with org.fault("dml.error", {"code": "STRING_TOO_LONG", "message": "no", "every": 1}):
        account.execute("UPDATE salesforce.account SET phone = 'wrong'")
        write(account)
    account.execute("UPDATE salesforce.account SET phone = 'right'")
    write(account)
    assert log(account) == [("UPDATE", "FAILED"), ("UPDATE", "SUCCESS")]
    assert values(org, record_id) == ("first", "right", "d")
    assert rows(account, CONFLICTS) == []


DELETES = [
    # policy, whether the record is left in the org, resolution
    ("postgres", False, "local kept: sent"),
    ("salesforce", True, "Salesforce kept: not deleted"),
]


def test_a_delete_of_a_record_that_salesforce_changed_goes_by_policy(org: Org, account: Session) -> None:
    for policy, is_left, resolution in DELETES:
        account.execute("DELETE FROM sffdw.conflict")
        record_id, other = org.create("Account", {"Name": "changed", "Phone": "base"}, {"Name": "untouched"})
        poll(account)
        set_policy(account, policy)
        local_id = one(account, "SELECT id FROM salesforce.account WHERE sfid = %s", record_id)
        account.execute("DELETE FROM salesforce.account")
        org.update("Account", record_id, Phone="theirs")
        write(account)
        poll(account)
        assert (org.record("Account", record_id) is not None) == is_left
        assert org.record("Account", other) is None, "what nobody else has changed is deleted"
        assert rows(account, "SELECT id, phone FROM salesforce.account") == ([(local_id, "theirs")] if is_left else [])
        assert rows(account, CONFLICTS) == [(None, None, '{"Phone": "theirs"}', '{"Phone": "base"}', resolution)]


GONE = [
    ("postgres", ("FAILED", "local kept: sent")),
    ("salesforce", ("IGNORED", "Salesforce kept: the record is deleted")),
]


def test_an_update_of_a_record_that_salesforce_deleted_goes_by_policy(org: Org, account: Session) -> None:
    for policy, want in GONE:
        record_id = org.create("Account", {"Name": "gone"})[0]
        poll(account)
        set_policy(account, policy)
        account.execute("UPDATE salesforce.account SET phone = 'ours'")
        org.act("delete", "Account", record_id)
        write(account)
        assert rows(account, "SELECT resolution FROM sffdw.conflicts ORDER BY conflict_id DESC LIMIT 1") == [want[1:]]
        assert log(account)[-1] == ("UPDATE", want[0])
        poll(account)
        assert rows(account, ROW) == []


def test_what_cannot_be_asked_about_waits_and_keeps_nothing_else_in_doubt(
        org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "salesforce")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('new')")
    account.execute("UPDATE salesforce.account SET phone = 'ours' WHERE sfid = %s", [record_id])
    with org.fault("query.timeout", kind="query"):
        write(account)
    assert log(account) == [("INSERT", "SUCCESS"), ("UPDATE", "NEW")]
    assert rows(account, "SELECT phase, status_code FROM sffdw.write_claim") == [("waiting", "SF005")]
    assert one(account, "SELECT count(*) FROM sffdw.log WHERE event = 'CONFLICT CHECK ERROR'") == 1
    account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
    org.update("Account", record_id, Description="theirs")
    write(account)
    assert values(org, record_id) == ("first", "ours", "theirs")


def test_a_field_that_is_gone_keeps_only_its_own_object_waiting(org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "postgres")
    account.execute("UPDATE salesforce.account SET phone = 'ours', name = 'renamed'")
    org.sandbox.call("PATCH", "/objects/Account", {"drop_fields": ["Phone"]})
    write(account)
    assert log(account) == [("UPDATE", "NEW")]
    poll(account)
    account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
    write(account)
    assert log(account) == [("UPDATE", "SUCCESS")]
    assert org.names() == ["renamed"]
