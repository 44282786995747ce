"""In which order and company changes leave: unrelated ones together, of a record and its parent in log order."""

from typing import Any

import pytest

from tests.integration.sync.org import Org, Session, log, one, poll, rows, set_options, wait_for, write

KINDS = ("composite", "collections")
LINK = "account__external_id__c"


def sent(org: Org, mark: int) -> list[int]:
    """How many Composite and how many plain Collections requests there were."""
    return [len(org.calls(kind, mark)) for kind in KINDS]


@pytest.fixture
def family(org: Org, owner: Session) -> Session:
    """Account, which refers to itself by external id, and Contact, which refers to it by Id and by external id."""
    owner.execute("SELECT sffdw.create_mapping('Account', "
                  "'{Name,Phone,External_Id__c,ParentId,Parent.External_Id__c}', access => 'read_write', "
                  "unique_identifier => 'External_Id__c')")
    owner.execute("SELECT sffdw.create_mapping('Contact', '{LastName,Phone,AccountId,Account.External_Id__c}', "
                  "access => 'read_write')")
    poll(owner)
    return owner


def judged(session: Session) -> list[str | None]:
    """Why the open entries wait, in log order."""
    return [reason for (reason,) in rows(
        session, "SELECT j.held_reason FROM sffdw.connection c CROSS JOIN sffdw.judge_entries(c, NULL) j "
                 "ORDER BY j.entry_id")]


def parents(org: Org) -> dict[str, str | None]:
    """Each account's name with that of its parent."""
    names = {record["Id"]: record["Name"] for record in org.sandbox.records("Account")}
    return {record["Name"]: names.get(record["ParentId"]) for record in org.sandbox.records("Account")}


def accounts_of_contacts(org: Org) -> dict[str, str | None]:
    names = {record["Id"]: record["Name"] for record in org.sandbox.records("Account")}
    return {record["LastName"]: names.get(record["AccountId"]) for record in org.sandbox.records("Contact")}


def test_interleaved_tables_and_actions_share_one_composite(org: Org, family: Session) -> None:
    org.create("Account", *({"Name": f"old {n}"} for n in range(6)))
    org.create("Contact", *({"LastName": f"old {n}"} for n in range(4)))
    poll(family)
    for n in range(4):
        family.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES (%s, %s)", [f"new {n}", f"x{n}"])
        family.execute("UPDATE salesforce.contact SET phone = '1' WHERE lastname = %s", [f"old {n}"])
        family.execute("UPDATE salesforce.account SET phone = '1' WHERE name = %s", [f"old {n}"])
        family.execute("INSERT INTO salesforce.contact (lastname) VALUES (%s)", [f"new {n}"])
    family.execute("DELETE FROM salesforce.account WHERE name IN ('old 4', 'old 5')")
    mark = org.last_call()
    write(family)
    assert sent(org, mark) == [1, 0]
    assert {state for _, state in log(family)} == {"SUCCESS"}
    assert len(org.sandbox.records("Account")) == 8
    assert [record["Phone"] for record in org.sandbox.records("Contact")].count("1") == 4


def test_inserts_with_and_without_identifier_do_not_break_up_requests(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name, external_id__c) "
                    "SELECT 'A ' || n, CASE WHEN mod(n, 2) = 0 THEN 'x' || n END FROM generate_series(1, 300) n")
    mark = org.last_call()
    write(account)
    assert sent(org, mark) == [1, 0]
    assert len(org.sandbox.records("Account")) == 300


def test_a_rejected_entry_of_a_composite_fails_alone(org: Org, family: Session) -> None:
    family.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    family.execute("INSERT INTO salesforce.contact (lastname) VALUES ('good')")
    family.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('good', 'g')")
    write(family)
    assert [state for _, state in log(family)] == ["FAILED", "SUCCESS", "SUCCESS"]


def test_case_70_a_lost_reply_of_a_composite_doubles_and_loses_nothing(org: Org, family: Session) -> None:
    for n in range(3):
        family.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES (%s, %s)", [f"a{n}", f"x{n}"])
        family.execute("INSERT INTO salesforce.contact (lastname) VALUES (%s)", [f"c{n}"])
    with org.fault("reply.lost", kind="composite", calls="1"):
        write(family)
    wait_for(lambda: write(family) or {state for _, state in log(family)} == {"SUCCESS"}, "all is settled")
    assert org.names() == ["a0", "a1", "a2"]
    assert org.names("Contact", "LastName") == ["c0", "c1", "c2"]


