"""Salesforce's event stream: CometD (Bayeux 1.0, long polling), one channel followed from where its reader stands.

A stream is kept by the backend between statements; Salesforce forgets a client that does not come back in 40 seconds.
Who reads says from which replay id: if that is not where the stream stands, for instance because the transaction that
had read on was rolled back, the stream is opened anew there. Its requests are no API calls.
"""

from typing import Any

from sffdw.answers import Answer
from sffdw.errors import LimitReached, ReplayUnknown, RequestError, SessionExpired, UnreadableAnswer
from sffdw.transport import Transport

NEW_ONLY = -1
# The server holds a connect as long as it is asked to; this much later its answer is no longer waited for.
GRACE_S = 10.0
Message = dict[str, Any]


class Stream:
    """A CometD client with one subscription."""

    def __init__(self, transport: Transport, api_version: str) -> None:
        self._transport = transport
        self._path = f"/cometd/{api_version}"
        self._client_id: str | None = None
        self._position: tuple[str, int] | None = None

    def read(self, channel: str, replay_id: int, wait_s: float) -> list[Message]:
        """The events after a replay id, at most those of one reply; [] if none came within wait_s.

        The first of a stream that had to be opened is {"subscribed": true, "replayId": …}: what happened before is not
        in it if it was opened for new events only. Raises ReplayUnknown, LimitReached.
        """
        if self._client_id and self._position == (channel, replay_id):
            try:
                found = self._connect(wait_s)
            except RequestError:
                self._client_id = None
                raise
            if found is not None:
                return found
        self._open(channel, replay_id)
        opened = {"subscribed": True, "channel": channel, "replayId": replay_id}
        return [opened, *(self._connect(0) or [])]

    def _open(self, channel: str, replay_id: int) -> None:
        self._client_id = None
        hello = self._send({
            "channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
            "supportedConnectionTypes": ["long-polling"], "ext": {"replay": True}})
        _check(hello)
        self._client_id = str(hello.get("clientId") or "")
        _check(self._send({"channel": "/meta/subscribe", "clientId": self._client_id, "subscription": channel,
                           "ext": {"replay": {channel: replay_id}}}))
        self._position = (channel, replay_id)

    def _connect(self, wait_s: float) -> list[Message] | None:
        """The events of one reply; None: the server no longer knows this client."""
        assert self._position is not None
        channel, replay_id = self._position
        messages = self._exchange({
            "channel": "/meta/connect", "clientId": self._client_id, "connectionType": "long-polling",
            "advice": {"timeout": int(wait_s * 1000)}}, wait_s)
        events = [message["data"] for message in messages
                  if message.get("channel") == channel and isinstance(message.get("data"), dict)]
        end = next((message for message in messages if message.get("channel") == "/meta/connect"), {})
        if not end.get("successful"):
            if (end.get("advice") or {}).get("reconnect") == "handshake":
                return None
            _check(end)
        self._position = channel, max([replay_id, *map(_replay_id, events)])
        return events

    def _send(self, message: Message) -> Message:
        """The answer to one message."""
        messages = self._exchange(message, 0)
        return next((found for found in messages if found.get("channel") == message["channel"]), {})

    def _exchange(self, message: Message, wait_s: float) -> list[Message]:
        answer = self._transport.post_uncounted(self._path, [message], wait_s + GRACE_S, check=_check_session)
        return _messages(answer)


def _messages(answer: Answer) -> list[Message]:
    found = answer.json()
    if not isinstance(found, list) or not all(isinstance(message, dict) for message in found):
        raise UnreadableAnswer("Salesforce answered with something else than events", status=answer.status)
    return found


def _replay_id(event: Message) -> int:
    number = (event.get("event") or {}).get("replayId")
    return number if isinstance(number, int) else NEW_ONLY


def _error_of(message: Message) -> str:
    reason = ((message.get("ext") or {}).get("sfdc") or {}).get("failureReason")
    return str(reason or message.get("error") or "no reason given")


def _check_session(answer: Answer) -> None:
    """A dead session is told of in a message, with HTTP status 200."""
    for message in _messages(answer):
        if message.get("successful") is False and _error_of(message).startswith("401"):
            raise SessionExpired("Salesforce ended the session of the event stream", status=401)


def _check(message: Message) -> None:
    if message.get("successful"):
        return
    said = _error_of(message)
    if "replayId" in said:
        raise ReplayUnknown("Salesforce no longer has the events since the last ones read", detail=f"{said}")
    if "limit exceeded" in said:
        raise LimitReached("the org has used up its events", detail=f"{said}.")
    raise RequestError("Salesforce refused the event stream", detail=f"{said}.",
                       hint="Check the channel, and in Salesforce that Change Data Capture is on for the objects.")
