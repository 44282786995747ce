"""The org's own users at work while local sessions write: they remark on records, make some and delete some."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.storm.outbound.kinds import TARGETS
from tools.sandbox import Sandbox

DELETE_SHARE, CREATE_SHARE = 0.04, 0.15
BATCH = 5
LOOK_EVERY = 10


@dataclass
class Guests:
    """Makes `wanted` changes in the org, paced so that they last `seconds`; what is locked or gone is refused."""

    sandbox: Sandbox
    seed: int
    wanted: int
    seconds: float
    done: Counter[str] = field(default_factory=Counter)
    known: list[tuple[str, str]] = field(default_factory=list)

    def run(self, over: threading.Event) -> None:
        dice, began = random.Random(f"guests {self.seed}"), time.monotonic()
        turn = made = 0
        while made < self.wanted and not over.is_set():
            if turn % LOOK_EVERY == 0:
                self.known = [(target.name, record["Id"]) for target in TARGETS
                              for record in self.sandbox.records(target.name)]
            turn += 1
            changes = [self._draw(dice, made + one) for one in range(BATCH)]
            results = self.sandbox.call("POST", "/records", {"changes": changes})["results"]
            made += len(changes)
            for change, result in zip(changes, results, strict=True):
                self.done[change["op"] if result["success"] else "refused"] += 1
            over.wait(max(0.0, began + made / self.wanted * self.seconds - time.monotonic()))

    def _draw(self, dice: random.Random, number: int) -> dict[str, Any]:
        chance = dice.random()
        if not self.known or chance < CREATE_SHARE:
            target = dice.choice(TARGETS)
            return {"op": "create", "object": target.name,
                    "values": {target.label: f"G {number}", "Remark__c": f"made {number}"}}
        name, record_id = dice.choice(self.known)
        if chance < CREATE_SHARE + DELETE_SHARE:
            return {"op": "delete", "object": name, "id": record_id}
        return {"op": "update", "object": name, "id": record_id, "values": {"Remark__c": f"seen {number}"}}
