"""`_ingest_records`: INSERT collects the rows of a Bulk ingest job, the end of the statement uploads them.

A job takes one upload; nothing happens in Salesforce before `_bulk_jobs` closes it: state = 'UploadComplete'.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sffdw.calls import Purpose, purpose_of
from sffdw.errors import ValueRefused
from sffdw.ingest import Sheet
from sffdw.system.given import record_of
from sffdw.system.table import Row, SystemColumn, SystemTable, argument


@dataclass
class Upload:
    """The rows of one job, and what its call is counted for."""

    sheet: Sheet
    purpose: Purpose


class IngestRecordsTable(SystemTable):
    name = "_ingest_records"
    purpose = "write"
    batch_size = 1000
    columns = (argument("job_id"), SystemColumn("record", "jsonb"))

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._waiting: dict[str, Upload] = {}

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        """Salesforce gives no upload back."""
        return ()

    def rowid(self) -> str:
        return "job_id"

    def begin(self) -> None:
        self._waiting = {}

    def undo(self, level: int) -> None:
        for upload in self._waiting.values():
            upload.sheet.undo(level)

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        for row in rows:
            self._upload_of(row).sheet.add(record_of(row.get("record")), self.level)
        return list(rows)

    def update(self, rowid: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
        raise self._read_only()

    def delete(self, rowid: Any) -> None:
        raise self._read_only()

    def _upload_of(self, row: Mapping[str, Any]) -> Upload:
        job_id = str(row.get("job_id") or "")
        if not job_id:
            raise ValueRefused('column "job_id" must not be null', hint="It names a job that _bulk_jobs has created.")
        if job_id not in self._waiting:
            purpose = purpose_of(str(row.get("_purpose") or self.purpose), row.get("_mapping"))
            self._waiting[job_id] = Upload(Sheet(), purpose)
        return self._waiting[job_id]

    def end(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for job_id, upload in waiting.items():
            if upload.sheet.lines:
                self.connection.ingest.charged(upload.purpose).upload(job_id, upload.sheet.text())


TABLE = IngestRecordsTable
