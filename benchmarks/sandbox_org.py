"""A sandbox process for benches, a plain HTTP client of it, and the same rows without a sandbox."""

import http.client
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from benchmarks.stage import Stage

DATA = "/services/data/v62.0"
# Fifteen columns of every kind: id, text, picklist, numbers, reference, dateTimes.
COLUMNS = (
    *("Id", "Name", "Type", "Industry", "AnnualRevenue", "NumberOfEmployees", "Phone", "Website"),
    *("BillingCity", "BillingState", "BillingCountry", "OwnerId", "CreatedDate", "LastModifiedDate", "SystemModstamp"),
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM Account"
_POLL_S = 0.02
_PATIENCE_S = 600.0


def processor_s(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Org:
    """A running sandbox and a connection to it."""

    def __init__(self, process: subprocess.Popen[str], url: str, started_s: float) -> None:
        self.process = process
        self.started_s = started_s
        self.url = url
        parts = urlsplit(url)
        self._wire = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=_PATIENCE_S)
        self._headers: dict[str, str] = {}
        self._headers["Authorization"] = f"Bearer {self._login()}"

    def call(
        self, method: str, path: str, body: object = None, *, kind: str = "application/json", encoding: str = "identity"
    ) -> Answer:
        """Send a request and read the whole answer. Raises RuntimeError when it is refused."""
        payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        target = path if path.startswith("/") else f"{DATA}/{path}"
        headers = {**self._headers, "Content-Type": kind, "Accept-Encoding": encoding}
        self._wire.request(method, target, payload, headers)
        reply = self._wire.getresponse()
        answer = Answer(reply.status, dict(reply.getheaders()), reply.read())
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    @property
    def authorization(self) -> str:
        """Return the header by which other clients share the session."""
        return self._headers["Authorization"]

    def query(self, soql: str) -> Answer:
        """Run a statement and return its first page."""
        return self.call("GET", f"query?q={quote(soql)}")

    def complete(self, path: str) -> Any:
        """Wait until a bulk job has ended and return what it says of itself. Raises RuntimeError when it failed."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            info = self.call("GET", path).json()
            if info["state"] in {"JobComplete", "Failed", "Aborted"}:
                break
            time.sleep(_POLL_S)
        if info["state"] != "JobComplete":
            raise RuntimeError(f"{path}: {info}")
        return info

    def memory_mb(self, name: str = "RssAnon") -> float:
        """Return the memory of the process, by a name of /proc/PID/status; RssAnon is what is not a mapped file."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024

    def busy_s(self) -> float:
        """Return the processor time that the process has used."""
        return processor_s(self.process.pid)

    def spent_s(self, work: Callable[[], object], times: int = 1) -> float:
        """Do some work several times and return the processor time that the sandbox spent on it each time.

        On a quiet machine this is how long the work takes; on a busy one it says how long it would take.
        """
        before = self.busy_s()
        for _ in range(times):
            work()
        return (self.busy_s() - before) / times

    def stop(self) -> None:
        """End the process."""
        self._wire.close()
        self.process.terminate()
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def token(self) -> str:
        """The access token of the calls that are made here."""
        return self._headers["Authorization"].removeprefix("Bearer ")

    def _login(self) -> str:
        known = self.call("GET", "/_sandbox/").json()["credentials"]
        names = ("client_id", "client_secret")
        form = "&".join(["grant_type=client_credentials", *(f"{name}={quote(known[name])}" for name in names)])
        kind = "application/x-www-form-urlencoded"
        token: str = self.call("POST", "/services/oauth2/token", form.encode(), kind=kind).json()["access_token"]
        return token


def start_org(*arguments: str) -> Org:
    """Start a sandbox; jobs take no time but that of their work."""
    command = [sys.executable, "-m", "sffdw.sandbox", "--seed", "1", "--speed", "instant", *arguments]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    words = process.stdout.readline().split()
    if words[:2] != ["sandbox:", "ready"]:
        raise RuntimeError(f"the sandbox did not start: {words}")
    return Org(process, words[2], time.perf_counter() - began)


@dataclass
class Accounts:
    """An org with many accounts, in a file that has been opened again."""

    org: Org
    path: Path
    made_s: float  # how long it took to make the rows
    busy_s: float  # processor time of that
    opened_s: float  # processor time of opening the file again
    size_mb: float  # of the file before anything was asked

    def rows(self, first: int, count: int) -> list[Sequence[Any]]:
        """Read accounts without the sandbox."""
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        sql = f"SELECT {columns} FROM Account WHERE _deleted = 0 ORDER BY _row LIMIT ? OFFSET ?"
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            return connection.execute(sql, (count, first)).fetchall()
        finally:
            connection.close()


def accounts(stage: Stage) -> Accounts:
    """Return the org that benches share."""
    return stage.shared("accounts", _make_accounts)


@contextmanager
def _make_accounts(stage: Stage) -> Iterator[Accounts]:
    path = stage.folder / "accounts.db"
    first = start_org("--store", str(path), "--rows", f"Account={stage.rows}")
    busy_s = first.busy_s()
    first.stop()
    size_mb = path.stat().st_size / 1024**2
    org = start_org("--store", str(path))
    try:
        yield Accounts(org, path, first.started_s, busy_s, org.busy_s(), size_mb)
    finally:
        org.stop()
