"""`_ingest_results`: what became of each row of a Bulk ingest job that is over. success is NULL for what was not tried.

Rows come in no order; `record` holds the values that were sent, as text, by which they are known.
"""

import json
from collections.abc import Iterator, Mapping

from sffdw.ingest import RowOutcome
from sffdw.system.table import Row, SystemColumn, SystemTable, argument
from sffdw.writer import TRANSIENT_RECORD_CODES


class IngestResultsTable(SystemTable):
    name = "_ingest_results"
    purpose = "write"
    expected_rows = 10_000
    columns = (argument("job_id"), SystemColumn("record_id", "text"), SystemColumn("success", "boolean"),
               SystemColumn("created", "boolean"), SystemColumn("status_code", "text"), SystemColumn("message", "text"),
               SystemColumn("fields", "text[]"), SystemColumn("transient", "boolean"), SystemColumn("record", "jsonb"))

    def found(self, arguments: Mapping[str, str]) -> Iterator[Row]:
        ingest = self.connection.ingest.charged(self.charged(arguments, arguments.get("_mapping")).purpose)
        return map(_row, ingest.outcomes(arguments["job_id"]))


def _row(outcome: RowOutcome) -> Row:
    return {"record_id": outcome.record_id, "success": outcome.success, "created": outcome.created,
            "status_code": outcome.status_code, "message": outcome.message, "fields": list(outcome.fields),
            "transient": outcome.success is None or outcome.status_code in TRANSIENT_RECORD_CODES,
            "record": json.dumps(outcome.record, ensure_ascii=False)}


TABLE = IngestResultsTable
