"""The changes in the org, drawn by seed: creates, updates, deletes, restorations, merges, removals, late commits, ties.

This program keeps its own idea of which records live, from the answers it got. What a transaction that commits late
touches is left alone until it has committed, as the org's row locks would have it.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.storm.objects import BY_NAME, KINDS, Kind, fresh_values, moved, proof
from tools.sandbox import Sandbox

Change = dict[str, Any]
OPERATIONS = {"create": 27, "update": 44, "delete": 10, "undelete": 4, "merge": 3, "hard_delete": 5, "touch": 3,
              "swap": 2, "succeed": 2}
LATE_SHARE = 0.12
LATEST_S = 40 * 60
AFTER_THE_STORM_S = 300
LARGEST_BATCH = 50
# The other transactions of a batch commit at once; a late one is small, so that few records are locked.
LARGEST_LATE_BATCH = 10
LARGEST_TIE = 5000


@dataclass
class Population:
    """What lives in the org and what lies in its bin, as far as we know."""

    living: dict[str, list[str]] = field(default_factory=lambda: {kind.name: [] for kind in KINDS})
    binned: dict[str, list[str]] = field(default_factory=lambda: {kind.name: [] for kind in KINDS})
    markers: dict[str, str] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    external: dict[str, str] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)

    def choose(self, ids: list[str], dice: random.Random) -> str | None:
        """A record that no running transaction holds."""
        for _ in range(8):
            if ids and (found := dice.choice(ids)) not in self.locked:
                return found
        return None

    def follow(self, change: Change, result: dict[str, Any]) -> None:
        """Note what a change that succeeded has done."""
        name, operation, record_id = change["object"], change["op"], change.get("id") or result["id"]
        if operation == "create":
            self.living[name].append(record_id)
        elif operation == "merge":
            for loser in change["ids"]:
                self._move(loser, self.living[name], self.binned[name])
        elif operation == "delete":
            self._move(record_id, self.living[name], self.binned[name])
        elif operation == "undelete":
            self._move(record_id, self.binned[name], self.living[name])
        elif operation == "hard_delete":
            self._move(record_id, self.living[name], [])
            self._move(record_id, self.binned[name], [])

    def forget(self, change: Change) -> None:
        """Drop a record that did not take the change: a parent's delete has taken it along, or the like."""
        name = change["object"]
        for record_id in [change.get("id"), *change.get("ids", [])]:
            self._move(record_id, self.living[name], [])
            self._move(record_id, self.binned[name], [])

    @staticmethod
    def _move(record_id: str | None, source: list[str], target: list[str]) -> None:
        if record_id in source:
            source.remove(record_id)
            target.append(record_id)


