"""POST /sobjects/StreamingChannel/ID/push: generic events."""

from __future__ import annotations

from sffdw.sandbox import ids
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import not_found
from sffdw.sandbox.rest.describe import find_object


def push(call: Call, channel_id: str) -> Reply:
    """Publish the payloads of `pushEvents` on a streaming channel; one result each."""
    sobject = find_object(call, "StreamingChannel")
    row = call.org.store.get(sobject, ids.normalise(channel_id) or "")
    if row is None or row["IsDeleted"]:
        raise not_found()
    sent = call.json_object().get("pushEvents") or []
    for item in sent:
        call.org.events.push(str(row["Name"]), str(item.get("payload", "")))
    name = str(row["Name"]).lower()
    clients = call.org.events.clients.listed()
    listening = sum(name in {key.lower() for key in client.subscriptions} for client in clients)
    return Reply(body=[{"fanoutCount": listening, "userOnlineStatus": {}} for _ in sent])
