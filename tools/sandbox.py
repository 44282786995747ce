"""Starts and stops a sandbox process (`python -m sffdw.sandbox`) and speaks to its control plane."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Credentials:
    """What an integration user logs in with. Never printed: the repr shows the user name only."""

    client_id: str
    client_secret: str
    username: str
    password: str
    security_token: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r})"

    def for_sandbox(self) -> dict[str, str]:
        """Environment variables that the sandbox takes its credentials from."""
        return {"SANDBOX_CLIENT_ID": self.client_id, "SANDBOX_CLIENT_SECRET": self.client_secret,
                "SANDBOX_USERNAME": self.username, "SANDBOX_PASSWORD": self.password,
                "SANDBOX_SECURITY_TOKEN": self.security_token}

    def for_user(self) -> dict[str, str]:
        """The same by the names of build/env."""
        return {"SF_CLIENT_ID": self.client_id, "SF_CLIENT_SECRET": self.client_secret, "SF_USERNAME": self.username,
                "SF_PASSWORD": self.password, "SF_SECURITY_TOKEN": self.security_token}


def new_credentials() -> Credentials:
    return Credentials(client_id="3MVG9" + secrets.token_urlsafe(48), client_secret=secrets.token_hex(32).upper(),
                       username="integration@sandbox.example", password=secrets.token_urlsafe(15),
                       security_token=secrets.token_urlsafe(18))


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its URL and process id, and the process itself where it is a child of ours."""

    url: str
    pid: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False, compare=False)

    def call(self, method: str, path: str, body: object = None, timeout: float = 120) -> Any:
        """One request to the control plane; the JSON it answers with, None when it answers with nothing."""
        request = urllib.request.Request(self.url + "/_sandbox" + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as exc:
            raise RuntimeError(f"{method} {path}: {exc.code} {exc.read().decode(errors='replace')}") from exc
        return json.loads(text) if text.strip() else None

    def records(self, name: str, scope: str = "active") -> list[dict[str, Any]]:
        """Every stored record of an object, read page by page."""
        found: list[dict[str, Any]] = []
        while True:
            after = f"&after={found[-1]['Id']}" if found else ""
            query = f"scope={scope}&limit=5000{after}"
            with urllib.request.urlopen(f"{self.url}/_sandbox/records/{name}?{query}") as answer:
                page = [json.loads(line) for line in answer.read().decode().split("\n") if line]
            found.extend(page)
            if len(page) < 5000:
                return found

    def change(self, *changes: Mapping[str, Any], **options: Any) -> list[dict[str, Any]]:
        """Change records as a user of the org would; raises when one is refused."""
        answer = self.call("POST", "/records", {"changes": list(changes), **options})
        refused = [result for result in answer["results"] if not result.get("success", True)]
        if refused:
            raise RuntimeError(f"the sandbox refused: {refused}")
        return list(answer["results"])

    def is_alive(self) -> bool:
        try:
            self.call("GET", "/", timeout=5)
        except (OSError, RuntimeError):
            return False
        return True

    def stop(self) -> None:
        """Ask the process to end and wait until its port is closed."""
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        if self.process is not None:
            self.process.wait(15)
        wait_until(lambda: not self.is_alive(), 15, "the sandbox did not end")


def start_sandbox(log: Path, credentials: Credentials, arguments: Sequence[str] = ()) -> Sandbox:
    """Start the process detached from the caller and return once it says that it is ready."""
    environment = {**os.environ, **credentials.for_sandbox(), "PYTHONUNBUFFERED": "1"}
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen([sys.executable, "-m", "sffdw.sandbox", "--port", "0", *arguments], stdout=out,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment,
                                   start_new_session=True)
    url = ""

    def is_ready() -> bool:
        nonlocal url
        if process.poll() is not None:
            raise RuntimeError(f"the sandbox ended with {process.returncode}; see {log}")
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("sandbox: ready "):
                url = line.split()[2]
        return bool(url)

    wait_until(is_ready, START_TIMEOUT_S, f"the sandbox did not start; see {log}")
    return Sandbox(url.rstrip("/"), process.pid, process)


def wait_until(is_true: Any, seconds: float, failure: str, every: float = 0.05) -> None:
    """Return as soon as `is_true()` holds; raise TimeoutError with `failure` after the given time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(failure)
        time.sleep(every)
