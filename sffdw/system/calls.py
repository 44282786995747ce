"""`_calls`: the API calls of this server and user, by day, purpose and object. Reading it makes none.

Totals of each day, by whichever backend, as of now; with backend = 'true' this backend's own since it began. `at` is
the last call. ledger_id names the file that holds the totals: totals of different files add up.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from sffdw.calls import Sheet
from sffdw.system.table import Row, SystemColumn, SystemTable, argument


class CallsTable(SystemTable):
    name = "_calls"
    columns = (SystemColumn("at", "timestamp with time zone"), argument("connection_name", is_required=False),
               SystemColumn("object_name", "text"), SystemColumn("purpose", "text"),
               SystemColumn("call_count", "bigint"), SystemColumn("row_count", "bigint"),
               SystemColumn("byte_count", "bigint"), SystemColumn("day", "date"), SystemColumn("ledger_id", "text"),
               argument("since", is_required=False), argument("backend", is_required=False))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        ledger = self.connection.ledger
        if arguments.get("backend", "false") not in ("true", "false"):
            raise self.wrong(arguments, "backend", "Valid values are: true, false.")
        if arguments.get("backend") == "true":
            yield from _rows(None, ledger.own)
            return
        for day, sheet in ledger.sheets(self._since(arguments)):
            yield from _rows(day, sheet)

    def _since(self, arguments: Mapping[str, str]) -> dt.date | None:
        if "since" not in arguments:
            return None
        try:
            return dt.date.fromisoformat(arguments["since"])
        except ValueError:
            raise self.wrong(arguments, "since", "It must be a date such as 2026-01-31.") from None


def _rows(day: dt.date | None, sheet: Sheet) -> Iterable[Row]:
    for tally in sheet.tallies.values():
        yield {"at": dt.datetime.fromtimestamp(tally.spent_at, dt.UTC).isoformat(), "object_name": tally.object_name,
               "purpose": tally.purpose, "call_count": tally.call_count, "row_count": tally.row_count,
               "byte_count": tally.byte_count, "day": day.isoformat() if day else None, "ledger_id": sheet.ledger_id}


TABLE = CallsTable
