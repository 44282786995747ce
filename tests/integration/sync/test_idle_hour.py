"""An hour in which nothing changes costs exactly what the forecast says, and the org agrees."""

import os
from collections import Counter
from typing import Any

import psycopg

from tests.integration.sync.org import Org, one, poll, rows

Session = psycopg.Connection[Any]
OBJECTS = ("Account", "Contact", "Lead", "Opportunity", "Case", "Task", "Event", "Campaign", "Product2", "User")
PURPOSES = {"query": "poll", "deleted": "deletes", "describe": "describe", "composite": "describe", "token": "session"}
# `make test` looks at a part of the hour, `make idle-hour` at all of it.
MINUTES = int(os.environ.get("SFFDW_IDLE_MINUTES", "10"))


def map_all(session: Session, names: tuple[str, ...], interval: str) -> None:
    """Map objects and bring them in sync."""
    for name in names:
        session.execute("SELECT sffdw.create_mapping(%s, '{CreatedDate}', poll_interval => %s)", [name, interval])
    poll(session)
    session.execute("CALL sffdw.maintain()")


def usage(session: Session) -> Counter[tuple[str | None, str]]:
    return Counter({(name, purpose): count for name, purpose, count in rows(
        session, "SELECT object_name, purpose, call_count FROM sffdw.api_usage")})


def pass_minutes(org: Org, session: Session, count: int) -> None:
    start = one(session, "SELECT clock_timestamp()")
    for minute in range(1, count + 1):
        org.advance(60)
        session.execute("CALL sffdw.poll(force => false, at => %s + %s * interval '1 minute')", [start, minute])
        session.execute("CALL sffdw.maintain(at => %s + %s * interval '1 minute')", [start, minute])


def test_an_idle_hour_costs_what_was_forecast(org: Org, owner: Session) -> None:
    map_all(owner, OBJECTS, "1 minute")
    forecast = {(name, purpose): calls * MINUTES // 1440 for name, purpose, calls in rows(
        owner, "SELECT object_name, purpose, calls_per_day FROM sffdw.forecast_calls()")}
    before, mark = usage(owner), org.last_call()
    pass_minutes(org, owner, MINUTES)
    stats = org.sandbox.call("GET", f"/stats?since={mark}")["calls"]
    assert stats["by_kind"].get("query") == 10 * MINUTES
    assert stats["by_kind"].get("deleted") == 10 * (MINUTES // 10)
    assert stats["by_kind"].get("token", 0) <= 2
    assert set(stats["by_kind"]) <= {*PURPOSES, "versions"}
    spent = usage(owner) - before
    made = Counter((call["object"], PURPOSES[call["kind"]]) for call in org.calls(since=mark)
                   if call["kind"] != "versions")
    assert spent == made
    assert spent.pop((None, "session"), 0) <= 2
    assert spent == {key: calls for key, calls in forecast.items() if calls}


def test_what_is_polled_less_often_costs_less(org: Org, owner: Session) -> None:
    map_all(owner, ("Account",), "1 minute")
    map_all(owner, ("Contact",), "2 minutes")
    before = usage(owner)
    pass_minutes(org, owner, 4)
    assert dict(usage(owner) - before) == {("Account", "poll"): 4, ("Contact", "poll"): 2}
