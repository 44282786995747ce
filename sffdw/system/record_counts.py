"""`_record_counts`: Salesforce's approximate counts. Objects it has no count of are missing."""

from collections.abc import Iterable, Mapping

from sffdw.system.table import Row, SystemColumn, SystemTable, argument


class RecordCountsTable(SystemTable):
    name = "_record_counts"
    purpose = "live"
    columns = (argument("object_name", is_required=False), SystemColumn("record_count", "bigint"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        asked = [self.object_argument(arguments)] if "object_name" in arguments else []
        for name, count in self.charged(arguments).record_counts(asked).items():
            self.connection.row_counts[name.lower()] = count
            yield {"object_name": name, "record_count": count}


TABLE = RecordCountsTable
