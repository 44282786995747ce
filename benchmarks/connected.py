"""A private PostgreSQL cluster for benches, and databases of it that are connected with an org."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.sandbox_org import COLUMNS, Org
from tests.conftest import OWNER, PG_CONFIG, create_server
from tools.cluster import Cluster, bin_dir_of, cron_settings, free_port
from tools.sandbox import Credentials, Sandbox

SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "4GB"}
Session = psycopg.Connection[Any]


@contextmanager
def cluster(cron_database: str | None = None) -> Iterator[Cluster]:
    """A private server, removed afterwards; with pg_cron if its database is named."""
    root = Path("/var/tmp") / f"sffdw-bench-{time.time_ns() % 10**9}"
    root.mkdir(mode=0o711)
    cron = cron_settings(root / "pg", cron_database) if cron_database else {}
    made = Cluster(root / "pg", bin_dir_of(PG_CONFIG), free_port(), SETTINGS | cron)
    made.start()
    made.psql("postgres", f"CREATE ROLE {OWNER} LOGIN")
    try:
        yield made
    finally:
        made.remove()
        root.rmdir()


@dataclass
class Ground:
    """A database connected with an org, in which Account is mapped with the columns that benches read."""

    cluster: Cluster
    org: Org
    name: str
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        known = self.org.call("GET", "/_sandbox/").json()["credentials"]
        credentials = Credentials(known["client_id"], known["client_secret"], "", "", "")
        self.cluster.psql("postgres", f"CREATE DATABASE {self.name}")
        with psycopg.connect(self.cluster.dsn(self.name), autocommit=True) as admin:
            admin.execute("CREATE EXTENSION sffdw CASCADE")
            admin.execute(sql.SQL("GRANT USAGE ON FOREIGN DATA WRAPPER multicorn TO {}").format(sql.Identifier(OWNER)))
            create_server(admin, Sandbox(self.org.url, self.org.process.pid), credentials)
        self.session = self.connect()
        self.session.execute("SELECT sffdw.create_connection('sf')")
        self.map_account()

    def connect(self) -> Session:
        """Another session of the connection's owner."""
        return psycopg.connect(self.cluster.dsn(self.name, OWNER), autocommit=True)

    def map_account(self) -> None:
        fields = [name for name in COLUMNS if name != "Id"]
        self.session.execute("SELECT sffdw.create_mapping('Account', fields => %s)", [fields])

    def forget_account(self) -> None:
        self.session.execute("SELECT sffdw.drop_mapping('Account', drop_table => true)")
        self.map_account()

    def check(self, rows: int) -> None:
        """Raises RuntimeError when the load did not bring every row."""
        found = self.session.execute("SELECT count(DISTINCT sfid) FROM salesforce.account").fetchone()
        if found != (rows,):
            raise RuntimeError(f"{found} rows instead of {rows}")
