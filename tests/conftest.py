"""One private cluster and one sandbox a session; a database cloned from a template and a fresh org for each test."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from pytest_postgresql import factories

from tools.cluster import SUPERUSER, Cluster, bin_dir_of, cron_settings, free_port
from tools.sandbox import Credentials, Sandbox, new_credentials, start_sandbox
from tools.state import state_dir

FIXTURES = Path(os.environ.get("SFFDW_FIXTURES", Path(__file__).resolve().parents[2] / "shared" / "fixtures"))
PG_CONFIG = os.environ.get("PG_CONFIG", "/usr/lib/postgresql/15/bin/pg_config")
OWNER = "crm_owner"
APP = "crm_app"
SERVED = "sffdw_served"
CONNECTED = "sffdw_connected"
# Files that wait or work longest: workers begin with these, so that none is left alone with one in the end.
LONGEST = ("test_demo", "test_storm", "test_bulk_load", "test_schema_fields", "test_write", "test_held_writes",
           "test_ingest", "test_poll", "test_sync_mode", "test_two_ways")


@dataclass(frozen=True)
class Server:
    """The cluster in the form that pytest-postgresql's factories ask for."""

    cluster: Cluster
    user: str = SUPERUSER
    password: str = ""
    options: str = ""
    maintenance_dbname: str = "postgres"
    template_dbname: str | None = None

    @property
    def host(self) -> str:
        return str(self.cluster.socket_dir)

    @property
    def port(self) -> int:
        return self.cluster.port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest files first, unit tests last: those fill the gaps that the others leave."""
    def rank(item: pytest.Item) -> int:
        if "unit" in item.path.parts:
            return len(LONGEST) + 1
        return LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def fixtures_dir() -> Path:
    """Real Salesforce material; tests that read it are skipped where it is absent."""
    if not FIXTURES.is_dir():
        pytest.skip(f"no real Salesforce material at {FIXTURES}: set SFFDW_FIXTURES to its folder")
    return FIXTURES


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A private PostgreSQL with pg_cron loaded for the database `cron`, removed at the end of the session."""
    root = state_dir(None).parent / f"test-{os.getpid()}"
    if len(str(root)) > 60:
        root = Path("/var/tmp") / f"sffdw-test-{os.getpid()}"
    root.mkdir(mode=0o711, parents=True)
    settings = cron_settings(root / "pg", "cron") | {"log_min_error_statement": "panic"}
    made = Cluster(root / "pg", bin_dir_of(PG_CONFIG), free_port(), settings)
    made.start()
    made.psql("postgres", f"CREATE ROLE {OWNER} LOGIN; CREATE ROLE {APP} LOGIN;")
    yield made
    made.remove()
    root.rmdir()


@pytest.fixture(scope="session")
def server(cluster: Cluster) -> Server:
    return Server(cluster)


