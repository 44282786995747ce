"""How large the storm is, and what is known of a part of it in the end."""

import argparse
import json
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

KILLS_A_MINUTE = 14
PARTS = ("inbound", "outbound")


@dataclass(frozen=True)
class Plan:
    """Size and patience; each part makes all of the changes and takes all of the minutes."""

    seed: int
    changes: int
    minutes: float
    options: dict[str, Any]
    patience_s: float
    parts: tuple[str, ...] = PARTS
    algorithm: str = "ordered"

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def kills(self) -> int:
        return max(1, round(self.minutes * KILLS_A_MINUTE))


@dataclass(frozen=True)
class Outcome:
    """A part's figures; `is_done`: the plan was carried out."""

    changes: int = 0
    kills: int = 0
    faults: int = 0
    lost: int = 0
    doubled: int = 0
    is_done: bool = False
    undecided: int = 0
    error: str = ""

    @property
    def is_good(self) -> bool:
        return self.is_done and not (self.lost or self.doubled or self.error)

    def verdict(self, seed: int) -> str:
        """The line that says it all."""
        if self.error:
            return f"FAILED {self.error}"
        return (f"{'ok' if self.is_good else 'FAILED'} seed={seed} changes={self.changes} kills={self.kills} "
                f"faults={self.faults} lost={self.lost} doubled={self.doubled} undecided={self.undecided}"
                f"{'' if self.is_done else ' (the plan was not carried out)'}")


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """All parts as one: what each of them changed at least, and the sums of everything else."""
    return Outcome(
        changes=min(one.changes for one in outcomes), kills=sum(one.kills for one in outcomes),
        faults=sum(one.faults for one in outcomes), lost=sum(one.lost for one in outcomes),
        doubled=sum(one.doubled for one in outcomes), undecided=sum(one.undecided for one in outcomes),
        is_done=all(one.is_done for one in outcomes),
        error=next((one.error for one in outcomes if one.error), ""))


def say(text: str) -> None:
    print(f"storm: {text}", file=sys.stderr, flush=True)


def read_plan(description: str | None, arguments: list[str] | None = None) -> Plan:
    parser = argparse.ArgumentParser(prog="make storm", description=description)
    parser.add_argument("--seed", type=int, default=os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    parser.add_argument("--changes", type=int, default=os.environ.get("CHANGES") or 20_000)
    parser.add_argument("--minutes", type=float, default=os.environ.get("MINUTES") or 4)
    parser.add_argument("--patience", type=float, default=300, help="seconds to catch up when the storm is over")
    parser.add_argument("--options", type=json.loads, default={}, help="options of the connection, as JSON")
    parser.add_argument("--part", choices=PARTS, help="one part alone")
    parser.add_argument("--algorithm", choices=("ordered", "merged"), default="ordered",
                        help="how local changes are sent")
    given = parser.parse_args(arguments)
    return Plan(int(given.seed), int(given.changes), float(given.minutes), given.options, given.patience,
                (given.part,) if given.part else PARTS, given.algorithm)