def test_a_child_waits_for_the_parent_that_it_names_whichever_was_first(org: Org, family: Session) -> None:
    with family.transaction():
        family.execute(f"INSERT INTO salesforce.contact (lastname, {LINK}) VALUES ('early', 'p')")
        family.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('parent', 'p')")
        family.execute(f"INSERT INTO salesforce.contact (lastname, {LINK}) VALUES ('late', 'p')")
    early, parent, late = judged(family)
    assert parent is None
    assert early == late
    assert "is not in Salesforce yet" in str(early)
    mark = org.last_call()
    write(family)
    assert accounts_of_contacts(org) == {"early": "parent", "late": "parent"}
    assert sent(org, mark) == [0, 2]


def test_a_rejected_parent_holds_its_children_and_nothing_else(org: Org, family: Session) -> None:
    family.execute("INSERT INTO salesforce.account (external_id__c) VALUES ('p')")
    family.execute(f"INSERT INTO salesforce.contact (lastname, {LINK}) VALUES ('child', 'p')")
    family.execute("INSERT INTO salesforce.contact (lastname) VALUES ('other')")
    write(family)
    assert [state for _, state in log(family)] == ["FAILED", "NEW", "SUCCESS"]
    assert 'Salesforce rejected the row' in str(judged(family)[0])
    assert org.names("Contact", "LastName") == ["other"]
    family.execute("UPDATE salesforce.account SET name = 'repaired'")
    family.execute("SELECT sffdw.retry()")
    write(family)
    assert accounts_of_contacts(org) == {"child": "repaired", "other": None}


def test_a_record_that_refers_to_itself_is_inserted_then_linked(org: Org, family: Session) -> None:
    family.execute("INSERT INTO salesforce.account (name, external_id__c, parent__external_id__c) "
                   "VALUES ('self', 's', 's')")
    write(family)
    assert rows(family, "SELECT action, state, strpos(\"values\", 'parent__external_id__c') > 0 "
                        "FROM salesforce._trigger_log ORDER BY id") == [
        ("INSERT", "SUCCESS", False), ("UPDATE", "SUCCESS", True)]
    assert parents(org) == {"self": "self"}


def test_rows_that_wait_for_each_other_are_inserted_then_linked(org: Org, family: Session) -> None:
    ring = {"a": "c", "b": "a", "c": "b", "outside": "a"}
    with family.transaction():
        for name, parent in ring.items():
            family.execute("INSERT INTO salesforce.account (name, external_id__c, parent__external_id__c) "
                           "VALUES (%s, %s, %s)", [name, name, parent])
    write(family)
    assert parents(org)["b"] == "a"
    assert parents(org)["outside"] == "a"
    assert [action for action, _ in log(family)] == ["INSERT"] * 4 + ["UPDATE"]


def test_what_a_younger_change_sets_is_not_set_again_behind_it(org: Org, family: Session) -> None:
    org.create("Account", {"Name": "other", "External_Id__c": "o"})
    poll(family)
    family.execute("INSERT INTO salesforce.account (name, external_id__c, parent__external_id__c) "
                   "VALUES ('self', 's', 's')")
    family.execute("UPDATE salesforce.account SET parent__external_id__c = 'o' WHERE name = 'self'")
    write(family)
    assert [action for action, _ in log(family)] == ["INSERT", "UPDATE"]
    assert parents(org)["self"] == "other"


def test_a_ring_of_links_and_identifiers_is_broken(org: Org, family: Session) -> None:
    """The first names a new row, whose identifier is the one that it gives up itself."""
    org.create("Account", {"Name": "first", "External_Id__c": "x1"})
    poll(family)
    with family.transaction():
        family.execute("UPDATE salesforce.account SET phone = '1', external_id__c = 'x2', "
                       "parent__external_id__c = 'x1'")
        family.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('second', 'x1')")
    assert all(judged(family))
    write(family)
    assert log(family) == [("UPDATE", "SUCCESS"), ("INSERT", "SUCCESS"), ("UPDATE", "SUCCESS")]
    assert parents(org) == {"first": "second", "second": None}
    assert sorted((record["Name"], record["External_Id__c"]) for record in org.sandbox.records("Account")) == [
        ("first", "x2"), ("second", "x1")]


