"""Where mutants run: a copy of the tree, whose extension and package take the place of those installed meanwhile.

The stamp of `make install` is away as long as that lasts: whatever ends the run, the next `make` installs anew.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import ROOT, Mutant
from tools import install
from tools.cluster import Cluster, bin_dir_of

TREE = ROOT / "build" / "mutants"
STAMP = ROOT / "build" / ".installed"
PATIENCE_S = 150
# Of a run with all that may be in its way: every test of the table, a machine that others use.
LONGEST_S = 3600
OF_THE_EXTENSION = ("sql/", "triggers/")


@dataclass(frozen=True)
class Verdict:
    """How a test run ended: `killed` is what a mutant should be, `passed` what a test is without one."""

    outcome: str
    seconds: float
    told: str = ""
    failure: str = ""


@contextlib.contextmanager
def copied_tree() -> Iterator[None]:
    """The files as they are now, in a folder of their own; afterwards what is installed is theirs again."""
    shutil.rmtree(TREE, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, TREE / name)
    (TREE / "build").mkdir()
    aside = STAMP.with_suffix(".aside")
    STAMP.rename(aside)
    yield
    aside.rename(STAMP)
    shutil.rmtree(TREE)


@contextlib.contextmanager
def switched_off(mutant: Mutant) -> Iterator[None]:
    """The mechanism is off in the tree and in what is installed."""
    path = TREE / mutant.file
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(mutant.apply(text), encoding="utf-8")
        put_in_place(mutant.file)
        yield
    finally:
        path.write_text(text, encoding="utf-8")
        put_in_place(mutant.file)


def put_in_place(file: str) -> None:
    """Install what a changed file belongs to."""
    if file.startswith(OF_THE_EXTENSION):
        environment = {"PYTHONPATH": str(TREE), "PATH": os.environ["PATH"]}
        built = TREE / "build" / "extension"
        subprocess.run([sys.executable, "-m", "tools.build_extension", "--output", built], cwd=TREE, env=environment,
                       check=True)
        install.run(["install", "-m", "0644", *sorted(built.glob("sffdw*")), install.extension_dir()], sudo=True)
    elif not file.startswith("sffdw/sandbox/"):
        target = install.site_packages() / file
        # By a rename: a backend that starts now finds the one or the other.
        install.run(["install", "-m", "0644", TREE / file, target.with_suffix(".new")], sudo=True)
        install.run(["mv", target.with_suffix(".new"), target], sudo=True)


def run_tests(tests: Sequence[str], patience_s: float = PATIENCE_S) -> Verdict:
    """Run tests in the tree; a test that fails kills the mutant, a set-up that fails proves nothing."""
    report = TREE / "build" / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-o", "timeout_method=signal", "--timeout", str(patience_s),
               "--junitxml", str(report), *(f"tests/{test}" for test in tests)]
    with open(TREE / "build" / "output", "w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=TREE, stdout=output, stderr=subprocess.STDOUT)
        try:
            process.wait(LONGEST_S)
        except (subprocess.TimeoutExpired, SystemExit):
            process.kill()
            process.wait()
            remove_cluster(process.pid)
            raise
    remove_cluster(process.pid)
    return read_report(report)


def remove_cluster(pid: int) -> None:
    """End the cluster of a test run that could not do so itself."""
    for root in (TREE / "build" / f"test-{pid}", Path("/var/tmp") / f"sffdw-test-{pid}"):
        if root.exists():
            Cluster(root / "pg", bin_dir_of(os.environ["PG_CONFIG"]), 0).remove()
            shutil.rmtree(root, ignore_errors=True)


def read_report(report: Path) -> Verdict:
    if not report.exists():
        return Verdict("ended without a report", 0, tail())
    suite = next(iter(ElementTree.parse(report).getroot().iter("testsuite")))
    count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    seconds = float(suite.get("time", 0))
    if count["failures"]:
        failure = next(suite.iter("failure")).get("message", "")
        return Verdict("killed", seconds, failure.splitlines()[0], failure)
    if count["errors"]:
        return Verdict("failed in its set-up", seconds, next(suite.iter("error")).get("message", "").splitlines()[0])
    if count["skipped"] or not count["tests"]:
        return Verdict("not run", seconds, tail())
    return Verdict("passed", seconds)


def tail() -> str:
    return (TREE / "build" / "output").read_text(encoding="utf-8")[-300:]
