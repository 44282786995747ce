"""`_updated`: ids created or updated in a window; later deleted ones may be among them."""

from collections.abc import Iterable, Mapping

from sffdw.system.table import Row, SystemColumn, SystemTable, argument


class UpdatedTable(SystemTable):
    name = "_updated"
    purpose = "live"
    columns = (argument("object_name"), argument("start_at"), argument("end_at"), SystemColumn("record_id", "text"),
               SystemColumn("latest_covered_at", "timestamp with time zone"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        start, end = self.time_argument(arguments, "start_at"), self.time_argument(arguments, "end_at")
        ids, covered = self.charged(arguments).updated(self.object_argument(arguments), start, end)
        for record_id in ids:
            yield {"record_id": record_id, "latest_covered_at": covered}


TABLE = UpdatedTable
