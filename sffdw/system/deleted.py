"""`_deleted`: what Salesforce's delete log knows of a window, hard deletes included.

The log may reach less far than was asked. When that is so and no record shows it, one row without a record does.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sffdw.system.table import Row, SystemColumn, SystemTable, argument

if TYPE_CHECKING:
    from sffdw.client import Deletions

TIME = "timestamp with time zone"
# The log counts in minutes; a bound that is off by less than this says nothing.
ROUNDING = dt.timedelta(minutes=1)


class DeletedTable(SystemTable):
    name = "_deleted"
    purpose = "deletes"
    columns = (argument("object_name"), argument("start_at"), argument("end_at"), SystemColumn("record_id", "text"),
               SystemColumn("deleted_at", TIME), SystemColumn("latest_covered_at", TIME),
               SystemColumn("earliest_available_at", TIME))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        start, end = self.time_argument(arguments, "start_at"), self.time_argument(arguments, "end_at")
        found = self.charged(arguments).deleted(self.object_argument(arguments), start, end)
        bounds = {"latest_covered_at": found.latest_covered_at, "earliest_available_at": found.earliest_available_at}
        for record_id, deleted_at in found.records:
            yield {"record_id": record_id, "deleted_at": deleted_at, **bounds}
        if not found.records and _reaches_less(found, start, end):
            yield bounds


def _reaches_less(found: "Deletions", start: dt.datetime, end: dt.datetime) -> bool:
    latest, earliest = found.latest_covered_at, found.earliest_available_at
    return bool((latest and dt.datetime.fromisoformat(latest) < end - ROUNDING)
                or (earliest and dt.datetime.fromisoformat(earliest) > start))


TABLE = DeletedTable
