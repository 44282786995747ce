"""Results of Bulk jobs as rows of a live table: values of CSV made such that PostgreSQL's types read them.

Values stay text, which every type's input function takes; only what Bulk writes otherwise than PostgreSQL is changed,
by column and block, so that the usual row costs no Python of its own.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any

from sffdw.calls import Purpose
from sffdw.connection import Connection, ReadPage
from sffdw.errors import (
    TOO_COMPLICATED,
    ArgumentMissing,
    BulkUnsupported,
    Error,
    FieldUnknown,
    JobLost,
    UnreadableAnswer,
    printable,
)
from sffdw.planner import Column, SortKey
from sffdw.types import COMPOUNDS

if TYPE_CHECKING:
    from sffdw.bulk import Bulk, Job, Page
    from sffdw.delimited import Block

MAX_PAGE_ROWS = 50_000
# 2026-01-31T12:00:00Z; milliseconds since 1970 have fewer digits.
SHORTEST_MOMENT = 20
# Between two looks at a job, in seconds: jobs end after seconds or after an hour.
PAUSES_S = (0.1, 0.2, 0.3, 0.5, 1.0, 1.0, 2.0, 2.0, 5.0)
UNSUPPORTED_TYPES = COMPOUNDS | {"base64"}

Values = Sequence[str | None]
Shape = Callable[[Values], Iterable[Any]]


def is_supported(columns: Iterable[Column]) -> bool:
    """A Bulk query may hold these fields."""
    return all(column.sf_type not in UNSUPPORTED_TYPES for column in columns)


def page_of_job(connection: Connection, purpose: Purpose, arguments: Mapping[str, str],
                places: Mapping[str, Column | None], sortkeys: Sequence[SortKey]) -> Iterator[tuple[Any, ...]]:
    """One page of a finished job, asked for by the arguments _job_id, _locator ('' for the first) and _page_size."""
    if sortkeys:
        raise ArgumentMissing("the rows of a Bulk job have no order",
                              hint="Sort them outside: WITH page AS MATERIALIZED (SELECT …) SELECT … ORDER BY ….")
    return _page_of_job(connection, purpose, arguments, places)


def _page_of_job(connection: Connection, purpose: Purpose, arguments: Mapping[str, str],
                 places: Mapping[str, Column | None]) -> Iterator[tuple[Any, ...]]:
    job_id, locator = arguments["_job_id"], arguments.get("_locator", "")
    size = row_limit("_page_size", arguments.get("_page_size"))
    page = connection.bulk.charged(purpose).page(
        job_id, locator or None, size, goes_on=purpose.name != "live")
    yield from shaped(page, places, {**arguments, "_next_locator": page.next_locator})
    connection.read_pages.append(ReadPage(job_id, locator, page.next_locator, page.given.count, page.given.size))


def row_limit(name: str, text: str | None) -> int | None:
    """A number of rows that a page may have, given as an argument."""
    if text is None:
        return None
    if not text.isdecimal() or not 0 < int(text) <= MAX_PAGE_ROWS:
        raise ArgumentMissing(f'invalid value for "{name}": "{text[:100]}"',
                              hint=f"It must be a whole number from 1 to {MAX_PAGE_ROWS}.")
    return int(text)


def shaped(page: "Page", places: Mapping[str, Column | None],
           constants: Mapping[str, str | None]) -> Iterator[tuple[Any, ...]]:
    """A page's rows: for each column of the table the value of its field, or a constant."""
    found = {name.lower(): index for index, name in enumerate(page.columns)}
    takes: list[tuple[int, Shape | None] | repeat[str | None]] = []
    for name, column in places.items():
        if column is None:
            takes.append(repeat(constants.get(name)))
        elif column.field.lower() in found:
            takes.append((found[column.field.lower()], SHAPES.get(column.sf_type)))
        elif page.columns:
            raise FieldUnknown(f'the result of the Bulk job has no field "{column.field}"',
                               hint="Create the job with a query that selects it.", context=f'column "{name}"')
    for block in page.blocks:
        yield from _rows(block, takes)


