"""What became of changes whose answer was lost: many are asked about at once, and a refusal is not all that counts.

test_write.py has the single ones.
"""

import json
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


def test_case_66_the_record_of_a_row_that_was_deleted_here_makes_no_other_row(org: Org, sent_again: Session) -> None:
    """Its INSERT waits to be sent again, and has been carried out by the first request."""
    sent_again.execute("DELETE FROM salesforce.account")
    org.advance(LATE_S + 1)
    org.create("Account", {"Name": "other", "External_Id__c": "y"})
    poll(sent_again)
    assert rows(sent_again, "SELECT name FROM salesforce.account") == [("other",)]
    assert rows(sent_again, "SELECT reason FROM sffdw.deferred_row") == [("unsent",)]
    go_on(sent_again)
    poll(sent_again)
    assert rows(sent_again, "SELECT name FROM salesforce.account") == [("other",)]
    assert (org.names(), rows(sent_again, "SELECT * FROM sffdw.deferred_row")) == (["other"], [])


@pytest.mark.parametrize(("is_deleted", "want"), [
    (True, ("FAILED", "ENTITY_IS_DELETED: entity is deleted")), (False, ("SUCCESS", None))])
def test_case_66_a_merged_insert_whose_record_was_polled_and_deleted_makes_no_other(
        org: Org, account: Session, is_deleted: bool, want: tuple[str, str | None]) -> None:
    """With a younger change merged into it the record is not what was sent, so that asking does not know it again."""
    poll(account)
    account.execute("SELECT sffdw.alter_connection(write_algorithm => 'merged')")
    account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('late', 'x')")
    with org.fault("reply.lost", {"commit_after_s": LATE_S}, kind="collections", calls="1"):
        write(account)
    go_on(account)
    org.advance(LATE_S + 1)
    poll(account)
    sfid = one(account, "SELECT sfid FROM salesforce.account")
    account.execute("UPDATE salesforce.account SET phone = '2'")
    if is_deleted:
        org.act("delete", "Account", sfid)
    account.execute("UPDATE sffdw.write_claim SET asked_at = asked_at - interval '1 minute'")
    go_on(account)
    assert [(record["Id"], record["Phone"]) for record in org.sandbox.records("Account", "all")] == [
        (sfid, None if is_deleted else "2")]
    assert log(account, "state, sf_message")[0] == want


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


@pytest.mark.parametrize(("age_s", "want_s"), [(0, 10), (12, 10), (60, 30), (400, 200), (500, 100), (595, 10),
                                               (900, 10)])
def test_a_create_that_is_not_found_is_asked_about_ever_less_often(contact: Session, age_s: int, want_s: int) -> None:
    contact.execute("SELECT sffdw.alter_connection(options => '{\"in_doubt_wait_s\": 600}')")
    pause = one(contact, """
        SELECT extract(epoch FROM sffdw.next_question(c, jsonb_populate_record(
            NULL::sffdw.write_claim, jsonb_build_object('claimed_at', clock_timestamp() - make_interval(secs => %s))
        )) - clock_timestamp()) FROM sffdw.connection c""", age_s)
    assert want_s - 5 < pause < want_s + 5


def test_others_are_sent_between_two_questions(org: Org, account: Session, contact: Session) -> None:
    """After a crash with changes of four kinds in doubt."""
    org.create("Account", {"Name": "A", "Phone": "1"})
    org.create("Contact", {"LastName": "C", "Phone": "1"})
    poll(contact)
    contact.execute("INSERT INTO salesforce.account (name) VALUES ('B'); INSERT INTO salesforce.contact (lastname) "
                    "VALUES ('D'); UPDATE salesforce.account SET phone = '2' WHERE name = 'A';"
                    "UPDATE salesforce.contact SET phone = '2' WHERE lastname = 'C'")
    contact.execute("SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection")
    forget_claimant(contact)
    contact.execute("INSERT INTO salesforce.contact (lastname) VALUES ('new')")
    since = org.last_call()
    write(contact)
    kinds = [call["kind"] for call in org.calls(None, since) if call["kind"] in ("query", "collections", "composite")]
    assert kinds.index("query") < min(kinds.index(kind) for kind in kinds if kind != "query") < 2
    assert "new" in org.names("Contact", "LastName")


