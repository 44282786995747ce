"""What became of changes whose answer was lost: many are asked about at once, and a refusal is not all that counts.

test_write.py has the single ones.
"""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, write

Session = psycopg.Connection[Any]
LATE_S = 30


def forget_claimant(session: Session) -> None:
    """As after a crash between the claim and the request."""
    session.execute("UPDATE sffdw.write_claim SET claimant_start = claimant_start - interval '1 day', claimant_pid = 1")


def go_on(session: Session) -> None:
    session.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
    write(session)


def test_case_70_a_change_that_was_sent_twice_and_refused_has_been_made_if_salesforce_has_it(
        org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme", "Phone": "1"})[0]
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '2'")
    with org.fault("reply.lost", {"commit_after_s": LATE_S}, kind="collections", calls="1"):
        write(account)
    go_on(account)
    assert one(account, "SELECT status_code FROM sffdw.write_claim WHERE is_resent") == "UNABLE_TO_LOCK_ROW"
    org.advance(LATE_S + 1)
    with org.fault("dml.error", {"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}, kind="collections"):
        go_on(account)
    assert org.record("Account", record_id)["Phone"] == "2"  # type: ignore[index]
    assert log(account) == [("UPDATE", "SUCCESS")]
    assert one(account, "SELECT _hc_err FROM salesforce.account") is None


def test_case_70_a_change_that_was_sent_twice_and_is_not_there_has_been_refused(org: Org, account: Session) -> None:
    org.create("Account", {"Name": "Acme", "Phone": "1"})
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '2'")
    account.execute("SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection")
    forget_claimant(account)
    with org.fault("dml.error", {"message": "not now"}, kind="collections"):
        write(account)
    assert log(account, "state, sf_message") == [("FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION: not now")]
    assert one(account, "SELECT _hc_err::jsonb ->> 'message' FROM salesforce.account") == "not now"
    assert rows(account, "SELECT phase, is_rejected FROM sffdw.write_claim") == [("failed", True)]


@pytest.fixture
def sent_again(org: Org, account: Session) -> Session:
    """A keyed row whose first request is under way still, although it was asked about and sent again."""
    poll(account)
    account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('late', 'x')")
    with org.fault("reply.lost", {"commit_after_s": LATE_S}, kind="collections", calls="1"):
        write(account)
    go_on(account)
    assert one(account, "SELECT status_code FROM sffdw.write_claim WHERE is_resent") == "UNABLE_TO_LOCK_ROW"
    return account


def test_case_70_a_row_that_is_deleted_while_its_insert_is_sent_again_is_deleted_in_salesforce(
        org: Org, sent_again: Session) -> None:
    sent_again.execute("DELETE FROM salesforce.account")
    go_on(sent_again)
    assert log(sent_again)[1] == ("DELETE", "IGNORE")
    org.advance(LATE_S + 1)
    go_on(sent_again)
    assert log(sent_again) == [("INSERT", "SUCCESS"), ("DELETE", "SUCCESS")]
    assert (org.names(), len(org.sandbox.records("Account", "all"))) == ([], 1)


def test_case_70_a_record_that_came_late_and_was_deleted_is_not_made_again(org: Org, sent_again: Session) -> None:
    org.advance(LATE_S + 1)
    org.act("delete", "Account", org.sandbox.records("Account")[0]["Id"])
    go_on(sent_again)
    assert log(sent_again) == [("INSERT", "SUCCESS")]
    assert (org.names(), len(org.sandbox.records("Account", "all"))) == ([], 1)


def test_case_70_one_question_settles_all_creates_of_an_object(org: Org, contact: Session) -> None:
    poll(contact)
    contact.execute("INSERT INTO salesforce.contact (lastname, phone) "
                    "SELECT 'number ' || n / 3, nullif(n % 2, 0)::text FROM generate_series(1, 600) n")
    since = org.last_call()
    with org.fault("reply.lost", kind="composite", calls="1"):
        write(contact)
    assert sum("CreatedById" in call["path"] for call in org.calls("query", since)) == 1
    assert set(log(contact)) == {("INSERT", "SUCCESS")}
    assert len(org.sandbox.records("Contact")) == 600
    assert one(contact, "SELECT count(DISTINCT sfid) FROM salesforce.contact") == 600


@pytest.mark.parametrize(("found", "want"), [
    (["same 1"], {2: "same 1"}), (["same"], {1: "same"}), (["same", "same 1"], {1: "same", 2: "same 1"}),
    (["same 1", "same 2"], {1: "same 2", 2: "same 1"}), (["other"], {})])
def test_case_70_a_record_belongs_to_the_row_that_has_most_of_its_values(
        contact: Session, found: list[str], want: dict[int, str]) -> None:
    answers = [(name, name.split()[0], name.split()[1] if " " in name else None) for name in found]
    pairs = rows(contact, """
        SELECT p.entry_id, (p.found).record_id
        FROM sffdw.mapping m
        CROSS JOIN sffdw.pair_records(ARRAY[
            ROW(1, m.mapping_id, 'insert', 'Contact', NULL, '{"LastName": "same"}', NULL, NULL, NULL),
            ROW(2, m.mapping_id, 'insert', 'Contact', NULL, '{"LastName": "same", "Phone": "1"}', NULL, NULL, NULL)
        ]::sffdw.write_request[], ARRAY(
            SELECT ROW(a.name, jsonb_build_object('lastname', a.label, 'phone', a.phone))::sffdw.found_record
            FROM unnest(%s::text[], %s::text[], %s::text[]) a (name, label, phone)
        )) p""", *(list(column) for column in zip(*answers, strict=True)))
    assert dict(pairs) == want
