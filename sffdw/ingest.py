"""Bulk API 2.0 ingest: jobs that take changes as one CSV, and what became of each row.

Nothing is carried out before a job is closed: one that was left open holds no data that counts. In the CSV an empty
value says nothing about its field, `#N/A` empties it: so records with different fields can share a job of updates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sffdw.bulk import Bulk, Job
from sffdw.errors import ValueRefused, printable
from sffdw.types import json_text

# What a job takes is 150 MB in base64; Salesforce advises 100 MB at most.
MAX_UPLOAD_BYTES = 100_000_000
NULL_MARK = "#N/A"
SUCCESSFUL, FAILED, UNPROCESSED = "successfulResults", "failedResults", "unprocessedrecords"
OWN_COLUMNS = ("sf__Id", "sf__Created", "sf__Error")


@dataclass(frozen=True)
class RowOutcome:
    """What became of a row. success None: it was not processed. record: the values sent, as text, by header."""

    record: Mapping[str, str]
    record_id: str | None = None
    success: bool | None = None
    created: bool | None = None
    status_code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()


@dataclass
class Sheet:
    """The rows of one upload, as they come. Each knows the savepoint level at which it was made.

    A row is written when it comes, under the columns known by then; fields that only later rows have are left empty.
    """

    columns: dict[str, str] = field(default_factory=dict)
    lines: list[tuple[int, int, bytes]] = field(default_factory=list)
    size: int = 0

    def add(self, record: Mapping[str, Any], level: int) -> None:
        """Take a record, API names to JSON values. Raises ValueRefused for what a CSV has no form for."""
        values = dict(_cell(name, value) for name, value in record.items())
        if not values:
            raise ValueRefused('column "record" must hold at least one field')
        for name in values:
            self.columns.setdefault(name.lower(), name)
        texts = {name.lower(): text for name, text in values.items()}
        line = ",".join(_quoted(texts[name]) if name in texts else "" for name in self.columns).encode()
        self.lines.append((level, len(self.columns), line))
        self.size += len(line) + 1
        if self.size > MAX_UPLOAD_BYTES:
            raise ValueRefused(f"a Bulk job takes {MAX_UPLOAD_BYTES} bytes at most",
                               hint="Give the rest of the records to another job.")

    def undo(self, level: int) -> None:
        """Forget the rows that came at a savepoint level or above it."""
        self.lines = [line for line in self.lines if line[0] < level]

    def text(self) -> bytes:
        width = len(self.columns)
        header = ",".join(map(_quoted, self.columns.values())).encode()
        return b"\n".join([header, *(line + b"," * (width - count) for _, count, line in self.lines), b""])


def _cell(name: str, value: Any) -> tuple[str, str]:
    """Header and text of one value. A related record is named by one of its external ids: {"Ext__c": "x"}."""
    if isinstance(value, dict):
        kind = value.get("attributes")
        keys = [(key, item) for key, item in value.items() if key != "attributes"]
        if len(keys) == 1 and not isinstance(keys[0][1], dict | list):
            of_kind = f"{kind['type']}:" if isinstance(kind, dict) and "type" in kind else ""
            return f"{of_kind}{name}.{keys[0][0]}", _text(name, keys[0][1])
        raise ValueRefused(f'field "{printable(name)}" must name a related record by one external id')
    return name, _text(name, value)


def _text(name: str, value: Any) -> str:
    if value is None or value == "":
        return NULL_MARK
    if value == NULL_MARK:
        raise ValueRefused(f'field "{printable(name)}" cannot be {NULL_MARK}, which means null in a Bulk job',
                           hint="Write this record through REST: by _write, or on its live table.")
    if isinstance(value, str):
        return value
    return format(value, "f") if isinstance(value, Decimal) else json_text(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class Ingest(Bulk):
    """Ingest jobs of one user."""

    resource = "ingest"

    def begin(self, operation: str, object_name: str, external_id_field: str | None) -> Job:
        """Create a job that waits for its upload. Raises BulkUnsupported for an object that only REST can write."""
        key = {"externalIdFieldName": external_id_field} if external_id_field else {}
        return self._created("the Bulk API does not support this object",
                             {"object": object_name, "operation": operation, **key})

    def upload(self, job_id: str, text: bytes) -> None:
        """Give a job its rows, which it takes once."""
        self._of_job(job_id, lambda path: self._call("PUT", f"{path}/batches", body=text, is_read=False,
                                                     headers={"Content-Type": "text/csv; charset=UTF-8"}))

    def close(self, job_id: str) -> Job:
        """Have Salesforce carry the job out."""
        return self._entered(job_id, "UploadComplete")

    def outcomes(self, job_id: str) -> Iterator[RowOutcome]:
        """What became of each row of a job that is over, in no order."""
        for name in (SUCCESSFUL, FAILED, UNPROCESSED):
            page = self._result(job_id, name, {})
            for block in page.blocks:
                for values in zip(*block, strict=True):
                    yield _outcome(name, dict(zip(page.columns, values, strict=True)))


def _outcome(name: str, row: dict[str, str]) -> RowOutcome:
    record_id, created, error = (row.pop(column, "") for column in OWN_COLUMNS)
    if name == SUCCESSFUL:
        return RowOutcome(row, record_id or None, True, created == "true")
    if name == UNPROCESSED:
        return RowOutcome(row)
    code, message, fields = error_of(error)
    return RowOutcome(row, record_id or None, False, False, code, message, fields)


def error_of(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Code, message and fields of a result file's error, `CODE:message:Field, Field --`."""
    code, _, rest = text.partition(":")
    message, colon, names = rest.removesuffix("--").rstrip().rpartition(":")
    if not colon:
        return code or "UNKNOWN", rest, ()
    return code, message, tuple(filter(None, names.strip().split(", ")))
