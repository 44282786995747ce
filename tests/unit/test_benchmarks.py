"""The runner of benches: baselines, bounds, tables and merged results."""

import json
from pathlib import Path
from typing import NoReturn

import pytest

from benchmarks import suites
from benchmarks.report import merge, table
from benchmarks.sheet import Sheet


def sheet(value: float = 50.0) -> Sheet:
    made = Sheet("bench", "what, against what", 1000)
    made.add("plain", 100.0, "rows/s")
    made.add("ours", value, "rows/s", against="plain", at_least=40.0)
    return made


@pytest.mark.parametrize(
    ("value", "holds", "ratio"), [(50.0, True, "0.50x"), (40.0, True, "0.40x"), (39.0, False, "0.39x")]
)
def test_a_figure_is_compared_with_its_baseline_and_its_bound(value: float, holds: bool, ratio: str) -> None:
    made = sheet(value)
    assert made.figures[1].holds is holds
    line = table(made).splitlines()[3]
    assert ratio in line
    assert line.endswith("at least 40" if holds else "at least 40: BROKEN")


def test_a_baseline_must_have_been_measured_and_a_name_is_measured_once() -> None:
    made = sheet()
    with pytest.raises(ValueError, match='no figure "nothing"'):
        made.add("other", 1.0, "s", against="nothing")
    with pytest.raises(ValueError, match="measured twice"):
        made.add("ours", 1.0, "s")


def test_results_replace_those_of_the_same_bench_only(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"bench": {"figures": []}, "other": {"figures": [1]}}))
    merge(path, {"name": "m"}, sheet())
    known = json.loads(path.read_text())
    assert known["other"] == {"figures": [1]}
    figures = [(figure["name"], figure["ratio"]) for figure in known["bench"]["figures"]]
    assert figures == [("plain", None), ("ours", 0.5)]


def test_benches_are_chosen_by_the_beginning_of_their_names() -> None:
    def refuse(message: str) -> NoReturn:
        raise LookupError(message)

    assert [bench.name for bench in suites.choose([], refuse)] == suites.all_names()
    assert [bench.name for bench in suites.choose(["sandbox_bulk"], refuse)] == ["sandbox_bulk_query"]
    assert all(bench.about for bench in suites.choose([], refuse))
    with pytest.raises(LookupError, match='no bench "sandbox_nothing"'):
        suites.choose(["sandbox_nothing"], refuse)
