"""`_sync_write`: INSERT collects the changes of one statement, its end sends them all or none, SELECT gives answers.

What Salesforce refuses fails the INSERT. Each request's intent is on disk before it is sent: see `_intents`. The
engine gives the transaction's id and whose the change is, since a wrapper can ask PostgreSQL neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sffdw.errors import ValueRefused
from sffdw.options import MAX_BATCH
from sffdw.sync_writer import Change, send_changes
from sffdw.system.given import batch_id_of, check_operation, json_object, target_of
from sffdw.system.table import Row, SystemColumn, SystemTable

OPERATIONS = ("insert", "update", "upsert", "delete")


class SyncWriteTable(SystemTable):
    name = "_sync_write"
    batch_size = MAX_BATCH
    columns = (
        SystemColumn("batch_id", "uuid", is_argument=True, is_required=True), SystemColumn("position", "integer"),
        SystemColumn("object_name", "text"), SystemColumn("operation", "text"),
        SystemColumn("external_id_field", "text"), SystemColumn("record", "jsonb"), SystemColumn("old", "jsonb"),
        SystemColumn("local_id", "integer"), SystemColumn("mapping_id", "integer"), SystemColumn("origin", "text"),
        SystemColumn("transaction_id", "text"), SystemColumn("org_id", "text"), SystemColumn("record_id", "text"),
        SystemColumn("created", "boolean"))

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._waiting: list[tuple[int, Change]] = []

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        for stored in self.connection.results.of(arguments["batch_id"].lower()):
            change = stored.change
            yield {"position": change.position, "object_name": change.object_name, "operation": change.operation,
                   "local_id": change.local_id, "mapping_id": change.mapping_id, "record_id": stored.record_id,
                   "created": stored.is_created}

    def rowid(self) -> str:
        return "position"

    def begin(self) -> None:
        self._waiting = []

    def undo(self, level: int) -> None:
        self._waiting = [change for change in self._waiting if change[0] < level]

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        self._waiting += [(self.level, _change(row)) for row in rows]
        return list(rows)

    def end(self) -> None:
        changes, self._waiting = [change for _, change in self._waiting], []
        if changes:
            for stored in send_changes(self.connection, changes):
                self.connection.results.add(stored.change.batch_id, stored)


def _change(row: Mapping[str, Any]) -> Change:
    operation = _text(row, "operation")
    check_operation(operation, OPERATIONS)
    sobject, external = target_of(row, operation)
    record = json_object(row.get("record"))
    if record is None or (operation in ("update", "delete") and not record.get("Id")):
        raise ValueRefused('column "record" must hold a JSON object, with an Id for an update or delete')
    return Change(batch_id_of(_text(row, "batch_id")), int(_text(row, "position")), sobject, operation, external,
                  record, json_object(row.get("old")), int(_text(row, "local_id")), int(_text(row, "mapping_id")),
                  _text(row, "origin"), _text(row, "transaction_id"), _text(row, "org_id"))


def _text(row: Mapping[str, Any], column: str) -> str:
    if row.get(column) is None:
        raise ValueRefused(f'column "{column}" must not be null', hint="Synchronous writes are the engine's to make.")
    return str(row[column])


TABLE = SyncWriteTable
