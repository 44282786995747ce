"""A database with the host's toy wrappers: one server per wrapper class, one schema per test.

The wrappers are copied to where the server's user can read them and found through the setting multicorn.python_path.
"""

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tools.cluster import Cluster

HERE = Path(__file__).resolve().parent
DATABASE = "host"
SERVERS = ("Memory", "Calls", "Echo", "Literal", "Series", "Spin", "Busy", "Blocked", "Worker", "Broken", "Queued",
           "Importer", "Discard", "Counted")
NUMBERS = itertools.count(1)

Connection = psycopg.Connection[Any]


def is_bundled(pg_config: str) -> bool:
    done = subprocess.run([pg_config, "--sharedir"], capture_output=True, text=True, check=True)
    control = Path(done.stdout.strip()) / "extension" / "multicorn.control"
    return control.exists() and "bundled with sffdw" in control.read_text(encoding="utf-8")


def copy_wrappers(cluster: Cluster) -> Path:
    target = cluster.root / "wrappers"
    shutil.copytree(HERE / "wrappers", target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


@pytest.fixture(scope="session")
def host_database(cluster: Cluster) -> str:
    """The dsn of a database with extension multicorn, a server per toy wrapper and the table `calls`."""
    if not is_bundled(os.environ.get("PG_CONFIG", str(cluster.bin_dir / "pg_config"))):
        pytest.skip("the Multicorn host of this PostgreSQL is not the bundled one")
    cluster.psql("postgres", f"CREATE DATABASE {DATABASE};"
                             f"ALTER DATABASE {DATABASE} SET multicorn.python_path = '{copy_wrappers(cluster)}';")
    servers = "".join(f"CREATE SERVER {name} FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers.{name}');"
                      for name in SERVERS)
    cluster.psql(DATABASE, "CREATE EXTENSION multicorn; CREATE EXTENSION hstore;" + servers
                 + "CREATE FOREIGN TABLE calls(call jsonb) SERVER calls; GRANT SELECT ON calls TO PUBLIC;")
    return cluster.dsn(DATABASE)


@pytest.fixture
def schema(host_database: str) -> Iterator[str]:
    """A schema that ends with the test."""
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(host_database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield name
        connection.execute("SET client_min_messages = warning")
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def connect(host_database: str, schema: str) -> Iterator[Callable[..., Connection]]:
    """Open sessions in the test's schema: connect(user=…, autocommit=True)."""
    opened: list[Connection] = []

    def open_session(user: str = "postgres", autocommit: bool = True) -> Connection:
        opened.append(psycopg.connect(host_database, user=user, autocommit=autocommit))
        opened[-1].execute(f"SET search_path = {schema}, public")
        if not autocommit:
            opened[-1].commit()
        return opened[-1]

    yield open_session
    for session in opened:
        session.close()


@pytest.fixture
def db(connect: Callable[..., Connection]) -> Connection:
    return connect()


def make_table(db: Connection, name: str, server: str, columns: str, /, **options: str) -> None:
    """CREATE FOREIGN TABLE with options."""
    pairs = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(key), sql.Literal(value))
                               for key, value in options.items())
    statement = sql.SQL("CREATE FOREIGN TABLE {} ({}) SERVER {}").format(
        sql.Identifier(name), sql.SQL(columns), sql.Identifier(server.lower()))
    db.execute(statement + sql.SQL(" OPTIONS ({})").format(pairs) if options else statement)


def calls(db: Connection, *names: str) -> list[list[Any]]:
    """What the wrappers of this session were called with since the last look, of the named calls only."""
    seen = [row[0] for row in db.execute("SELECT call FROM public.calls")]
    return [call for call in seen if not names or call[0] in names]


def only_call(db: Connection, name: str) -> list[Any]:
    found = calls(db, name)
    assert len(found) == 1, found
    return found[0]


def plan_lines(db: Connection, query: str, options: str = "VERBOSE, COSTS OFF") -> list[str]:
    return [row[0].strip() for row in db.execute(f"EXPLAIN ({options}) {query}")]
