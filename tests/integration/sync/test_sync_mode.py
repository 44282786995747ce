"""Synchronous mode: a statement on a local table waits for Salesforce, and what Salesforce refuses has not happened."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import APP
from tests.integration.sync.org import Org, log, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]


def test_an_insert_has_its_sfid_when_the_statement_ends(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name, annualrevenue) VALUES ('Acme', 12), ('Bolt', 13)")
    stored = {(record["Id"], record["Name"], record["AnnualRevenue"]) for record in org.sandbox.records("Account")}
    assert stored == set(rows(waiting, "SELECT sfid, name, annualrevenue FROM salesforce.account"))
    assert len(stored) == 2
    assert rows(waiting, "SELECT DISTINCT _hc_lastop, _hc_err FROM salesforce.account") == [("INSERTED", None)]
    assert log(waiting, "action, state, sf_result, sfid IS NOT NULL") == [("INSERT", "SUCCESS", 201, True)] * 2
    mark = org.last_call()
    write(waiting)
    assert org.calls("collections", mark) == []


def test_an_update_and_a_delete_wait_too(org: Org, waiting: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme", "Phone": "1"})[0]
    poll(waiting)
    org.update("Account", record_id, Name="theirs")
    waiting.execute("UPDATE salesforce.account SET phone = '2'")
    record = org.record("Account", record_id)
    assert record is not None
    assert (record["Name"], record["Phone"]) == ("theirs", "2")
    assert one(waiting, "SELECT _hc_lastop FROM salesforce.account") == "UPDATED"
    waiting.execute("DELETE FROM salesforce.account")
    assert org.record("Account", record_id) is None
    assert log(waiting) == [("UPDATE", "SUCCESS"), ("DELETE", "SUCCESS")]


def test_what_salesforce_refuses_has_not_happened(org: Org, waiting: Session) -> None:
    with pytest.raises(psycopg.Error) as caught:
        waiting.execute("INSERT INTO salesforce.account (name, phone) VALUES ('good', '1'), (NULL, '2')")
    assert caught.value.sqlstate == "SF010"
    assert "REQUIRED_FIELD_MISSING" in str(caught.value.diag.message_detail)
    assert "row 2 of the statement" in str(caught.value.diag.message_detail)
    assert caught.value.diag.message_hint == "Give these fields a value."
    assert org.names() == []
    assert rows(waiting, "SELECT * FROM salesforce.account") == log(waiting) == []


REFUSED = {
    "insert": "INSERT INTO salesforce.account (phone) VALUES ('9')",
    "update": "UPDATE salesforce.account SET name = NULL",
    "update of a value without a form": "UPDATE salesforce.account SET annualrevenue = 'NaN'",
}


def test_a_refused_statement_leaves_both_sides_as_they_were(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name, phone) VALUES ('kept', '1')")
    before = org.sandbox.records("Account"), rows(waiting, "SELECT * FROM salesforce.account"), log(waiting)
    for case, statement in REFUSED.items():
        with pytest.raises(psycopg.Error) as caught:
            waiting.execute(statement.encode())
        assert caught.value.sqlstate == "SF010", case
        assert caught.value.diag.message_primary == f'could not {case.split()[0]} a record of object "Account"'
        assert caught.value.diag.message_hint, case
        after = org.sandbox.records("Account"), rows(waiting, "SELECT * FROM salesforce.account"), log(waiting)
        assert after == before, case


def test_a_delete_that_salesforce_refuses_leaves_the_row(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('kept')")
    with org.fault("dml.error", {"code": "DELETE_FAILED", "message": "it has cases"}), \
            pytest.raises(psycopg.Error) as caught:
        waiting.execute("DELETE FROM salesforce.account")
    assert caught.value.sqlstate == "SF010"
    assert org.names() == ["kept"]
    assert rows(waiting, "SELECT name FROM salesforce.account") == [("kept",)]


def test_201_rows_are_refused_unless_somebody_has_opted_in(org: Org, waiting: Session) -> None:
    insert = "INSERT INTO salesforce.account (name) SELECT 'A ' || n FROM generate_series(1, %s) n"
    mark = org.last_call()
    with pytest.raises(psycopg.errors.ProgramLimitExceeded) as caught:
        waiting.execute(insert, [201])
    assert "sync_write_max_rows" in str(caught.value.diag.message_hint)
    assert org.calls("collections", mark) == []
    waiting.execute(insert, [200])
    assert len(org.calls("collections", mark)) == 1
    set_options(waiting, sync_write_max_rows=1000)
    waiting.execute("UPDATE salesforce.account SET phone = '1'")
    waiting.execute(insert, [201])
    assert len(org.calls("collections", mark)) == 4
    assert dict(rows(waiting, "SELECT sfid, name FROM salesforce.account")) == {
        record["Id"]: record["Name"] for record in org.sandbox.records("Account")}


def test_rows_that_carry_their_sfid_are_restored_and_not_sent(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name) SELECT 'A ' || n FROM generate_series(1, 200) n")
    waiting.execute("CREATE TEMPORARY TABLE dump AS TABLE salesforce.account")
    waiting.execute("INSERT INTO dump (id, sfid, name) "
                    "SELECT id + 200, overlay(sfid PLACING 'x' FROM 4), name FROM dump")
    waiting.execute("TRUNCATE salesforce.account")
    waiting.execute("SELECT sffdw.pause('out')")
    mark = org.last_call()
    waiting.execute("INSERT INTO salesforce.account SELECT * FROM dump")
    assert org.calls("collections", mark) == []
    assert rows(waiting, "SELECT count(*), min(_hc_lastop), max(_hc_lastop) FROM salesforce.account") == [
        (400, "SYNCED", "SYNCED")]


def test_as_many_changes_as_would_be_held_are_refused(org: Org, waiting: Session) -> None:
    waiting.execute("SELECT sffdw.alter_mapping('Account', hold_threshold => 3)")
    insert = "INSERT INTO salesforce.account (name) SELECT 'A ' || n FROM generate_series(1, %s) n"
    with pytest.raises(psycopg.Error) as caught:
        waiting.execute(insert, [4])
    assert caught.value.sqlstate == "SF013"
    assert "hold_threshold => 4" in str(caught.value.diag.message_hint)
    assert org.names() == []
    waiting.execute(insert, [3])
    assert len(org.names()) == 3


def test_an_insert_with_a_unique_identifier_is_an_upsert_and_is_not_mixed(org: Org, waiting: Session) -> None:
    record_id = org.create("Account", {"Name": "theirs", "External_Id__c": "x"})[0]
    waiting.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('ours', 'x'), ('new', 'y')")
    assert rows(waiting, "SELECT sfid = %s, name FROM salesforce.account ORDER BY name", record_id) == [
        (False, "new"), (True, "ours")]
    assert log(waiting, "state, sf_result") == [("SUCCESS", 200), ("SUCCESS", 201)]
    mixed = "INSERT INTO salesforce.account (name, external_id__c) VALUES ('a', 'z'), ('b', NULL)"
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        waiting.execute(mixed)
    assert org.names() == ["new", "ours"]
    set_options(waiting, sync_write_max_rows=201)
    waiting.execute(mixed)
    assert org.names() == ["a", "b", "new", "ours"]


UNCHANGING = (
    "UPDATE salesforce.account SET name = name", "UPDATE salesforce.account SET name = 'b' WHERE false",
    "DELETE FROM salesforce.account WHERE false", "UPDATE salesforce.account SET systemmodstamp = '2001-01-01'")


def test_an_identifier_that_differs_by_case_takes_no_record_from_another_row(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('first', 'x1')")
    with pytest.raises(psycopg.Error, match="could not upsert") as caught:
        waiting.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('second', 'X1')")
    assert caught.value.sqlstate == "SF010"
    waiting.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('third', 'y1')")
    assert rows(waiting, "SELECT name, sfid IS NOT NULL FROM salesforce.account ORDER BY id") == [
        ("first", True), ("third", True)]


def test_nothing_is_sent_where_nothing_changes(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    mark = org.last_call()
    for statement in UNCHANGING:
        waiting.execute(statement.encode())
        assert org.calls(since=mark) == [], statement
        assert one(waiting, "SELECT _hc_lastop <> 'PENDING' FROM salesforce.account"), statement
    waiting.execute("UPDATE salesforce.account SET name = 'b'")
    assert org.names() == ["b"]


def test_copy_merge_and_upserts_are_sent(org: Org, waiting: Session) -> None:
    with waiting.cursor().copy("COPY salesforce.account (name, external_id__c) FROM STDIN") as copy:
        for key in "abc":
            copy.write_row((f"copied {key}", key))
    assert org.names() == ["copied a", "copied b", "copied c"]
    mark = org.last_call()
    waiting.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('upserted', 'a'), ('new', 'd') "
                   "ON CONFLICT (external_id__c) DO UPDATE SET name = excluded.name")
    assert len(org.calls("collections", mark)) == 2
    assert org.names() == ["copied b", "copied c", "new", "upserted"]
    waiting.execute("""
        MERGE INTO salesforce.account t
        USING (VALUES ('a', NULL), ('b', 'merged'), ('e', 'made')) AS s (key, name) ON s.key = t.external_id__c
        WHEN MATCHED AND s.name IS NULL THEN DELETE
        WHEN MATCHED THEN UPDATE SET name = s.name
        WHEN NOT MATCHED THEN INSERT (name, external_id__c) VALUES (s.name, s.key)
    """)
    assert org.names() == ["copied c", "made", "merged", "new"]
    assert {state for _, state in log(waiting)} == {"SUCCESS"}
    assert org.names() == [name for name, in rows(waiting, "SELECT name FROM salesforce.account ORDER BY name")]


def test_what_a_foreign_key_deletes_is_sent_as_one_batch(org: Org, waiting: Session) -> None:
    waiting.execute("CREATE TABLE salesforce.region (name varchar(80) PRIMARY KEY)")
    waiting.execute("ALTER TABLE salesforce.account ADD FOREIGN KEY (phone) REFERENCES salesforce.region "
                   "ON DELETE CASCADE")
    waiting.execute("INSERT INTO salesforce.region VALUES ('north'), ('south')")
    waiting.execute("INSERT INTO salesforce.account (name, phone) "
                    "VALUES ('a', 'north'), ('b', 'north'), ('c', 'south')")
    mark = org.last_call()
    waiting.execute("DELETE FROM salesforce.region WHERE name = 'north'")
    assert org.names() == ["c"]
    assert len(org.calls("collections", mark)) == 1


def test_a_record_that_is_gone_already_does_not_hinder_a_delete(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('a'), ('b')")
    org.act("delete", "Account", one(waiting, "SELECT sfid FROM salesforce.account WHERE name = 'a'"))
    waiting.execute("DELETE FROM salesforce.account")
    assert org.names() == []
    assert [state for _, state in log(waiting)] == ["SUCCESS"] * 4


def test_an_app_needs_rights_on_its_table_only(org: Org, waiting: Session, connect: Connect) -> None:
    waiting.execute(f"GRANT USAGE ON SCHEMA salesforce TO {APP}; "
                   f"GRANT SELECT, INSERT, UPDATE, DELETE ON salesforce.account TO {APP}; "
                   f"GRANT USAGE ON SEQUENCE salesforce.account_id_seq TO {APP}")
    app = connect(user=APP)
    app.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    app.execute("UPDATE salesforce.account SET phone = '1'")
    assert [(record["Name"], record["Phone"]) for record in org.sandbox.records("Account")] == [("a", "1")]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT * FROM salesforce_live._sync_write")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TEMPORARY TABLE trap (id int); CREATE TRIGGER t AFTER INSERT ON trap "
                    "EXECUTE FUNCTION salesforce.hc_account_await()")
    app.execute("DELETE FROM salesforce.account")
    assert org.names() == []


def grant(waiting: Session) -> None:
    waiting.execute(f"GRANT USAGE ON SCHEMA salesforce TO {APP}; "
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON salesforce.account TO {APP}; "
                    f"GRANT USAGE ON SEQUENCE salesforce.account_id_seq TO {APP}")


def told(session: Session) -> list[str]:
    messages: list[str] = []
    session.add_notice_handler(lambda diag: messages.append(str(diag.message_primary)))
    return messages


def test_an_app_cannot_put_its_temporary_tables_in_the_way_of_the_owners_triggers(
        org: Org, waiting: Session, connect: Connect) -> None:
    grant(waiting)
    waiting.execute("UPDATE sffdw.connection SET run_search_path = 'salesforce, public'")
    waiting.execute("""
        CREATE TABLE salesforce.audit (who text);
        CREATE FUNCTION salesforce.note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO audit VALUES (current_user); RETURN NULL; END $$;
        CREATE TRIGGER note AFTER UPDATE ON salesforce.account FOR EACH ROW EXECUTE FUNCTION salesforce.note()
    """)
    app = connect(user=APP)
    app.execute("""
        CREATE TEMPORARY TABLE audit (who text);
        GRANT ALL ON audit TO PUBLIC;
        CREATE FUNCTION pg_temp.steal() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE WARNING 'run as %', current_user; RETURN NEW; END $$;
        CREATE TRIGGER steal BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION pg_temp.steal()
    """)
    messages = told(app)
    app.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    assert messages == []
    assert rows(app, "SELECT * FROM pg_temp.audit") == []
    assert one(waiting, "SELECT count(*) > 0 FROM salesforce.audit")


def test_nobody_else_takes_the_place_of_the_extension_that_is_gone(
        org: Org, waiting: Session, connect: Connect, database: Session) -> None:
    grant(waiting)
    database.execute("DROP EXTENSION sffdw CASCADE; DROP SCHEMA IF EXISTS sffdw CASCADE")
    database.execute(f"DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {APP}', current_database()); END $$")
    database.commit()
    app = connect(user=APP)
    app.execute("""
        CREATE SCHEMA sffdw;
        GRANT USAGE ON SCHEMA sffdw TO PUBLIC;
        CREATE FUNCTION sffdw.await_statement(name, name) RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN RAISE WARNING 'run as %', current_user; END $$
    """)
    messages = told(app)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        app.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    assert messages == []


def test_related_records_and_writable_fields_are_heeded(org: Org, waiting: Session) -> None:
    waiting.execute("SELECT sffdw.create_mapping('Contact', access => 'read_write', write_mode => 'sync', fields => "
                    "'{LastName,Phone,Birthdate,Account.External_Id__c}', writable_fields => "
                    "'{LastName,Birthdate,Account.External_Id__c}')")
    waiting.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('parent', 'p')")
    waiting.execute("INSERT INTO salesforce.contact (lastname, phone, birthdate, account__external_id__c) "
                    "VALUES ('child', '1', '2001-02-03', 'p')")
    child = org.sandbox.records("Contact")[0]
    assert (child["LastName"], child["Phone"], child["Birthdate"], child["AccountId"]) == (
        "child", None, "2001-02-03", org.sandbox.records("Account")[0]["Id"])


def test_sessions_of_the_synchronisation_do_not_wait(org: Org, waiting: Session) -> None:
    waiting.execute("SET xmlbinary = 'hex'")
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    assert org.names() == []
    waiting.execute("RESET xmlbinary")
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('b')")
    assert org.names() == ["b"]


def test_statements_of_one_transaction_wait_one_after_the_other(org: Org, waiting: Session, app: Session) -> None:
    app.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    app.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    sfid = one(app, "SELECT sfid FROM salesforce.account")
    app.execute("UPDATE salesforce.account SET phone = '1'")
    assert org.record("Account", sfid)["Phone"] == "1"  # type: ignore[index]
    app.execute("DELETE FROM salesforce.account")
    assert org.names() == []
    app.commit()
    assert log(waiting) == [("INSERT", "SUCCESS"), ("UPDATE", "SUCCESS"), ("DELETE", "SUCCESS")]


def test_triggers_of_the_app_that_change_rows_are_sent_in_order(org: Org, waiting: Session) -> None:
    waiting.execute("""
        CREATE FUNCTION salesforce.follow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.phone IS NULL THEN
                UPDATE salesforce.account SET phone = TG_NAME WHERE id = NEW.id;
            ELSIF NEW.phone = 'gone' THEN
                DELETE FROM salesforce.account WHERE id = NEW.id;
            END IF;
            RETURN NULL;
        END $$
    """)
    for name in ("a_before_capture", "z_after_capture"):
        waiting.execute(f"CREATE TRIGGER {name} AFTER INSERT ON salesforce.account FOR EACH ROW "
                       "EXECUTE FUNCTION salesforce.follow()")
        waiting.execute("INSERT INTO salesforce.account (name, phone) VALUES (%s, NULL), ('x', 'gone')", [name])
        waiting.execute(f"DROP TRIGGER {name} ON salesforce.account")
    assert [(record["Name"], record["Phone"]) for record in org.sandbox.records("Account")] == [
        ("a_before_capture", "a_before_capture"), ("z_after_capture", "z_after_capture")]
    assert rows(waiting, "SELECT name, phone, sfid IS NOT NULL, _hc_lastop FROM salesforce.account ORDER BY id") == [
        ("a_before_capture", "a_before_capture", True, "UPDATED"),
        ("z_after_capture", "z_after_capture", True, "UPDATED")]


def test_what_a_trigger_of_the_app_has_changed_and_sent_is_not_undone_by_the_change_that_it_followed(
        org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name, phone) VALUES ('a', 'old')")
    waiting.execute("CREATE FUNCTION salesforce.follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "UPDATE salesforce.account SET phone = 'trigger' WHERE id = NEW.id; RETURN NULL; END $$")
    waiting.execute("CREATE TRIGGER a_before_capture AFTER UPDATE OF name ON salesforce.account FOR EACH ROW "
                    "EXECUTE FUNCTION salesforce.follow()")
    waiting.execute("UPDATE salesforce.account SET name = 'b', phone = 'app'")
    assert [(record["Name"], record["Phone"]) for record in org.sandbox.records("Account")] == [("b", "trigger")]
    assert rows(waiting, "SELECT name, phone FROM salesforce.account") == [("b", "trigger")]


def test_returning_shows_the_row_before_salesforce_has_answered(org: Org, waiting: Session) -> None:
    sfid, record_id = rows(waiting, "INSERT INTO salesforce.account (name) VALUES ('a') RETURNING sfid, id")[0]
    assert sfid is None
    assert one(waiting, "SELECT sfid FROM salesforce.account WHERE id = %s", record_id) == org.sandbox.records(
        "Account")[0]["Id"]


def test_deferred_constraints_stay_deferred(org: Org, waiting: Session, app: Session) -> None:
    waiting.execute("CREATE TABLE salesforce.region (name varchar(80) PRIMARY KEY)")
    waiting.execute("ALTER TABLE salesforce.account ADD FOREIGN KEY (phone) REFERENCES salesforce.region "
                   "DEFERRABLE INITIALLY DEFERRED")
    app.execute("INSERT INTO salesforce.account (name, phone) VALUES ('a', 'north')")
    app.execute("INSERT INTO salesforce.region VALUES ('north')")
    app.commit()
    assert org.names() == ["a"]


# --- modes, and what stops a write ---

def test_a_mapping_changes_its_mode_when_nothing_is_left_to_send(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught:
        account.execute("SELECT sffdw.alter_mapping('Account', write_mode => 'sync')")
    assert "sffdw.write()" in str(caught.value.diag.message_hint)
    write(account)
    account.execute("SELECT sffdw.alter_mapping('Account', write_mode => 'sync')")
    assert one(account, "SELECT write_mode FROM sffdw.mappings") == "sync"
    account.execute("INSERT INTO salesforce.account (name) VALUES ('b')")
    assert org.names() == ["a", "b"]
    account.execute("SELECT sffdw.alter_mapping('Account', write_mode => 'async')")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('c')")
    assert org.names() == ["a", "b"]
    write(account)
    assert org.names() == ["a", "b", "c"]
    assert rows(account, "SELECT tgname FROM pg_trigger WHERE tgname LIKE '%await%'") == []


UNFIT = {
    "create_mapping('Contact', write_mode => 'sync')": "read_write",
    "alter_mapping('Account', access => 'read_only')": "read_write",
    "alter_mapping('Account', conflict_policy => 'salesforce')": "last_writer",
}


def test_settings_that_do_not_go_with_waiting_are_refused(waiting: Session) -> None:
    for call, hint in UNFIT.items():
        with pytest.raises(psycopg.errors.InvalidParameterValue) as caught:
            waiting.execute(f"SELECT sffdw.{call}".encode())
        assert hint in str(caught.value.diag.message_hint), call
    waiting.execute("SELECT sffdw.drop_mapping('Account')")
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('nobody waits')")


def test_a_table_whose_mapping_is_lost_is_not_written_silently(org: Org, waiting: Session, database: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    for change, hint in (("DROP EXTENSION sffdw", "DROP FUNCTION salesforce.hc_account_await() CASCADE"),
                         ("CREATE EXTENSION sffdw", "Create the mapping again")):
        database.execute(change.encode())
        database.commit()
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught:
            waiting.execute("INSERT INTO salesforce.account (name) VALUES ('b')")
        assert hint in str(caught.value.diag.message_hint)
    waiting.execute("UPDATE salesforce._trigger_log SET processed_at = processed_at - interval '1 hour'")
    found = rows(waiting, "SELECT object_name, hint FROM sffdw.adopt_schema('salesforce', 'sf') "
                          "WHERE rule_id = 'WRITE_MODE'")
    assert found == [("Account", "Run sffdw.resume('out', connection_name => 'salesforce').")]
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        waiting.execute("INSERT INTO salesforce.account (name) VALUES ('b')")
    waiting.execute("SELECT sffdw.resume('out')")
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('b')")
    assert org.names() == ["a", "b"]
    assert log(waiting) == [("INSERT", "SUCCESS")] * 2


def test_a_table_adopted_with_unsent_changes_waits_no_more(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    waiting.execute("SELECT salesforce.hc_capture_update_from_row(hstore(a.*), 'account') FROM salesforce.account a")
    waiting.execute("UPDATE salesforce._trigger_log SET processed_at = processed_at - interval '1 hour'")
    waiting.execute("DELETE FROM sffdw.connection")
    found = rows(waiting, "SELECT object_name, hint FROM sffdw.adopt_schema('salesforce', 'sf') "
                          "WHERE rule_id = 'WRITE_MODE'")
    assert found == [("Account", "Run sffdw.alter_mapping('Account', write_mode => 'sync') when nothing waits to be "
                                 "sent.")]
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('b')")
    assert org.names() == ["a"]
    assert log(waiting, "state") == [("SUCCESS",), ("NEW",), ("NEW",)]


STOPS = {
    "pause": ("SELECT sffdw.pause('out')", "SELECT sffdw.resume('out')", "55000"),
    "recovery": ("UPDATE sffdw.connection SET state = 'RECOVERY', last_error = 'x'",
                 "UPDATE sffdw.connection SET state = 'IDLE'", "SF002"),
    "server": ("UPDATE sffdw.connection SET system_identifier = 1", "SELECT sffdw.recover(accept_cluster => true)",
               "SF002"),
    "org": ("UPDATE sffdw.connection SET org_id = '00D000000000009EAA'",
            "SELECT sffdw.recover(accept_org_id => '{org_id}')", "SF002"),
    "held": ("INSERT INTO sffdw.held_change (mapping_id, direction, action, entry_count, oldest_at, threshold, reason) "
             "SELECT mapping_id, 'out', 'DELETE', 9, now(), 1, 'x' FROM sffdw.mapping", "DELETE FROM sffdw.held_change",
             "SF013"),
    "throttled": ("UPDATE sffdw.connection SET write_pause_until = now() + interval '1 hour'",
                  "UPDATE sffdw.connection SET write_pause_until = NULL", "55000"),
    "older change": ("SELECT salesforce.hc_capture_update_from_row(hstore(a.*), 'account') FROM salesforce.account a",
                     "CALL sffdw.write()", "55000"),
}


def test_a_write_that_must_not_be_sent_is_an_error(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('before')")
    org_id = org.sandbox.call("GET", "/")["org_id"]
    for case, (stop, start, sqlstate) in STOPS.items():
        before = org.names()
        waiting.execute(stop.encode())
        with pytest.raises(psycopg.Error) as caught:
            waiting.execute("UPDATE salesforce.account SET name = %s", [case])
        assert caught.value.sqlstate == sqlstate, case
        assert caught.value.diag.message_hint, case
        assert org.names() == before == [one(waiting, "SELECT name FROM salesforce.account")], case
        waiting.execute(start.format(org_id=org_id).encode())
        waiting.execute("UPDATE salesforce.account SET name = %s", [case])
        assert org.names() == [case]


def test_an_org_that_refuses_is_an_error_of_the_statement(org: Org, waiting: Session) -> None:
    waiting.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    for fault, params, sqlstate in (("limit.daily", {}, "SF004"), ("http.status", {"status": 503}, "SF012"),
                                    ("row.locked", {}, "SF011")):
        with org.fault(fault, params), pytest.raises(psycopg.Error) as caught:
            waiting.execute("UPDATE salesforce.account SET name = 'b'")
        assert caught.value.sqlstate == sqlstate, fault
        assert one(waiting, "SELECT name FROM salesforce.account") == "a", fault
    waiting.execute("UPDATE salesforce.account SET name = 'c'")
    assert org.names() == ["c"]
