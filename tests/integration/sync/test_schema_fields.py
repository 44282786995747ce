"""Fields that come, go, change and are renamed in Salesforce while their object is polled."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, set_options, write
from tests.integration.sync.schema import alter, columns_of, events, later, state, told

Session = psycopg.Connection[Any]
TEXT = {"type": "string", "length": 80}


@pytest.fixture
def loaded(org: Org, account: Session) -> Session:
    """Account with two custom fields, mapped, two records loaded, the schema looked at."""
    alter(org, add_fields=[{"name": "Level__c", "type": "picklist", "picklistValues": ["low", "high"]},
                           {"name": "Size__c", "type": "int"}, {"name": "Code__c", **TEXT}])
    account.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{Level__c,Size__c,Code__c}')")
    org.create("Account", {"Name": "A 1", "Phone": "1", "Code__c": "c1", "Size__c": 1},
               {"Name": "A 2", "Phone": "2", "Code__c": "c2", "Size__c": 2})
    poll(account)
    return account


def versions(session: Session, column: str) -> list[tuple[Any, ...]]:
    return rows(session, f"SELECT {column} FROM salesforce._account_history WHERE valid_to IS NULL ORDER BY record_id")


def policy(session: Session, name: str) -> None:
    session.execute("SELECT sffdw.alter_mapping('Account', schema_policy => %s)", [name])


def test_case_55_ten_idle_mappings_cost_a_call_each_interval(org: Org, owner: Session) -> None:
    for number in range(10):
        org.sandbox.call("POST", "/objects", {"name": f"Thing{number}__c", "fields": [{"name": "Name", **TEXT}]})
        owner.execute("SELECT sffdw.create_mapping(%s, poll_interval => '1 day')", [f"Thing{number}__c"])
    poll(owner)
    mark = org.last_call()
    for _ in range(6):
        later(owner, force=False)
    calls = [call["kind"] for call in org.calls(since=mark) if call["kind"] in ("composite", "describe",
                                                                               "describe_global")]
    assert calls == ["composite"] * 6
    assert events(owner) == []
    # Between the intervals nothing is asked.
    mark = org.last_call()
    poll(owner)
    assert org.calls("composite", mark) == []


def test_case_48_a_new_field_is_told_of_and_left_unmapped(org: Org, loaded: Session, connect: Any) -> None:
    listener = connect()
    listener.execute('LISTEN "sffdw.schema_event"')
    alter(org, add_fields=[{"name": "Fresh__c", **TEXT}])
    poll(loaded)
    assert events(loaded) == []
    later(loaded)
    later(loaded)
    assert events(loaded, "field, kind, old, new, object_name") == [
        ("Fresh__c", "field_added", None, "string(80)", "Account")]
    assert "fresh__c" not in columns_of(loaded, "salesforce.account")
    assert columns_of(loaded, "salesforce_live.account")["fresh__c"] == "text"
    assert [note.payload for note in listener.notifies(timeout=5, stop_after=1)] == [
        str(one(loaded, "SELECT event_id FROM sffdw.schema_events"))]
    assert one(loaded, "SELECT count(*) FROM sffdw.log WHERE event = 'SCHEMA CHANGED'") == 1
    assert told(loaded) == []


def test_case_48_a_new_field_is_mapped_and_filled_by_policy_evolve(org: Org, loaded: Session) -> None:
    policy(loaded, "evolve")
    alter(org, add_fields=[{"name": "Fresh__c", **TEXT}, {"name": "Where__c", "type": "location"}])
    org.update("Account", org.sandbox.records("Account")[0]["Id"], Fresh__c="old")
    org.advance(2 * 3600)
    poll(loaded)
    record_id = org.create("Account", {"Name": "A 3", "Fresh__c": "new"})[0]
    later(loaded)
    assert rows(loaded, "SELECT name, fresh__c FROM salesforce.account ORDER BY name") == [
        ("A 1", "old"), ("A 2", None), ("A 3", "new")]
    assert ("Fresh__c", "field_added", "mapped and being filled") in events(
        loaded, "field, kind, action")
    loaded.execute("UPDATE salesforce.account SET fresh__c = 'mine' WHERE name = 'A 3'")
    write(loaded)
    assert org.record("Account", record_id)["Fresh__c"] == "mine"  # type: ignore[index]


@pytest.mark.parametrize("operation", [{"drop_fields": ["Phone"]}, {"hide_fields": ["Phone"]},
                                       {"rename_fields": {"Phone": "Fon__c"}}])
def test_case_49_a_field_that_vanishes_does_not_stop_its_object(org: Org, loaded: Session,
                                                                operation: dict[str, Any]) -> None:
    alter(org, **operation)
    org.create("Account", {"Name": "A 3"})
    poll(loaded)
    poll(loaded)
    assert rows(loaded, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        ("A 1", "1"), ("A 2", "2"), ("A 3", None)]
    assert state(loaded) == "DATA_SYNCED"
    assert [field for field, _ in events(loaded)] == ["Phone"]
    assert len(told(loaded)) == 1
    assert "phone" not in columns_of(loaded, "salesforce_live.account")
    assert one(loaded, "SELECT count(*) FROM sffdw.log WHERE event = 'POLL ERROR'") == 0


def test_case_49_a_field_found_gone_by_the_look_at_the_schema_is_left_out_of_writes(org: Org, loaded: Session) -> None:
    alter(org, hide_fields=["Phone"])
    later(loaded)
    assert events(loaded, "field, kind, action") == [
        ("Phone", "field_removed", "left out of queries and writes, values kept")]
    loaded.execute("UPDATE salesforce.account SET phone = 'local', description = 'sent' WHERE name = 'A 1'")
    write(loaded)
    assert log(loaded) == [("UPDATE", "SUCCESS")]
    assert {record["Description"] for record in org.sandbox.records("Account")} == {"sent", None}


def test_a_rejected_write_has_the_schema_looked_at_by_the_next_poll(org: Org, loaded: Session) -> None:
    loaded.execute("UPDATE sffdw.schema_check SET next_at = now() + interval '8 minutes'")
    alter(org, hide_fields=["Fax"], alter_fields={"Code__c": {"createable": False, "updateable": False}})
    loaded.execute("UPDATE salesforce.account SET code__c = 'mine' WHERE name = 'A 1'")
    write(loaded)
    assert log(loaded) == [("UPDATE", "FAILED")]
    poll(loaded)
    assert ("Code__c", "field_read_only") in events(loaded)
    loaded.execute("UPDATE salesforce.account SET code__c = 'mine', description = 'd' WHERE name = 'A 2'")
    write(loaded)
    assert log(loaded)[1:] == [("UPDATE", "SUCCESS")]


def test_a_field_that_returns_is_read_and_sent_again(org: Org, loaded: Session) -> None:
    alter(org, hide_fields=["Phone"])
    later(loaded)
    alter(org, hide_fields={"Phone": False})
    for record in org.sandbox.records("Account"):
        org.update("Account", record["Id"], Phone="back")
    later(loaded)
    assert rows(loaded, "SELECT DISTINCT phone FROM salesforce.account") == [("back",)]
    assert events(loaded) == [("Phone", "field_removed"), ("Phone", "field_returned")]
    loaded.execute("UPDATE salesforce.account SET phone = 'sent'")
    write(loaded)
    assert {record["Phone"] for record in org.sandbox.records("Account")} == {"sent"}


@pytest.mark.parametrize("name", ["field.hidden", "field.gone"])
def test_a_field_hidden_from_the_user_for_a_time_is_told_of_once(org: Org, loaded: Session, name: str) -> None:
    with org.fault(name, {"fields": ["Account.Phone"]}):
        org.create("Account", {"Name": "A 3"})
        poll(loaded)
        later(loaded)
        later(loaded)
    assert events(loaded) == [("Phone", "field_removed")]
    later(loaded)
    assert events(loaded) == [("Phone", "field_removed"), ("Phone", "field_returned")]
    assert state(loaded) == "DATA_SYNCED"


def test_a_field_that_only_queries_refuse_is_left_out_and_tried_again(org: Org, loaded: Session) -> None:
    with org.fault("field.gone", {"fields": ["Account.Phone"]}, kind="query"):
        org.create("Account", {"Name": "A 3"})
        poll(loaded)
        later(loaded)
        later(loaded)
        assert one(loaded, "SELECT count(*) FROM salesforce.account") == 3
    later(loaded)
    later(loaded)
    assert events(loaded) == [("Phone", "field_removed"), ("Phone", "field_returned")]
    assert len(told(loaded)) == 1


def test_a_field_that_vanishes_in_a_load_does_not_stop_the_load(org: Org, loaded: Session) -> None:
    set_options(loaded, page_size=1)
    loaded.execute("SELECT sffdw.reload('Account')")
    loaded.execute("SELECT (sffdw.poll_step(mapping_id, true, now(), NULL)).progress FROM sffdw.mapping")
    alter(org, drop_fields=["Phone"])
    org.create("Account", {"Name": "A 3"})
    poll(loaded)
    assert rows(loaded, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        ("A 1", "1"), ("A 2", "2"), ("A 3", None)]


def test_a_view_on_the_live_column_keeps_it_until_it_goes(org: Org, loaded: Session) -> None:
    loaded.execute("CREATE VIEW salesforce.phones AS SELECT phone FROM salesforce_live.account")
    alter(org, drop_fields=["Phone"])
    later(loaded)
    assert "waits to drop the live column: view salesforce.phones" in events(loaded, "action")[0][0]
    assert "phone" in columns_of(loaded, "salesforce_live.account")
    later(loaded)
    loaded.execute("DROP VIEW salesforce.phones")
    later(loaded, minutes=6)
    assert "phone" not in columns_of(loaded, "salesforce_live.account")
    assert events(loaded, "kind, action") == [("field_removed", "left out of queries and writes, values kept")]
    assert len(told(loaded)) == 1


def test_live_columns_of_unmapped_fields_follow_too(org: Org, loaded: Session) -> None:
    alter(org, add_fields=[{"name": "Side__c", "type": "int"}, {"name": "Gone__c", **TEXT}])
    later(loaded)
    alter(org, drop_fields=["Side__c", "Gone__c"])
    alter(org, add_fields=[{"name": "Side__c", "type": "date"}])
    later(loaded)
    live = columns_of(loaded, "salesforce_live.account")
    assert (live["side__c"], live.get("gone__c")) == ("date", None)
    assert len(rows(loaded, "SELECT * FROM salesforce_live.account")) == 2
    assert ("Gone__c", "field_removed", "not mapped; live column dropped") in events(loaded, "field, kind, action")
    assert told(loaded) == []


def test_a_field_that_the_row_filter_needs_is_not_given_up(org: Org, loaded: Session) -> None:
    loaded.execute("SELECT sffdw.alter_mapping('Account', row_filter => $$fax IS NULL AND phone <> '2'$$)")
    poll(loaded)
    alter(org, drop_fields=["Phone"])
    org.create("Account", {"Name": "A 3"})
    with pytest.raises(psycopg.Error) as raised:
        later(loaded)
    assert raised.value.sqlstate == "SF008"
    assert state(loaded) == "BAD_CONFIG"
    assert rows(loaded, "SELECT name FROM salesforce.account") == [("A 1",)]
    loaded.execute("SELECT sffdw.alter_mapping('Account', row_filter => 'fax IS NULL')")
    poll(loaded)
    assert rows(loaded, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        ("A 1", "1"), ("A 2", None), ("A 3", None)]


def test_versions_of_rows_follow_the_schema(org: Org, loaded: Session) -> None:
    loaded.execute("SELECT sffdw.alter_mapping('Account', history => true, schema_policy => 'evolve')")
    alter(org, add_fields=[{"name": "Fresh__c", **TEXT}],
          alter_fields={"Size__c": {"type": "double", "precision": 18, "scale": 2}})
    later(loaded)
    for record in org.sandbox.records("Account"):
        org.update("Account", record["Id"], Size__c=2.5, Fresh__c="new")
    poll(loaded)
    assert versions(loaded, "size__c, fresh__c") == [(2.5, "new"), (2.5, "new")]


def test_case_50_no_schema_change_resets_the_table(org: Org, loaded: Session) -> None:
    ids = rows(loaded, "SELECT id, sfid FROM salesforce.account ORDER BY id")
    oid = one(loaded, "SELECT 'salesforce.account'::regclass::oid")
    policy(loaded, "evolve")
    loaded.execute("UPDATE salesforce.account SET size__c = 3 WHERE name = 'A 2'")
    alter(org, drop_fields=["Phone"], add_fields=[{"name": "Fresh__c", "type": "date"}],
          alter_fields={"Code__c": {"length": 200}, "Size__c": {"type": "double", "precision": 18, "scale": 2}})
    later(loaded)
    assert rows(loaded, "SELECT id, sfid FROM salesforce.account ORDER BY id") == ids
    assert one(loaded, "SELECT 'salesforce.account'::regclass::oid") == oid
    assert rows(loaded, "SELECT phone, code__c, size__c FROM salesforce.account ORDER BY id") == [
        ("1", "c1", 1), ("2", "c2", 3)], "nor is what was not sent yet"


def test_case_47_a_longer_text_widens_its_column_in_place(org: Org, loaded: Session) -> None:
    file = one(loaded, "SELECT pg_relation_filenode('salesforce.account')")
    alter(org, alter_fields={"Code__c": {"length": 200}})
    record_id = org.create("Account", {"Name": "long", "Code__c": "x" * 200})[0]
    poll(loaded)
    assert rows(loaded, "SELECT sfid FROM sffdw.deferred_row") == [(record_id,)]
    later(loaded)
    assert columns_of(loaded, "salesforce.account")["code__c"] == "character varying(200)"
    assert one(loaded, "SELECT pg_relation_filenode('salesforce.account')") == file
    assert events(loaded, "field, kind, old, new, action") == [
        ("Code__c", "length_increased", "80", "200", "column widened to varchar(200)")]
    poll(loaded)
    assert one(loaded, "SELECT length(code__c) FROM salesforce.account WHERE name = 'long'") == 200
    assert one(loaded, "SELECT pg_type FROM sffdw.mapping_field WHERE field_name = 'Code__c'") == (
        "character varying(200)")


DEPENDENTS = {
    "view": "CREATE VIEW salesforce.codes AS SELECT code__c FROM salesforce.account",
    "trigger": "CREATE FUNCTION salesforce.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
               "CREATE TRIGGER codes BEFORE UPDATE OF code__c ON salesforce.account FOR EACH ROW "
               "EXECUTE FUNCTION salesforce.nothing()"}


@pytest.mark.parametrize("kind", DEPENDENTS)
def test_case_47_a_dependent_object_delays_widening_and_is_named(org: Org, loaded: Session, kind: str) -> None:
    loaded.execute(DEPENDENTS[kind])
    alter(org, alter_fields={"Code__c": {"length": 200}})
    later(loaded)
    later(loaded)
    action, = events(loaded, "action")[0]
    assert action.startswith(f"waits to widen the column under {kind} ")
    assert "codes" in action
    assert len(told(loaded)) == 1
    assert state(loaded) == "DATA_SYNCED"
    loaded.execute("DROP VIEW IF EXISTS salesforce.codes; DROP TRIGGER IF EXISTS codes ON salesforce.account")
    later(loaded, minutes=6)
    assert columns_of(loaded, "salesforce.account")["code__c"] == "character varying(200)"
    assert events(loaded, "action") == [("column widened to varchar(200)",)]
    assert len(told(loaded)) == 1


def test_a_table_in_use_delays_widening_and_stops_nothing(org: Org, loaded: Session, app: Session) -> None:
    app.execute("LOCK TABLE salesforce.account IN ROW EXCLUSIVE MODE")
    alter(org, alter_fields={"Code__c": {"length": 200}})
    org.create("Account", {"Name": "A 3"})
    later(loaded)
    assert events(loaded, "action") == [("waits: the table is in use",)]
    assert one(loaded, "SELECT count(*) FROM salesforce.account") == 3
    app.rollback()
    later(loaded)
    assert events(loaded, "action") == [("column widened to varchar(200)",)]


def test_case_47_a_shorter_text_is_told_of_and_changes_nothing(org: Org, loaded: Session) -> None:
    alter(org, alter_fields={"Code__c": {"length": 20}})
    later(loaded)
    assert events(loaded, "field, kind, old, new") == [("Code__c", "length_decreased", "80", "20")]
    assert columns_of(loaded, "salesforce.account")["code__c"] == "character varying(80)"
    assert len(told(loaded)) == 1


@pytest.mark.parametrize(("name", "to", "column"), [("warn", "double", "integer"), ("evolve", "double",
                                                                                    "double precision"),
                                                    ("evolve", "date", "integer")])
def test_a_type_that_changed_follows_the_policy(org: Org, loaded: Session, name: str, to: str, column: str) -> None:
    policy(loaded, name)
    alter(org, drop_fields=["Size__c"])
    alter(org, add_fields=[{"name": "Size__c", "type": to} | ({"precision": 18, "scale": 2} if to == "double" else {})])
    record_id = org.create("Account", {"Name": "A 3", "Size__c": 2.5 if to == "double" else "2026-01-31"})[0]
    later(loaded)
    assert columns_of(loaded, "salesforce.account")["size__c"] == column
    assert [event[:2] for event in events(loaded)] == [("Size__c", "type_changed")]
    assert state(loaded) == "DATA_SYNCED"
    follows = column == "double precision"
    assert one(loaded, "SELECT size__c FROM salesforce.account WHERE sfid = %s", record_id) == (2.5 if follows else
                                                                                               None)
    # What does not fit is kept: Salesforce itself has emptied the field.
    assert one(loaded, "SELECT size__c FROM salesforce.account WHERE name = 'A 1'") == (None if follows else 1)


def test_a_type_that_the_column_can_hold_goes_on(org: Org, loaded: Session) -> None:
    alter(org, alter_fields={"Level__c": {"type": "string", "length": 255, "picklistValues": []}})
    org.create("Account", {"Name": "A 3", "Level__c": "any"})
    later(loaded)
    assert one(loaded, "SELECT level__c FROM salesforce.account WHERE name = 'A 3'") == "any"
    assert ("Level__c", "type_changed", "nothing to do: the column holds it") in events(loaded, "field, kind, action")


def test_policy_pause_stops_the_mapping_until_it_is_altered(org: Org, loaded: Session) -> None:
    policy(loaded, "pause")
    alter(org, drop_fields=["Phone"])
    org.create("Account", {"Name": "A 3"})
    poll(loaded)
    assert state(loaded) == "SCHEMA_CHANGED"
    mark = org.last_call()
    poll(loaded)
    assert org.calls("query", mark) == []
    assert one(loaded, "SELECT count(*) FROM salesforce.account") == 2
    policy(loaded, "warn")
    poll(loaded)
    assert rows(loaded, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        ("A 1", "1"), ("A 2", "2"), ("A 3", None)]
    assert state(loaded) == "DATA_SYNCED"


def test_a_field_that_became_read_only_is_left_out_of_writes(org: Org, loaded: Session) -> None:
    alter(org, alter_fields={"Code__c": {"createable": False, "updateable": False}})
    later(loaded)
    assert events(loaded, "field, kind, old, new") == [
        ("Code__c", "field_read_only", "createable updateable", "read-only")]
    loaded.execute("UPDATE salesforce.account SET code__c = 'mine', description = 'd' WHERE name = 'A 1'")
    write(loaded)
    assert log(loaded) == [("UPDATE", "SUCCESS")]
    assert len(told(loaded)) == 1


def test_a_new_required_field_is_told_of_where_rows_are_written(org: Org, loaded: Session) -> None:
    alter(org, add_fields=[{"name": "Must__c", "type": "date", "nillable": False}])
    later(loaded)
    assert ("Must__c", "field_required") in events(loaded)
    assert len(told(loaded)) == 1
    loaded.execute("SELECT sffdw.alter_mapping('Account', access => 'read_only')")
    alter(org, add_fields=[{"name": "Must2__c", "type": "date", "nillable": False}])
    later(loaded)
    assert ("Must2__c", "field_required") not in events(loaded)
    assert ("Must2__c", "field_added") in events(loaded)


def test_picklist_values_that_changed_are_told_of(org: Org, loaded: Session) -> None:
    alter(org, alter_fields={"Level__c": {"picklistValues": ["low", "top", "best"]}})
    later(loaded)
    assert events(loaded, "field, kind, old, new") == [("Level__c", "picklist_changed", "high", "top, best")]
    assert told(loaded) == []


# --- renamed fields (case 76) ---


@pytest.mark.parametrize("name", ["warn", "evolve"])
def test_case_76_a_renamed_field_is_suggested_and_followed_on_demand(org: Org, loaded: Session, name: str) -> None:
    policy(loaded, name)
    alter(org, rename_fields={"Code__c": "Number__c"})
    later(loaded)
    event = events(loaded, "field, kind, old, new, action")
    assert [row[:4] for row in event] == [("Code__c", "field_renamed", "Code__c", "Number__c")]
    assert """sffdw.alter_mapping('Account', rename_fields => '{"Code__c": "Number__c"}')""" in event[0][4]
    assert "number__c" not in columns_of(loaded, "salesforce.account")
    assert rows(loaded, "SELECT code__c FROM salesforce.account ORDER BY id") == [("c1",), ("c2",)]
    for record in org.sandbox.records("Account"):
        org.update("Account", record["Id"], Number__c="n")
    loaded.execute("""SELECT sffdw.alter_mapping('Account', rename_fields => '{"Code__c": "Number__c"}')""")
    later(loaded)
    assert rows(loaded, "SELECT DISTINCT code__c FROM salesforce.account") == [("n",)]
    loaded.execute("UPDATE salesforce.account SET code__c = 'mine' WHERE name = 'A 1'")
    write(loaded)
    assert sorted(record["Number__c"] for record in org.sandbox.records("Account")) == ["mine", "n"]
    assert len(events(loaded)) == 1
    live = columns_of(loaded, "salesforce_live.account")
    assert "code__c" in live and "number__c" not in live
    assert len(rows(loaded, "SELECT * FROM salesforce_live.account")) == 2


def test_a_field_renamed_among_several_alike_is_not_guessed(org: Org, loaded: Session) -> None:
    alter(org, rename_fields={"Code__c": "Number__c"}, add_fields=[{"name": "Other__c", **TEXT}])
    later(loaded)
    assert sorted(events(loaded)) == [("Code__c", "field_removed"), ("Number__c", "field_added"),
                                      ("Other__c", "field_added")]


@pytest.mark.parametrize(("names", "sqlstate"), [
    ('{"Nothing__c": "Size__c"}', "SF008"), ('{"Code__c": "Nothing__c"}', "SF008"),
    ('{"Code__c": "Phone"}', "22023"), ('{"Id": "Fax"}', "22023"), ('{"Size__c": "Fax"}', "42804"),
    ('["Code__c"]', "22023"), ('{"Code__c": 1}', "22023")])
def test_what_cannot_be_renamed_is_refused(loaded: Session, names: str, sqlstate: str) -> None:
    with pytest.raises(psycopg.Error) as raised:
        loaded.execute("SELECT sffdw.alter_mapping('Account', rename_fields => %s)", [names])
    assert raised.value.sqlstate == sqlstate
    assert raised.value.diag.message_hint


def test_a_renamed_unique_identifier_still_upserts(org: Org, loaded: Session) -> None:
    alter(org, rename_fields={"External_Id__c": "Key__c"})
    poll(loaded)
    loaded.execute("""SELECT sffdw.alter_mapping('Account', rename_fields => '{"External_Id__c": "Key__c"}')""")
    loaded.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('new', 'k')")
    write(loaded)
    assert [record["Name"] for record in org.sandbox.records("Account") if record["Key__c"] == "k"] == ["new"]
    assert org.calls("upsert") or "/Key__c" in org.calls("collections")[-1]["path"]


def test_refresh_schema_looks_now(org: Org, loaded: Session, database: Session) -> None:
    assert one(loaded, "SELECT sffdw.refresh_schema()") == 0
    alter(org, add_fields=[{"name": "Fresh__c", **TEXT}])
    assert one(loaded, "SELECT sffdw.refresh_schema('account')") == 1
    assert one(loaded, "SELECT sffdw.refresh_schema('Account')") == 0
    with pytest.raises(psycopg.errors.UndefinedObject):
        loaded.execute("SELECT sffdw.refresh_schema('Contact')")


def test_a_schema_that_cannot_be_looked_at_stops_no_poll(org: Org, loaded: Session) -> None:
    org.create("Account", {"Name": "A 3"})
    with org.fault("http.status", {"status": 400}, kind="composite"):
        later(loaded)
        later(loaded)
    assert one(loaded, "SELECT count(*) FROM salesforce.account") == 3
    assert one(loaded, "SELECT count(*) FROM sffdw.log WHERE event = 'SCHEMA CHECK ERROR'") == 1
    alter(org, add_fields=[{"name": "Fresh__c", **TEXT}])
    later(loaded)
    assert events(loaded) == [("Fresh__c", "field_added")]
