"""Live tables in the hands of a whole server: plans that are kept, views, TLS, many backends that die."""

import datetime as dt
import ipaddress
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.conftest import APP, OWNER, create_server
from tools.cluster import Cluster
from tools.sandbox import Credentials, Sandbox, start_sandbox, wait_until

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]


def test_a_prepared_statement_keeps_working_with_a_generic_plan(tables: Session, org: Sandbox) -> None:
    made = org.change(*({"op": "create", "object": "Account", "values": {"Name": f"n{n}"}} for n in range(10)))
    tables.execute("SET plan_cache_mode = force_generic_plan")
    tables.execute("PREPARE by_name (text) AS SELECT id FROM account WHERE name = $1")
    tables.execute("PREPARE page (text, text) AS SELECT id FROM account WHERE _after = $1 AND _page_size = $2")
    tables.execute("PREPARE counted (text) AS SELECT record ->> 'totalSize' FROM _soql WHERE query = $1")
    for number in range(8):
        assert tables.execute(f"EXECUTE by_name ('n{number}')").fetchall() == [(made[number]["id"],)]
        page = tables.execute(f"EXECUTE page (',{made[number]['id']}', '1')").fetchall()
        assert page == [(made[number + 1]["id"],)]
    assert tables.execute("EXECUTE counted ('SELECT COUNT() FROM Account')").fetchall() == [("10",)]
    assert "SOQL: " in "".join(line for line, in tables.execute("EXPLAIN EXECUTE by_name ('x')"))


def test_a_function_in_plpgsql_reads_pages_in_a_loop(tables: Session, org: Sandbox) -> None:
    org.change(*({"op": "create", "object": "Account", "values": {"Name": f"n{n}"}} for n in range(25)))
    tables.execute("""
        CREATE FUNCTION live.count_pages() RETURNS integer[] LANGUAGE plpgsql AS $$
        DECLARE
            v_after text := ',';
            v_last  text;
            v_count integer;
            v_pages integer[] := '{}';
        BEGIN
            LOOP
                SELECT count(*), max(p.id COLLATE "C") INTO v_count, v_last
                FROM live.account p
                WHERE p._after = v_after
                AND p._page_size = '10';
                v_pages := v_pages || v_count;
                EXIT WHEN v_count < 10;
                v_after := ',' || v_last;
            END LOOP;
            RETURN v_pages;
        END $$""")
    assert tables.execute("SELECT live.count_pages()").fetchone() == ([10, 10, 5],)


def test_a_view_lends_its_owners_user_mapping(tables: Session, connect: Connect, org: Sandbox) -> None:
    org.change({"op": "create", "object": "Account", "values": {"Name": "seen"}})
    tables.execute(f"CREATE VIEW live.seen AS SELECT name FROM live.account; GRANT USAGE ON SCHEMA live TO {APP};"
                   f"GRANT SELECT ON live.seen, live.account TO {APP}")
    app = connect(user=APP)
    assert app.execute("SELECT name FROM live.seen").fetchall() == [("seen",)]
    with pytest.raises(psycopg.Error) as caught:
        app.execute("SELECT name FROM live.account")
    assert "user mapping" in str(caught.value)


def test_two_cursors_and_a_write_share_a_backend(tables: Session, org: Sandbox) -> None:
    org.call("POST", "/reset", {"rows": {"Account": 4500}})
    with tables.transaction():
        tables.execute("DECLARE one CURSOR FOR SELECT id FROM account")
        tables.execute("DECLARE two CURSOR FOR SELECT id FROM account")
        seen: dict[str, list[str]] = {"one": [], "two": []}
        for _ in range(5):
            for name, ids in seen.items():
                ids += [record_id for record_id, in tables.execute(f"FETCH 1000 FROM {name}")]
            tables.execute("INSERT INTO contact (lastname) VALUES ('x')")
    assert len(set(seen["one"])) == 4500
    assert seen["one"] == seen["two"]
    assert len(org.records("Contact")) == 5


def test_backends_that_die_in_a_read_do_not_take_the_server_with_them(
        tables: Session, database: Session, connect: Connect, org: Sandbox, cluster: Cluster, fault: Any) -> None:
    started = database.execute("SELECT pg_postmaster_start_time()").fetchone()
    logged = len(cluster.log.read_text(errors="replace"))
    fault("http.latency", kind="query", params={"ms": 60_000})
    sessions = [connect(user=OWNER) for _ in range(20)]
    caught: list[str | None] = []

    def read(session: Session) -> None:
        try:
            session.execute("SELECT name FROM live.account")
        except psycopg.Error as error:
            caught.append(error.sqlstate)

    threads = [threading.Thread(target=read, args=[session]) for session in sessions]
    for thread in threads:
        thread.start()
    wait_until(lambda: org.call("GET", "/faults")[0]["hits"] >= len(sessions), 60, "not every backend is in its read")
    pids = [session.info.backend_pid for session in sessions]
    database.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) pid", [pids])
    for thread in threads:
        thread.join(10)
    assert caught == ["57P01"] * len(sessions)
    database.commit()
    assert database.execute("SELECT pg_postmaster_start_time()").fetchone() == started
    assert tables.execute("SELECT count(*) FROM _objects WHERE object_name = 'Account'").fetchone() == (1,)
    assert "was terminated by signal" not in cluster.log.read_text(errors="replace")[logged:]


# --- TLS ---

@pytest.fixture
def certificates() -> Iterator[tuple[Path, Path]]:
    """A certificate for 127.0.0.1 that signs itself, and its key, where server and sandbox can read them."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - dt.timedelta(days=1),
        now + dt.timedelta(days=1)).add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="sffdw-tls-") as folder:
        Path(folder).chmod(0o755)
        paths = Path(folder) / "cert.pem", Path(folder) / "key.pem"
        paths[0].write_bytes(made.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        yield paths


@pytest.mark.parametrize("is_trusted", [True, False])
def test_tls_is_verified_by_the_servers_ca_file(
        database: Session, connect: Connect, credentials: Credentials, certificates: tuple[Path, Path],
        tmp_path: Path, is_trusted: bool) -> None:
    certificate, key = certificates
    running = start_sandbox(tmp_path / "log", credentials, ["--tls", str(certificate), str(key)])
    try:
        create_server(database, running, credentials, **({"ca_file": str(certificate)} if is_trusted else {}))
        session = connect(user=OWNER)
        session.execute("CREATE SCHEMA live")
        statement = "IMPORT FOREIGN SCHEMA salesforce LIMIT TO (account) FROM SERVER sf INTO live"
        if is_trusted:
            session.execute(statement)
            assert session.execute("SELECT count(*) FROM live.account").fetchone() == (0,)
            return
        with pytest.raises(psycopg.Error) as caught:
            session.execute(statement)
        assert caught.value.sqlstate == "SF005"
        assert "ca_file" in str(caught.value.diag.message_hint)
    finally:
        running.stop()
