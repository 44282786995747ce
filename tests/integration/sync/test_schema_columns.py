"""Objects whose fields PostgreSQL has no easy place for: many, wide, oddly named, of unknown types, always empty."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, rows, write
from tests.integration.sync.schema import alter, columns_of, events, later

Session = psycopg.Connection[Any]
TEXT = {"type": "string", "length": 255}


def make(org: Org, name: str, *fields: dict[str, Any]) -> None:
    org.sandbox.call("POST", "/objects", {"name": name, "fields": [{"name": "Name", **TEXT}, *fields]})


def test_case_46_types_without_a_contract_are_text_or_left_out(org: Org, owner: Session) -> None:
    types = ["anyType", "complexvalue", "json", "combobox", "encryptedstring", "base64", "address", "location", "time",
             "long", "multipicklist"]
    make(org, "Odd__c", *[{"name": f"F{place}__c", "type": name} for place, name in enumerate(types)])
    owner.execute("SELECT sffdw.create_mapping('Odd__c', fields => '{*}')")
    org.create("Odd__c", {"Name": "one"})
    poll(owner)
    found = columns_of(owner, "salesforce.odd__c")
    assert {name: found.get(f"f{place}__c") for place, name in enumerate(types)} == {
        "anyType": "text", "complexvalue": "text", "json": "text", "combobox": found["f3__c"],
        "encryptedstring": found["f4__c"], "base64": None, "address": None, "location": None,
        "time": "time without time zone", "long": "bigint", "multipicklist": found["f10__c"]}
    assert rows(owner, "SELECT name FROM salesforce.odd__c") == [("one",)]
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        owner.execute("SELECT sffdw.alter_mapping('Odd__c', add_fields => '{F6__c}')")


@pytest.fixture
def wide(org: Org, owner: Session) -> Session:
    """Wide__c with more fields than a table can have columns."""
    make(org, "Wide__c", *[{"name": f"F{place}__c", **TEXT} for place in range(1650)])
    return owner


def test_case_51_of_more_fields_than_a_table_holds_those_wanted_are_mapped(org: Org, wide: Session) -> None:
    wide.execute("SELECT sffdw.create_mapping('Wide__c', access => 'read_write', fields => '{Name,F1600__c}')")
    record_id = org.create("Wide__c", {"Name": "one", "F1600__c": "x"})[0]
    poll(wide)
    assert rows(wide, "SELECT name, f1600__c FROM salesforce.wide__c") == [("one", "x")]
    wide.execute("SELECT sffdw.alter_mapping('Wide__c', add_fields => '{F1601__c}')")
    wide.execute("UPDATE salesforce.wide__c SET f1601__c = 'y'")
    write(wide)
    assert org.record("Wide__c", record_id)["F1601__c"] == "y"  # type: ignore[index]


def test_case_51_too_many_fields_are_refused_with_a_hint(wide: Session) -> None:
    with pytest.raises(psycopg.errors.TooManyColumns) as raised:
        wide.execute("SELECT sffdw.create_mapping('Wide__c', fields => '{*}')")
    assert "fields =>" in str(raised.value.diag.message_hint)


def test_case_51_a_row_too_wide_for_a_page_does_not_stop_the_others(org: Org, owner: Session) -> None:
    names = [f"F{place}__c" for place in range(500)]
    make(org, "Fat__c", *[{"name": name, **TEXT} for name in names])
    owner.execute("SELECT sffdw.create_mapping('Fat__c', fields => '{*}')")
    thin, fat, _ = org.create("Fat__c", {"Name": "thin"}, {"Name": "fat"} | dict.fromkeys(names, "x" * 250),
                              {"Name": "slim"})
    for _ in range(2):
        poll(owner)
        assert rows(owner, "SELECT name FROM salesforce.fat__c ORDER BY name") == [("slim",), ("thin",)]
        assert rows(owner, "SELECT sfid, reason FROM sffdw.deferred_row") == [(fat, "refused")]
        assert one(owner, "SELECT error FROM sffdw.deferred_row").startswith("row is too big")
    org.update("Fat__c", fat, **dict.fromkeys(names, "short"))
    org.update("Fat__c", thin, Name="thinner")
    poll(owner)
    assert rows(owner, "SELECT name, f1__c FROM salesforce.fat__c ORDER BY name") == [
        ("fat", "short"), ("slim", None), ("thinner", None)]
    assert rows(owner, "SELECT * FROM sffdw.deferred_row") == []


def test_case_52_names_beyond_63_bytes_have_columns_of_their_own(org: Org, owner: Session) -> None:
    stem = "namespace__" + "A_rather_long_name_of_a_field_that_goes_on_and_on_and_on"
    names = [f"{stem}_1__c", f"{stem}_2__c"]
    make(org, "Long__c", *[{"name": name, **TEXT} for name in names])
    owner.execute("SELECT sffdw.create_mapping('Long__c', access => 'read_write', fields => %s)", [names])
    record_id = org.create("Long__c", {"Name": "one", names[0]: "first", names[1]: "second"})[0]
    poll(owner)
    columns = dict(rows(owner, "SELECT field_name, column_name FROM sffdw.mapping_field WHERE field_name = ANY (%s)",
                        names))
    assert len(set(columns.values())) == 2
    assert all(len(column) <= 63 for column in columns.values())
    assert not set(columns.values()) & {name[:63].lower() for name in names}, "neither depends on which comes first"
    assert rows(owner, f"SELECT {columns[names[0]]}, {columns[names[1]]} FROM salesforce.long__c") == [
        ("first", "second")]
    owner.execute(f"UPDATE salesforce.long__c SET {columns[names[1]]} = 'mine'")
    write(owner)
    record = org.record("Long__c", record_id)
    assert record is not None
    assert (record[names[0]], record[names[1]]) == ("first", "mine")
    alter(org, "Long__c", alter_fields={names[1]: {"length": 400}})
    later(owner)
    assert columns_of(owner, "salesforce.long__c")[columns[names[1]]] == "character varying(400)"


def test_case_53_names_that_are_reserved_or_differ_by_namespace_only(org: Org, owner: Session) -> None:
    fields = ["Limit__c", "ns__Limit__c", "Order__c", "Table", "User", "Default__c"]
    make(org, "ns__Case__c", *[{"name": name, **TEXT} for name in fields])
    make(org, "Case__c", *[{"name": name, **TEXT} for name in fields])
    for name in ("ns__Case__c", "Case__c"):
        owner.execute("SELECT sffdw.create_mapping(%s, access => 'read_write', fields => '{*}')", [name])
        org.create(name, {"Name": name} | {field: f"{name} {field}" for field in fields})
    for name in ("Order", "Group", "Case"):
        owner.execute("SELECT sffdw.create_mapping(%s)", [name])
    poll(owner)
    for name in ("ns__Case__c", "Case__c"):
        columns = ", ".join(f'"{field.lower()}"' for field in fields)
        assert rows(owner, f'SELECT {columns} FROM salesforce."{name.lower()}"') == [
            tuple(f"{name} {field}" for field in fields)]
        owner.execute(f"""UPDATE salesforce."{name.lower()}" SET "table" = 'mine', "user" = 'me'""")
    write(owner)
    for name in ("ns__Case__c", "Case__c"):
        assert [(record["Table"], record["User"]) for record in org.sandbox.records(name)] == [("mine", "me")]
    assert rows(owner, "SELECT * FROM sffdw.write_errors") == []
    alter(org, "Case__c", alter_fields={"Table": {"length": 300}}, drop_fields=["User"])
    later(owner)
    assert columns_of(owner, "salesforce.case__c")["table"] == "character varying(300)"
    assert events(owner) == [("Table", "length_increased"), ("User", "field_removed")]


def test_case_54_a_column_that_is_always_null_is_there(org: Org, owner: Session) -> None:
    make(org, "Empty__c", {"name": "Never__c", "type": "date"}, {"name": "Nor__c", **TEXT})
    owner.execute("SELECT sffdw.create_mapping('Empty__c', fields => '{*}')")
    org.create("Empty__c", {"Name": "one"})
    poll(owner)
    assert rows(owner, "SELECT never__c, nor__c FROM salesforce.empty__c") == [(None, None)]
    assert columns_of(owner, "salesforce.empty__c")["never__c"] == "date"
