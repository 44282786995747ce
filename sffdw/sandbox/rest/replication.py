"""getUpdated and getDeleted: what changed or went between two minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sffdw.sandbox import stamps
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.rest.describe import find_object
from sffdw.sandbox.rest.query import settings_of
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.soql.names import Scope, Statement
from sffdw.sandbox.soql.rows import visible_sql
from sffdw.sandbox.store.tables import table_name

UPDATED_WINDOW = timedelta(days=30)
DELETED_WINDOW = timedelta(days=15)
MAX_IDS = 600_000


def updated(call: Call, name: str) -> Reply:
    """GET /sobjects/X/updated/?start=&end=."""
    sobject, start, end = _window(call, name, UPDATED_WINDOW)
    statement = Statement("", call.org.schema, settings_of(call))
    scope = Scope(statement, sobject, ())
    first, last = statement.bind(stamps.to_text(start)), statement.bind(stamps.to_text(end))
    stamp, visible = f'{scope.alias}."SystemModstamp"', visible_sql(scope)
    sql = (
        f'SELECT {scope.alias}."Id" FROM {table_name(sobject)} {scope.alias}{scope.joins_sql()} '
        f"WHERE {stamp} >= {first} AND {stamp} < {last} AND {visible} "
        f'ORDER BY {stamp}, {scope.alias}."Id" LIMIT {MAX_IDS + 1}'
    )
    found = [row[0] for row in call.org.store.reader.execute(sql, statement.params)]
    _check_count(len(found))
    call.rows = len(found)
    return Reply(body={"ids": found, "latestDateCovered": _covered(call, end)})


def deleted(call: Call, name: str) -> Reply:
    """GET /sobjects/X/deleted/?start=&end=."""
    sobject, start, end = _window(call, name, DELETED_WINDOW)
    purged = call.fault("deleted.purged")
    now = call.org.clock.now()
    earliest = now - (timedelta(hours=float(purged.params.get("hours", 1))) if purged else DELETED_WINDOW)
    if purged and start < earliest and purged.params.get("refuse"):
        raise _date_error("the delete log was purged: start date is before the earliest date available")
    first = max(start, earliest) if purged else start
    sql = (
        "SELECT id, deleted_at FROM _delete_log WHERE object = ? AND deleted_at >= ? AND deleted_at < ? "
        f"ORDER BY deleted_at, id LIMIT {MAX_IDS + 1}"
    )
    bounds = (sobject.name, stamps.to_text(first), stamps.to_text(end))
    rows = call.org.store.reader.execute(sql, bounds).fetchall()
    if sobject.name == "CurrencyType" and not call.org.switch("deleted_lists_inactive_currencies", True):
        rows = []
    if call.fault("deleted.wrong"):
        rows += _living(call, sobject, stamps.to_text(end - timedelta(minutes=1)))
    _check_count(len(rows))
    call.rows = len(rows)
    return Reply(
        body={
            "deletedRecords": [{"deletedDate": at, "id": record_id} for record_id, at in rows],
            "earliestDateAvailable": stamps.to_text(earliest.replace(second=0)),
            "latestDateCovered": _covered(call, end),
        }
    )


def _living(call: Call, sobject: SObject, at: str) -> list[tuple[str, str]]:
    """Return the rows that are there as if they had been deleted: some objects' delete logs are known to be wrong."""
    found = call.org.store.reader.execute(f'SELECT "Id" FROM {table_name(sobject)} WHERE _deleted = 0 ORDER BY "Id"')
    return [(record_id, at) for (record_id,) in found]


def _window(call: Call, name: str, longest: timedelta) -> tuple[SObject, datetime, datetime]:
    sobject = find_object(call, name)
    if not sobject.replicateable or sobject.stored_field("SystemModstamp") is None:
        raise ApiError("INVALID_TYPE_FOR_OPERATION", f"object type {sobject.name} is not replicable")
    start, end = _date(call, "start"), _date(call, "end")
    window = call.fault("deleted.window")
    now = call.org.clock.now()
    if start >= end:
        raise _date_error("startDate must be before endDate")
    if end - start < timedelta(minutes=1):
        raise _date_error("startDate and endDate must be at least one minute apart")
    allowed = timedelta(days=float(window.params.get("days", 1))) if window else longest
    if start < now - allowed - timedelta(minutes=1):
        raise _date_error(f"startDate cannot be more than {allowed.days} days ago")
    return sobject, start, end


def _date(call: Call, name: str) -> datetime:
    text = call.query.get(name)
    if text is None:
        raise ApiError("MISSING_ARGUMENT", f"{name} not specified")
    moment = stamps.parse_datetime(text.replace(" ", "+"))
    if moment is None:
        raise _date_error(f"invalid date: {text}")
    return moment.replace(second=0, microsecond=0)


def _date_error(text: str) -> ApiError:
    return ApiError("INVALID_REPLICATION_DATE", text)


def _check_count(count: int) -> None:
    if count > MAX_IDS:
        raise ApiError("EXCEEDED_ID_LIMIT", f"exceeded {MAX_IDS} ids")


def _covered(call: Call, end: datetime) -> str:
    """Everything committed by the end, or by the start of the oldest transaction that still runs."""
    latest = min(end, call.org.clock.now())
    oldest = call.org.late.oldest_start()
    if oldest is not None:
        latest = min(latest, datetime.fromtimestamp(oldest, UTC))
    return stamps.to_text(latest.replace(second=0, microsecond=0))
