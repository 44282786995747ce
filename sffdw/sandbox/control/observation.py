"""Looking at the org: overview, calls and their sums, the clock, statements without running them."""

from __future__ import annotations

from dataclasses import asdict

from sffdw.sandbox import stamps
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dml.currencies import currencies_of
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.org import VERSIONS
from sffdw.sandbox.soql.compiler import compile_soql
from sffdw.sandbox.soql.parser import parse
from sffdw.sandbox.soql.settings import Settings


def overview(call: Call) -> Reply:
    """GET /_sandbox/."""
    org = call.org
    return Reply(
        body={
            "org_id": org.org_id,
            "now": stamps.to_text(org.clock.now()),
            "seed": org.seed,
            "versions": [f"{number}.0" for number in VERSIONS],
            "objects": org.counts(),
            "credentials": asdict(org.credentials),
        }
    )


def _number(call: Call, name: str, default: int | None = None) -> int | None:
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isdigit():
        raise ApiError("INVALID_ARGUMENT", f'"{name}" must be a number')
    return int(text)


def stats(call: Call) -> Reply:
    """GET /_sandbox/stats?since=MARK."""
    return Reply(body=call.org.journal.stats(_number(call, "since", 0) or 0))


def mark(call: Call) -> Reply:
    """POST /_sandbox/stats/mark."""
    return Reply(body={"mark": call.org.journal.mark})


def calls(call: Call) -> Reply:
    """GET /_sandbox/calls?since&limit."""
    return Reply(body=call.org.journal.calls(_number(call, "since", 0) or 0, _number(call, "limit")))


def show_clock(call: Call) -> Reply:
    """GET /_sandbox/clock."""
    now = call.org.clock.now()
    return Reply(
        body={"now": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "rate": call.org.clock.rate}
    )


def set_clock(call: Call) -> Reply:
    """PUT /_sandbox/clock {now} | {advance_s} | {rate}."""
    given = call.json_object()
    clock = call.org.clock
    moment = stamps.parse_datetime(str(given["now"])) if "now" in given else None
    if "now" in given and moment is None:
        raise ApiError("INVALID_ARGUMENT", f'cannot read the time "{given["now"]}"')
    # The pace first: a clock that is stopped and set stands at that very moment.
    if "rate" in given:
        clock.set_rate(float(given["rate"]))
    if moment is not None:
        clock.set(moment)
    if "advance_s" in given:
        clock.advance(float(given["advance_s"]))
    call.org.note_clock()
    call.org.catch_up()
    call.org.events.bus.wake()
    return show_clock(call)


def check_soql(call: Call) -> Reply:
    """POST /_sandbox/soql {soql, parse_only}."""
    given = call.json_object()
    statement = str(given.get("soql", ""))
    try:
        if given.get("parse_only"):
            parse(statement)
        else:
            currencies = currencies_of(call.org.store)
            compile_soql(statement, call.org.schema, Settings(now=call.org.clock.now(), currencies=currencies))
    except ApiError as error:
        return Reply(body={"accepted": False, "errorCode": error.code, "message": error.message})
    return Reply(body={"accepted": True, "errorCode": None, "message": None})
