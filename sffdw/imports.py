"""IMPORT FOREIGN SCHEMA: which tables, with which columns, under which names. Plain values; fdw.py makes them SQL.

PostgreSQL itself drops a table whose name is not in LIMIT TO, letter for letter: a table is named as it stands there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sffdw import system, types
from sffdw.calls import Purpose
from sffdw.connection import Connection
from sffdw.describe import Described, describe
from sffdw.errors import Error, ObjectUnknown, OptionError
from sffdw.live import SYSTEM_COLUMNS
from sffdw.options import ImportOptions

SCHEMAS = ("salesforce", "salesforce_system")
# A table has at most 1,600 columns, dropped ones included: what is imported leaves room for more.
MAX_COLUMNS = 1_500


@dataclass(frozen=True)
class ImportedTable:
    """columns: (name, SQL type, options)."""

    name: str
    columns: tuple[tuple[str, str, dict[str, str]], ...]
    options: dict[str, str] = field(default_factory=dict)


def tables_of(schema: str, connection: Connection, options: ImportOptions, restriction: str | None,
              names: Sequence[str]) -> list[ImportedTable]:
    """The tables of a remote schema. restriction: 'limit', 'except' or None, to be applied to `names`."""
    if schema == "salesforce":
        return _object_tables(connection, options, restriction, names)
    if schema == "salesforce_system":
        return _system_tables(options, restriction, names)
    raise SchemaUnknown(f'foreign schema "{schema}" does not exist', hint=f"There are: {', '.join(SCHEMAS)}.")


class SchemaUnknown(Error):
    sqlstate = "HV00Q"


# --- objects ---

def _object_tables(connection: Connection, options: ImportOptions, restriction: str | None,
                   names: Sequence[str]) -> list[ImportedTable]:
    entries = {str(entry["name"]): entry for entry in connection.client.charged(Purpose("describe")).describe_global()}
    by_table = table_names(entries, options.prefix)
    if restriction == "limit":
        chosen = {name: _object_named(name, by_table, options.prefix) for name in names}
    else:
        left_out = {name.lower() for name in names}
        chosen = {table: name for table, name in by_table.items()
                  if table not in left_out and name.lower() not in left_out
                  and entries[name].get("queryable") is True and entries[name].get("deprecatedAndHidden") is not True}
    found = [_object_table(table, describe(connection, name, max_age_s=0 if restriction == "limit" else 60.0), options)
             for table, name in chosen.items()]
    return [_fitting(table, connection) for table in found]


def _fitting(table: ImportedTable, connection: Connection) -> ImportedTable:
    """The table with as many of its fields as have room."""
    fields = [column for column in table.columns if column[2]]
    if len(fields) <= MAX_COLUMNS:
        return table
    connection.host.warn(f'table "{table.name}" gets columns for {MAX_COLUMNS} of {len(fields)} fields',
                         "ALTER FOREIGN TABLE … ADD COLUMN … OPTIONS (field '…') adds one for another field.")
    left_out = {name for name, _, _ in fields[MAX_COLUMNS:]}
    return replace(table, columns=tuple(column for column in table.columns if column[0] not in left_out))


def table_names(objects: Iterable[str], prefix: str) -> dict[str, str]:
    """Table name to API name, for all objects: each name depends on its object alone."""
    return {types.sql_name(name, prefix): name for name in objects}


def _object_named(name: str, by_table: dict[str, str], prefix: str) -> str:
    found = by_table.get(name.lower()) or by_table.get(types.sql_name(name, ""))
    if found:
        return found
    if prefix and types.sql_name(name, prefix) in by_table:
        raise ObjectUnknown(f'no table would be named "{name}"',
                            hint=f'With the option prefix, LIMIT TO names it "{types.sql_name(name, prefix)}".')
    raise ObjectUnknown(f'object "{name}" does not exist in Salesforce')


def _object_table(table: str, described: Described, options: ImportOptions) -> ImportedTable:
    columns: list[tuple[str, str, dict[str, str]]] = []
    for item in described.fields.values():
        type_name = item.precise_type() if options.types == "precise" else item.heroku_type()
        if type_name:
            columns.append((item.column_name, type_name, {"field": item.name}))
    if options.system_columns:
        columns += [(name, "text", {}) for name in SYSTEM_COLUMNS]
    return ImportedTable(table, tuple(columns), {"object": described.name})


# --- system tables ---

def _system_tables(options: ImportOptions, restriction: str | None, names: Sequence[str]) -> list[ImportedTable]:
    if options.types != "precise":
        raise OptionError('option "types" has no meaning for schema "salesforce_system"',
                          hint="Valid options in this context are: prefix, system_columns")
    tables = {options.prefix + name: name for name in system.NAMES}
    if restriction == "limit":
        for name in names:
            if name not in tables:
                raise ObjectUnknown(f'system table "{name}" does not exist', hint=f"There are: {', '.join(tables)}.")
    return [_system_table(table, name, options) for table, name in tables.items()
            if restriction is None or (table in names) == (restriction == "limit")]


def _system_table(table: str, name: str, options: ImportOptions) -> ImportedTable:
    found = system.table_class(name)
    named = (*found.columns, *(found.system_columns() if options.system_columns else ()))
    columns: tuple[tuple[str, str, dict[str, str]], ...] = tuple(
        (column.name, column.type_name, {}) for column in named)
    return ImportedTable(table, columns, {"object": name})
