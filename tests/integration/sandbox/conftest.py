"""A sandbox process of these tests, spoken to over HTTP with requests."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

DATA = "/services/data/v62.0"


@dataclass
class Process:
    """A running `python -m sffdw.sandbox`."""

    popen: subprocess.Popen[str]
    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        # The environment may name a certificate bundle, which would win over the session's own.
        self.session.trust_env = False

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control plane."""
        reply = self.session.request(method, f"{self.url}/_sandbox{path}", json=body, headers={"Authorization": ""})
        assert reply.status_code < 400, reply.text
        return reply.json() if reply.content else None

    def login(self) -> str:
        """Log the integration user in and return its token."""
        known = self.control("GET", "/")["credentials"]
        form = {
            "grant_type": "client_credentials",
            "client_id": known["client_id"],
            "client_secret": known["client_secret"],
        }
        answer = requests.post(f"{self.url}/services/oauth2/token", data=form, verify=self.session.verify, timeout=30)
        token: str = answer.json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        return token

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call a data resource."""
        target = path if path.startswith("/services") else DATA + path
        return self.session.request(method, self.url + target, timeout=60, **options)

    def query(self, soql: str, **options: Any) -> Any:
        """Run a statement."""
        return self.call("GET", "/query", params={"q": soql}, **options).json()

    def stop(self) -> int:
        """Ask the process to end and return its exit status."""
        self.session.close()
        self.popen.terminate()
        return self.popen.wait(20)


Start = Callable[..., Process]


def start_process(arguments: Sequence[str], environment: dict[str, str] | None = None) -> Process:
    """Start a sandbox and wait for its first line."""
    command = [sys.executable, "-m", "sffdw.sandbox", *arguments]
    popen = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    assert popen.stdout is not None
    line = popen.stdout.readline().split()
    assert line[:2] == ["sandbox:", "ready"], line
    assert line[3] == f"pid={popen.pid}"
    return Process(popen, line[2])


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes that end with the test."""
    started: list[Process] = []

    def start_one(*arguments: str, **environment: str) -> Process:
        started.append(start_process(arguments, environment))
        return started[-1]

    yield start_one
    for process in started:
        if process.popen.poll() is None:
            process.stop()
        if process.popen.stdout is not None:
            process.popen.stdout.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Process]:
    """One process for the tests of a module."""
    process = start_process(["--seed", "3"])
    yield process
    assert process.stop() == 0
    assert process.popen.stdout is not None
    process.popen.stdout.close()


@pytest.fixture
def org(running: Process) -> Process:
    """The module's process with an org as new, logged in."""
    running.control("POST", "/reset", {})
    running.login()
    return running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and Salesforce's host names, and its key."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = ["localhost", "login.salesforce.com", "test.salesforce.com", "*.my.salesforce.com"]
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names = x509.SubjectAlternativeName([address, *(x509.DNSName(host) for host in hosts)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return folder / "cert.pem", folder / "key.pem"