# Creates and records by last name, e-mail and phone; what each create is like: how many, the best ones, whether the
# only one was changed, and how many creates that is like.
ALIKE: list[tuple[list[dict[str, str]], dict[str, tuple[str, str, str | None]], list[tuple[Any, ...]]]] = [
    ([{"LastName": "a", "Phone": "1"}], {"r": ("a", "", "2")}, [(0, 1, ["r"], True, 1)]),
    ([{"LastName": "a", "Phone": "1"}], {"r": ("a", "", None)}, [(0, 1, ["r"], True, 1)]),
    ([{"LastName": "a", "Phone": "1", "Email": "e"}], {"r": ("a", "", "2")}, []),
    ([{"LastName": "a"}, {"LastName": "a"}, {"LastName": "b"}], {"r": ("a", "", None)},
     [(0, 1, ["r"], True, 2), (1, 1, ["r"], True, 2)]),
    ([{"LastName": "a", "Phone": "1"}], {"r": ("x", "", "1"), "s": ("a", "", "1"), "t": ("a", "", "9")},
     [(0, 3, ["s", "r", "t"], True, 1)]),
    ([{}], {"r": ("a", "", None), "s": ("b", "", None)}, [(0, 2, ["r", "s"], False, None)]),
    ([{"LastName": "a"}], {}, []),
]
AGAINST = """
FROM (
    SELECT ARRAY(SELECT ROW(c.number - 1, m.mapping_id, 'insert', 'Contact', NULL, c.record, NULL, NULL, NULL
                           )::sffdw.write_request
                 FROM unnest(%s::jsonb[]) WITH ORDINALITY c (record, number)) AS requests,
           ARRAY(SELECT ROW(a.id, jsonb_build_object(
                     'lastname', a.lastname, 'email', a.email, 'phone', a.phone, 'createddate', '2026-01-01',
                     'systemmodstamp', '2026-01-02'))::sffdw.found_record
                 FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) a (id, lastname, email, phone)) AS answers
    FROM sffdw.mapping m
) g
"""


def against(creates: list[dict[str, str]], records: dict[str, tuple[str, str, str | None]]) -> list[Any]:
    columns = [list(column) for column in zip(*records.values(), strict=True)] or [[], [], []]
    return [[json.dumps(create) for create in creates], list(records), *columns]


@pytest.mark.parametrize(("creates", "records", "want"), ALIKE, ids=range(len(ALIKE)))
def test_a_create_is_like_records_that_hold_half_of_its_values(
        contact: Session, creates: list[dict[str, str]], records: dict[str, tuple[str, str, str | None]],
        want: list[tuple[Any, ...]]) -> None:
    found = rows(contact, "SELECT k.entry_id, k.like_count, k.record_ids, k.is_altered, "
                 f"CASE k.like_count WHEN 1 THEN k.rival_count END {AGAINST} "
                 "CROSS JOIN sffdw.find_alike(g.requests, g.answers) k ORDER BY 1", *against(creates, records))
    assert found == [(*one[:4], one[4] if one[1] == 1 else None) for one in want]


def test_thousands_of_creates_like_as_many_records_are_compared_as_groups(contact: Session) -> None:
    """As pairs these would be a million."""
    creates = [{"LastName": f"mine {number}", "Phone": "1", "Email": "e"} for number in range(1000)]
    records: dict[str, tuple[str, str, str | None]] = {
        f"r{number:04}": (f"theirs {number}", "e", "1") for number in range(1000)}
    given = against(creates, records)
    sizes = f"SELECT cardinality(k.entry_ids), cardinality(k.record_ids) {AGAINST} CROSS JOIN sffdw.group_alike(" \
            "g.requests, g.answers) k"
    assert rows(contact, sizes, *given) == [(1000, 1000)]
    best = f"SELECT DISTINCT k.like_count, k.record_ids {AGAINST} CROSS JOIN sffdw.find_alike(g.requests, g.answers) k"
    assert rows(contact, best, *given) == [(1000, [f"r{number:04}" for number in range(10)])]
