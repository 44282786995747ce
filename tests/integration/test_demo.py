"""The demo holds, and with any part made a no-op it ends with 1 and names the claim that broke."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tools.state import ROOT, read_environment

# Which step a part is broken before, and the claim that must fail then. Poll last: pg_cron starts an ended job only at
# the next minute, and what follows would wait for it.
BROKEN = {
    "capture": ("write_locally", "a local INSERT arrives in Salesforce, once, and the row has its sfid"),
    "write": ("make_mappings", "a local INSERT arrives in Salesforce, once, and the row has its sfid"),
    "poll": ("make_mappings", "pg_cron loads every mapped object"),
}
CAPTURE = """CREATE OR REPLACE FUNCTION salesforce.hc_account_logger() RETURNS trigger
             LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"""


@dataclass(frozen=True)
class Demo:
    """Runs modules of tools with a cluster and a sandbox of its own."""

    environment: dict[str, str]

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, env=self.environment, text=True,
                              capture_output=True, check=False, timeout=280)

    def sql(self, script: str) -> str:
        """Run a script as the superuser; the first value it returns, if any."""
        known = read_environment(Path(self.environment["ENV_FILE"]))
        with psycopg.connect(host=known["PGHOST"], port=known["PGPORT"], user=known["PGUSER"],
                             dbname=known["PGDATABASE"], autocommit=True) as connection:
            cursor = connection.execute(script)
            row = cursor.fetchone() if cursor.description else None
            return str(row[0]) if row else ""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run the demo with a cluster and a sandbox of its own, kept between the tests of this module."""
    environment = {**os.environ, "STATE": f"/var/tmp/sffdw-demo-{os.getpid()}",
                   "ENV_FILE": str(tmp_path_factory.mktemp("demo") / "env"),
                   "PG_CONFIG": os.environ.get("PG_CONFIG", "/usr/lib/postgresql/15/bin/pg_config"),
                   "PREFIX": os.environ.get("PREFIX", "/usr/local/lib/sffdw"),
                   "PYTHON": os.environ.get("PYTHON", "/usr/bin/python3"), "MULTICORN": "auto"}

    demo = Demo(environment)
    yield demo
    demo.run("tools.up", "stop")
    subprocess.run(["rm", "-rf", environment["STATE"]], check=True)


def test_demo_holds_every_claim(demo: Demo) -> None:
    done = demo.run("tools.demo")
    assert done.stdout.splitlines()[-1] == "demo: ok", done.stdout[-3000:] + done.stderr[-2000:]
    assert done.returncode == 0
    assert done.stdout.count("\nok ") >= 12


@pytest.mark.parametrize("part", BROKEN)
def test_demo_names_the_claim_that_breaks_when_a_part_does_nothing(demo: Demo, tmp_path: Path, part: str) -> None:
    step, claim = BROKEN[part]
    definition = "" if part == "capture" else demo.sql(f"SELECT pg_get_functiondef('sffdw.{part}'::regproc)")
    path = tmp_path / "broken.sql"
    path.write_text(CAPTURE if part == "capture" else without_body(definition, part))
    done = demo.run("tools.demo", "--before", step, str(path), "--patience", "15")
    if definition:
        demo.sql(definition)
    assert done.returncode == 1, done.stdout[-3000:]
    assert done.stdout.splitlines()[-1] == f"demo: FAILED {claim}"


def without_body(definition: str, part: str) -> str:
    """The procedure with a body that does nothing, and the end of the job that is inside the old one."""
    head, found, _ = definition.partition("AS $procedure$")
    assert found
    return f"""{head} AS 'BEGIN PERFORM pg_sleep(1); END';
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query ~ '^CALL sffdw.{part}';"""
