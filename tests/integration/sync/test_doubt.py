"""Changes in doubt: what was found in Salesforce is taken for ours only if all of it is the same, links included."""

from typing import Any

import pytest

from tests.integration.sync.org import Org, Session, log, one, poll, rows, write

KINDS = ["collections", "composite"]
LINK = "account__external_id__c"
WAIT_IS_OVER = "UPDATE sffdw.write_claim SET next_try_at = NULL, claimed_at = claimed_at - interval '1 hour'"


@pytest.fixture
def family(org: Org, owner: Session) -> Session:
    """Contacts that name an account by its external id; the accounts P1 to P3 are on both sides."""
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,External_Id__c,ParentId,Parent.External_Id__c}', "
                  "access => 'read_write', unique_identifier => 'External_Id__c')")
    owner.execute("SELECT sffdw.create_mapping('Contact', '{LastName,Phone,AccountId,Account.External_Id__c}', "
                  "access => 'read_write')")
    org.create("Account", *({"Name": f"P{n}", "External_Id__c": f"p{n}"} for n in (1, 2, 3)))
    poll(owner)
    return owner


def claim_and_die(session: Session) -> None:
    """What is queued is claimed by a session that is gone before it has sent anything."""
    assert one(session, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection") is not None
    session.execute("UPDATE sffdw.write_claim SET claimant_start = claimant_start - interval '1 day', claimant_pid = 1")


def account_id(org: Org, name: str) -> str:
    return str(next(one["Id"] for one in org.sandbox.records("Account") if one["Name"] == name))


def linked(org: Org) -> list[tuple[str, str | None]]:
    """The contacts there, each with the name of its account."""
    names = {record["Id"]: record["Name"] for record in org.sandbox.records("Account")}
    return sorted((record["LastName"], names.get(record["AccountId"])) for record in org.sandbox.records("Contact"))


def linked_here(session: Session) -> list[tuple[Any, ...]]:
    return rows(session, "SELECT c.lastname, a.name FROM salesforce.contact c "
                         "LEFT JOIN salesforce.account a ON a.sfid = c.accountid ORDER BY 1, 2")


def test_case_70_changed_links_that_never_arrived_are_sent_and_those_that_did_are_not(
        org: Org, family: Session) -> None:
    first = account_id(org, "P1")
    org.create("Contact", *({"LastName": name, "AccountId": first} for name in ("emptied", "moved", "moved there")))
    poll(family)
    family.execute(f"UPDATE salesforce.contact SET {LINK} = 'p2' WHERE lastname <> 'emptied'")
    family.execute(f"UPDATE salesforce.contact SET {LINK} = NULL WHERE lastname = 'emptied'")
    claim_and_die(family)
    arrived = next(one for one in org.sandbox.records("Contact") if one["LastName"] == "moved there")
    org.update("Contact", arrived["Id"], AccountId=account_id(org, "P2"))
    write(family)
    assert linked(org) == [("emptied", None), ("moved", "P2"), ("moved there", "P2")]
    messages = [message is not None for (message,) in log(family, "sf_message")]
    assert sorted(messages) == [False, False, True], "what is there already is not sent again"


def test_case_70_inserts_that_differ_by_their_link_only_are_each_made_once(org: Org, family: Session) -> None:
    family.execute(f"INSERT INTO salesforce.contact (lastname, {LINK}) VALUES ('X', 'p1'), ('X', 'p2'), ('X', 'p3')")
    refused = {"every": 2, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no"}
    with (org.fault("reply.lost", kind=KINDS, calls="1"),
          org.fault("dml.error", refused, kind=KINDS, calls="1")):
        write(family)
    assert linked(org) == [("X", "P1"), ("X", "P3")]
    family.execute(WAIT_IS_OVER)
    write(family)
    poll(family)
    assert linked(org) == linked_here(family) == [("X", "P1"), ("X", "P2"), ("X", "P3")]
    assert log(family) == [("INSERT", "SUCCESS")] * 3


def test_case_70_an_upsert_that_would_move_a_record_is_sent_and_one_that_has_is_not(org: Org, family: Session) -> None:
    org.create("Account", *({"Name": name, "External_Id__c": name, "ParentId": account_id(org, parent)}
                            for name, parent in (("moved", "P1"), ("moved there", "P2"))))
    family.execute("INSERT INTO salesforce.account (name, external_id__c, parent__external_id__c) "
                   "VALUES ('moved', 'moved', 'p2'), ('moved there', 'moved there', 'p2')")
    claim_and_die(family)
    write(family)
    names = {record["Id"]: record["Name"] for record in org.sandbox.records("Account")}
    parents = {record["Name"]: names.get(record["ParentId"]) for record in org.sandbox.records("Account")}
    assert (parents["moved"], parents["moved there"]) == ("P2", "P2")
    assert log(family, "state, sf_message IS NULL") == [("SUCCESS", True), ("SUCCESS", False)]


def test_case_70_a_link_that_was_changed_and_rolled_back_is_written_back(org: Org, family: Session) -> None:
    org.create("Contact", {"LastName": "X", "AccountId": account_id(org, "P1")})
    poll(family)
    family.execute("SELECT sffdw.alter_mapping('Contact', write_mode => 'sync')")
    family.execute("""SELECT sffdw.alter_connection(options => '{"sync_rollback": "compensate"}')""")
    family.execute(f"BEGIN; UPDATE salesforce.contact SET {LINK} = 'p2'; ROLLBACK")
    assert linked(org) == [("X", "P2")]
    family.execute("CALL sffdw.maintain()")
    assert linked(org) == linked_here(family) == [("X", "P1")]
    assert one(family, "SELECT DISTINCT resolution FROM sffdw.conflicts").endswith(": written back in Salesforce")


COMPARED = [
    ('{"LastName": "X"}', '{"lastname": "X"}', True),
    ('{"LastName": "X", "Phone": null}', '{"lastname": "X", "phone": null}', True),
    ('{"LastName": "X", "Phone": null}', '{"lastname": "X"}', False),
    ('{"LastName": "X", "Gone__c": "1"}', '{"lastname": "X"}', False),
    ('{"Account": {"External_Id__c": "p1"}}', '{"account__external_id__c": "p1"}', True),
    ('{"Account": {"External_Id__c": "p1"}}', '{"account__external_id__c": "p2"}', False),
    ('{"Account": {"External_Id__c": "p1"}}', '{"lastname": "X"}', False),
    ('{"Account": {"Other__c": "p1"}}', '{"account__external_id__c": "p1"}', False),
    ('{"Account": null}', '{"account__external_id__c": null, "accountid": null}', True),
    ('{"Account": null}', '{"account__external_id__c": null, "accountid": "001000000000001AAA"}', False),
    ('{"Parent__r": null}', '{"parent__c": null}', True),
    ('{"Account": null}', '{"account__external_id__c": null}', False),
    ('{"Id": "003000000000001AAA"}', '{"lastname": "X"}', False),
    ('{}', '{"lastname": "X"}', False)]


def test_case_70_what_cannot_be_compared_is_not_known_the_same(family: Session) -> None:
    """One row a comparison, so that all share a database."""
    got = [(sent, found, one(family, "SELECT sffdw.is_same_record(mapping_id, %s, %s) FROM sffdw.mapping "
                                     "WHERE object_name = 'Contact'", sent, found)) for sent, found, _ in COMPARED]
    assert got == COMPARED


def test_case_70_a_row_that_comes_back_with_id_and_values_of_a_deleted_one_is_sent(org: Org, contact: Session) -> None:
    """The record of `alive` is there and the row's own; that of `undeleted` is there, but we had deleted it."""
    insert = "INSERT INTO salesforce.contact (id, lastname) VALUES (100, 'ours'), (101, 'theirs'), (102, 'alive'), " \
        "(103, 'undeleted')"
    poll(contact)
    contact.execute(insert.encode())
    write(contact)
    contact.execute("DELETE FROM salesforce.contact WHERE id IN (100, 103)")
    first = {record["LastName"]: record["Id"] for record in org.sandbox.records("Contact")}
    write(contact)
    org.act("delete", "Contact", first["theirs"])
    org.act("undelete", "Contact", first["undeleted"])
    contact.execute("SET xmlbinary = 'hex'; DELETE FROM salesforce.contact; SET xmlbinary = 'base64'")
    contact.execute("CALL sffdw.maintain(at => now() + interval '1 hour')")
    assert log(contact) == [], "all is in the archive"
    contact.execute(insert.encode())
    with org.fault("http.status", {"status": 500}, kind="query", calls="1-8"):
        write(contact)
    assert org.names("Contact", "LastName") == ["alive", "ours", "undeleted", "undeleted"], "what cannot be asked waits"
    contact.execute(WAIT_IS_OVER)
    with org.fault("reply.lost", kind=KINDS, calls="1"):
        write(contact)
    for _ in range(2):
        contact.execute(WAIT_IS_OVER)
        write(contact)
    there = {record["Id"]: record["LastName"] for record in org.sandbox.records("Contact")}
    assert sorted(there.values()) == ["alive", "ours", "theirs", "undeleted", "undeleted"]
    here = {name: sfid for sfid, name in rows(contact, "SELECT sfid, lastname FROM salesforce.contact")}
    assert all(there[sfid] == name for name, sfid in here.items())
    assert [here[name] == first[name] for name in ("alive", "ours", "theirs", "undeleted")] == [
        True, False, False, False]
    assert log(contact) == [("INSERT", "SUCCESS")] * 4


def test_case_70_an_insert_that_never_arrived_takes_no_record_that_is_only_like_it(
        org: Org, contact: Session) -> None:
    """Bert was made by the same user and never changed; of the two records like Carl, both were."""
    poll(contact)
    contact.execute("INSERT INTO salesforce.contact (lastname, firstname, email, phone) VALUES "
                    "('Smith', 'Anna', 'anna@x.org', '1'), ('Jones', 'Carl', 'carl@x.org', '2'), "
                    "('Brown', 'Dora', 'dora@x.org', '3')")
    claim_and_die(contact)
    contact.execute("INSERT INTO salesforce_live.contact (lastname, firstname, email, phone) VALUES "
                    "('Smith', 'Bert', 'bert@x.org', '1'), ('Jones', 'Carl', 'c1@x.org', '2'), "
                    "('Jones', 'Carl', 'c2@x.org', '2')")
    ids = {record["Email"]: record["Id"] for record in org.sandbox.records("Contact")}
    org.advance(5)
    for email in ("c1@x.org", "c2@x.org"):
        org.update("Contact", ids[email], Phone="changed")
    contact.execute(WAIT_IS_OVER)
    write(contact)
    assert [(state, code) for state, code in log(contact, "state, split_part(sf_message, ':', 1)")] == [
        ("FAILED", "IN_DOUBT"), ("FAILED", "IN_DOUBT"), ("SUCCESS", None)]
    named = [message for (message,) in log(contact, "sf_message")]
    assert [[email for email in ids if ids[email] in str(message)] for message in named] == [
        ["bert@x.org"], ["c1@x.org", "c2@x.org"], []]
    assert "Look at the records named" in one(contact, "SELECT DISTINCT remedy FROM sffdw.write_errors")
    poll(contact)
    assert one(contact, "SELECT sffdw.retry(message_like => 'IN_DOUBT%%')") == 2
    write(contact)
    assert sorted(record["Email"] for record in org.sandbox.records("Contact")) == [
        "anna@x.org", "bert@x.org", "c1@x.org", "c2@x.org", "carl@x.org", "dora@x.org"]
    assert one(contact, "SELECT count(DISTINCT sfid) FROM salesforce.contact") == 6
