"""`_limits`: the org's limits, used and remaining."""

from collections.abc import Iterable, Mapping

from sffdw.system.table import Row, SystemColumn, SystemTable


class LimitsTable(SystemTable):
    name = "_limits"
    purpose = "live"
    columns = (SystemColumn("limit_name", "text"), SystemColumn("max_count", "bigint"),
               SystemColumn("used_count", "bigint"), SystemColumn("remaining_count", "bigint"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        for name, limit in self.charged(arguments).limits().items():
            if isinstance(limit, dict) and "Max" in limit and "Remaining" in limit:
                yield {"limit_name": name, "max_count": limit["Max"], "remaining_count": limit["Remaining"],
                       "used_count": limit["Max"] - limit["Remaining"]}


TABLE = LimitsTable