def _rows(block: "Block", takes: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    taken = [_taken(block[take[0]], take[1]) if isinstance(take, tuple) else take for take in takes]
    rows = zip(*taken)  # noqa: B905 - constants repeat for ever
    return rows if any(isinstance(take, tuple) for take in takes) else islice(rows, len(block[0]))


def _taken(values: Values, shape: Shape | None) -> Iterable[Any]:
    # In CSV NULL and the empty text are one, as in Salesforce itself.
    found: Values = [value or None for value in values] if "" in values else values
    return shape(found) if shape else found


def _whole(values: Values) -> Values:
    """Bulk writes whole numbers as 5, 5.0 or 5.0E7."""
    if "." not in "".join(filter(None, values)):
        return values
    return [_without_fraction(value) if value and "." in value else value for value in values]


def _without_fraction(value: str) -> str:
    try:
        number = Decimal(value)
        return str(int(number)) if number == int(number) else value
    except (ArithmeticError, ValueError):
        return value


def _moment(values: Values) -> Values:
    """ISO 8601 passes as it is; older forms of Bulk give milliseconds since 1970."""
    if min(map(len, filter(None, values)), default=SHORTEST_MOMENT) >= SHORTEST_MOMENT:
        return values
    return [_of_epoch(value) if value and value.lstrip("-").isdecimal() else value for value in values]


def _of_epoch(value: str) -> str:
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=int(value))
    return at.isoformat(timespec="milliseconds")


def _clock_time(values: Values) -> Values:
    return [value and value.removesuffix("Z") for value in values]


SHAPES: Mapping[str, Shape] = {"int": _whole, "long": _whole, "datetime": _moment, "time": _clock_time}


# --- whole results ---

def pages_of(connection: Connection, purpose: Purpose, statement: str, *, has_deleted: bool) -> "Iterator[Page]":
    """The result of a statement by a job of its own, which is deleted afterwards. Waits for the job."""
    bulk = connection.bulk.charged(purpose)
    discard_left(connection)
    job_id = bulk.create(statement, has_deleted=has_deleted).job_id
    is_over = False
    try:
        announced = wait(bulk, connection.host.pause, job_id)
        is_over = True
        count, locator = 0, None
        while True:
            page = bulk.page(job_id, locator, None, goes_on=True)
            yield page
            count += page.given.count
            locator = page.next_locator
            if locator is None:
                break
        check_total(announced, count)
    finally:
        # A statement that is being cancelled gets no call through: the job is then left for the next one.
        connection.left_jobs.append(job_id)
        discard(bulk, job_id, is_over=is_over)
        connection.left_jobs.remove(job_id)


def wait(bulk: "Bulk", rest: Callable[[float], None], job_id: str) -> int | None:
    """Wait until a job is complete; give the number of rows that it announces. Raises JobLost."""
    for pause in chain(PAUSES_S, repeat(PAUSES_S[-1])):
        job = bulk.job(job_id)
        if job.state == "JobComplete":
            return job.processed_count
        if job.is_over():
            raise ended_badly(job)
        rest(pause)
    raise AssertionError("the pauses have no end")


def ended_badly(job: "Job") -> Error:
    if TOO_COMPLICATED in (job.error_message or ""):
        return BulkUnsupported("the Bulk API does not support this query", detail=printable(job.error_message))
    return JobLost(f'Bulk job "{job.job_id}" is {job.state}',
                   detail=f"Salesforce says: {printable(job.error_message)}" if job.error_message else None)


def check_total(announced: int | None, count: int) -> None:
    """All pages together must hold what the job says it has found."""
    if announced is not None and count != announced:
        raise UnreadableAnswer("a Bulk job's result has another number of rows than announced",
                               detail=f"{count} rows came, numberRecordsProcessed says {announced}.",
                               reason="count", is_transient=True)


def discard(bulk: "Bulk", job_id: str, *, is_over: bool) -> None:
    """Give a job's storage back. That it cannot be done is no reason to fail: Salesforce does it after seven days."""
    if not is_over:
        with suppress(Error):
            bulk.abort(job_id)
    with suppress(Error):
        bulk.delete(job_id)


def discard_left(connection: Connection) -> None:
    """Give back the jobs of statements that were cancelled in this backend."""
    while connection.left_jobs:
        discard(connection.bulk, connection.left_jobs[0], is_over=False)
        connection.left_jobs.pop(0)
