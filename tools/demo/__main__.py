"""Runs the demo: `make demo`, with DATA=PATH on an org loaded from there. Exits with 1 and the claim that broke.

`--before STEP FILE` runs a SQL script as superuser before a step: the tests break a part that way and see the demo
notice it, with less `--patience` than the two ticks of pg_cron that a person would grant.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tools import up
from tools.demo import preparation, steps
from tools.demo.preparation import Stage
from tools.demo.session import Broken, Claims
from tools.state import state_dir

STEPS: tuple[Callable[[Stage, Claims], None], ...] = (
    steps.query_live, steps.synchronise, steps.write_locally, steps.change_in_salesforce, steps.reject_and_repair,
    steps.delete_both_ways)


def narrate(stage: Stage, scripts: dict[str, Path]) -> None:
    """Run every step in order; raises Broken at the first claim that does not hold."""
    claims = Claims()
    if preparation.is_kept(stage):
        steps.keep_connection(stage)
    else:
        preparation.clear(stage)
        steps.install_extension(stage)
        steps.make_connection(stage)
    run_script(stage, scripts, "make_mappings")
    steps.make_mappings(stage, claims)
    # Before the live queries, so that the minute until pg_cron's first tick is not spent waiting.
    steps.schedule(stage)
    for step in STEPS:
        run_script(stage, scripts, step.__name__)
        step(stage, claims)


def run_script(stage: Stage, scripts: dict[str, Path], step: str) -> None:
    if step in scripts:
        stage.admin.quiet(scripts[step].read_text(encoding="utf-8"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", nargs=2, action="append", default=[], metavar=("STEP", "FILE"))
    parser.add_argument("--patience", type=float, default=120, metavar="SECONDS")
    arguments = parser.parse_args()
    scripts = {step: Path(file) for step, file in arguments.before}
    state = state_dir(os.environ.get("STATE") or None)
    load = Path(os.environ.get("DATA") or preparation.DEFAULT_ORG)
    if not load.exists():
        print(f"demo: FAILED DATA={load} does not exist")
        return 1
    environment = up.start(state)
    try:
        stage = preparation.prepare(environment, state, load, patience=arguments.patience)
        narrate(stage, scripts)
    except Broken as exc:
        print(f"{exc.reason}\ndemo: FAILED {exc.claim}")
        return 1
    except RuntimeError as exc:
        print(f"{exc}\ndemo: FAILED a statement of the narration raised an error")
        return 1
    print("Everything goes on running. Connect with: make psql\nStop it with: make down\ndemo: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
