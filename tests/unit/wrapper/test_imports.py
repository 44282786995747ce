"""IMPORT FOREIGN SCHEMA: which tables, named how."""

import pytest

from sffdw import imports
from sffdw.connection import Connection
from sffdw.errors import Error
from sffdw.imports import ImportedTable, table_names, tables_of
from sffdw.options import ImportOptions

PLAIN = ImportOptions()


def names(connection: Connection, restriction: str | None, *listed: str, options: ImportOptions = PLAIN,
          schema: str = "salesforce") -> list[str]:
    return [table.name for table in tables_of(schema, connection, options, restriction, listed)]


def columns(table: ImportedTable) -> dict[str, str]:
    return {name: type_name for name, type_name, _ in table.columns}


def test_tables_and_columns_have_lower_case_names_and_name_their_source(connection: Connection) -> None:
    table, = tables_of("salesforce", connection, PLAIN, None, ())
    assert (table.name, table.options) == ("invoice__c", {"object": "Invoice__c"})
    assert ("total__c", "numeric", {"field": "Total__c"}) in table.columns
    assert columns(table)["id"] == "varchar(18)"
    assert columns(table)["place__c"] == "jsonb"
    assert "_scope" not in columns(table)


def test_heroku_types_leave_out_what_heroku_connect_does_not_map(connection: Connection) -> None:
    table, = tables_of("salesforce", connection, ImportOptions(types="heroku", system_columns=True), None, ())
    assert columns(table)["total__c"] == "double precision"
    assert columns(table)["systemmodstamp"] == "timestamp without time zone"
    assert columns(table)["name"] == "varchar(80)"
    assert "place__c" not in columns(table)
    assert columns(table)["_after"] == "text"


@pytest.mark.parametrize(("restriction", "listed", "want"), [
    ("limit", ["invoice__c"], ["invoice__c"]), ("limit", ["Invoice__c"], ["Invoice__c"]),
    ("limit", ["hidden__c"], ["hidden__c"]), ("except", ["invoice__c"], []), ("except", ["Invoice__c"], []),
    ("except", ["other"], ["invoice__c"]), (None, [], ["invoice__c"])])
def test_restrictions_take_table_names_and_api_names(
        connection: Connection, monkeypatch: pytest.MonkeyPatch, restriction: str | None, listed: list[str],
        want: list[str]) -> None:
    known = imports.describe(connection, "Invoice__c")
    monkeypatch.setattr(imports, "describe", lambda *arguments, **options: known)
    assert names(connection, restriction, *listed) == want


def test_a_prefix_is_part_of_the_name(connection: Connection) -> None:
    prefixed = ImportOptions(prefix="sf_")
    assert names(connection, None, options=prefixed) == ["sf_invoice__c"]
    assert names(connection, "limit", "sf_invoice__c", options=prefixed) == ["sf_invoice__c"]
    with pytest.raises(Error) as caught:
        names(connection, "limit", "invoice__x", options=prefixed)
    assert caught.value.sqlstate == "SF007"


def test_an_object_that_is_not_there_is_named(connection: Connection) -> None:
    with pytest.raises(Error, match="nope__c") as caught:
        names(connection, "limit", "nope__c")
    assert caught.value.sqlstate == "SF007"


def test_an_unknown_schema_is_refused(connection: Connection) -> None:
    with pytest.raises(Error) as caught:
        names(connection, None, schema="public")
    assert caught.value.sqlstate == "HV00Q"
    assert "salesforce_system" in str(caught.value.hint)


def test_system_tables_are_a_schema_of_their_own(connection: Connection) -> None:
    assert "_write" in names(connection, None, schema="salesforce_system")
    assert names(connection, "limit", "_soql", "_session", schema="salesforce_system") == ["_session", "_soql"]
    assert "_soql" not in names(connection, "except", "_soql", schema="salesforce_system")
    with pytest.raises(Error, match="_sqol"):
        names(connection, "limit", "_sqol", schema="salesforce_system")


def test_case_53_names_do_not_depend_on_the_order_of_objects() -> None:
    objects = ["Order", "User", "x" * 70 + "a__c", "x" * 70 + "b__c", "Group"]
    assert table_names(objects, "") == table_names(reversed(objects), "")
    assert sorted(table_names(objects, "").values()) == sorted(objects)
