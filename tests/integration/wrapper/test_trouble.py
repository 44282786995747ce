"""What goes wrong between the server and Salesforce: errors with SQLSTATE and hint, never a traceback, never a "
  "secret."""

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from psycopg import sql

from sffdw.sandbox.org import Credentials as SandboxCredentials
from tests.conftest import OWNER, create_server, option_list
from tools.cluster import Cluster
from tools.sandbox import Credentials, Sandbox, wait_until

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]


def refused(session: Session, statement: str) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as caught:
        session.execute(statement)  # type: ignore[call-overload]
    error = caught.value
    assert "Traceback" not in str(error)
    assert "python" not in str(error).lower()
    return error


@pytest.mark.parametrize(("name", "params"), [
    ("http.status", {"status": 503}), ("http.status", {"status": 420}), ("http.html", {}), ("http.cut", {}),
    ("http.drop", {}),
    ("query.timeout", {}), ("limit.concurrent", {}), ("session.expired", {})])
def test_case_62_passing_trouble_is_not_noticed(
        tables: Session, org: Sandbox, fault: Any, name: str, params: dict[str, Any]) -> None:
    org.change({"op": "create", "object": "Account", "values": {"Name": "x"}})
    fault(name, kind="query", calls="1", params=params)
    assert tables.execute("SELECT name FROM account").fetchall() == [("x",)]
    assert org.call("GET", "/faults")[0]["hits"] == 1


@pytest.mark.parametrize(("name", "params", "sqlstate"), [
    ("http.html", {"status": 200}, "SF006"), ("http.cut", {}, "SF005"), ("limit.daily", {}, "SF004")])
def test_case_14_lasting_trouble_fails_the_statement(
        tables: Session, org: Sandbox, fault: Any, name: str, params: dict[str, Any], sqlstate: str) -> None:
    org.change(*({"op": "create", "object": "Account", "values": {"Name": f"n{n}"}} for n in range(3)))
    fault(name, kind="query", params=params)
    error = refused(tables, "SELECT name FROM account")
    assert error.sqlstate == sqlstate
    assert error.diag.message_hint


def test_case_14_trouble_on_a_later_page_gives_no_partial_result(live: Session, org: Sandbox, fault: Any) -> None:
    org.call("POST", "/reset", {"rows": {"Account": 5000}})
    live.execute("CREATE SCHEMA live")
    live.execute("IMPORT FOREIGN SCHEMA salesforce LIMIT TO (account) FROM SERVER sf INTO live")
    fault("limit.daily", kind="query_more", calls="2")
    live.execute("CREATE TEMP TABLE copy (name text)")
    assert refused(live, "INSERT INTO copy SELECT name FROM live.account").sqlstate == "SF004"
    assert live.execute("SELECT count(*) FROM copy").fetchone() == (0,)


# --- options and credentials ---

def server(database: Session, org: Sandbox, credentials: Credentials, mapping: dict[str, str] | None = None,
           **options: str) -> None:
    create_server(database, org, credentials, **options)
    if mapping is not None:
        with database.transaction():
            database.execute(sql.SQL("DROP USER MAPPING FOR {} SERVER sf").format(sql.Identifier(OWNER)))
            database.execute(sql.SQL("CREATE USER MAPPING FOR {} SERVER sf OPTIONS ({})").format(
                sql.Identifier(OWNER), option_list(mapping)))


IMPORT = "IMPORT FOREIGN SCHEMA salesforce LIMIT TO (account) FROM SERVER sf INTO public"


@pytest.mark.parametrize(("options", "mapping", "sqlstate", "says"), [
    ({"login_url": "http://127.0.0.1:9"}, None, "SF005", "127.0.0.1:9"),
    ({"login_url": "https://nowhere.invalid"}, None, "SF005", "nowhere.invalid"),
    ({}, {"client_secret": "wr0ng"}, "SF001", "log in"), ({}, {"client_id": "wr0ng"}, "SF001", "log in"),
    ({}, {"auth_flow": "password", "username": "integration@sandbox.example", "password": "wr0ng"}, "SF001", "log in"),
    ({}, {"auth_flow": "refresh_token", "refresh_token": "wr0ng"}, "SF001", "log in"),
    ({}, {"auth_flow": "token", "access_token": "wr0ng", "instance_url": ""}, "SF001", "token"),
    ({"api_version": "99.0"}, None, "SF005", "api_version")])
