"""Trouble on demand: faults strike the calls that their conditions name, deterministically.

A fault counts the calls that match its `kind`, `object`, `path` and `user`; `calls` says which of them it strikes
("3", "2-5", "every 7", "from 4"; all when it is absent) and `probability` thins them by a seeded generator.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sffdw.sandbox.errors import ApiError

# Every fault with its parameters; what is not given has a default.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "http.status": ("status", "code", "message", "after"),
    "http.html": ("status", "body"),
    "http.latency": ("ms", "record_ms"),
    "http.cut": ("bytes",),
    "http.drop": (),
    "reply.lost": ("commit_after_s", "after_s"),
    "session.expired": (),
    "token.rotated": (),
    "locator.expired": (),
    "limit.daily": (),
    "limit.concurrent": (),
    "limit.bulk": (),
    "row.locked": ("every",),
    "dml.error": ("code", "message", "fields", "every"),
    "query.timeout": (),
    "query.complicated": ("formulas",),
    "page.shrink": ("rows", "size"),
    "page.drift": ("rows",),
    "order.shuffle": ("seed",),
    "count.wrong": ("factor", "by"),
    "count.missing": (),
    "bulk.failed": ("message", "after_rows"),
    "bulk.slow": ("seconds",),
    "bulk.retry": ("retries", "seconds"),
    "commit.late": ("commit_after_s", "after_s"),
    "stamp.tie": ("at",),
    "clock.skew": ("seconds",),
    "deleted.purged": ("hours", "refuse"),
    "deleted.window": ("days",),
    "deleted.no_stamp": (),
    "deleted.wrong": (),
    "storm.recalculate": ("rows",),
    "rows.hidden": ("share",),
    "field.hidden": ("fields",),
    "field.gone": ("fields",),
    "object.gone": ("objects",),
    "event.gap": (),
    "event.overflow": ("after",),
    "event.replay_invalid": (),
    "event.disconnect": (),
    "duplicate.rule": ("every", "message", "rule"),
}
CONDITIONS = frozenset({"calls", "kind", "object", "path", "user", "probability", "seed"})
KINDS = frozenset(
    [
        *("token", "versions", "describe_global", "describe", "query", "query_more", "record", "create", "update"),
        *("upsert", "delete", "collections", "composite", "graph", "batch", "tree", "bulk_job", "bulk_upload"),
        *("bulk_result", "updated", "deleted", "limits", "record_count", "event", "soap", "other"),
    ]
)
_ON_PUBLISHING = frozenset({"event.gap", "event.overflow"})  # these count events, not calls
_CALLS = re.compile(
    r"(?P<every>every\s+(\d+))|(?P<from>from\s+(\d+))|(?P<range>(\d+)\s*-\s*(\d+))|(?P<list>\d+(?:\s*,\s*\d+)*)"
)


@dataclass
class Fault:
    """One fault with its conditions, parameters and counters."""

    id: int
    name: str
    when: Mapping[str, Any]
    params: Mapping[str, Any]
    hits: int = 0
    seen: int = 0
    dice: random.Random = field(default_factory=random.Random)

    @property
    def ignored(self) -> list[str]:
        """Parameters that are given and mean nothing to this fault."""
        return sorted(set(self.params) - set(PARAMETERS[self.name]))

    def describe(self) -> dict[str, Any]:
        """Return what GET /_sandbox/faults shows."""
        return {
            "id": self.id,
            "name": self.name,
            "when": dict(self.when),
            "params": dict(self.params),
            "hits": self.hits,
            "seen": self.seen,
        }

    def matches(self, kind: str, object_name: str | None, path: str, username: str | None) -> bool:
        """Tell whether a call is one of those the fault counts."""
        wanted = self.when
        if wanted.get("kind") and kind not in _as_list(wanted["kind"]):
            return False
        if wanted.get("object") and (object_name or "").lower() not in [
            name.lower() for name in _as_list(wanted["object"])
        ]:
            return False
        if wanted.get("path") and not re.search(str(wanted["path"]), path):
            return False
        return not wanted.get("user") or username == wanted["user"]

    def strikes(self) -> bool:
        """Count a matching call and tell whether the fault strikes it."""
        self.seen += 1
        struck = _is_listed(str(self.when["calls"]), self.seen) if self.when.get("calls") else True
        probability = self.when.get("probability")
        if struck and probability is not None:
            struck = self.dice.random() < float(probability)
        self.hits += struck
        return struck


def _as_list(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _is_listed(calls: str, number: int) -> bool:
    match = _CALLS.fullmatch(calls.strip())
    if match is None:
        return False
    if match["every"]:
        return number % int(match[2]) == 0
    if match["from"]:
        return number >= int(match[4])
    if match["range"]:
        return int(match[6]) <= number <= int(match[7])
    return number in {int(part) for part in match["list"].split(",")}


def _invalid(message: str) -> ApiError:
    return ApiError("INVALID_FAULT", message)


def _check_conditions(when: Mapping[str, Any]) -> None:
    """Refuse conditions that cannot be read: they would silently match nothing, or everything."""
    unknown = set(when) - CONDITIONS
    if unknown:
        raise _invalid(f"unknown conditions {', '.join(sorted(unknown))}; known are: {', '.join(sorted(CONDITIONS))}")
    if when.get("calls") is not None and not _CALLS.fullmatch(str(when["calls"]).strip()):
        raise _invalid(f'cannot read calls "{when["calls"]}"; write 3, 2-5, from 4 or every 7')
    strange = set(_as_list(when["kind"])) - KINDS if when.get("kind") else set()
    if strange:
        raise _invalid(f"unknown kinds {', '.join(sorted(strange))}; known are: {', '.join(sorted(KINDS))}")
    try:
        re.compile(str(when.get("path") or ""))
        is_share = 0 <= float(when.get("probability") or 0) <= 1
    except (re.error, TypeError, ValueError):
        is_share = False
    if not is_share:
        raise _invalid('"path" must be a regular expression and "probability" a number from 0 to 1')


class Faults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: dict[int, Fault] = {}
        self._count = 0

    def add(self, given: Mapping[str, Any]) -> Fault:
        """Set a fault; raises for an unknown name or a condition that cannot be read."""
        name, when, params = given.get("name"), given.get("when") or {}, given.get("params") or {}
        if name not in PARAMETERS:
            raise _invalid(f"unknown fault {name}; known faults are: {', '.join(sorted(PARAMETERS))}")
        if not isinstance(when, Mapping) or not isinstance(params, Mapping):
            raise _invalid('"when" and "params" must be objects')
        _check_conditions(when)
        with self._lock:
            self._count += 1
            fault = Fault(self._count, str(name), when, params, dice=random.Random(when.get("seed", 0)))
            self._set[fault.id] = fault
            return fault

    def remove(self, fault_id: int | None = None) -> None:
        """Lift one fault or all."""
        with self._lock:
            if fault_id is None:
                self._set.clear()
            elif self._set.pop(fault_id, None) is None:
                raise ApiError("NOT_FOUND", f"no fault {fault_id}", status=404)

    def listed(self) -> list[dict[str, Any]]:
        """Return all faults that are set."""
        with self._lock:
            return [fault.describe() for fault in self._set.values()]

    def strike(self, kind: str, object_name: str | None, path: str, username: str | None) -> dict[str, Fault]:
        """Count a call against every fault and return those that strike it, by name."""
        if not self._set:
            return {}
        with self._lock:
            matching = [fault for fault in self._set.values() if fault.matches(kind, object_name, path, username)]
            return {fault.name: fault for fault in matching if fault.name not in _ON_PUBLISHING and fault.strikes()}

    def strike_event(self, name: str, object_name: str) -> Fault | None:
        """Count an event that is about to be published and return the fault of this name if it strikes it."""
        with self._lock:
            named = [fault for fault in self._set.values() if fault.name == name]
            matching = [fault for fault in named if fault.matches("event", object_name, "", None)]
            return next((fault for fault in matching if fault.strikes()), None)
