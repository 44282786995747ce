"""adopt_schema on a schema of our own, after the catalog was lost with the extension: nothing is lost with it."""

import json
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, Session, one, poll, rows, write

# Of every setting a value that is not its default; what does not go together is in the other mapping.
ACCOUNT: dict[str, Any] = {
    "fields": ["Name", "Phone", "AnnualRevenue", "Site"], "access": "read_write", "unique_identifier": "External_Id__c",
    "indexes": ["Phone"], "poll_interval": "97.5 seconds", "accelerated": True, "row_filter": "annualrevenue > 10",
    "types": "precise", "writable_fields": ["Phone"], "conflict_policy": "salesforce", "rejected_policy": "restore",
    "schema_policy": "evolve", "daily_call_cap": 20_000, "history": True, "hold_threshold": 50,
    "capture_replicated": True}
CONTACT: dict[str, Any] = {"fields": ["LastName", "Account.External_Id__c"], "access": "read_write",
                           "write_mode": "sync"}
# What is known anew, or is about the work and no setting.
ASKED = ("connection_id api_limit system_identifier timeline_id data_directory database_oid created_at paused_out "
         "paused_in state last_poll_at last_write_at last_error last_error_at throttled_until write_pause_until "
         "throttle_count accepted_at org_id api_version owner_role hstore_schema server_name schema_name")
WORK = ("mapping_id connection_id object_name table_name filter_changed has_systemmodstamp has_isdeleted replicateable "
        "state state_description created_at watermark_at watermark_id load_started_at load_cursor load_rows_done "
        "window_end_at cursor_at cursor_id deleted_until last_poll_at next_poll_at org_count org_counted_at last_error "
        "phase window_opened_at next_deletes_at next_sweep_at late_before run_id load_sweeps error_count "
        "next_formula_at narrowed_to hastened_at load_transport load_is_staged load_began_at "
        "window_count overlap_from overlap_to overlap_count overlap_read_at")


def create(session: Session, name: str, settings: dict[str, Any]) -> None:
    arguments = "".join(f", {key} => %s" for key in settings)
    session.execute(f"SELECT sffdw.create_mapping(%s{arguments}, connection_name => 'crm')",
                    [name, *settings.values()])


def parameters(session: Session) -> set[str]:
    names: list[str] = one(session, "SELECT proargnames FROM pg_proc WHERE oid = 'sffdw.create_mapping'::regproc")
    return set(names) - {"object_name", "connection_name", "force"}


def settings_of(session: Session) -> dict[str, dict[str, Any]]:
    """What the catalog holds as settings: of the connection, of each mapping, of each field."""
    found = {"connection": one(session, "SELECT to_jsonb(c) - %s::text[] FROM sffdw.connection c", ASKED.split())}
    found |= dict(rows(session, "SELECT object_name, to_jsonb(m) - %s::text[] FROM sffdw.mapping m", WORK.split()))
    return found | dict(rows(session, """
        SELECT m.object_name || '.' || f.field_name, to_jsonb(f) - 'mapping_id'
        FROM sffdw.mapping_field f JOIN sffdw.mapping m USING (mapping_id)"""))


def objects_of(session: Session) -> list[tuple[Any, ...]]:
    """Triggers, trigger functions and indexes of the schema."""
    return rows(session, """
        SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'salesforce'::regnamespace
        UNION ALL
        SELECT pg_get_triggerdef(t.oid) || t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'salesforce'::regnamespace
        UNION ALL
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'salesforce'
        ORDER BY 1""")


@pytest.fixture
def set_up(org: Org, live: Session) -> Session:
    """A connection and two mappings, with no setting at its default."""
    options = {name: value + 1 for name, value in one(live, "SELECT sffdw.sync_defaults()").items()}
    live.execute("SELECT sffdw.create_connection('sf', live_schema_name => 'salesforce_here', "
                 "write_algorithm => 'merged', options => %s, connection_name => 'crm', "
                 "run_search_path => 'public, salesforce')",
                 [json.dumps(options | {"sync_rollback": "compensate", "ucs_basic_collation_index": True})])
    create(live, "Account", ACCOUNT)
    live.execute("SELECT sffdw.alter_mapping('Account', rename_fields => %s, connection_name => 'crm')",
                 ['{"Site": "Fax"}'])
    create(live, "Contact", CONTACT)
    return live


def lose_catalog(session: Session) -> None:
    """What DROP EXTENSION and a dropped live schema leave."""
    session.execute("DELETE FROM sffdw.connection")
    session.execute("DROP SCHEMA salesforce_here CASCADE")
    session.execute("UPDATE salesforce._trigger_log SET processed_at = processed_at - interval '1 hour'")