@dataclass
class Changer:
    """Sends the storm's changes to the org, paced so that they last `seconds`."""

    sandbox: Sandbox
    seed: int
    wanted: int
    seconds: float
    rate: float
    population: Population = field(default_factory=Population)
    done: Counter[str] = field(default_factory=Counter)
    late: list[tuple[float, list[tuple[Change, dict[str, Any]]]]] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(f"changes {self.seed}")
        self.began = time.monotonic()

    @property
    def count(self) -> int:
        return self.done["changes"]

    def fill(self, each: int) -> None:
        """What the org holds before the storm."""
        for kind in KINDS:
            self._send([self._create(kind) for _ in range(each)], 0)
        self.done.clear()

    def run(self, over: threading.Event) -> None:
        self.began = time.monotonic()
        tie_at = self.wanted * self.dice.uniform(0.3, 0.6)
        while self.count < self.wanted and not over.is_set():
            self._release(self.org_seconds())
            if not self.done["tie"] and self.count >= tie_at:
                self._tie()
            # The tie comes on top of an even pace.
            paced = (self.count - self.done["tie"]) / max(1, self.wanted - self.tie_size) * self.seconds
            over.wait(max(0.0, self.began + paced - time.monotonic()))
            is_late = self.dice.random() < LATE_SHARE
            size = self.dice.randint(1, LARGEST_LATE_BATCH if is_late else LARGEST_BATCH)
            batch = self._draw(min(size, self.wanted - self.count))
            self._send(batch, self._draw_delay() if is_late else 0)

    def _draw_delay(self) -> int:
        """Up to 40 minutes, but none ends more than five minutes after the storm.

        The clock then need not be put forward: what became visible just before would be an hour old before the
        product's next sweep, and be lost as it would in a real org.
        """
        left = self.seconds * self.rate - self.org_seconds() + AFTER_THE_STORM_S
        return self.dice.randint(60, max(60, min(LATEST_S, int(left))))

    @property
    def tie_size(self) -> int:
        return min(LARGEST_TIE, self.wanted // 4)

    def org_seconds(self) -> float:
        """Seconds of the org's clock since the storm began, as far as this program needs to know."""
        return (time.monotonic() - self.began) * self.rate

    def last_commit(self) -> float:
        """When, by org_seconds, the last late transaction commits."""
        return max((at for at, _ in self.late), default=0.0)

    def _tie(self) -> None:
        """Thousands of records with one SystemModstamp, more than a page holds."""
        self.done["tie"] += self._send([self._create(BY_NAME["Wave__c"]) for _ in range(self.tie_size)], 0)

    def _draw(self, size: int) -> list[Change]:
        batch: list[Change] = []
        used: set[str] = set()
        for _ in range(size * 3):
            found = list(self._draw_one())
            ids = {one for change in found for one in [change.get("id"), *change.get("ids", [])] if one}
            if len(batch) + len(found) <= size and not ids & used:
                batch += found
                used |= ids
        return batch

    def _draw_one(self) -> Iterator[Change]:
        dice, people = self.dice, self.population
        kind = dice.choices(KINDS, [one.weight for one in KINDS])[0]
        operation = dice.choices(list(OPERATIONS), list(OPERATIONS.values()))[0]
        if operation == "delete" and not kind.is_stamped:
            operation = "hard_delete"
        living, binned = people.living[kind.name], people.binned[kind.name]
        if operation == "create":
            yield self._create(kind)
        elif operation == "undelete":
            if kind.is_stamped and (found := people.choose(binned, dice)):
                yield {"op": "undelete", "object": kind.name, "id": found}
        elif operation == "merge":
            yield from self._merge(kind)
        elif operation in ("swap", "succeed"):
            yield from self._pass_identifier(operation)
        elif found := people.choose(living + binned if operation == "hard_delete" else living, dice):
            yield self._update(kind, found) if operation == "update" else {
                "op": operation, "object": kind.name, "id": found}

    def _create(self, kind: Kind) -> Change:
        self.number += 1
        values = fresh_values(kind, self.number, self.dice, self.population.living["Account"])
        return {"op": "create", "object": kind.name, "values": values}

    def _update(self, kind: Kind, record_id: str, **more: Any) -> Change:
        people = self.population
        people.versions[record_id] += 1
        values = moved(kind, self.dice) | proof(people.markers[record_id], people.versions[record_id], self.dice) | more
        return {"op": "update", "object": kind.name, "id": record_id, "values": values}

    def _merge(self, kind: Kind) -> Iterator[Change]:
        people, living = self.population, self.population.living[kind.name]
        found = {people.choose(living, self.dice) for _ in range(self.dice.choice([2, 3]))} - {None}
        if kind.is_mergeable and len(found) > 1:
            master, *losers = sorted(str(one) for one in found)
            yield {"op": "merge", "object": kind.name, "master_id": master, "ids": losers}

    def _pass_identifier(self, operation: str) -> Iterator[Change]:
        """Two accounts swap their unique identifiers, or a new one takes over that of one that is deleted."""
        people, kind = self.population, BY_NAME["Account"]
        found = [one for _ in range(2) if (one := people.choose(people.living["Account"], self.dice))
                 and one in people.external]
        if operation == "succeed" and found:
            heir = self._create(kind)
            heir["values"]["External_Id__c"] = people.external[found[0]]
            yield {"op": "hard_delete", "object": "Account", "id": found[0]}
            yield heir
        elif operation == "swap" and len(set(found)) == 2:
            first, second = found
            yield self._update(kind, first, External_Id__c=None)
            yield self._update(kind, second, External_Id__c=people.external[first])
            yield self._update(kind, first, External_Id__c=people.external[second])

    def _send(self, batch: list[Change], commit_after_s: float) -> int:
        """One transaction; return how many of its changes the org accepted."""
        if not batch:
            return 0
        options = {"commit_after_s": commit_after_s} if commit_after_s else {}
        results = self.sandbox.call("POST", "/records", {"changes": batch, **options})["results"]
        accepted = []
        for change, result in zip(batch, results, strict=True):
            if result["success"]:
                accepted.append((change, result))
                self._note(change, result)
            else:
                self.done["refused"] += 1
                self.population.forget(change)
        if commit_after_s:
            self.done["late"] += len(accepted)
            self.population.locked |= {one for pair in accepted for one in touched(*pair)}
            self.late.append((self.org_seconds() + commit_after_s, accepted))
        else:
            for pair in accepted:
                self.population.follow(*pair)
        return len(accepted)

    def _note(self, change: Change, result: dict[str, Any]) -> None:
        people, values = self.population, change.get("values") or {}
        self.done["changes"] += 1
        self.done[change["op"]] += 1
        if change["op"] == "create":
            people.markers[result["id"]] = values["Marker__c"]
            people.versions[result["id"]] = 1
        if values.get("External_Id__c"):
            people.external[change.get("id") or result["id"]] = values["External_Id__c"]

    def _release(self, now: float) -> None:
        """Let go of what late transactions held that have committed, with some seconds to spare."""
        for at, accepted in [one for one in self.late if one[0] + 60 < now]:
            self.late.remove((at, accepted))
            for pair in accepted:
                self.population.follow(*pair)
                self.population.locked -= set(touched(*pair))


def touched(change: Change, result: dict[str, Any]) -> list[str]:
    """The Ids that a change holds."""
    return [one for one in [change.get("id"), change.get("master_id"), result.get("id"), *change.get("ids", [])] if one]
