"""`python -m benchmarks [NAME…]`: run benches, print their figures as tables and merge them into build/bench.json."""

import argparse
import sys
from pathlib import Path

from benchmarks.machine import describe_machine, load
from benchmarks.report import merge, table
from benchmarks.sheet import Sheet
from benchmarks.stage import Stage
from benchmarks.suites import choose

RESULTS = Path("build/bench.json")
ROWS = 1_000_000


def main() -> int:
    """Run what the command line names; 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, and compare in the same run.")
    parser.add_argument("names", nargs="*", help="benches, or the beginnings of their names; all when left out")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the large object")
    parser.add_argument("--minutes", type=float, default=5, help="how long benches last that go by time")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file that the figures are merged into")
    arguments = parser.parse_args()
    machine = describe_machine()
    print(f"{machine['name']}; load {load()}\n")
    sheets: list[Sheet] = []
    with Stage(arguments.rows, arguments.minutes) as stage:
        for bench in choose(arguments.names, parser.error):
            sheet = Sheet(bench.name, bench.about, arguments.rows)
            bench.measure(sheet, stage)
            print(table(sheet), flush=True)
            sheets.append(sheet)
            merge(arguments.results, machine, sheet)
    broken = [f"{sheet.bench}: {figure.name}" for sheet in sheets for figure in sheet.figures if not figure.holds]
    print("\n".join(["bounds that do not hold:", *broken]) if broken else f"figures are in {arguments.results}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
