"""Many changes of one kind go through Bulk jobs: each once, whatever happens to the job, and nobody waits for it."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, rows, set_options, wait_for, write

Session = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def many(owner: Session, org: Org) -> None:
    """Ten entries are many; nothing is held; what Salesforce takes seconds for passes in milliseconds."""
    set_options(owner, bulk_write_threshold=10, hold_rows=100_000, hold_delete_rows=100_000)
    org.sandbox.call("PUT", "/clock", {"rate": 50})


def insert(session: Session, count: int, table: str = "account", columns: str = "name",
           values: str = "'A ' || n") -> None:
    session.execute(f"INSERT INTO salesforce.{table} ({columns}) SELECT {values} FROM generate_series(1, {count}) n")


def states(session: Session) -> dict[tuple[str, str], int]:
    return {(action, state): count for action, state, count in rows(
        session, "SELECT action, state, count(*) FROM salesforce._trigger_log GROUP BY 1, 2")}


def kinds(org: Org, mark: int) -> set[str]:
    """The kinds of calls that changed something since."""
    return {call["kind"] for call in org.calls(since=mark)} & {"collections", "bulk_job", "bulk_upload"}


def is_in_step(session: Session, org: Org) -> bool:
    """Every row has the record of the same name, and there are no others."""
    return sorted(rows(session, "SELECT sfid, name FROM salesforce.account")) == sorted(
        (record["Id"], record["Name"]) for record in org.sandbox.records("Account"))


def test_many_inserts_go_through_one_job(org: Org, account: Session) -> None:
    insert(account, 30)
    mark = org.last_call()
    write(account)
    assert states(account) == {("INSERT", "SUCCESS"): 30}
    assert is_in_step(account, org)
    assert kinds(org, mark) == {"bulk_job", "bulk_upload"}
    assert len(org.calls("bulk_upload", mark)) == 1
    assert one(account, "SELECT call_count FROM sffdw.sync_run WHERE purpose = 'write'") == len(
        [call for call in org.calls(since=mark) if call["kind"].startswith("bulk")])
    assert rows(account, "SELECT DISTINCT _hc_lastop, _hc_err FROM salesforce.account") == [("INSERTED", None)]
    for table in ("write_claim", "ingest_job", "ingest_record"):
        assert rows(account, f"SELECT * FROM sffdw.{table}") == []


def test_a_job_takes_fewer_than_the_threshold_where_no_job_may_have_more(org: Org, account: Session) -> None:
    set_options(account, bulk_write_rows=2)
    insert(account, 11)
    mark = org.last_call()
    write(account)
    assert kinds(org, mark) == {"bulk_job", "bulk_upload", "collections"}
    assert len(org.calls("bulk_upload", mark)) == 1
    assert is_in_step(account, org)


def test_fewer_do_not(org: Org, account: Session) -> None:
    insert(account, 9)
    mark = org.last_call()
    write(account)
    assert kinds(org, mark) == {"collections"}


def test_case_69_updates_of_different_fields_share_a_job_and_change_nothing_else(org: Org, account: Session) -> None:
    org.create("Account", *({"Name": f"A {n}", "Phone": "1", "AnnualRevenue": 5} for n in range(12)))
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = NULL WHERE id % 3 = 0")
    account.execute("UPDATE salesforce.account SET annualrevenue = 7, description = 'a, \"b\"\n#' WHERE id % 3 = 1")
    account.execute("UPDATE salesforce.account SET phone = '' WHERE id % 3 = 2")
    mark = org.last_call()
    write(account)
    assert (kinds(org, mark), len(org.calls("bulk_upload", mark))) == ({"bulk_job", "bulk_upload"}, 1)
    found = {record["Id"]: tuple(record[name] for name in ("Phone", "AnnualRevenue", "Description"))
             for record in org.sandbox.records("Account")}
    wants = [(None, 5, None), ("1", 7, 'a, "b"\n#'), (None, 5, None)]
    assert found == {sfid: wants[place] for sfid, place in rows(account, "SELECT sfid, id % 3 FROM salesforce.account")}
    assert states(account) == {("UPDATE", "SUCCESS"): 12}


def test_deletes_go_through_a_job(org: Org, account: Session) -> None:
    org.create("Account", *({"Name": f"A {n}"} for n in range(11)))
    poll(account)
    account.execute("DELETE FROM salesforce.account")
    mark = org.last_call()
    write(account)
    assert (kinds(org, mark), org.names()) == ({"bulk_job", "bulk_upload"}, [])
    assert states(account) == {("DELETE", "SUCCESS"): 11}


def test_inserts_with_a_unique_identifier_are_upserts(org: Org, account: Session) -> None:
    theirs = org.create("Account", {"Name": "theirs", "External_Id__c": "X1"})[0]
    insert(account, 12, columns="name, external_id__c", values="'A ' || n, 'x' || n")
    write(account)
    assert is_in_step(account, org)
    assert one(account, "SELECT sfid FROM salesforce.account WHERE external_id__c = 'x1'") == theirs
    assert len(org.names()) == 12


def test_equal_rows_take_one_record_each(org: Org, contact: Session) -> None:
    insert(contact, 12, "contact", "lastname, firstname", "'Same', CASE WHEN n > 10 THEN NULL ELSE 'One' END")
    write(contact)
    assert one(contact, "SELECT count(DISTINCT sfid) FROM salesforce.contact") == 12
    assert sorted(rows(contact, "SELECT sfid, firstname FROM salesforce.contact")) == sorted(
        (record["Id"], record["FirstName"]) for record in org.sandbox.records("Contact"))


def test_case_69_a_bad_row_spoils_no_other_and_says_why(org: Org, account: Session) -> None:
    """Case 69."""
    org.create("Account", *({"Name": f"A {n:02}"} for n in range(12)))
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '2', name = CASE name WHEN 'A 03' THEN NULL ELSE 'B' END")
    write(account)
    assert states(account) == {("UPDATE", "SUCCESS"): 11, ("UPDATE", "FAILED"): 1}
    assert rows(account, "SELECT status_code FROM sffdw.write_errors") == [
        ("REQUIRED_FIELD_MISSING",)]
    assert rows(account, "SELECT name FROM salesforce.account WHERE _hc_lastop = 'FAILED'") == [(None,)]
    assert one(account, "SELECT sf_result FROM salesforce._trigger_log WHERE state = 'FAILED'") == 400


def test_a_locked_row_goes_again_by_itself(org: Org, account: Session) -> None:
    org.create("Account", *({"Name": f"A {n}"} for n in range(12)))
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '2'")
    with org.fault("row.locked", {"every": 4}, kind="bulk_job", calls="1"):
        write(account)
    assert states(account) == {("UPDATE", "SUCCESS"): 12}
    assert {record["Phone"] for record in org.sandbox.records("Account")} == {"2"}


def test_what_a_job_cannot_say_goes_by_itself(org: Org, account: Session) -> None:
    insert(account, 12, values="CASE WHEN n > 10 THEN '#N/A' ELSE 'A ' || n END")
    mark = org.last_call()
    write(account)
    assert kinds(org, mark) == {"collections", "bulk_job", "bulk_upload"}
    assert is_in_step(account, org)
    assert org.names().count("#N/A") == 2


def test_each_record_is_once_in_a_job_and_its_changes_stay_in_order(org: Org, account: Session) -> None:
    org.create("Account", *({"Name": f"A {n}"} for n in range(12)))
    poll(account)
    for phone in ("1", "2"):
        account.execute("UPDATE salesforce.account SET phone = %s", [phone])
    step(account)
    assert rows(account, "SELECT entry_count, phase FROM sffdw.ingest_job") == [(12, "claimed")]
    write(account)
    assert {record["Phone"] for record in org.sandbox.records("Account")} == {"2"}
    assert states(account) == {("UPDATE", "SUCCESS"): 24}


def test_entries_of_another_kind_between_them_end_a_run(org: Org, account: Session) -> None:
    insert(account, 9)
    account.execute("UPDATE salesforce.account SET phone = '1' WHERE name = 'A 1'")
    org.create("Account", {"Name": "B"})
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '1' WHERE name = 'B'")
    insert(account, 9)
    mark = org.last_call()
    write(account)
    assert kinds(org, mark) == {"collections"}
    assert len(org.names()) == 19


def test_others_go_on_while_a_job_runs_but_not_those_who_name_its_records(org: Org, account: Session,
                                                                          contact: Session) -> None:
    contact.execute("SELECT sffdw.alter_mapping('Contact', add_fields => '{Account.External_Id__c}')")
    insert(account, 12, columns="name, external_id__c", values="'A ' || n, 'x' || n")
    with org.fault("bulk.slow", {"seconds": 600}, kind="bulk_job", calls="1"):
        write(account, max_duration="2 seconds")
        contact.execute("INSERT INTO salesforce.contact (lastname) VALUES ('Free')")
        contact.execute("INSERT INTO salesforce.contact (lastname, account__external_id__c) VALUES ('Child', 'x3')")
        account.execute("UPDATE salesforce.account SET phone = '1' WHERE name = 'A 5'")
        write(account, max_duration="2 seconds")
        assert (org.names("Contact", "LastName"), org.names()) == (["Free"], [])
        org.advance(600)
    write(account)
    assert org.names("Contact", "LastName") == ["Child", "Free"]
    assert {record["Phone"] for record in org.sandbox.records("Account") if record["Name"] == "A 5"} == {"1"}
    assert one(contact, "SELECT count(*) FROM salesforce._trigger_log WHERE state <> 'SUCCESS'") == 0


def test_only_one_row_of_those_that_name_each_other_is_in_a_job(org: Org, account: Session) -> None:
    account.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{Parent.External_Id__c}')")
    insert(account, 24, columns="name, external_id__c, parent__external_id__c",
           values="'A ' || n, 'x' || n, CASE WHEN n > 12 THEN 'x' || n - 12 END")
    write(account)
    parents = {record["External_Id__c"]: record["Id"] for record in org.sandbox.records("Account")}
    assert {record["Name"]: record["ParentId"] for record in org.sandbox.records("Account")} == {
        f"A {n}": parents[f"x{n - 12}"] if n > 12 else None for n in range(1, 25)}


def test_children_of_a_rejected_row_wait_for_it_and_are_in_no_job(org: Org, account: Session, contact: Session) -> None:
    contact.execute("SELECT sffdw.alter_mapping('Contact', add_fields => '{Account.External_Id__c}')")
    account.execute("INSERT INTO salesforce.account (external_id__c) VALUES ('bad')")
    write(account)
    insert(contact, 12, "contact", "lastname, account__external_id__c", "'C ' || n, 'bad'")
    insert(contact, 11, "contact", "lastname", "'Free ' || n")
    mark = org.last_call()
    write(account)
    assert (kinds(org, mark), len(org.names("Contact", "LastName"))) == ({"bulk_job", "bulk_upload"}, 11)
    assert states(contact) == {("INSERT", "FAILED"): 1, ("INSERT", "NEW"): 12, ("INSERT", "SUCCESS"): 11}
    account.execute("UPDATE salesforce.account SET name = 'repaired'")
    account.execute("SELECT sffdw.retry()")
    write(account)
    assert len(org.names("Contact", "LastName")) == 23
    assert ("INSERT", "NEW") not in states(contact)


# --- what happens to a job ---

def step(session: Session) -> bool:
    return bool(one(session, "SELECT (sffdw.ingest_step(connection_id)).has_done FROM sffdw.connection"))


def phase(session: Session) -> str | None:
    found = rows(session, "SELECT phase FROM sffdw.ingest_job")
    return found[0][0] if found else None


CHANGES = {
    "insert": "INSERT INTO salesforce.account (name) SELECT 'A ' || n % 5 FROM generate_series(1, 12) n",
    "upsert": "INSERT INTO salesforce.account (name, external_id__c) SELECT 'A', gen_random_uuid() "
              "FROM generate_series(1, 12) n",
    "update": "UPDATE salesforce.account SET name = gen_random_uuid()",
    "delete": "DELETE FROM salesforce.account WHERE id IN (SELECT id FROM salesforce.account LIMIT 12)"}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_crash_after_any_call_loses_and_doubles_nothing(org: Org, account: Session, app: Session, kind: str) -> None:
    """The call reached Salesforce, the transaction that made it is gone."""
    count = 60 if kind == "delete" else 12 if kind == "update" else 0
    org.create("Account", *({"Name": f"A {n}"} for n in range(count)))
    poll(account)
    for crash_in in ("claimed", "created", "uploaded", "closed", "over"):
        account.execute(CHANGES[kind])
        assert step(account)
        while phase(account) != crash_in:
            step(account)
            org.advance(30)
        wait_for(lambda: step(app) or app.rollback(), "the job is due again")
        app.rollback()
        assert phase(account) == crash_in
        write(account)
        count += {"delete": -12, "update": 0}.get(kind, 12)
        assert {state for _, state in states(account)} == {"SUCCESS"}, crash_in
        assert is_in_step(account, org), crash_in
        assert len(org.names()) == count, crash_in
        account.execute("DELETE FROM sffdw.ingest_pause")
    assert rows(account, "SELECT * FROM sffdw.ingest_record") == []


TROUBLE = [
    ("limit.bulk", {}, {"kind": "bulk_job", "calls": "1"}, "ordinary requests"),
    ("bulk.failed", {"after_rows": 0, "message": "InvalidBatch : no"}, {"kind": "bulk_job", "calls": "1"},
     "to be sent again"),
    ("reply.lost", {}, {"kind": "bulk_job", "calls": "1"}, "ordinary requests"),
    ("reply.lost", {}, {"kind": "bulk_job", "calls": "3"}, "12 accepted"),
    ("reply.lost", {}, {"kind": "bulk_upload", "calls": "1"}, "12 accepted"),
    ("http.cut", {}, {"kind": "bulk_upload", "calls": "1"}, "12 accepted"),
    ("http.status", {"status": 503}, {"kind": "bulk_upload", "calls": "1-9"}, "ordinary requests"),
    ("http.cut", {}, {"kind": "bulk_result", "calls": "1"}, "12 accepted"),
    ("bulk.slow", {"seconds": 20}, {"kind": "bulk_job", "calls": "1"}, "12 accepted")]


def test_trouble_with_a_job_loses_and_doubles_nothing(org: Org, account: Session) -> None:
    """No quota, a job that fails, answers that are lost or cut, uploads that are refused, a slow job."""
    for place, (fault, params, when, want) in enumerate(TROUBLE, 1):
        insert(account, 12)
        with org.fault(fault, params, **when):
            write(account)
        assert states(account) == {("INSERT", "SUCCESS"): 12 * place}, fault
        assert is_in_step(account, org), (fault, when)
        told = one(account, "SELECT string_agg(message, ' / ') FROM sffdw.log WHERE event LIKE 'BULK WRITE%'")
        assert want in told, (fault, when)
        account.execute("DELETE FROM sffdw.ingest_pause; DELETE FROM sffdw.log_entry")


def test_a_job_that_fails_half_way_keeps_what_it_did(org: Org, account: Session) -> None:
    insert(account, 450)
    mark = org.last_call()
    with org.fault("bulk.failed", {"after_rows": 200, "message": "InternalError : x"}, kind="bulk_job", calls="1"):
        write(account)
    assert is_in_step(account, org)
    assert states(account) == {("INSERT", "SUCCESS"): 450}
    assert len(org.calls("composite", mark)) == 1
    assert "200 accepted, 0 rejected, 250 to be sent again" in one(
        account, "SELECT message FROM sffdw.log WHERE event = 'BULK WRITE'")


def test_a_job_that_is_gone_is_asked_about_record_by_record(org: Org, account: Session) -> None:
    insert(account, 12, columns="name, external_id__c", values="'A ' || n, 'x' || n")
    step(account)
    while phase(account) != "over":
        step(account)
        org.advance(30)
    account.execute("DELETE FROM salesforce_live._bulk_jobs WHERE operation = 'upsert'")
    write(account)
    assert states(account) == {("INSERT", "SUCCESS"): 12}
    assert is_in_step(account, org)


def test_what_is_in_doubt_takes_no_record_that_a_job_has_made(org: Org, account: Session) -> None:
    """One row was claimed and never sent; a job makes a record with the same values for another row."""
    org.sandbox.call("PUT", "/clock", {"rate": 1})
    insert(account, 1, values="'A 3'")
    assert one(account, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection") is not None
    insert(account, 12)
    assert step(account)
    wait_for(lambda: step(account) and phase(account) == "over", "the job is over")
    account.execute("SELECT sffdw.settle_doubt(connection_id, NULL) FROM sffdw.connection")
    write(account)
    account.execute("UPDATE sffdw.write_claim SET claimed_at = claimed_at - interval '1 hour', next_try_at = NULL")
    write(account)
    assert states(account) == {("INSERT", "SUCCESS"): 13}
    assert len(rows(account, "SELECT FROM salesforce.account")) == 13
    assert is_in_step(account, org)


def test_nothing_is_uploaded_while_writes_are_paused(org: Org, account: Session) -> None:
    insert(account, 12)
    step(account)
    account.execute("SELECT sffdw.pause('out')")
    write(account)
    assert (phase(account), org.names()) == ("claimed", [])
    account.execute("SELECT sffdw.resume('out')")
    write(account)
    assert is_in_step(account, org)


def test_a_poll_does_not_bring_back_what_is_in_a_job(org: Org, account: Session) -> None:
    ids = org.create("Account", *({"Name": f"A {n}", "Phone": "1"} for n in range(12)))
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '2'")
    step(account)
    for record_id in ids:
        org.update("Account", record_id, Description="theirs")
    poll(account)
    assert rows(account, "SELECT DISTINCT phone, description FROM salesforce.account") == [("2", "theirs")]
    write(account)
    assert {record["Phone"] for record in org.sandbox.records("Account")} == {"2"}
