"""SQL tables that follow the schema: one per object, one column per stored field, the indexes SOQL filters want.

`_row` is insertion order (the order of results without ORDER BY), `_deleted` stands for IsDeleted on every object.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from functools import lru_cache

from sffdw.sandbox.schema import Field, Schema, SchemaChange, SObject
from sffdw.sandbox.store.database import quote_name

CATALOG = """
CREATE TABLE IF NOT EXISTS _meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _sequence (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _object (name TEXT PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _delete_log (
    object TEXT NOT NULL, id TEXT NOT NULL, deleted_at TEXT NOT NULL, PRIMARY KEY (object, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS _delete_log_window_idx ON _delete_log (object, deleted_at);
CREATE TABLE IF NOT EXISTS _recycled (
    id TEXT PRIMARY KEY, object TEXT NOT NULL, root_id TEXT NOT NULL, deleted_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS _recycled_root_idx ON _recycled (root_id);
CREATE TABLE IF NOT EXISTS _kept (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _kept_part (kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,
    part INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (kind, key, name, part)
);
CREATE TABLE IF NOT EXISTS _cleared (root_id TEXT NOT NULL, object TEXT NOT NULL, id TEXT NOT NULL, field TEXT NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY (root_id, object, id, field)
) WITHOUT ROWID;
"""
_AFFINITY = {
    "boolean": "INTEGER",
    "int": "INTEGER",
    "long": "INTEGER",
    "double": "REAL",
    "currency": "REAL",
    "percent": "REAL",
}
_STAMPS = frozenset({"SystemModstamp", "LastModifiedDate", "CreatedDate"})
_EXACT_TYPES = frozenset({"id", "reference", "date", "datetime", "time", "base64"})


def table_name(sobject: SObject | str) -> str:
    """Return the quoted table of an object."""
    return quote_name(sobject if isinstance(sobject, str) else sobject.name)


def column_name(field: Field | str) -> str:
    """Return the quoted column of a field."""
    return _column_of(field if isinstance(field, str) else field.name)


@lru_cache(maxsize=8192)
def _column_of(name: str) -> str:
    return "_deleted" if name.lower() == "isdeleted" else quote_name(name)


def _column(field: Field) -> str:
    if field.type == "boolean":
        return f"{column_name(field)} INTEGER NOT NULL DEFAULT 0"
    affinity = _AFFINITY.get(field.type)
    if affinity is None:
        exact = field.type in _EXACT_TYPES or field.case_sensitive
        affinity = "TEXT" if exact else "TEXT COLLATE NOCASE"
    return f"{column_name(field)} {affinity}"


def create_table(connection: sqlite3.Connection, sobject: SObject) -> None:
    """Make the table of an object and its indexes."""
    columns = ["_row INTEGER PRIMARY KEY", "_deleted INTEGER NOT NULL DEFAULT 0"]
    columns += [_column(field) for field in sobject.fields if field.has_column]
    connection.execute(f"CREATE TABLE {table_name(sobject)} ({', '.join(columns)})")
    create_indexes(connection, sobject)


def create_indexes(connection: sqlite3.Connection, sobject: SObject) -> None:
    """Make the indexes of an object that do not exist yet."""
    for name, definition in _indexes(sobject):
        connection.execute(
            f"CREATE {definition[0]} IF NOT EXISTS {quote_name(name)} ON {table_name(sobject)} {definition[1]}"
        )


def drop_indexes(connection: sqlite3.Connection, sobject: SObject) -> None:
    """Remove an object's indexes ahead of a big load."""
    for name, _ in _indexes(sobject):
        connection.execute(f"DROP INDEX IF EXISTS {quote_name(name)}")


def _indexes(sobject: SObject) -> Iterator[tuple[str, tuple[str, str]]]:
    """List (name, (kind, columns)): for Id, stamps, what lookups and filters go by, names as sorted, and the count."""
    yield f"{sobject.name}._deleted", ("INDEX", "(_deleted)")
    for field in sobject.fields:
        name, column = f"{sobject.name}.{field.name}", column_name(field)
        if field.type == "id" and field.name == "Id":
            yield name, ("UNIQUE INDEX", f"({column})")
        elif field.name in _STAMPS:
            yield name, ("INDEX", f"({column}, {quote_name('Id')}, _deleted)")
        elif field.has_column and (field.is_reference or field.external_id or field.unique or field.id_lookup):
            yield name, ("INDEX", f"({column}) WHERE {column} IS NOT NULL")
        elif field.name_field and field.has_column:
            yield name, ("INDEX", f"({column})")
            yield f"{name} sorted", ("INDEX", f"(sf_upper({column}), _row)")


def follow(connection: sqlite3.Connection, schema: Schema, changes: Iterable[SchemaChange]) -> None:
    """Bring the tables to where the schema is after these changes."""
    for change in changes:
        if change.kind == "dropped":
            connection.execute(f"DROP TABLE {table_name(change.object_name)}")
        elif change.kind == "created":
            create_table(connection, schema[change.object_name])
        else:
            _alter(connection, schema[change.object_name], change)


def _alter(connection: sqlite3.Connection, sobject: SObject, change: SchemaChange) -> None:
    table = table_name(change.renamed_from or sobject.name)
    if change.renamed_from:
        connection.execute(f"ALTER TABLE {table} RENAME TO {table_name(sobject)}")
        for log in ("_delete_log", "_recycled", "_cleared"):
            connection.execute(f"UPDATE {log} SET object = ? WHERE object = ?", (sobject.name, change.renamed_from))
        table = table_name(sobject)
    _drop_all_indexes(connection, sobject.name)
    stored = {row[1].lower() for row in connection.execute(f"PRAGMA table_info({table})")}
    for name in change.dropped:
        if name.lower() in stored:
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column_name(name)}")
    for old, new in change.renamed:
        if old.lower() in stored:
            connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column_name(old)} TO {column_name(new)}")
    for field in change.altered:
        if field.has_column and sobject.stored_field(field.name) is not None:
            _retype(connection, table, field)
    for field in change.added:
        if field.has_column:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {_column(field)}")
    create_indexes(connection, sobject)


def _drop_all_indexes(connection: sqlite3.Connection, table: str) -> None:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,)
    ).fetchall()
    for (name,) in rows:
        connection.execute(f"DROP INDEX {quote_name(name)}")


def _retype(connection: sqlite3.Connection, table: str, field: Field) -> None:
    """Give a column the type its field has now; values are carried over as SQLite converts them."""
    column, aside = column_name(field), quote_name(f"{field.name} (old)")
    known = {row[1].lower() for row in connection.execute(f"PRAGMA table_info({table})")}
    if field.name.lower() not in known:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {_column(field)}")
        return
    connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO {aside}")
    connection.execute(f"ALTER TABLE {table} ADD COLUMN {_column(field)}")
    value = f"ifnull({aside}, 0)" if field.type == "boolean" else aside
    connection.execute(f"UPDATE {table} SET {column} = {value}")
    connection.execute(f"ALTER TABLE {table} DROP COLUMN {aside}")
