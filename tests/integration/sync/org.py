"""Short words for what tests do in the sandbox and ask of the database."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import psycopg
from psycopg.types.json import Jsonb

Session = psycopg.Connection[Any]


@dataclass(frozen=True)
class Org:
    """The sandbox as tests use it."""

    sandbox: Any

    def create(self, name: str, *records: dict[str, Any], **options: Any) -> list[str]:
        results = self.sandbox.change(*[{"op": "create", "object": name, "values": values} for values in records],
                                      **options)
        return [result["id"] for result in results]

    def update(self, name: str, record_id: str, **values: Any) -> None:
        self.sandbox.change({"op": "update", "object": name, "id": record_id, "values": values})

    def act(self, operation: str, name: str, record_id: str, **more: Any) -> None:
        self.sandbox.change({"op": operation, "object": name, "id": record_id, **more})

    def names(self, name: str = "Account", field: str = "Name") -> list[str]:
        return sorted(record[field] for record in self.sandbox.records(name))

    def record(self, name: str, record_id: str, scope: str = "active") -> dict[str, Any] | None:
        return next((one for one in self.sandbox.records(name, scope) if one["Id"] == record_id), None)

    def refresh(self) -> None:
        """A sandbox refresh: the same login leads to an empty org with another id."""
        ids = {"00D000000000001EAA", "00D000000000002EAA"} - {self.sandbox.call("GET", "/")["org_id"]}
        self.sandbox.call("POST", "/reset", {"org_id": min(ids)})

    def advance(self, seconds: float) -> None:
        self.sandbox.call("PUT", "/clock", {"advance_s": seconds})

    @contextlib.contextmanager
    def fault(self, name: str, params: dict[str, Any] | None = None, **when: Any) -> Iterator[None]:
        fault = self.sandbox.call("POST", "/faults", {"name": name, "when": when, "params": params or {}})
        try:
            yield
        finally:
            self.sandbox.call("DELETE", f"/faults/{fault['id']}")

    def calls(self, kind: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        found = self.sandbox.call("GET", f"/calls?since={since}&limit=100000")
        return [call | {"path": unquote_plus(call["path"])} for call in found if kind in (None, call["kind"])]

    def last_call(self) -> int:
        return max((call["n"] for call in self.calls()), default=0)


def one(session: Session, query: str, *values: Any) -> Any:
    """The single value of the single row."""
    row = session.execute(query, values or None).fetchone()
    assert row is not None, f"no row: {query}"
    return row[0]


def rows(session: Session, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return session.execute(query, values or None).fetchall()


def poll(session: Session, name: str | None = None, **options: Any) -> None:
    session.execute("CALL sffdw.poll(%s, force => %s, max_duration => %s)",
                    [name, options.get("force", True), options.get("max_duration")])


def write(session: Session, **options: Any) -> None:
    session.execute("CALL sffdw.write(%s)", [options.get("max_duration")])


def set_options(session: Session, **settings: int) -> None:
    session.execute("UPDATE sffdw.connection SET options = options || %s",
                    [Jsonb(settings)])


def log(session: Session, columns: str = "action, state") -> list[tuple[Any, ...]]:
    return rows(session, f"SELECT {columns} FROM salesforce._trigger_log ORDER BY id")


def is_ended(session: Session) -> bool:
    """Whether the server has ended a session, as it ends all when a backend is killed."""
    try:
        session.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """Wait until the condition holds; return what it gave."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        pause.wait(0.05)
    return value


@contextlib.contextmanager
def background(action: Callable[[], Any]) -> Iterator[list[BaseException]]:
    """Run something in a thread while the block runs; what it raised is in the list afterwards."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as exc:  # noqa: BLE001 - handed to the test, which asserts on it
            raised.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield raised
    finally:
        thread.join(60)
        assert not thread.is_alive(), "it did not end"
