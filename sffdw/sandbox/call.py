"""One request on its way through the org, and the reply to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.access import FULL_ACCESS, Access
from sffdw.sandbox.errors import ApiError, malformed_json
from sffdw.sandbox.jsontext import dumps, mend

if TYPE_CHECKING:
    from sffdw.sandbox.events.hold import Hold
    from sffdw.sandbox.faults import Fault
    from sffdw.sandbox.org import Org
    from sffdw.sandbox.sessions import Session

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
JSON_TYPE = "application/json;charset=UTF-8"


@dataclass(frozen=True)
class Stream:
    """A body that is made while it is sent: its pieces, again for each reader, and their length in all."""

    pieces: Callable[[], Iterator[bytes]]
    length: int


@dataclass
class Reply:
    """What goes back: JSON is written when it is sent, so that subrequests can use it as it is."""

    status: int = 200
    body: Any = None
    text: str | None = None
    raw: bytes | None = None
    stream: Stream | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE
    hold: Hold | None = None  # the reply comes later

    def payload(self, pretty: bool) -> bytes:
        """Return the body's bytes."""
        if self.raw is not None:
            return self.raw
        if self.stream is not None:
            return b"".join(self.stream.pieces())
        if self.text is not None:
            return self.text.encode("utf-8", "surrogatepass")
        if self.body is None:
            return b""
        return dumps(self.body, pretty=pretty).encode("utf-8", "surrogatepass")

    def value(self) -> Any:
        """Return the body as a JSON value, as composite replies hold it."""
        if self.text is not None:
            return json.loads(self.text)
        return self.body


def error_reply(error: ApiError) -> Reply:
    """Return the reply for a refused request."""
    return Reply(error.status, error.body())


@dataclass
class Call:
    """A request, and what is learned about it while it is answered."""

    org: Org
    method: str
    path: str
    target: str  # path with the query string, as it came
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    kind: str = "other"
    object: str | None = None
    rows: int = 0
    is_file: bool = False  # what is sent lies ready in a file
    version: str = ""
    session: Session | None = None
    base_url: str = ""
    fired: dict[str, Fault] = field(default_factory=dict)
    is_subrequest: bool = False
    at: str = ""  # stamp of the rows it writes
    remote: str = ""
    host: Any = None  # the server's holder of the org, for a reset

    @property
    def pretty(self) -> bool:
        """Whether the caller asked for indented JSON."""
        return self.headers.get("x-prettyprint", "") in {"1", "true"} and not self.is_subrequest

    @property
    def access(self) -> Access:
        """The rights of the user, less what faults take away from this call."""
        granted = self.org.users.access(self.session.username) if self.session else FULL_ACCESS
        fields = [
            str(name) if "." in str(name) else f"{self.object}.{name}"
            for fault in (self.fault("field.hidden"), self.fault("field.gone"))
            if fault is not None
            for name in fault.params.get("fields", ())
        ]
        gone = self.fault("object.gone")
        objects = list(gone.params.get("objects", [self.object] if self.object else [])) if gone is not None else []
        return granted.without(fields, objects) if fields or objects else granted

    @property
    def user_id(self) -> str:
        """The id of the user behind the session."""
        return self.session.user_id if self.session else ""

    def json(self) -> Any:
        """Return the body as JSON; raises JSON_PARSER_ERROR."""
        try:
            value = json.loads(self.body.decode("utf-8"))
            return mend(value) if _SURROGATE.search(self.body) else value
        except UnicodeDecodeError as error:
            raise malformed_json(f"Invalid UTF-8 byte at position {error.start}") from error
        except json.JSONDecodeError as error:
            raise malformed_json(_parser_message(error)) from error

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object; raises JSON_PARSER_ERROR."""
        value = self.json()
        if not isinstance(value, dict):
            raise malformed_json("Cannot deserialize the request body: an object is expected at [line:1, column:1]")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean parameter."""
        return self.query.get(name, str(default)).lower() == "true"

    def fault(self, name: str) -> Fault | None:
        """Return the fault of this name if it strikes this call."""
        return self.fired.get(name)


def _parser_message(error: json.JSONDecodeError) -> str:
    if not error.doc.strip():
        return "The HTTP entity body is required, but this request has no entity body."
    shown = error.doc[error.pos : error.pos + 1]
    if not shown:
        return f"Unexpected end-of-input at [line:{error.lineno}, column:{error.colno}]"
    return f"Unexpected character ('{shown}' (code {ord(shown)})) at [line:{error.lineno}, column:{error.colno}]"
