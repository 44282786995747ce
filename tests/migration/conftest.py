"""Databases installed both ways: by Sqitch and by CREATE EXTENSION, in the session's cluster."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.cluster import SUPERUSER, Cluster

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Database:
    """A database of the cluster, and the command line tools pointed at it."""

    cluster: Cluster
    name: str

    def psql(self, script: str) -> str:
        return self.cluster.psql(self.name, script)

    def sqitch(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(["sqitch", command, *arguments, f"db:pg:{self.name}"], ROOT / "sql")

    def dump(self, *arguments: str) -> str:
        done = self._run(["pg_dump", "--no-owner", *arguments, self.name], ROOT)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def restore(self, script: str) -> None:
        done = self._run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.name], ROOT, script)
        assert done.returncode == 0, done.stderr

    def _run(self, command: list[str], folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PGHOST": str(self.cluster.socket_dir), "PGPORT": str(self.cluster.port), "PGUSER": SUPERUSER,
            "PATH": f"{self.cluster.bin_dir}:{os.environ['PATH']}", "SQITCH_FULLNAME": "tests",
            "SQITCH_EMAIL": "tests@sffdw.invalid", "SQITCH_USER_CONFIG": os.devnull}
        return subprocess.run(command, cwd=folder, env=environment, input=text, capture_output=True, text=True,
                              check=False)


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Database]:
    """A database with the two extensions that both ways need, dropped afterwards."""
    yield from fresh(cluster, "migration_empty")


@pytest.fixture(scope="module")
def deployed(cluster: Cluster) -> Iterator[Database]:
    """A database into which Sqitch deployed and verified the plan."""
    for database in fresh(cluster, "migration_sqitch"):
        done = database.sqitch("deploy", "--verify")
        assert done.returncode == 0, done.stdout + done.stderr
        yield database


@pytest.fixture
def copied(cluster: Cluster, deployed: Database) -> Iterator[Database]:
    """A copy of what Sqitch deployed, dropped afterwards."""
    database = Database(cluster, "migration_copy")
    cluster.psql("postgres", f"CREATE DATABASE {database.name} TEMPLATE {deployed.name}")
    yield database
    cluster.psql("postgres", f"DROP DATABASE {database.name} WITH (FORCE)")


@pytest.fixture(scope="module")
def extended(cluster: Cluster) -> Iterator[Database]:
    """A database with the extension, whose objects were then let go so that pg_dump shows them."""
    for database in fresh(cluster, "migration_extension"):
        database.psql("CREATE EXTENSION sffdw; " + LET_GO)
        yield database


# pg_dump leaves out what belongs to an extension.
LET_GO = """
DO $$
DECLARE
    v_member record;
BEGIN
    FOR v_member IN
        SELECT o.type, o.identity
        FROM pg_depend d
        JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'sffdw'
        CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
        WHERE d.refclassid = 'pg_extension'::regclass
        AND d.deptype = 'e'
    LOOP
        EXECUTE format('ALTER EXTENSION sffdw DROP %s %s', replace(v_member.type, 'composite ', ''), v_member.identity);
    END LOOP;
END
$$;
DROP EXTENSION sffdw;
"""


def fresh(cluster: Cluster, name: str) -> Iterator[Database]:
    cluster.psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    cluster.create_database(name)
    database = Database(cluster, name)
    database.psql("CREATE EXTENSION hstore; CREATE EXTENSION multicorn;")
    yield database
    cluster.psql("postgres", f"DROP DATABASE {name} WITH (FORCE)")