def test_what_waits_in_no_ring_is_left_as_it_is(org: Org, family: Session) -> None:
    """The row that it names was rejected: the same picture, but nobody waits for the other."""
    family.execute("INSERT INTO salesforce.account (external_id__c) VALUES ('p')")
    write(family)
    for name, parent in ("c", "p"), ("d", "c"):
        family.execute("INSERT INTO salesforce.account (name, external_id__c, parent__external_id__c) "
                       "VALUES (%s, %s, %s)", [name, name, parent])
    write(family)
    assert log(family) == [("INSERT", "FAILED"), ("INSERT", "NEW"), ("INSERT", "NEW")]
    assert [bool(reason) for reason in judged(family)] == [True, True]


def test_a_change_captured_before_the_row_had_an_sfid_keeps_its_order_with_children(org: Org, family: Session) -> None:
    family.execute("INSERT INTO salesforce.account (name) VALUES ('parent')")
    family.execute("UPDATE salesforce.account SET phone = '1'")
    set_options(family, write_batch_size=1)
    batch = one(family, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection")
    family.execute("SELECT sffdw.send_batch(connection_id, %s) FROM sffdw.connection", [batch])
    family.execute("SELECT sffdw.settle_answers(connection_id) FROM sffdw.connection")
    family.execute("INSERT INTO salesforce.contact (lastname, accountid) SELECT 'child', sfid FROM salesforce.account")
    family.execute("INSERT INTO salesforce.contact (lastname) VALUES ('stranger')")
    update, child, stranger = judged(family)
    assert (update, stranger) == (None, None)
    assert "of the record that it refers to, is older" in str(child)
    write(family)
    assert {state for _, state in log(family)} == {"SUCCESS"}


def test_after_a_long_look_the_next_one_waits_but_no_pass_ends_without(org: Org, family: Session) -> None:
    connection = one(family, "SELECT connection_id FROM sffdw.connection")

    def look(function: str, *values: str) -> Any:
        return one(family, f"SELECT sffdw.{function}({', '.join([str(connection), *values])})")

    look("note_look", "'claim'", "clock_timestamp()")
    assert look("may_look", "'claim'")
    for kind in ("'first'", "'claim'"):
        look("note_look", kind, "clock_timestamp() - interval '1 hour'")
    assert (look("may_look", "'claim'"), look("may_look", "'orphan'")) == (False, True)
    family.execute("INSERT INTO salesforce.contact (lastname) VALUES ('late')")
    assert look("claim_entries") is None
    # Nothing has been done since: the look would find the same.
    assert not look("end_looks")
    look("outdate_looks")
    assert not look("may_look", "'claim'")
    assert look("end_looks")
    assert look("may_look", "'claim'")
    look("note_look", "'first'", "clock_timestamp() - interval '1 hour'")
    write(family)
    assert log(family) == [("INSERT", "SUCCESS")]


def test_changes_of_parent_and_child_keep_their_order(org: Org, family: Session) -> None:
    parent, other = org.create("Account", {"Name": "parent"}, {"Name": "other"})
    org.create("Contact", {"LastName": "child", "AccountId": parent})
    poll(family)
    family.execute("UPDATE salesforce.contact SET accountid = %s", [other])
    family.execute("UPDATE salesforce.account SET phone = '1'")
    family.execute("INSERT INTO salesforce.contact (lastname, accountid) VALUES ('second', %s)", [parent])
    family.execute("INSERT INTO salesforce.contact (lastname) VALUES ('stranger')")
    first, *waiting, stranger = judged(family)
    assert (first, stranger) == (None, None)
    assert len([reason for reason in waiting if reason and "is older" in reason]) == 3
    mark = org.last_call()
    write(family)
    assert sent(org, mark) == [1, 2]
    assert {state for _, state in log(family)} == {"SUCCESS"}


def test_the_oldest_change_of_a_record_goes_and_the_younger_ones_wait(org: Org, family: Session) -> None:
    org.create("Account", {"Name": "one"}, {"Name": "two"})
    poll(family)
    for phone in ("1", "2"):
        family.execute("UPDATE salesforce.account SET phone = %s", [phone])
    assert [bool(reason) for reason in judged(family)] == [False, False, True, True]
    mark = org.last_call()
    write(family)
    assert sent(org, mark) == [0, 2]
    assert [record["Phone"] for record in org.sandbox.records("Account")] == ["2", "2"]


def test_two_lanes_never_send_entries_of_one_record(org: Org, family: Session, connect: Any) -> None:
    org.create("Account", *({"Name": f"A {n}"} for n in range(6)))
    poll(family)
    for phone in ("1", "2"):
        family.execute("UPDATE salesforce.account SET phone = %s", [phone])
    set_options(family, write_batch_size=4)
    connection = one(family, "SELECT connection_id FROM sffdw.connection")
    other = connect()
    first = one(family, "SELECT sffdw.claim_entries(%s)", connection)
    second = one(other, "SELECT sffdw.claim_entries(%s)", connection)
    third = one(other, "SELECT sffdw.claim_entries(%s)", connection)
    assert (first is not None, second is not None, third) == (True, True, None)
    taken = rows(family, "SELECT l.record_id FROM sffdw.write_claim c "
                         "JOIN salesforce._trigger_log l ON l.id = c.entry_id")
    assert len(taken) == len(set(taken)) == 6


def test_case_69_locked_records_go_in_ever_smaller_company_then_alone_then_fail(org: Org, family: Session) -> None:
    org.create("Account", *({"Name": f"A {n}"} for n in range(60)))
    poll(family)
    family.execute("UPDATE salesforce.account SET phone = '1'")
    set_options(family, row_lock_attempts=4)
    found = []
    with org.fault("row.locked"):
        for _ in range(4):
            mark = org.last_call()
            write(family)
            found.append(sent(org, mark))
            family.execute("UPDATE sffdw.write_claim SET next_try_at = now() WHERE phase = 'waiting'")
    # 60 records; 50 and 10; five times 10 and, at the same time, 10; sixty times one, five Collections a Composite.
    assert found == [[0, 1], [1, 0], [2, 0], [12, 0]]
    assert rows(family, "SELECT DISTINCT state, left(sf_message, 18) FROM salesforce._trigger_log") == [
        ("FAILED", "UNABLE_TO_LOCK_ROW")]


def test_case_69_tries_lost_to_an_outage_do_not_count(org: Org, family: Session) -> None:
    org.create("Account", {"Name": "A"})
    poll(family)
    family.execute("UPDATE salesforce.account SET phone = '1'")
    set_options(family, row_lock_attempts=2)
    found = []
    for fault, params in (("http.status", {"status": 503}),) * 3 + (("row.locked", {}),) * 2:
        with org.fault(fault, params, kind="collections"):
            write(family)
        found.append(one(family, "SELECT state FROM salesforce._trigger_log"))
        family.execute("UPDATE sffdw.write_claim SET next_try_at = now() WHERE phase IN ('waiting', 'doubtful')")
        if fault == "http.status":
            # What the error has left in doubt is asked about.
            family.execute("SELECT sffdw.settle_doubt(connection_id, NULL) FROM sffdw.connection")
            family.execute("UPDATE sffdw.write_claim SET next_try_at = now()")
    assert found[-2:] == ["NEW", "FAILED"]
    assert one(family, "SELECT attempt_count FROM sffdw.write_errors") > 2


def test_the_sizes_of_retried_requests_are_those_of_the_rules(family: Session) -> None:
    rules = rows(family, "SELECT r.codes, r.request_sizes FROM salesforce_live._retry_rules r "
                         "WHERE r.concerns = 'record'")
    assert len(rules) > 1
    for codes, sizes in rules:
        for code in codes:
            for attempt in range(1, 9):
                want = sizes[min(attempt, len(sizes)) - 1]
                assert (code, attempt, one(family, "SELECT sffdw.request_size(%s, %s)", attempt, code)) == (
                    code, attempt, want)
    for attempt in range(1, 9):
        assert one(family, "SELECT r.request_sizes[least(%s, 4)] "
                           "= sffdw.request_size(%s, NULL, sffdw.is_suspect(s, NULL)) "
                           "FROM salesforce_live._retry_rules r CROSS JOIN unnest(r.statuses) s "
                           "WHERE r.rule_name = 'servers failed' LIMIT 1", attempt, attempt)
    assert one(family, "SELECT sffdw.request_size(5, 'REQUIRED_FIELD_MISSING')") == 200


def test_a_child_of_a_row_that_is_never_sent_is_rejected_instead_of_waiting(org: Org, owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,External_Id__c}', "
                  "unique_identifier => 'External_Id__c')")
    owner.execute("SELECT sffdw.create_mapping('Contact', '{LastName,AccountId,Account.External_Id__c}', "
                  "access => 'read_write')")
    poll(owner)
    owner.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('P', 'p')")
    owner.execute(f"INSERT INTO salesforce.contact (lastname, {LINK}) VALUES ('C', 'p')")
    write(owner)
    ((state, code, remedy),) = rows(owner, "SELECT l.state, e.status_code, e.remedy FROM salesforce._trigger_log l "
                                           "JOIN sffdw.write_errors e ON e.entry_id = l.id WHERE l.state <> 'READONLY'")
    assert (state, code) == ("FAILED", "INVALID_FIELD") and remedy
