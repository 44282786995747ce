"""`make storm`: thousands of changes, faults and kills; in the end both sides are equal and nothing was ever doubled.

SEED repeats a storm as far as timing allows, CHANGES and MINUTES set the size of each of its two parts: changes in the
org, then changes here. The program only disturbs, waits and asks: it starts no reload, repair or comparison of the
product's.
"""

import signal
import sys

from tests.storm import inbound
from tests.storm.outbound import storm as outbound
from tests.storm.plan import Plan, read_plan, together

RUN = {"inbound": inbound.run, "outbound": outbound.run}


def run(plan: Plan) -> bool:
    """All parts; prints the verdict and returns whether it is good."""
    print(f"storm: seed={plan.seed} changes={plan.changes} minutes={plan.minutes:g}", flush=True)
    outcomes = []
    for part in plan.parts:
        print(f"{part}:", flush=True)
        outcomes.append(RUN[part](plan))
        print(f"{part}: {outcomes[-1].verdict(plan.seed)}", flush=True)
    outcome = together(outcomes)
    print(f"storm: {outcome.verdict(plan.seed)}", flush=True)
    return outcome.is_good


if __name__ == "__main__":
    # Whoever ends the program ends its cluster and its sandbox too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(0 if run(read_plan(__doc__)) else 1)
