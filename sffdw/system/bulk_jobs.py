"""`_bulk_jobs`: INSERT starts a Bulk job and returns its job_id, SELECT tells how it stands.

A job of operation query or queryAll runs at once; one of insert, update, upsert or delete waits for its rows
(`_ingest_records`) until UPDATE … SET state = 'UploadComplete'. UPDATE … SET state = 'Aborted' ends a job, DELETE makes
Salesforce forget one that is over. All of these happen in Salesforce at once and are not taken back by a rollback.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sffdw.calls import purpose_of
from sffdw.errors import JobLost, OptionError, ReadOnlyColumn, ValueRefused
from sffdw.extract import discard_left
from sffdw.options import field_path, object_name
from sffdw.system.given import check_operation
from sffdw.system.table import Row, SystemColumn, SystemTable, argument

if TYPE_CHECKING:
    from sffdw.bulk import Bulk, Job
    from sffdw.ingest import Ingest

QUERIES = ("query", "queryAll")
CHANGES = ("insert", "update", "upsert", "delete")


class BulkJobsTable(SystemTable):
    name = "_bulk_jobs"
    purpose = "live"
    columns = (
        argument("job_id", is_required=False), argument("operation", is_required=False),
        SystemColumn("object_name", "text"), SystemColumn("query", "text"), SystemColumn("external_id_field", "text"),
        SystemColumn("state", "text"), SystemColumn("processed_count", "bigint"),
        SystemColumn("failed_count", "bigint"), SystemColumn("retry_count", "integer"),
        SystemColumn("error_message", "text"), SystemColumn("created_at", "timestamp with time zone"))

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # The jobs that a statement has read and is about to change, with what it asked by.
        self._read: dict[str, Bulk] = {}

    def begin(self) -> None:
        self._read = {}

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        discard_left(self.connection)
        for jobs in self._asked(arguments):
            for job in self._known(jobs, arguments):
                if arguments.get("operation", job.operation) == job.operation:
                    self._read[job.job_id] = jobs
                    yield _row(job)
                    if "job_id" in arguments:
                        return

    def _asked(self, arguments: Mapping[str, str]) -> "list[Bulk]":
        """Where the jobs in question are: Salesforce keeps queries and changes apart."""
        operation = arguments.get("operation")
        queries, changes = self._bulk(arguments), self._ingest(arguments)
        return [queries, changes] if operation is None else [changes] if operation in CHANGES else [queries]

    def _known(self, jobs: "Bulk", arguments: Mapping[str, str]) -> "Iterator[Job]":
        if "job_id" not in arguments:
            yield from jobs.jobs()
            return
        try:
            yield jobs.job(arguments["job_id"])
        except JobLost:
            # It may be one of the other kind.
            if "operation" in arguments or jobs.resource == "ingest":
                raise

    def _bulk(self, values: Mapping[str, Any]) -> "Bulk":
        """Calls are counted for `_purpose`, and for the object that `_mapping` names."""
        return self.connection.bulk.charged(purpose_of(str(values.get("_purpose") or self.purpose),
                                                       values.get("_mapping")))

    def _ingest(self, values: Mapping[str, Any]) -> "Ingest":
        return self.connection.ingest.charged(purpose_of(str(values.get("_purpose") or self.purpose),
                                                         values.get("_mapping")))

    def rowid(self) -> str:
        return "job_id"

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [self._created(row) for row in rows]

    def _created(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        operation = str(row.get("operation") or "query")
        if operation in CHANGES:
            return {**row, **_row(self._begun(row, operation))}
        check_operation(operation, (*QUERIES, *CHANGES))
        query = str(row.get("query") or "").strip()
        if not query:
            raise ValueRefused('column "query" must not be empty', hint="It holds the SOQL statement to run.")
        job = self._bulk(row).create(query, has_deleted=operation == "queryAll")
        return {**row, **_row(job), "query": query}

    def _begun(self, row: Mapping[str, Any], operation: str) -> "Job":
        external = str(row.get("external_id_field") or "")
        try:
            sobject = object_name("object_name", str(row.get("object_name") or ""))
            key = field_path("external_id_field", external) if operation == "upsert" else None
        except OptionError as error:
            raise ValueRefused(str(error).replace("option", "column"), hint=error.hint) from None
        return self._ingest(row).begin(operation, sobject, key)

    def update(self, rowid: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
        job_id, state = str(rowid), values.get("state")
        jobs = self._read.get(job_id, self.connection.bulk)
        if state == "UploadComplete" and jobs.resource == "ingest":
            return {**values, **_row(self.connection.ingest.charged(jobs.purpose).close(job_id))}
        if state != "Aborted":
            raise ReadOnlyColumn('the only changes that a Bulk job takes are state = "Aborted" and, for one that waits '
                                 'for its rows, state = "UploadComplete"',
                                 hint="Write UPDATE … SET state = 'Aborted' WHERE job_id = '…'.")
        return {**values, **_row(jobs.abort(job_id))}

    def delete(self, rowid: Any) -> None:
        self._read.get(str(rowid), self.connection.bulk).delete(str(rowid))


def _row(job: "Job") -> Row:
    return {"job_id": job.job_id, "operation": job.operation, "object_name": job.object_name, "state": job.state,
            "processed_count": job.processed_count, "failed_count": job.failed_count, "retry_count": job.retry_count,
            "error_message": job.error_message, "created_at": job.created_at}


TABLE = BulkJobsTable
