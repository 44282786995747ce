"""`_bulk_jobs`: INSERT starts a Bulk query job and returns its job_id, SELECT tells how it stands.

UPDATE … SET state = 'Aborted' ends a job that runs, DELETE makes Salesforce forget one that is over. All of these
happen in Salesforce at once and are not taken back by a rollback.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sffdw.calls import purpose_of
from sffdw.errors import ReadOnlyColumn, ValueRefused
from sffdw.extract import discard_left
from sffdw.system.table import Row, SystemColumn, SystemTable, argument

if TYPE_CHECKING:
    from sffdw.bulk import Bulk, Job

OPERATIONS = ("query", "queryAll")


class BulkJobsTable(SystemTable):
    name = "_bulk_jobs"
    purpose = "live"
    columns = (
        argument("job_id", is_required=False), SystemColumn("operation", "text"), SystemColumn("object_name", "text"),
        SystemColumn("query", "text"), SystemColumn("state", "text"), SystemColumn("processed_count", "bigint"),
        SystemColumn("failed_count", "bigint"), SystemColumn("retry_count", "integer"),
        SystemColumn("error_message", "text"), SystemColumn("created_at", "timestamp with time zone"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        bulk = self._bulk(arguments)
        discard_left(self.connection)
        return map(_row, [bulk.job(arguments["job_id"])] if "job_id" in arguments else bulk.jobs())

    def _bulk(self, values: Mapping[str, Any]) -> "Bulk":
        """Calls are counted for `_purpose`, and for the object that `_mapping` names."""
        name = values.get("_mapping")
        return self.connection.bulk.charged(purpose_of(str(values.get("_purpose") or self.purpose), name))

    def rowid(self) -> str:
        return "job_id"

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [self._created(row) for row in rows]

    def _created(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        operation = str(row.get("operation") or "query")
        if operation not in OPERATIONS:
            raise ValueRefused(f'invalid value for column "operation": "{operation[:100]}"',
                               hint=f"Valid values are: {', '.join(OPERATIONS)}.")
        query = str(row.get("query") or "").strip()
        if not query:
            raise ValueRefused('column "query" must not be empty', hint="It holds the SOQL statement to run.")
        job = self._bulk(row).create(query, has_deleted=operation == "queryAll")
        return {**row, **_row(job), "query": query}

    def update(self, rowid: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if values.get("state") != "Aborted":
            raise ReadOnlyColumn('the only change that a Bulk job takes is state = "Aborted"',
                                 hint="Write UPDATE … SET state = 'Aborted' WHERE job_id = '…'.")
        return {**values, **_row(self.connection.bulk.abort(str(rowid)))}

    def delete(self, rowid: Any) -> None:
        self.connection.bulk.delete(str(rowid))


def _row(job: "Job") -> Row:
    return {"job_id": job.job_id, "operation": job.operation, "object_name": job.object_name, "state": job.state,
            "processed_count": job.processed_count, "failed_count": job.failed_count, "retry_count": job.retry_count,
            "error_message": job.error_message, "created_at": job.created_at}


TABLE = BulkJobsTable
