"""The table of failure cases: what real Salesforce does to whoever syncs with it, and how the sandbox is made to do it.

Numbers are those that tests and documents cite (`case 13`); `+` is what belongs to change events and has no number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.unit.sandbox.bulk.conftest import Bulk

Provoke = Callable[[Bulk], None]
CASES: dict[int, list[Provoke]] = {}


def case(*numbers: int) -> Callable[[Provoke], Provoke]:
    """Enter a function that provokes cases and sees their effect."""

    def enter(provoke: Provoke) -> Provoke:
        for number in numbers:
            CASES.setdefault(number, []).append(provoke)
        return provoke

    return enter


def strike(sf: Bulk, name: str, params: dict[str, Any] | None = None, **when: Any) -> None:
    """Set a fault by name; every parameter must mean something to it."""
    answer = sf.post("/_sandbox/faults", {"name": name, "when": when, "params": params or {}})
    assert set(answer) == {"id"}, answer


def pages(sf: Bulk, soql: str, **headers: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a query, as a client that follows nextRecordsUrl reads them."""
    answer = sf.query(soql, **headers)
    while True:
        assert isinstance(answer, dict), answer
        yield answer["records"]
        if answer["done"]:
            return
        answer = sf.get(answer["nextRecordsUrl"])


def refused(sf: Bulk, method: str, target: str, body: Any = None, **headers: str) -> tuple[int, str]:
    """Send what is refused and return status and code."""
    reply = sf.send(method, target, body, **headers)
    assert reply.status >= 400, reply
    return reply.status, reply.body[0]["errorCode"]