def test_what_cannot_work_is_said_at_first_use(
        database: Session, connect: Connect, org: Sandbox, credentials: Credentials, cluster: Cluster,
        options: dict[str, str], mapping: dict[str, str] | None, sqlstate: str, says: str) -> None:
    good = {"auth_flow": "client_credentials", "client_id": credentials.client_id,
    "client_secret": credentials.client_secret}
    if mapping and "instance_url" in mapping:
        good, mapping = {}, mapping | {"instance_url": org.url}
    server(database, org, credentials, good | mapping if mapping else None, **options)
    session = connect(user=OWNER)
    session.execute("CREATE SCHEMA IF NOT EXISTS own")
    error = refused(session, IMPORT.replace("public", "own"))
    assert error.sqlstate == sqlstate
    assert says in f"{error.diag.message_primary} {error.diag.message_hint}"
    assert error.diag.message_hint
    shown = f"{error} {error.diag.message_detail}"
    assert "wr0ng" not in shown
    assert credentials.client_secret not in shown
    assert credentials.client_secret not in cluster.log.read_text(errors="replace")


@pytest.fixture
def key_files() -> Iterator[tuple[str, str]]:
    """The path of a private key that the server can read, and its public half."""
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="sffdw-key-") as folder:
        path = Path(folder) / "key.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        path.parent.chmod(0o755)
        yield str(path), public


@pytest.mark.parametrize("flow", ["password", "refresh_token", "token", "jwt"])
def test_each_flow_logs_in(database: Session, connect: Connect, org: Sandbox, credentials: Credentials, flow: str,
                           key_files: tuple[str, str]) -> None:
    app = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    person = {"username": credentials.username, "password": credentials.password}
    if flow == "token":
        form = {"grant_type": "client_credentials", **app}
        token = requests.post(f"{org.url}/services/oauth2/token", timeout=10, data=form).json()["access_token"]
        mapping = {"access_token": token, "instance_url": org.url}
    elif flow == "jwt":
        path, public = key_files
        org.call("PUT", f"/users/{credentials.username}", {"certificate": public})
        mapping = {"client_id": credentials.client_id, "username": credentials.username, "private_key_file": path}
    elif flow == "password":
        mapping = app | person | {"security_token": credentials.security_token}
    else:
        mapping = app | {"refresh_token": SandboxCredentials.seeded(1).refresh_token}
    server(database, org, credentials, {"auth_flow": flow} | mapping)
    session = connect(user=OWNER)
    session.execute("CREATE SCHEMA live")
    session.execute("IMPORT FOREIGN SCHEMA salesforce_system LIMIT TO (_session) FROM SERVER sf INTO live")
    assert session.execute("SELECT username FROM live._session").fetchone() == (credentials.username,)


def test_files_are_for_privileged_roles(database: Session, connect: Connect, org: Sandbox,
credentials: Credentials) -> None:
    create_server(database, org, credentials)
    session = connect(user=OWNER)
    error = refused(session,
    "ALTER USER MAPPING FOR CURRENT_USER SERVER sf OPTIONS (ADD private_key_file '/etc/passwd')")
    assert error.sqlstate == "42501"
    assert "/etc/passwd" not in str(error)


def test_bad_options_are_refused_at_create(database: Session) -> None:
    start = "CREATE SERVER bad FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'sffdw.SalesforceFdw', "
    assert refused(database, f"{start} logn_url 'https://x.my.salesforce.com')").sqlstate == "HV00D"
    database.rollback()
    error = refused(database, f"{start} login_url 'http://x.my.salesforce.com')")
    assert (error.sqlstate, '"login_url"' in str(error)) == ("HV024", True)


# --- sessions ---

