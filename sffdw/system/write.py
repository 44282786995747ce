"""`_write`: INSERT collects changes, the end of the statement sends them, SELECT by batch_id gives the results.

No SELECT ever changes anything in Salesforce. Results are held by this backend, within a bound.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sffdw.entries import Entry, Outcome
from sffdw.errors import ValueRefused
from sffdw.options import MAX_BATCH
from sffdw.planner import Qual
from sffdw.system.given import batch_id_of, check_operation, record_of, target_of
from sffdw.system.table import SystemColumn, SystemTable
from sffdw.types import json_text
from sffdw.writer import send_entries

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
        SystemColumn("request_size", "integer"), SystemColumn("is_suspect", "boolean"))

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._waiting: list[tuple[int, Entry]] = []

    def rows(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[Any], limit: int | None,
             offset: int | None) -> Iterator[Sequence[Any]]:
        wanted = set(columns)
        makers = [VALUES[name] if name in wanted else _nothing for name in self._names]
        for arguments in self._argument_sets(quals):
            for outcome in self.connection.results.of(batch_id_of(arguments["batch_id"])):
                yield [make(outcome) for make in makers]

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
    record, text = _record(row.get("record"), operation)
    return Entry(batch_id_of(row.get("batch_id")), int(row["position"]), sobject, operation, external, record,
                 _size(row.get("request_size")), text, bool(row.get("is_suspect")))


def _size(value: Any) -> int | None:
    if value is not None and int(value) < 1:
        raise ValueRefused(f'invalid value for column "request_size": {value}',
                           hint="It is the number of records that may travel in one request with this one.")
    return None if value is None else int(value)


def _record(value: Any, operation: str) -> tuple[dict[str, Any], str | None]:
    """The record, and its JSON where it can go as it came."""
    record = record_of(value)
    text = value if isinstance(value, str) else None
    if operation in ("update", "delete") and not isinstance(record.get("Id"), str):
        record_id = next((item for name, item in record.items() if name.lower() == "id"), None)
        if not isinstance(record_id, str):
            raise ValueRefused(f'column "record" must hold an Id for operation "{operation}"')
        return {"Id": record_id} | {name: item for name, item in record.items() if name.lower() != "id"}, None
    return record, text


def _nothing(outcome: Outcome) -> None:
    """The value of a column that nobody asks for."""


VALUES: dict[str, Callable[[Outcome], Any]] = {
    "batch_id": lambda outcome: outcome.entry.batch_id, "position": lambda outcome: outcome.entry.position,
    "object_name": lambda outcome: outcome.entry.object_name, "operation": lambda outcome: outcome.entry.operation,
    "external_id_field": lambda outcome: outcome.entry.external_id_field,
    "record": lambda outcome: json_text(outcome.entry.record), "record_id": lambda outcome: outcome.record_id,
    "success": lambda outcome: outcome.success, "created": lambda outcome: outcome.created,
    "status_code": lambda outcome: outcome.status_code, "http_status": lambda outcome: outcome.http_status,
    "message": lambda outcome: outcome.message, "fields": lambda outcome: list(outcome.fields),
    "transient": lambda outcome: outcome.is_transient, "request_size": lambda outcome: outcome.entry.request_size,
    "is_suspect": lambda outcome: outcome.entry.is_suspect}


TABLE = WriteTable
