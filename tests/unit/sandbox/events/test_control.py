"""The control plane's view of the event stream, and waiting without a thread."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sffdw.sandbox.call import Call
from sffdw.sandbox.dispatch import dispatch, make_call
from sffdw.sandbox.org import Org

Create = Callable[..., str]


def control(org: Org, method: str, path: str, body: Any = None) -> Any:
    call = Call(org, method, "", f"/_sandbox{path}", {}, {}, b"" if body is None else json.dumps(body).encode())
    call.remote = "127.0.0.1"
    return json.loads(dispatch(make_call(call)).payload(False))


def test_events_show_settings_and_clients(org: Org, changes: Any) -> None:
    shown = control(org, "GET", "/events")
    (client,) = shown["clients"]
    assert client["clientId"] == changes.client_id and not client["waiting"]
    assert client["subscriptions"] == {"/data/ChangeEvents": shown["last_replay_id"]}
    assert (shown["settings"]["selected"], shown["settings"]["overflow_after"]) == ("all", 100_000)


def test_settings_are_changed_by_name(org: Org) -> None:
    given = {"selected": ["Item__c"], "channels": {"A__chn": ["Account"]}, "retention_s": 60}
    settings = control(org, "PUT", "/events", given)["settings"]
    assert {name: settings[name] for name in given} == {
        "selected": ["item__c"], "channels": {"A__chn": ["account"]}, "retention_s": 60.0,
    }  # fmt: skip
    assert control(org, "PUT", "/events", {"selected": "all"})["settings"]["selected"] == "all"


@pytest.mark.parametrize("given", [{"nothing": 1}, {"selected": "Account"}, {"overflow_after": "many"}])
def test_settings_that_cannot_be_read_are_refused(org: Org, given: dict[str, Any]) -> None:
    (error,) = control(org, "PUT", "/events", given)
    assert error["errorCode"] == "INVALID_ARGUMENT"


async def waited(org: Org, listener: Any, then: Callable[[], Any]) -> Any:
    """Hold a connect, do something in another thread once it waits, and return the reply."""
    hold = listener.reply(listener.connection()).hold
    with ThreadPoolExecutor(1) as pool:
        waiting = asyncio.ensure_future(hold.outcome(pool, lambda: False))
        while not org.events.bus.watched:
            await asyncio.sleep(0)
        await asyncio.to_thread(then)
        reply = await asyncio.wait_for(waiting, 5)
    return json.loads(reply.payload(False))


def test_held_connect_wakes_for_a_commit(org: Org, changes: Any, create: Create) -> None:
    changes.connect()
    answers = asyncio.run(waited(org, changes, lambda: create("Item__c", Note__c="woken")))
    assert answers[0]["data"]["payload"]["Note__c"] == "woken"
    assert org.events.bus.watched == 0


def test_held_connect_wakes_when_the_clock_is_moved(org: Org, changes: Any) -> None:
    changes.connect()
    answers = asyncio.run(waited(org, changes, lambda: control(org, "PUT", "/clock", {"advance_s": 110})))
    assert [answer["successful"] for answer in answers] == [True]


def test_held_connect_wakes_when_sessions_expire(org: Org, changes: Any) -> None:
    changes.connect()
    answers = asyncio.run(waited(org, changes, lambda: control(org, "POST", "/sessions/expire", {})))
    assert answers[0]["error"] == "401::Authentication invalid"


def test_events_of_a_caller_that_hung_up_are_kept(org: Org, changes: Any, create: Create) -> None:
    changes.connect()
    hold = changes.reply(changes.connection()).hold
    create("Item__c", Note__c="kept")
    with ThreadPoolExecutor(1) as pool:
        assert asyncio.run(hold.outcome(pool, lambda: True)) is None
    assert [payload["Note__c"] for payload in changes.payloads()] == ["kept"]


def test_changes_are_listed_in_the_order_of_their_commits(org: Org, create: Create) -> None:
    before = control(org, "GET", "/events")["last_replay_id"]
    first, second = create("Item__c", Name="one"), create("Item__c", Name="two")
    listed = control(org, "GET", f"/events/changes?after={before}")
    assert [(one["ChangeEventHeader"]["recordIds"], one["Name"]) for one in listed] == [
        ([first], "one"), ([second], "two")]
    assert control(org, "GET", f"/events/changes?after={listed[0]['replayId']}") == listed[1:]
    assert control(org, "GET", f"/events/changes?after={before}&limit=1") == listed[:1]
    (refused,) = control(org, "GET", "/events/changes?after=x")
    assert refused["errorCode"] == "INVALID_ARGUMENT"