def test_every_setting_survives_the_loss_of_the_catalog(org: Org, set_up: Session) -> None:
    assert set(ACCOUNT) | set(CONTACT) == parameters(set_up), "a setting without a value here is not proved to be kept"
    before, objects = settings_of(set_up), objects_of(set_up)
    lose_catalog(set_up)
    set_up.execute("SET search_path = pg_catalog")
    found = rows(set_up, "SELECT severity, rule_id, object_name FROM sffdw.adopt_schema('salesforce', 'sf')")
    set_up.execute("RESET search_path")
    assert [finding for finding in found if finding[0] != "pass"] == [("warning", "WRITE_MODE", "Contact")]
    assert settings_of(set_up) == before
    assert objects_of(set_up) == objects
    create(set_up, "Lead", {})
    after = settings_of(set_up)
    assert [key for key, default in after["Lead"].items()
            if after["Account"][key] == after["Contact"][key] == default] == []
    set_up.execute("SELECT sffdw.drop_connection(connection_name => 'crm')")
    assert rows(set_up, "SELECT tgname FROM pg_trigger WHERE tgrelid = 'salesforce.account'::regclass") == []


def test_protected_fields_and_filtered_records_stay_so(org: Org, set_up: Session) -> None:
    record_id = org.create("Account", {"Name": "in", "AnnualRevenue": 11, "Fax": "1"})[0]
    set_up.execute("CALL sffdw.poll(connection_name => 'crm')")
    lose_catalog(set_up)
    set_up.execute("SELECT sffdw.adopt_schema('salesforce', 'sf')")
    set_up.execute("SELECT sffdw.resume('out', connection_name => 'crm')")
    org.create("Account", {"Name": "out", "AnnualRevenue": 9})
    org.update("Account", record_id, Fax="2")
    set_up.execute("UPDATE salesforce.account SET name = 'ours', phone = '5'")
    set_up.execute("CALL sffdw.write(connection_name => 'crm')")
    record = org.record("Account", record_id)
    assert record is not None
    assert (record["Name"], record["Phone"]) == ("in", "5")
    set_up.execute("CALL sffdw.poll(connection_name => 'crm')")
    assert rows(set_up, "SELECT sfid, phone, site FROM salesforce.account") == [(record_id, "5", "2")]


def test_inserts_that_wait_are_in_doubt_on_another_server(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('sent by the other')")
    org.create("Account", {"Name": "sent by the other"})
    account.execute("DELETE FROM sffdw.connection")
    account.execute("UPDATE salesforce._hcmeta SET details = jsonb_set(details::jsonb, "
                    "'{connection,sffdw,database_oid}', '\"1\"')::text")
    found = rows(account, "SELECT severity FROM sffdw.adopt_schema('salesforce', 'sf') WHERE rule_id = 'CLUSTER'")
    assert found == [("warning",)]
    account.execute("SELECT sffdw.resume('out')")
    write(account)
    assert org.names() == ["sent by the other"]


def test_settings_that_cannot_be_taken_over_are_told_of(org: Org, account: Session) -> None:
    account.execute("DELETE FROM sffdw.connection")
    details = one(account, "SELECT details::jsonb FROM salesforce._hcmeta")
    config = details["mappings"][0]["config"]
    details["connection"]["features"]["poll_external_ids"] = True
    details["connection"]["sffdw"]["options"] = {"page_size": 500, "no_such_option": 1}
    config["colour"] = "blue"
    config["indexes"]["Gone__c"] = {"unique": False}
    config["indexes"]["Phone"] = {"unique": True}
    config["sffdw"] |= {"writable_fields": ["Gone__c", "Name"], "mood": "good"}
    account.execute("ALTER TABLE salesforce.account ADD COLUMN my_own text")
    found = rows(account, "SELECT rule_id, message, hint <> '' FROM sffdw.adopt_schema('salesforce', 'sf', %s::jsonb) "
                          "WHERE severity = 'warning'", json.dumps(details))
    assert sorted(found) == [
        ("COLUMN_UNMAPPED", 'nobody fills column "my_own"', True),
        ("SETTING", 'field "Gone__c" of indexes is not mapped', True),
        ("SETTING", 'field "Gone__c" of writable_fields is not mapped', True),
        ("SETTING", 'option "no_such_option" is not taken over: invalid option "no_such_option"', True),
        ("SETTING", 'setting "colour" is not taken over', True),
        ("SETTING", 'setting "mood" is not taken over', True),
        ("SETTING", 'setting "poll_external_ids" is not taken over', True),
        ("SETTING", 'the index of field "Phone" is not unique', True)]
    assert one(account, "SELECT options FROM sffdw.connection") == {"page_size": 500}
    assert one(account, "SELECT writable_fields FROM sffdw.mapping") == ["Name"]
    poll(account)


def test_a_setting_that_nothing_can_have_is_refused(org: Org, account: Session) -> None:
    account.execute("DELETE FROM sffdw.connection")
    account.execute("UPDATE salesforce._hcmeta SET details = jsonb_set(details::jsonb, "
                    "'{mappings,0,config,sffdw,row_filter}', '\"no such column\"')::text")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        account.execute("SELECT sffdw.adopt_schema('salesforce', 'sf')")
    assert "invalid row filter" in str(raised.value.diag.message_detail)
