"""IMPORT FOREIGN SCHEMA."""

from typing import Any

import psycopg
import pytest

from .conftest import Connection, only_call

# clause, tables made, restriction told
CLAUSES: list[tuple[str, list[str], list[Any]]] = [
    ("", ['Tä"ble', "a", "b"], [None, []]),
    ("LIMIT TO (a, missing)", ["a"], ["limit", ["a", "missing"]]),
    ('LIMIT TO ("Tä""ble")', ['Tä"ble'], ["limit", ['Tä"ble']]),
    ("EXCEPT (a)", ['Tä"ble', "b"], ["except", ["a"]]),
]


@pytest.mark.parametrize(("clause", "tables", "told"), CLAUSES)
def test_tables_are_made(db: Connection, schema: str, clause: str, tables: list[str], told: list[Any]) -> None:
    db.execute(f"IMPORT FOREIGN SCHEMA \"Remote ä\" {clause} FROM SERVER importer INTO {schema} OPTIONS (types 'p')")
    found = db.execute("SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'f' "
                       'ORDER BY relname COLLATE "C"', [schema]).fetchall()
    assert [name for (name,) in found] == tables
    call = only_call(db, "import_schema")
    assert call[1] == "Remote ä"
    assert call[2]["wrapper"] == "toy_wrappers.Importer"
    assert call[3:] == [{"types": "p"}, *told]


def test_names_types_and_options_survive_quoting(db: Connection, schema: str) -> None:
    for setting in ("on", "off"):
        db.execute(f"SET standard_conforming_strings = {setting}")
        db.execute(f"IMPORT FOREIGN SCHEMA r LIMIT TO (\"Tä\"\"ble\") FROM SERVER importer INTO {schema}")
        columns = db.execute("SELECT attname, format_type(atttypid, atttypmod), attfdwoptions FROM pg_attribute "
                             "WHERE attrelid = '\"Tä\"\"ble\"'::regclass AND attnum > 0 ORDER BY attnum").fetchall()
        assert columns == [("id", "text", ["field=Id"]), ('o"dd', "numeric(18,2)", ["field=it's a \\ field"])]
        db.execute('DROP FOREIGN TABLE "Tä""ble"')


def test_options_of_the_user_mapping_are_passed(db: Connection, schema: str) -> None:
    db.execute("CREATE USER MAPPING FOR CURRENT_USER SERVER importer OPTIONS (password 'p')")
    db.execute(f"IMPORT FOREIGN SCHEMA r FROM SERVER importer INTO {schema}")
    db.execute("DROP USER MAPPING FOR CURRENT_USER SERVER importer")
    assert only_call(db, "import_schema")[2]["password"] == "p"


def test_error_of_the_wrapper(db: Connection, schema: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        db.execute(f"IMPORT FOREIGN SCHEMA missing FROM SERVER importer INTO {schema}")
    assert caught.value.sqlstate == "HV00Q"


def test_wrapper_without_schemas(db: Connection, schema: str) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        db.execute(f"IMPORT FOREIGN SCHEMA r FROM SERVER literal INTO {schema}")