def load_extension(host: str, port: int, user: str, dbname: str, password: str, **_: Any) -> None:
    """Fill the template: the extension, and a database that the owner role may create schemas in."""
    with psycopg.connect(host=host, port=port, user=user, dbname=dbname, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("CREATE EXTENSION sffdw CASCADE")
        connection.execute(sql.SQL("GRANT USAGE ON FOREIGN DATA WRAPPER multicorn TO {}").format(sql.Identifier(OWNER)))


template = factories.postgresql_noproc(depends_on="server", dbname="sffdw_test", load=[load_extension])
plain_database = factories.postgresql("template")


@pytest.fixture(scope="session")
def served_template(cluster: Cluster, template: Any, sandbox_process: Sandbox, credentials: Credentials) -> str:
    """A database with the foreign server `sf` for the sandbox: validating its options takes a backend with Python."""
    clone(cluster, SERVED, template.template_dbname)
    with psycopg.connect(cluster.dsn(SERVED)) as superuser:
        create_server(superuser, sandbox_process, credentials)
    return SERVED


@pytest.fixture(scope="session")
def connected_template(cluster: Cluster, served_template: str) -> str:
    """A database with the connection `salesforce`, nothing mapped; made while a test has the sandbox."""
    clone(cluster, CONNECTED, served_template)
    with psycopg.connect(cluster.dsn(CONNECTED, OWNER)) as owner:
        owner.execute("SELECT sffdw.create_connection('sf')")
    return CONNECTED


def clone(cluster: Cluster, name: str, template: str) -> None:
    """Make a database like the template, in which the owner role may create schemas."""
    with psycopg.connect(cluster.dsn(), autocommit=True) as superuser:
        # The other strategy copies sequences with values that its log knows nothing of: given again after a crash.
        superuser.execute(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY file_copy')
        superuser.execute(f"GRANT CREATE ON DATABASE {name} TO {OWNER}")


@contextlib.contextmanager
def cloned(cluster: Cluster, template: str) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's session in a clone of the template, dropped afterwards."""
    name = f"{template}_clone"
    clone(cluster, name, template)
    with psycopg.connect(cluster.dsn(name)) as session:
        # Else a connection would know that this is a copy, and stop.
        session.execute("UPDATE sffdw.connection SET database_oid = i.database_oid FROM sffdw.cluster_identity() i")
        session.commit()
        yield session
    with psycopg.connect(cluster.dsn(), autocommit=True) as superuser:
        superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def served_database(cluster: Cluster, served_template: str) -> Iterator[psycopg.Connection[Any]]:
    with cloned(cluster, served_template) as session:
        yield session


@pytest.fixture
def connected_database(cluster: Cluster, connected_template: str) -> Iterator[psycopg.Connection[Any]]:
    with cloned(cluster, connected_template) as session:
        yield session


@pytest.fixture
def database(request: pytest.FixtureRequest) -> psycopg.Connection[Any]:
    """The superuser's session in a clone of the template that has the most of what the test asks for."""
    return choose_database(request)


def choose_database(request: pytest.FixtureRequest) -> psycopg.Connection[Any]:
    wanted = request.fixturenames
    chosen = "connected" if "connection" in wanted else "served" if "live" in wanted else "plain"
    if chosen != "plain":
        request.getfixturevalue("sandbox")
    session: psycopg.Connection[Any] = request.getfixturevalue(f"{chosen}_database")
    return session


@pytest.fixture
def connect(database: psycopg.Connection[Any]) -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    """Open further sessions of the test's database: `connect(user=OWNER, autocommit=True)`."""
    opened: list[psycopg.Connection[Any]] = []

    def open_session(user: str = OWNER, autocommit: bool = True) -> psycopg.Connection[Any]:
        info = database.info
        opened.append(psycopg.connect(host=info.host, port=info.port, dbname=info.dbname, user=user,
                                      autocommit=autocommit))
        return opened[-1]

    yield open_session
    for session in opened:
        session.close()


@pytest.fixture(scope="session")
def credentials() -> Credentials:
    return new_credentials()


@pytest.fixture(scope="session")
def sandbox_process(credentials: Credentials, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp("sandbox") / "log", credentials, ["--seed", "1"])
    yield running
    running.stop()


@pytest.fixture(scope="session")
def org_id(sandbox_process: Sandbox) -> str:
    """The id that the org has at first: a test that refreshes the sandbox must not change it for those that follow."""
    return str(sandbox_process.call("GET", "/")["org_id"])


@pytest.fixture
def sandbox(sandbox_process: Sandbox, org_id: str, cluster: Cluster) -> Sandbox:
    """An empty org with its first id, default limits, no faults and the clock at the real time."""
    if sandbox_process.call("GET", "/")["org_id"] != org_id:
        # The login that backends share is one of the org that a test put in the first one's place.
        shutil.rmtree(cluster.data / "pgsql_tmp_sffdw")
    sandbox_process.call("POST", "/reset", {"org_id": org_id})
    # The describes that backends share are those of another test's objects.
    for remembered in (cluster.data / "pgsql_tmp_sffdw").glob("describe-*.json"):
        remembered.unlink(missing_ok=True)
    return sandbox_process


@pytest.fixture
def live(connect: Callable[..., psycopg.Connection[Any]], sandbox: Sandbox) -> psycopg.Connection[Any]:
    """The owner's session in a database with a foreign server `sf` for the sandbox and the owner's user mapping."""
    return connect(user=OWNER)


def create_server(database: psycopg.Connection[Any], sandbox: Sandbox, credentials: Credentials,
                  **options: str) -> None:
    """As superuser: CREATE SERVER sf, the owner's user mapping, and the rights that the owner needs."""
    settings = {"wrapper": "sffdw.SalesforceFdw", "login_url": sandbox.url, "api_version": "62.0"} | options
    secrets = {"auth_flow": "client_credentials", "client_id": credentials.client_id,
               "client_secret": credentials.client_secret}
    with database.transaction():
        database.execute(sql.SQL("CREATE SERVER sf FOREIGN DATA WRAPPER multicorn OPTIONS ({})").format(
            option_list(settings)))
        database.execute(sql.SQL("CREATE USER MAPPING FOR {} SERVER sf OPTIONS ({})").format(
            sql.Identifier(OWNER), option_list(secrets)))
        database.execute(sql.SQL("GRANT USAGE ON FOREIGN SERVER sf TO {}").format(sql.Identifier(OWNER)))
        database.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
            sql.Identifier(database.info.dbname), sql.Identifier(OWNER)))


def option_list(options: dict[str, str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(name), sql.Literal(value))
                              for name, value in options.items())


@pytest.fixture
def connection(live: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """The owner's session in a database with the connection `salesforce`."""
    return live
