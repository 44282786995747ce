"""The event stream over HTTP: a CometD client of its own, long polls that are held, an org that is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.integration.sandbox.conftest import Process, start_process

CHANGES = "/data/ChangeEvents"
PATIENCE_S = 10.0


class Comet:
    """A CometD client as small as can be."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http = http
        self._url = f"{url}/cometd/62.0"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._count = 0
        self.client_id = ""

    async def send(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        """Send messages in one request and return the replies."""
        numbered = [{"id": str(self._next()), "clientId": self.client_id} | message for message in messages]
        async with self._http.post(self._url, json=numbered, headers=self._headers) as reply:
            assert reply.status == 200
            answers: list[dict[str, Any]] = await reply.json()
            return answers

    def _next(self) -> int:
        self._count += 1
        return self._count

    async def begin(self, *channels: str, replay: int = -1) -> list[dict[str, Any]]:
        """Shake hands, subscribe to channels and connect for the first time; return the replies to subscriptions."""
        shake = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        (shaken,) = await self.send(shake | {"ext": {"replay": True}})
        self.client_id = shaken["clientId"]
        replays = {"replay": dict.fromkeys(channels, replay)}
        wanted = [{"channel": "/meta/subscribe", "subscription": name, "ext": replays} for name in channels]
        answers = await self.send(*wanted)
        self.early = [message for message in await self.connect() if "data" in message]
        return answers

    async def connect(self) -> list[dict[str, Any]]:
        """Connect once and return the messages."""
        return await self.send({"channel": "/meta/connect", "connectionType": "long-polling"})

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Connect until there are as many events; what stands below `data`."""
        found = list(self.early)
        while len(found) < count:
            messages = await asyncio.wait_for(self.connect(), PATIENCE_S)
            assert messages[-1]["successful"], messages
            found += [message for message in messages if "data" in message]
        return [message["data"] for message in found]


@asynccontextmanager
async def comet(process: Process) -> AsyncIterator[Comet]:
    """A client of a sandbox; it keeps cookies, of addresses without a name too."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Comet(http, process.url, await asyncio.to_thread(process.login))


def follow(process: Process, work: Callable[[Comet], Awaitable[Any]]) -> Any:
    """Run a test's work with a client."""

    async def run() -> Any:
        async with comet(process) as client:
            return await work(client)

    return asyncio.run(run())


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """A sandbox for the tests of this module."""
    started = start_process(["--seed", "3"])
    yield started
    started.stop()
    assert started.popen.stdout is not None
    started.popen.stdout.close()


@pytest.fixture(autouse=True)
def fresh(process: Process) -> None:
    """An empty org for each test."""
    process.control("POST", "/reset", {})


def create(process: Process, **values: Any) -> str:
    """Create an account through the control plane."""
    change = {"op": "create", "object": "Account", "values": values}
    (result,) = process.control("POST", "/records", {"changes": [change]})["results"]
    return str(result["id"])


async def until_waiting(process: Process) -> None:
    """Wait until a connect is held."""
    async with asyncio.timeout(PATIENCE_S):
        while not any(client["waiting"] for client in process.control("GET", "/events")["clients"]):
            await asyncio.sleep(0.01)


def test_held_connect_gets_an_event_as_soon_as_it_is_committed(process: Process) -> None:
    async def work(client: Comet) -> tuple[str, list[dict[str, Any]]]:
        (answer,) = await client.begin(CHANGES)
        assert answer["successful"]
        waiting = asyncio.ensure_future(client.events(1))
        await until_waiting(process)
        created = await asyncio.to_thread(process.call, "POST", "/sobjects/Account", json={"Name": "Ünïcode ☃"})
        return created.json()["id"], await waiting

    record_id, (event,) = follow(process, work)
    assert event["payload"]["ChangeEventHeader"]["recordIds"] == [record_id]
    assert event["payload"]["ChangeEventHeader"]["changeOrigin"] == "com/salesforce/api/rest/62.0"
    assert event["payload"]["Name"] == "Ünïcode ☃"


def test_many_clients_wait_without_taking_threads(process: Process) -> None:
    """More held connects than the server has threads leave it answering."""

    async def work() -> list[int]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            token = process.login()
            process.control("PUT", "/events", {"requires_cookie": False})
            clients = [Comet(http, process.url, token) for _ in range(12)]
            for client in clients:
                await client.begin(CHANGES)
            waiting = [asyncio.ensure_future(client.events(1)) for client in clients]
            await until_waiting(process)
            create(process, Name="For all")
            return [len(events) for events in await asyncio.gather(*waiting)]

    assert asyncio.run(work()) == [1] * 12


def test_a_client_that_was_away_replays_what_it_missed(process: Process) -> None:
    async def first(client: Comet) -> int:
        await client.begin(CHANGES)
        create(process, Name="Seen")
        (event,) = await client.events(1)
        replay_id: int = event["event"]["replayId"]
        return replay_id

    seen = follow(process, first)
    for name in ("Missed 1", "Missed 2"):
        create(process, Name=name)

    async def second(client: Comet) -> list[str]:
        await client.begin(CHANGES, replay=seen)
        return [event["payload"]["Name"] for event in await client.events(2)]

    assert follow(process, second) == ["Missed 1", "Missed 2"]


def test_reset_ends_clients_and_their_replay_ids(process: Process) -> None:
    async def work(client: Comet) -> tuple[dict[str, Any], dict[str, Any]]:
        await client.begin(CHANGES)
        waiting = asyncio.ensure_future(client.connect())
        await until_waiting(process)
        process.control("POST", "/reset", {})
        (ended,) = await waiting
        (answer,) = await client.begin(CHANGES, replay=999_999_999)
        return ended, answer

    ended, answer = follow(process, work)
    assert (ended["error"], ended["advice"]["reconnect"]) == ("403::Unknown client", "handshake")
    assert answer["error"].startswith("400::The replayId {999999999} you provided was invalid.")


def test_moving_the_clock_ends_a_held_connect(process: Process) -> None:
    async def work(client: Comet) -> list[dict[str, Any]]:
        await client.begin(CHANGES)
        waiting = asyncio.ensure_future(client.connect())
        await until_waiting(process)
        process.control("PUT", "/clock", {"advance_s": 110})
        return await waiting

    (answer,) = follow(process, work)
    assert answer["successful"]


def test_transaction_that_commits_late_reaches_a_held_connect(process: Process) -> None:
    async def work(client: Comet) -> list[dict[str, Any]]:
        await client.begin(CHANGES)
        waiting = asyncio.ensure_future(client.events(1))
        await until_waiting(process)
        change = {"op": "create", "object": "Account", "values": {"Name": "Late"}}
        process.control("POST", "/records", {"changes": [change], "commit_after_s": 0.2})
        return await waiting

    (event,) = follow(process, work)
    assert event["payload"]["Name"] == "Late"


def test_events_of_a_closed_connection_come_with_the_next_connect(process: Process) -> None:
    async def work(client: Comet) -> list[str]:
        await client.begin(CHANGES)
        waiting = asyncio.ensure_future(client.connect())
        await until_waiting(process)
        waiting.cancel()
        await asyncio.wait([waiting])
        create(process, Name="Kept")
        return [event["payload"]["Name"] for event in await client.events(1)]

    assert follow(process, work) == ["Kept"]


def test_a_storm_is_silent_and_gaps_are_told(process: Process) -> None:
    create(process, Name="Old")
    process.control("POST", "/faults", {"name": "storm.recalculate", "when": {"kind": "query"}})
    process.control("POST", "/faults", {"name": "event.gap", "when": {"object": "Account", "calls": "1"}})

    async def work(client: Comet) -> list[dict[str, Any]]:
        await client.begin(CHANGES)
        await asyncio.to_thread(process.query, "SELECT Id FROM Account")
        create(process, Name="Gap")
        create(process, Name="Plain")
        return await client.events(2)

    kinds = [event["payload"]["ChangeEventHeader"]["changeType"] for event in follow(process, work)]
    assert kinds == ["GAP_CREATE", "CREATE"]
