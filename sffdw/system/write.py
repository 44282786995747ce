"""`_write`: INSERT collects changes, the end of the statement sends them, SELECT by batch_id gives the results.

No SELECT ever changes anything in Salesforce. Results are held by this backend, within a bound.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sffdw.errors import ValueRefused
from sffdw.options import MAX_BATCH
from sffdw.system.given import batch_id_of, check_operation, record_of, target_of
from sffdw.system.table import Row, SystemColumn, SystemTable
from sffdw.types import json_text
from sffdw.writer import Entry, Outcome, send_entries

OPERATIONS = ("insert", "update", "upsert", "delete")


class WriteTable(SystemTable):
    name = "_write"
    batch_size = 1000
    columns = (
        SystemColumn("batch_id", "uuid", is_argument=True, is_required=True), SystemColumn("position", "integer"),
        SystemColumn("object_name", "text"), SystemColumn("operation", "text"),
        SystemColumn("external_id_field", "text"), SystemColumn("record", "jsonb"), SystemColumn("record_id", "text"),
        SystemColumn("success", "boolean"), SystemColumn("created", "boolean"), SystemColumn("status_code", "text"),
        SystemColumn("http_status", "integer"), SystemColumn("message", "text"), SystemColumn("fields", "text[]"),
        SystemColumn("transient", "boolean"),
        SystemColumn("request_size", "integer"))

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._waiting: list[tuple[int, Entry]] = []

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        for outcome in self.connection.results.of(batch_id_of(arguments["batch_id"])):
            yield _row(outcome)

    def rowid(self) -> str:
        return "position"

    def begin(self) -> None:
        self._waiting = []

    def undo(self, level: int) -> None:
        self._waiting = [change for change in self._waiting if change[0] < level]

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        self._waiting += [(self.level, _entry(row)) for row in rows]
        return list(rows)

    def end(self) -> None:
        entries, self._waiting = [entry for _, entry in self._waiting], []
        if not entries:
            return
        # A login that fails fails the statement: nothing has been sent.
        self.connection.client.transport.session()
        for outcome in send_entries(self.connection, entries, MAX_BATCH):
            self.connection.results.add(outcome.entry.batch_id, outcome)


def _entry(row: Mapping[str, Any]) -> Entry:
    operation = str(row.get("operation") or "").lower()
    check_operation(operation, OPERATIONS)
    if row.get("position") is None:
        raise ValueRefused('column "position" must not be null', hint="It orders the changes of a batch.")
    sobject, external = target_of(row, operation)
    return Entry(batch_id_of(row.get("batch_id")), int(row["position"]), sobject, operation, external,
                 _record(row.get("record"), operation), _size(row.get("request_size")))


def _size(value: Any) -> int | None:
    if value is not None and int(value) < 1:
        raise ValueRefused(f'invalid value for column "request_size": {value}',
                           hint="It is the number of records that may travel in one request with this one.")
    return None if value is None else int(value)


def _record(value: Any, operation: str) -> dict[str, Any]:
    record = record_of(value)
    if operation in ("update", "delete"):
        record_id = next((item for name, item in record.items() if name.lower() == "id"), None)
        if not isinstance(record_id, str):
            raise ValueRefused(f'column "record" must hold an Id for operation "{operation}"')
        record = {"Id": record_id} | {name: item for name, item in record.items() if name.lower() != "id"}
    return record


def _row(outcome: Outcome) -> Row:
    entry = outcome.entry
    return {"batch_id": entry.batch_id, "position": entry.position, "object_name": entry.object_name,
            "operation": entry.operation, "external_id_field": entry.external_id_field,
            "record": json_text(entry.record), "record_id": outcome.record_id, "success": outcome.success,
            "created": outcome.created, "status_code": outcome.status_code, "http_status": outcome.http_status,
            "message": outcome.message, "fields": list(outcome.fields), "transient": outcome.is_transient,
            "request_size": entry.request_size}


TABLE = WriteTable
