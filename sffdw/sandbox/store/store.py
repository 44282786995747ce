"""What the org remembers: records, the delete log, the schema and the org's own settings.

Values are kept in the form answers use (see `values`); rules about them are in `dml`.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sffdw.sandbox import ids
from sffdw.sandbox.schema import Field, Schema, SchemaChange, SObject
from sffdw.sandbox.store import definitions, tables
from sffdw.sandbox.store.claim import UNFINISHED
from sffdw.sandbox.store.database import Database
from sffdw.sandbox.store.kept import Kept
from sffdw.sandbox.store.locks import Grip, Locks, locked, values_held
from sffdw.sandbox.store.settling import settle_record_types
from sffdw.sandbox.store.tables import column_name, table_name
from sffdw.sandbox.store.tape import Tape

if TYPE_CHECKING:
    from sffdw.sandbox.events.recorder import Recorder

Values = dict[str, Any]
Answer = TypeVar("Answer")
_SET_UP = frozenset({"RecordType", "CurrencyType", "User"})


class Store:
    """The records of one org. Methods that write want a transaction around them."""

    def __init__(self, path: Path | None, schema: Schema, blank: bytes | None = None) -> None:
        self.schema = schema
        self.recorder: Recorder | None = None  # listens to changes
        self.database = Database(path, blank)
        self.kept = Kept(self.database)
        self._is_blank = blank is not None
        self.locks = Locks()
        self._sequence_lock = threading.Lock()
        self._sequences: dict[str, int] = {}
        self._local = threading.local()
        self._undo: list[object] = []  # states of the schema before changes that the open transaction made
        # How a whole record is read, as long as its object is defined so.
        self._selects: dict[str, tuple[SObject, str, tuple[str, ...]]] = {}
        self._remembered: dict[Hashable, Any] = {}  # what the open transaction has looked up of the org's set-up
        with self.database.transaction() as connection:
            for statement in tables.CATALOG.split(";"):
                connection.execute(statement)
        self._load_or_create()
        self._saved_version = schema.version
        self.instance = self.meta("instance") or "AB0"

    def _load_or_create(self) -> None:
        saved = self.database.read("SELECT definition FROM _object")
        if saved:
            features = self.setting("features") or ()
            self.schema.restore((definitions.from_json(definition) for (definition,) in saved), features)
            self._sequences = dict(self.database.read("SELECT name, next FROM _sequence"))
        if saved or self._is_blank:
            return
        with self.database.transaction() as connection:
            for sobject in self.schema:
                tables.create_table(connection, sobject)
                self._save_definition(connection, sobject)

    # Transactions

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write in one transaction; an inner one is a savepoint."""
        recorder = self.recorder
        is_outermost = not self.database.is_in_transaction
        with self.database.transaction() as connection:
            mark = len(self._undo)
            try:
                with recorder.transaction() if recorder else nullcontext():
                    yield connection
            except BaseException:
                self._go_back(mark)
                raise
            if is_outermost:
                self._undo = []
                self._remembered = {}
        if recorder is not None:
            recorder.committed()

    def _go_back(self, mark: int) -> None:
        """Undo what a transaction changed about the schema."""
        self._remembered = {}
        if len(self._undo) > mark:
            self.schema.go_back(self._undo[mark])
            del self._undo[mark:]
            self._saved_version = min(self._saved_version, self.schema.version)

    def remember(self, key: Hashable, look_up: Callable[[], Answer]) -> Answer:
        """Look something of the org's set-up (record types, currencies) up, once in a transaction."""
        if not self.database.is_in_transaction:
            return look_up()
        if key not in self._remembered:
            self._remembered[key] = look_up()
        found: Answer = self._remembered[key]
        return found

    def _forget(self, sobject: SObject) -> None:
        if sobject.name in _SET_UP:
            self._remembered = {}

    @contextmanager
    def statement(self) -> Iterator[sqlite3.Connection]:
        """Write with one statement: as part of the open transaction, else in one of its own."""
        if self.database.is_in_transaction:
            yield self.database.reader
        else:
            with self.transaction() as connection:
                yield connection

    @property
    def reader(self) -> sqlite3.Connection:
        """The connection of this thread; sees this thread's open transaction."""
        return self.database.reader

    def close(self) -> None:
        """Close the file; a private one goes."""
        self.database.close()

    # The schema

    def alter(self, name: str, operations: Mapping[str, Any]) -> None:
        """Alter an object as part of the transaction that is open: what rolls that back, undoes it."""
        with self.transaction():
            self._undo.append(self.schema.state)
            self.follow(self.schema.alter(name, operations))

    def follow(self, changes: Iterable[SchemaChange]) -> None:
        """Bring tables and saved definitions to where the schema is after these changes."""
        changes = list(changes)
        self._remembered = {}
        with self.transaction() as connection:
            tables.follow(connection, self.schema, changes)
            settle_record_types(self, changes)
            if self.schema.features:
                self.save_setting("features", sorted(self.schema.features))
            gone = {change.renamed_from for change in changes} | {c.object_name for c in changes if c.kind == "dropped"}
            connection.executemany("DELETE FROM _object WHERE name = ?", [(name,) for name in gone if name])
            for sobject in self.schema:
                if self.schema.version_of(sobject.name) > self._saved_version:
                    self._save_definition(connection, sobject)
        self._saved_version = self.schema.version

    def _save_definition(self, connection: sqlite3.Connection, sobject: SObject) -> None:
        if self.database.is_private:
            return
        connection.execute("INSERT OR REPLACE INTO _object VALUES (?, ?)", (sobject.name, definitions.to_json(sobject)))

    # Settings and counters

    def meta(self, key: str) -> str | None:
        """Return a saved setting of the org."""
        rows = self.database.read("SELECT value FROM _meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def set_meta(self, key: str, value: str) -> None:
        """Save a setting of the org."""
        self._remembered = {}
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO _meta VALUES (?, ?)", (key, value))

    def mark(self, *, finished: bool) -> None:
        """Note whether the org is whole; a file whose org is not is begun anew when it is opened again."""
        with self.transaction() as connection:
            if finished:
                connection.execute("DELETE FROM _meta WHERE key = ?", (UNFINISHED,))
            else:
                connection.execute("INSERT OR REPLACE INTO _meta VALUES (?, ?)", (UNFINISHED, "1"))

    def next_number(self, name: str, count: int = 1) -> int:
        """Take `count` numbers of a sequence; they are never given twice, even after a rollback."""
        tape: Tape | None = getattr(self._local, "tape", None)
        if tape is not None and tape.is_replayed:
            return tape.numbers[name].popleft()
        with self._sequence_lock:
            first = self._sequences.get(name, 1)
            self._sequences[name] = first + count
        with self.statement() as connection:
            connection.execute("INSERT OR REPLACE INTO _sequence VALUES (?, ?)", (name, first + count))
        if tape is not None:
            tape.numbers[name].append(first)
        return first

    def skip_numbers(self, name: str, used: int) -> None:
        """Make sure that a sequence goes on after a number that was used from outside."""
        with self._sequence_lock:
            if self._sequences.get(name, 1) > used:
                return
            self._sequences[name] = used + 1
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO _sequence VALUES (?, ?)", (name, used + 1))

    def new_id(self, sobject: SObject) -> str:
        """Return the next record id of an object."""
        prefix = sobject.key_prefix or "000"
        return ids.compose(prefix, self.instance, self.next_number(prefix))

    @contextmanager
    def numbers_on(self, tape: Tape) -> Iterator[None]:
        """Record the numbers this thread takes from sequences, or give the recorded ones out again."""
        self._local.tape = tape
        try:
            yield
        finally:
            self._local.tape = None

    @property
    def _tape(self) -> Tape | None:
        return getattr(self._local, "tape", None)

    @contextmanager
    def deed(self) -> Iterator[None]:
        """Change one record; when a transaction commits late, as when it was rehearsed."""
        with self._tape.deed() if self._tape is not None else nullcontext():
            yield

    def _hold(self, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        """Refuse what is held; note on the tape, if one runs, what this write holds until its transaction is over."""
        self.check_row(record_id)
        if self._tape is not None:
            self._tape.grip.held |= {(record_id,), *values_held(sobject, values)}

    def refer_to(self, record_id: str) -> None:
        """Hold a record against deletion for as long as the transaction that refers to it lasts."""
        if self._is_replayed():
            self._check_again(record_id in self._grip.referred, record_id)
            return
        self.locks.check_row(record_id)
        if self._tape is not None:
            self._tape.grip.referred.add(record_id)

    # What a transaction was refused the first time, it is refused again; and nothing else, for it had its locks.

    def _is_replayed(self) -> bool:
        return self._tape is not None and self._tape.is_replayed

    @property
    def _grip(self) -> Grip:
        return self._tape.grip if self._tape is not None else Grip()

    @staticmethod
    def _check_again(had: bool, shown: str) -> None:
        if not had:
            raise locked(shown)

    def check_row(self, record_id: str) -> None:
        """Raise UNABLE_TO_LOCK_ROW for a record that another transaction holds."""
        if self._is_replayed():
            self._check_again((record_id,) in self._grip.held, record_id)
        else:
            self.locks.check_row(record_id)

    def check_values(self, sobject: SObject, values: Mapping[str, Any]) -> None:
        """Raise UNABLE_TO_LOCK_ROW for a unique value that another transaction holds."""
        if self._is_replayed():
            self._check_again(self._grip.held.issuperset(values_held(sobject, values)), "1 records")
        else:
            self.locks.check_values(sobject, values)

    def check_removal(self, record_id: str) -> None:
        """Raise UNABLE_TO_LOCK_ROW for a record that another transaction refers to."""
        if not self._is_replayed():
            self.locks.check_removal(record_id)

    def new_ids(self, sobject: SObject, count: int) -> list[str]:
        """Return the next `count` record ids of an object, ascending."""
        prefix = sobject.key_prefix or "000"
        first = self.next_number(prefix, count)
        return [ids.compose(prefix, self.instance, number) for number in range(first, first + count)]

    def apply(
        self, changes: Iterable[Mapping[str, Any]], *, user: str, at: str, raw: bool = False
    ) -> list[dict[str, Any]]:
        """Apply a change list (the form of POST /_sandbox/records) in one transaction; one result per change.

        `user` is a user id, `at` the stamp in stored form; a refused change has success False and its errors.
        """
        from sffdw.sandbox.dml.actor import Actor
        from sffdw.sandbox.dml.changes import apply_changes

        return apply_changes(self, changes, Actor(user, at, is_raw=raw))

    # Records

    def get(self, sobject: SObject, record_id: str) -> Values | None:
        """Return all stored values of a record by API name, IsDeleted included; None when there is none."""
        known = self._selects.get(sobject.name)
        if known is None or known[0] is not sobject:
            columns = ", ".join(column_name(field) for field in sobject.column_fields)
            names = (*(field.name for field in sobject.column_fields), "IsDeleted")
            sql = f'SELECT {columns}, _deleted FROM {table_name(sobject)} WHERE "Id" = ?'
            known = self._selects[sobject.name] = (sobject, sql, names)
        row = self.reader.execute(known[1], (record_id,)).fetchone()
        return None if row is None else dict(zip(known[2], row, strict=True))

    def is_deleted(self, sobject: SObject, record_id: str) -> bool | None:
        """Tell whether a record is in the recycle bin; None when it does not exist."""
        sql = f'SELECT _deleted FROM {table_name(sobject)} WHERE "Id" = ?'
        row = self.reader.execute(sql, (record_id,)).fetchone()
        return None if row is None else bool(row[0])

    def find(self, sobject: SObject, field: Field, value: object) -> list[str]:
        """Return the ids of records that are not deleted and hold a value in a field."""
        sql = f'SELECT "Id" FROM {table_name(sobject)} WHERE {column_name(field)} = ? AND +_deleted = 0 ORDER BY "Id"'
        return [row[0] for row in self.reader.execute(sql, (value,))]

    def insert(self, sobject: SObject, values: Values) -> None:
        """Store a new record."""
        names = [name for name in values if name != "IsDeleted"]
        columns = ", ".join(column_name(name) for name in names)
        marks = ", ".join("?" * len(names))
        sql = f"INSERT INTO {table_name(sobject)} (_deleted, {columns}) VALUES (?, {marks})"
        row = [int(bool(values.get("IsDeleted"))), *(values[name] for name in names)]
        self._forget(sobject)
        self._hold(sobject, str(values["Id"]), values)
        with self.statement() as connection:
            if self.recorder is None or self.recorder.inserting(sobject, values):
                connection.execute(sql, row)

    def insert_rows(self, sobject: SObject, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Store many records with stored values in the order of `names`; return how many.

        Nothing is checked. Indexes are rebuilt afterwards, which is what makes a million rows quick.
        """
        columns = ", ".join(column_name(name) for name in names)
        sql = f"INSERT INTO {table_name(sobject)} ({columns}) VALUES ({', '.join('?' * len(names))})"
        self._forget(sobject)
        with self.transaction() as connection:
            tables.drop_indexes(connection, sobject)
            cursor = connection.executemany(sql, rows)
            tables.create_indexes(connection, sobject)
            return cursor.rowcount

    def update(self, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        """Change stored values of a record."""
        names = list(values)
        assignments = ", ".join(f"{column_name(name)} = ?" for name in names)
        sql = f'UPDATE {table_name(sobject)} SET {assignments} WHERE "Id" = ?'
        self._forget(sobject)
        self._hold(sobject, record_id, values)
        with self.statement() as connection:
            if self.recorder is not None:
                self.recorder.changing(sobject, record_id, values)
            connection.execute(sql, (*(values[name] for name in names), record_id))

    def remove(self, sobject: SObject, record_id: str) -> None:
        """Forget a record for good."""
        self._forget(sobject)
        self._hold(sobject, record_id, {})
        with self.statement() as connection:
            connection.execute(f'DELETE FROM {table_name(sobject)} WHERE "Id" = ?', (record_id,))

    def count(self, sobject: SObject, *, deleted_too: bool = False) -> int:
        """Count the records of an object."""
        condition = "" if deleted_too else " WHERE _deleted = 0"
        return int(self.reader.execute(f"SELECT count(*) FROM {table_name(sobject)}{condition}").fetchone()[0])

    def setting(self, key: str) -> Any:
        """Return a setting that was saved as JSON."""
        text = self.meta(key)
        return None if text is None else json.loads(text)

    def save_setting(self, key: str, value: Any) -> None:
        """Save a setting as JSON."""
        self.set_meta(key, json.dumps(value))
