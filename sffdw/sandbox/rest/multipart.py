"""Multipart bodies: a JSON part with the fields and a binary part that becomes the record's blob field."""

from __future__ import annotations

import base64
import json
from email.message import Message
from email.parser import BytesParser
from typing import Any

from sffdw.sandbox.call import Call
from sffdw.sandbox.errors import malformed_json


def read_multipart(call: Call) -> dict[str, Any]:
    """Return the values of an `entity_…` part with the blob of the other part in base64."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + call.body)
    values: dict[str, Any] | None = None
    blobs: dict[str, str] = {}
    for part in message.get_payload() if message.is_multipart() else ():
        if not isinstance(part, Message):
            continue
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if part.get_content_type() == "application/json":
            values = _fields(content)
        else:
            name = part.get_param("name", "VersionData", header="content-disposition")
            blobs[str(name)] = base64.b64encode(content).decode()
    if values is None:
        raise malformed_json("The multipart body has no JSON part at [line:1, column:1]")
    return values | blobs


def _fields(content: bytes) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except ValueError as error:
        raise malformed_json(f"Unexpected character in the JSON part: {error}") from None
    if not isinstance(values, dict):
        raise malformed_json("The JSON part must be an object at [line:1, column:1]")
    return values
