"""Handshake, connect, subscribe, replay: what CometD clients get for right and for wrong messages."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sffdw.sandbox.org import Org

Create = Callable[..., str]
CHANGES = "/data/ChangeEvents"
UNKNOWN = "403::Unknown client"
INVALID_REPLAY = (
    "400::The replayId {%s} you provided was invalid.  Please provide a valid ID, -2 to replay all events, "
    "or -1 to replay only new events."
)


def replay_ids(listener: Any) -> list[int]:
    return [event["event"]["replayId"] for event in listener.events()]


# Handshake


def test_handshake_gives_a_client_id_and_a_cookie(org: Org, listener: Any) -> None:
    answer = listener.handshake(id="7")
    assert answer.pop("clientId") == listener.client_id
    assert answer == {
        "id": "7", "channel": "/meta/handshake", "successful": True, "version": "1.0", "minimumVersion": "1.0",
        "supportedConnectionTypes": ["long-polling"], "ext": {"replay": True, "payload.format": True},
    }  # fmt: skip
    assert listener.headers["cookie"].startswith("BAYEUX_BROWSER=")


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [(None, "401::Request requires authentication"), ("Bearer nobody", "401::Authentication invalid")],
)
def test_handshake_is_denied_without_a_session(listener: Any, authorization: str | None, reason: str) -> None:
    del listener.headers["authorization"]
    if authorization:
        listener.headers["authorization"] = authorization
    answer = listener.handshake()
    assert (answer["error"], answer["successful"]) == ("403::Handshake denied", False)
    assert answer["ext"] == {"sfdc": {"failureReason": reason}}
    assert answer["advice"] == {"reconnect": "none"}


def test_handshake_wants_long_polling(listener: Any) -> None:
    answer = listener.handshake(supportedConnectionTypes=["websocket"])
    assert answer["error"] == "400::Invalid connection type websocket"


def test_clients_are_limited(listener: Any, org: Org) -> None:
    org.limits.set({"DurableStreamingApiConcurrentClients": {"max": 1}})
    assert listener.handshake()["error"] == "403::Organization concurrent user limit exceeded"
    org.limits.set({"DurableStreamingApiConcurrentClients": {"max": 20}})
    assert listener.handshake()["successful"]


@pytest.mark.parametrize("version", ["", "22.0", "x"])
def test_the_address_must_name_a_version(listener: Any, version: str) -> None:
    listener.path = f"/cometd/{version}".rstrip("/")
    reply = listener.reply(listener.connection())
    assert reply.status == 400
    assert json.loads(reply.payload(False))[0]["error"].startswith("400::")


# Connect


def test_first_connect_returns_at_once_with_advice(listener: Any) -> None:
    (answer,) = listener.send(listener.connection(id="3"))
    assert answer["advice"] == {"interval": 0, "timeout": 110000, "reconnect": "retry"}
    assert answer["successful"]


def test_later_connects_are_held_until_there_is_news(changes: Any, create: Create) -> None:
    changes.connect()
    reply = changes.reply(changes.connection(id="9"))
    assert reply.hold.look() is None
    record_id = create("Item__c")
    answer = json.loads(reply.hold.look().payload(False))
    assert answer[0]["data"]["payload"]["ChangeEventHeader"]["recordIds"] == [record_id]
    assert answer[1] == {"id": "9", "clientId": changes.client_id, "channel": "/meta/connect", "successful": True}


def test_held_connect_ends_after_110_seconds(changes: Any, org: Org) -> None:
    changes.connect()
    reply = changes.reply(changes.connection())
    org.clock.advance(109)
    assert reply.hold.look() is None
    org.clock.advance(1)
    (answer,) = json.loads(reply.hold.look().payload(False))
    assert answer["successful"]


def test_held_connect_shows_a_transaction_that_commits_late(changes: Any, org: Org) -> None:
    changes.connect()
    reply = changes.reply(changes.connection())
    one = [{"op": "create", "object": "Item__c", "values": {"Note__c": "late"}}]
    user = org.users.default.user_id
    began_at = org.stamp()
    org.late.run(lambda: org.store.apply(one, user=user, at=began_at), 5)
    assert reply.hold.look() is None
    org.clock.advance(5)
    event = json.loads(reply.hold.look().payload(False))[0]["data"]["payload"]
    assert (event["Note__c"], event["CreatedDate"]) == ("late", "2025-06-18T12:00:00.000Z")
    assert event["ChangeEventHeader"]["commitTimestamp"] == 1750248005000


def test_a_newer_connect_takes_the_place_of_a_held_one(changes: Any, create: Create) -> None:
    changes.connect()
    older, newer = changes.reply(changes.connection()), changes.reply(changes.connection())
    create("Item__c")
    assert [message["channel"] for message in json.loads(older.hold.look().payload(False))] == ["/meta/connect"]
    assert len(json.loads(newer.hold.look().payload(False))) == 2


def test_connect_with_other_messages_does_not_wait(changes: Any) -> None:
    changes.connect()
    other = {"channel": "/meta/unsubscribe", "clientId": changes.client_id, "subscription": CHANGES}
    answers = changes.send(other, changes.connection())
    assert [answer["channel"] for answer in answers] == ["/meta/unsubscribe", "/meta/connect"]


def test_client_must_come_back_within_40_seconds(changes: Any, org: Org) -> None:
    changes.connect()
    org.clock.advance(39.5)
    assert changes.connect()[-1]["successful"]
    org.clock.advance(40.5)
    (answer,) = changes.connect()
    assert (answer["error"], answer["successful"]) == (UNKNOWN, False)
    assert answer["advice"] == {"reconnect": "handshake", "interval": 0}
    assert changes.subscribe(CHANGES)["error"] == UNKNOWN


def test_client_that_waits_is_not_forgotten(changes: Any, org: Org) -> None:
    changes.connect()
    reply = changes.reply(changes.connection())
    org.clock.advance(100)
    assert [client.client_id for client in org.events.clients.listed()] == [changes.client_id]
    assert reply.hold.look() is None


def test_session_that_ends_ends_the_connect(changes: Any, org: Org) -> None:
    changes.connect()
    reply = changes.reply(changes.connection())
    org.sessions.revoke(changes.token)
    (answer,) = json.loads(reply.hold.look().payload(False))
    assert answer["error"] == "401::Authentication invalid"
    assert answer["advice"] == {"reconnect": "none", "interval": 0}


def test_client_of_another_user_is_unknown(changes: Any, org: Org) -> None:
    org.users.configure("thief@example.com", {})
    thief = org.users.by_username("thief@example.com")
    assert thief is not None
    changes.headers["authorization"] = f"Bearer {org.sessions.issue(thief.user_id, thief.username, '').token}"
    assert changes.connect()[0]["error"] == UNKNOWN


def test_cookie_of_the_handshake_is_required(changes: Any, org: Org) -> None:
    del changes.headers["cookie"]
    error = changes.connect()[0]["error"]
    assert error.startswith("400::Client ") and error.endswith("no BAYEUX_BROWSER cookie present")
    org.events.configure({"requires_cookie": False})
    assert changes.connect()[-1]["successful"]


def test_disconnect_ends_the_client(changes: Any) -> None:
    changes.connect()
    held = changes.reply(changes.connection())
    assert changes.send({"channel": "/meta/disconnect", "clientId": changes.client_id})[0]["successful"]
    assert json.loads(held.hold.look().payload(False))[0]["error"] == UNKNOWN
    assert changes.connect()[0]["error"] == UNKNOWN


def test_disconnect_fault_drops_the_client(changes: Any, org: Org) -> None:
    org.faults.add({"name": "event.disconnect", "when": {"calls": "2"}})
    assert changes.connect()[-1]["successful"]
    assert changes.connect()[-1]["error"] == UNKNOWN
    assert changes.handshake()["successful"]


def test_clients_cannot_publish(changes: Any) -> None:
    answer = changes.send({"channel": "/event/Signal__e", "clientId": changes.client_id, "data": {}})[0]
    assert answer["error"] == "403:denied_by_security_policy:publish_denied"


# Subscribe


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("", "400::Channel name not specified"),
        ("data/ChangeEvents", "400::Channel subscriptions must start with a leading '/'"),
        ("/data/NothingChangeEvent", "400::The channel you requested to subscribe to does not exist "
                                     "{/data/NothingChangeEvent}"),
        ("/topic/None", "400::The channel you requested to subscribe to does not exist {/topic/None}"),
        ("/event/None__e", "400::The channel you requested to subscribe to does not exist {/event/None__e}"),
        ("/u/none", "400::The channel you requested to subscribe to does not exist {/u/none}"),
        ("/data/None__chn", "400::The channel you requested to subscribe to does not exist {/data/None__chn}"),
        ("/data/**", "403:denied_by_security_policy:subscribe_denied"),
    ],
)  # fmt: skip
def test_channels_that_do_not_exist_are_refused(listener: Any, channel: str, error: str) -> None:
    assert listener.subscribe(channel)["error"] == error


def test_channel_of_an_object_carries_its_changes_only(listener: Any, create: Create) -> None:
    assert listener.subscribe("/data/Item__ChangeEvent")["successful"]
    assert listener.subscribe("/data/AccountChangeEvent")["successful"]
    item, _, account = create("Item__c"), create("Contact", LastName="Unheard"), create("Account", Name="A")
    told = [(message["channel"], message["data"]["payload"]["ChangeEventHeader"]["recordIds"])
            for message in listener.connect() if "data" in message]  # fmt: skip
    assert told == [("/data/Item__ChangeEvent", [item]), ("/data/AccountChangeEvent", [account])]


def test_custom_channel_carries_its_members(listener: Any, create: Create, org: Org) -> None:
    org.events.configure({"channels": {"Sales__chn": ["Account", "Contact"]}})
    assert listener.subscribe("/data/Sales__chn")["successful"]
    create("Item__c")
    create("Contact", LastName="Heard")
    assert [payload["ChangeEventHeader"]["entityName"] for payload in listener.payloads()] == ["Contact"]


def test_unsubscribed_channel_is_silent(changes: Any, create: Create) -> None:
    changes.send({"channel": "/meta/unsubscribe", "clientId": changes.client_id, "subscription": CHANGES})
    create("Item__c")
    assert changes.payloads() == []


def test_fields_and_objects_that_the_user_may_not_read_are_left_out(
    org: Org, create: Create, change: Any, listen: Any
) -> None:
    rights = {"objects": {"Contact": {"read": False}}, "fields": {"Item__c.Note__c": {"read": False, "edit": False}}}
    org.users.configure("narrow@example.com", rights)
    narrow = listen(username="narrow@example.com")
    refused = narrow.subscribe("/data/ContactChangeEvent")
    assert refused["error"] == "403:denied_by_security_policy:subscribe_denied"
    assert narrow.subscribe(CHANGES)["successful"]
    record_id = create("Item__c", Note__c="secret", Score__c=1)
    create("Contact", LastName="Hidden")
    change({"op": "update", "object": "Item__c", "id": record_id, "values": {"Note__c": "s", "Score__c": 2}})
    made, updated = narrow.payloads()
    assert "Note__c" not in made and made["Score__c"] == 1.0
    assert updated["ChangeEventHeader"]["changedFields"] == ["LastModifiedDate", "Score__c"]


# Replay


def test_replay_from_the_beginning_from_an_id_and_new_only(listener: Any, create: Create) -> None:
    listener.subscribe(CHANGES)
    for _ in range(3):
        create("Item__c")
    first, second, third = replay_ids(listener)
    assert first < second < third
    listener.subscribe(CHANGES, replay=-2)
    assert replay_ids(listener)[-3:] == [first, second, third]
    listener.subscribe(CHANGES, replay=first)
    assert replay_ids(listener) == [second, third]
    listener.subscribe(CHANGES, replay=-1)
    assert replay_ids(listener) == []


def test_replay_ids_have_gaps(changes: Any, create: Create) -> None:
    for _ in range(20):
        create("Item__c")
    ids = replay_ids(changes)
    assert ids[-1] - ids[0] > len(ids) - 1


def test_replay_ids_off_the_bus_are_refused(changes: Any, create: Create, org: Org) -> None:
    create("Item__c")
    (known,) = replay_ids(changes)
    for wrong in (0, known + 1, -3, "x"):
        assert changes.subscribe(CHANGES, replay=wrong)["error"] == INVALID_REPLAY % wrong
    org.faults.add({"name": "event.replay_invalid"})
    assert changes.subscribe(CHANGES, replay=known)["error"] == INVALID_REPLAY % known
    assert changes.subscribe(CHANGES, replay=-2)["successful"]
    org.faults.remove()
    assert changes.subscribe(CHANGES, replay=known)["successful"]


def test_events_are_kept_for_72_hours(changes: Any, create: Create, org: Org, listen: Any) -> None:
    create("Item__c", Note__c="old")
    old = replay_ids(changes)[-1]
    org.clock.advance(71 * 3600)
    create("Item__c", Note__c="young")
    later = listen()
    assert later.subscribe(CHANGES, replay=old)["successful"]
    org.clock.advance(2 * 3600)
    later = listen()  # the session before has ended
    assert later.subscribe(CHANGES, replay=old)["error"] == INVALID_REPLAY % old
    later.subscribe(CHANGES, replay=-2)
    assert [payload["Note__c"] for payload in later.payloads()] == ["young"]


def test_large_backlogs_come_in_parts(changes: Any, create: Create, org: Org) -> None:
    org.events.configure({"max_messages": 2})
    for _ in range(3):
        create("Item__c")
    assert [len(changes.payloads()) for _ in range(3)] == [2, 1, 0]


# Limits and statistics


def test_deliveries_are_limited_by_the_day(changes: Any, create: Create, org: Org) -> None:
    for _ in range(3):
        create("Item__c")
    org.limits.set({"DailyDeliveredPlatformEvents": {"max": 2, "remaining": 2}})
    assert len(changes.payloads()) == 2
    (answer,) = changes.connect()
    assert answer["error"] == "403::Organization total events daily limit exceeded"
    changes.handshake()
    assert changes.subscribe(CHANGES)["error"] == "403::Organization total events daily limit exceeded"
    org.limits.set({"DailyDeliveredPlatformEvents": {"max": 1_000_000, "remaining": 1_000_000}})


def test_calls_are_of_kind_event_and_cost_no_api_call(changes: Any, create: Create, org: Org) -> None:
    create("Item__c")
    mark, used = org.journal.mark, org.limits.usage_header
    changes.subscribe("/data/Item__ChangeEvent", replay=-1)
    changes.connect()
    subscribed, connected = org.journal.calls(mark)
    assert [subscribed["kind"], connected["kind"]] == ["event", "event"]
    assert (subscribed["object"], connected["rows"]) == ("Item__c", 1)
    assert org.limits.usage_header == used