def test_case_63_backends_share_one_session(tables: Session, connect: Connect, org: Sandbox, calls: Any) -> None:
    org.call("POST", "/sessions/expire", {})
    calls()
    sessions = [connect(user=OWNER) for _ in range(4)]
    threads = [threading.Thread(target=session.execute,
    args=["SELECT count(*) FROM live.account"]) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls()["token"] == 1


def test_what_backends_share_is_private_and_holds_no_secret(
        tables: Session, cluster: Cluster, credentials: Credentials) -> None:
    tables.execute("SELECT * FROM _session")
    spool = cluster.data / "pgsql_tmp_sffdw"
    assert spool.stat().st_mode & 0o777 == 0o700
    files = list(spool.iterdir())
    assert files
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        content = path.read_text()
        assert credentials.client_secret not in content
        assert credentials.client_secret not in path.name


# --- cancel ---

@pytest.fixture
def slow(tables: Session, fault: Any) -> Session:
    """Queries, and changes of many records, are answered after a minute."""
    tables.execute("SELECT name FROM account")
    fault("http.latency", kind=["query", "composite"], params={"ms": 60_000})
    return tables


def test_a_blocked_read_obeys_statement_timeout(slow: Session) -> None:
    slow.execute("SET statement_timeout = '1s'")
    start = time.monotonic()
    assert refused(slow, "SELECT name FROM account").sqlstate == "57014"
    assert time.monotonic() - start < 2
    slow.execute("SET statement_timeout = 0")
    assert slow.execute("SELECT count(*) > 0 FROM _objects").fetchone() == (True,)


SEVERAL = ("INSERT INTO live._write (batch_id, position, object_name, operation, record, request_size) "
           "SELECT gen_random_uuid(), n, 'Account', 'insert', jsonb_build_object('Name', n::text), 1 "
           "FROM generate_series(1, 15) n")


@pytest.mark.parametrize(("statement", "hits"), [
    pytest.param("SELECT name FROM live.account", 1, id="a read"),
    pytest.param(SEVERAL, 3, id="changes sent at the same time"),
])
@pytest.mark.parametrize(("function", "sqlstate"), [
    ("pg_cancel_backend", "57014"), ("pg_terminate_backend", "57P01")])
def test_what_is_blocked_obeys_cancel_and_terminate(
        slow: Session, database: Session, org: Sandbox, function: str, sqlstate: str, statement: str,
        hits: int) -> None:
    caught: list[str | None] = []

    def run() -> None:
        try:
            slow.execute(statement)  # type: ignore[call-overload]
        except psycopg.Error as error:
            caught.append(error.sqlstate)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: org.call("GET", "/faults")[0]["hits"] >= hits, 20, "the requests did not reach the org")
    start = time.monotonic()
    database.execute(f"SELECT {function}(%s)", [slow.info.backend_pid])  # type: ignore[call-overload]
    thread.join(20)
    assert caught == [sqlstate]
    assert time.monotonic() - start < 10
    assert database.execute("SELECT 1").fetchone() == (1,)


def test_connecting_to_a_silent_host_obeys_statement_timeout(database: Session, connect: Connect, org: Sandbox,
                                                             credentials: Credentials) -> None:
    # A full backlog: the connection is neither accepted nor refused.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        server(database, org, credentials, login_url=f"http://127.0.0.1:{address[1]}")
        session = connect(user=OWNER)
        session.execute("CREATE SCHEMA own")
        session.execute("SET statement_timeout = '1s'")
        start = time.monotonic()
        assert refused(session, IMPORT.replace("public", "own")).sqlstate == "57014"
        assert time.monotonic() - start < 2
        for filler in fillers:
            filler.close()


def test_case_63_real_backends_whose_session_dies_at_once_log_in_once(org: Sandbox, tables: Session, calls: Any,
                                                                      connect: Any) -> None:
    sessions = [connect() for _ in range(12)]
    query = "SELECT count(*) FROM live.account"
    for session in sessions:
        session.execute(query)
    org.call("POST", "/sessions/expire", {})
    calls()
    with ThreadPoolExecutor(len(sessions)) as pool:
        assert [cursor.fetchone() for cursor in pool.map(lambda session: session.execute(query), sessions)] == [
            (0,)] * 12
    made = calls()
    assert made["token"] == 1
    assert 12 < made["query"] <= 24
