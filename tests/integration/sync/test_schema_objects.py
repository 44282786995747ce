"""Objects that are renamed, deleted, hidden and brought back; what users have built on synced tables survives."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, write
from tests.integration.sync.schema import alter, columns_of, events, later, state, told

Session = psycopg.Connection[Any]
TEXT = {"type": "string", "length": 80}


@pytest.fixture
def thing(org: Org, owner: Session) -> Session:
    """Thing__c with one record, mapped and loaded."""
    org.sandbox.call("POST", "/objects", {"name": "Thing__c", "fields": [
        {"name": "Name", **TEXT}, {"name": "Code__c", **TEXT}, {"name": "Size__c", "type": "int"}]})
    owner.execute("SELECT sffdw.create_mapping('Thing__c', access => 'read_write', fields => '{Name,Code__c,Size__c}')")
    org.create("Thing__c", {"Name": "one", "Code__c": "c", "Size__c": 1})
    poll(owner)
    return owner


@pytest.mark.parametrize("notice", [poll, later])
def test_case_76_a_renamed_object_is_followed_by_its_key_prefix(org: Org, thing: Session, notice: Any) -> None:
    alter(org, "Thing__c", rename_to="Gadget__c")
    org.create("Gadget__c", {"Name": "two"})
    notice(thing)
    poll(thing)
    assert rows(thing, "SELECT name FROM salesforce.thing__c ORDER BY name") == [("one",), ("two",)]
    assert one(thing, "SELECT object_name FROM sffdw.mappings WHERE table_name = 'thing__c'") == "Gadget__c"
    assert state(thing, "Gadget__c") == "DATA_SYNCED"
    assert events(thing, "field, kind, old, new") == [(None, "object_renamed", "Thing__c", "Gadget__c")]
    assert len(told(thing)) == 1
    assert one(thing, "SELECT count(*) FROM salesforce_live.thing__c") == 2
    thing.execute("UPDATE salesforce.thing__c SET name = 'mine' WHERE name = 'one'")
    write(thing)
    assert log(thing) == [("UPDATE", "SUCCESS")]
    assert one(thing, "SELECT sffdw.alter_mapping('gadget__c', poll_interval => '1 minute')") == 2


def test_an_object_that_takes_the_key_prefix_of_a_deleted_one_is_not_taken_for_it(org: Org, thing: Session) -> None:
    org.sandbox.call("DELETE", "/objects/Thing__c")
    org.sandbox.call("POST", "/objects", {"name": "Other__c", "fields": [{"name": "Name", **TEXT}]})
    later(thing, force=False)
    assert events(thing) == [(None, "object_removed")]


def test_a_deleted_object_keeps_its_rows_and_is_told_of_once(org: Org, thing: Session) -> None:
    org.sandbox.call("DELETE", "/objects/Thing__c")
    for _ in range(3):
        later(thing, force=False)
    assert state(thing, "Thing__c") == "BAD_CONFIG"
    assert rows(thing, "SELECT name FROM salesforce.thing__c") == [("one",)]
    assert events(thing) == [(None, "object_removed")]
    assert one(thing, "SELECT count(*) FROM sffdw.notifications") == 1
    with pytest.raises(psycopg.Error) as raised:
        poll(thing)
    assert raised.value.sqlstate == "SF007"
    assert one(thing, "SELECT count(*) FROM sffdw.notifications") == 1


def test_an_object_hidden_for_a_time_is_read_again(org: Org, thing: Session) -> None:
    with org.fault("object.gone", {"objects": ["Thing__c"]}):
        org.create("Thing__c", {"Name": "two"})
        later(thing, force=False)
        assert state(thing, "Thing__c") == "BAD_CONFIG"
        mark = org.last_call()
        later(thing, force=False)
        assert org.calls("query", mark) == []
    later(thing, force=False)
    assert state(thing, "Thing__c") == "DATA_SYNCED"
    assert rows(thing, "SELECT name FROM salesforce.thing__c ORDER BY name") == [("one",), ("two",)]
    assert events(thing) == [(None, "object_removed"), (None, "object_returned")]


def test_what_users_have_built_survives_every_change(org: Org, thing: Session) -> None:
    thing.execute("""
        ALTER TABLE salesforce.thing__c ADD COLUMN note text DEFAULT 'mine',
            ADD CONSTRAINT positive CHECK (size__c > 0);
        CREATE INDEX own ON salesforce.thing__c (lower(code__c)) WHERE size__c > 0;
        CREATE VIEW salesforce.things AS SELECT id, sfid, note FROM salesforce.thing__c;
        CREATE FUNCTION salesforce.stamp() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.note := coalesce(NEW.note, '''') || ''!''; RETURN NEW; END';
        CREATE TRIGGER own BEFORE UPDATE ON salesforce.thing__c FOR EACH ROW EXECUTE FUNCTION salesforce.stamp();
        SELECT sffdw.alter_mapping('Thing__c', schema_policy => 'evolve')""")
    alter(org, "Thing__c", alter_fields={"Code__c": {"length": 200}}, add_fields=[{"name": "Fresh__c", **TEXT}])
    later(thing)
    alter(org, "Thing__c", alter_fields={"Size__c": {"type": "double", "precision": 18, "scale": 2}})
    later(thing)
    alter(org, "Thing__c", drop_fields=["Fresh__c"], rename_fields={"Code__c": "Number__c"})
    later(thing)
    alter(org, "Thing__c", rename_to="Gadget__c")
    later(thing)
    thing.execute("""SELECT sffdw.alter_mapping('Gadget__c', rename_fields => '{"Code__c": "Number__c"}')""")
    record_id = one(thing, "SELECT sfid FROM salesforce.things")
    org.update("Gadget__c", record_id, Number__c="x" * 150, Size__c=2.5)
    poll(thing)
    found = columns_of(thing, "salesforce.thing__c")
    assert (found["code__c"], found["size__c"], found["note"], found["fresh__c"]) == (
        "character varying(200)", "double precision", "text", "character varying(80)")
    assert rows(thing, "SELECT length(code__c), size__c FROM salesforce.thing__c") == [(150, 2.5)]
    assert one(thing, "SELECT note FROM salesforce.things").startswith("mine!")
    assert {name for name, in rows(thing, "SELECT conname FROM pg_constraint WHERE conrelid = "
                                          "'salesforce.thing__c'::regclass")} >= {"positive"}
    assert one(thing, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'salesforce.own'::regclass")
    assert [kind for kind, in events(thing, "kind")] == [
        "length_increased", "field_added", "type_changed", "field_renamed", "field_removed", "object_renamed"]
