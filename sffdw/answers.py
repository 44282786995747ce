"""What Salesforce's answers mean: values for a success, one of errors.py for everything else."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sffdw.errors import (
    TOO_COMPLICATED,
    FieldUnknown,
    LimitReached,
    LocatorExpired,
    ObjectUnknown,
    RequestError,
    SessionExpired,
    SoqlRejected,
    UnreadableAnswer,
    printable,
)
from sffdw.types import may_be_unstorable, parse_json


@dataclass(frozen=True)
class Answer:
    """status 304 has no body; every other answer that is given back was a success."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The body, parsed once and without floats. Raises UnreadableAnswer."""
        return self._parsed

    @cached_property
    def _parsed(self) -> Any:
        try:
            return parse_json(self.body) if self.body.strip() else None
        except (ValueError, RecursionError) as exc:
            raise unreadable(self.status, self.body) from exc

    def has_unstorable_text(self) -> bool:
        """Some text may hold what PostgreSQL cannot store."""
        return may_be_unstorable(self.body)


# Too long or too large as it is: sending the same again cannot help.
LASTING = frozenset((413, 414, 431))


def unreadable(status: int, body: bytes | str) -> UnreadableAnswer:
    """An answer that should be JSON and is not: a page of a proxy, a maintenance page, half an answer."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    shown = printable(re.sub(r"<[^>]*>", " ", text))[:200]
    return UnreadableAnswer("the answer is not from the Salesforce API", reason="unreadable", status=status,
                            detail=f"HTTP status {status}, beginning: {shown}" if shown else f"HTTP status {status}.",
                            is_transient=(status < 300 or status >= 406) and status not in LASTING,
                            is_in_doubt=status >= 500 or status < 300)


def refused(status: int, content: Any) -> RequestError:
    """The error for an answer that is none of success. content: what came, parsed or as text."""
    items = _items(content)
    if not items:
        return unreadable(status, content if isinstance(content, str | bytes) else "")
    code = str(items[0].get("errorCode") or items[0].get("statusCode") or items[0].get("exceptionCode") or "")
    message = str(items[0].get("message") or items[0].get("exceptionMessage") or "")
    fields = items[0].get("fields")
    detail = f"Salesforce answered: {code}: {printable(message)}"
    kind, primary = _kind(status, code, message)
    is_busy = code == "REQUEST_LIMIT_EXCEEDED" and message.startswith("Concurrent")
    return kind(primary, detail=detail, hint=CODE_HINTS.get(code), status=status, code=code,
                is_transient=is_busy or status in (429, 503) or code in TRANSIENT_CODES, is_in_doubt=status >= 500,
                fields=_fields(message, fields))


def _fields(message: str, named: Any) -> tuple[str, ...]:
    """The fields that an error is about, which some messages name only in their text."""
    unknown = UNKNOWN_FIELD.search(message)
    return tuple(map(str, named)) if isinstance(named, list) and named else (unknown.group(1),) if unknown else ()


def _items(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str | bytes):
        try:
            content = json.loads(content)
        except ValueError:
            return []
    items = content if isinstance(content, list) else [content]
    return [item for item in items if isinstance(item, dict) and (item.keys() & {"errorCode", "exceptionCode"})]


UNKNOWN_FIELD = re.compile(r"No such column '([^']+)' on (?:entity|sobject of type) '?([A-Za-z0-9_]+)")
TRANSIENT_CODES = frozenset(("QUERY_TIMEOUT", "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE",
                             "TXN_SECURITY_METERING_ERROR"))
LIMIT_CODES = frozenset(("REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR", "LIMIT_EXCEEDED", "EXCEEDED_QUOTA"))
SOQL_CODES = frozenset(("MALFORMED_QUERY", "INVALID_QUERY_FILTER_OPERATOR", TOO_COMPLICATED,
                        "INVALID_TYPE_FOR_OPERATION", "INVALID_FIELD", "NUMBER_OUTSIDE_VALID_RANGE"))
LOCATOR_CODES = frozenset(("INVALID_QUERY_LOCATOR", "INVALID_QUERY_LOCATOR_FORMAT", "QUERY_LOCATOR_EXPIRED",
                           "LOCATOR_LOCATION_EXCEEDS_SIZE"))
CODE_HINTS = {
    "API_DISABLED_FOR_ORG": "In Salesforce, give the integration user the permission API Enabled.",
    "API_CURRENTLY_DISABLED": "In Salesforce, give the integration user the permission API Enabled.",
    "UNSUPPORTED_API_VERSION": "Set the server option api_version to a version that Salesforce still serves.",
    "QUERY_TIMEOUT": "Narrow the query by conditions that Salesforce can apply; EXPLAIN shows which ones it applies.",
    "OPERATION_TOO_LARGE": "In Salesforce, give the integration user View All Data: without it activities of many "
                           "people cannot be queried; or narrow the query.",
    "INVALID_REPLICATION_DATE": "Ask for a window of at least a minute within the last 15 days.",
    "EXCEEDED_ID_LIMIT": "Ask for a shorter window.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "In Salesforce, give the integration user access to the object and its records.",
}


def _kind(status: int, code: str, message: str) -> tuple[type[RequestError], str]:
    """The class of an error and its primary message, by Salesforce's code."""
    if status == 401:
        return SessionExpired, "Salesforce does not accept the session"
    if code in LIMIT_CODES:
        return LimitReached, "a limit of the org is reached"
    if code in LOCATOR_CODES:
        return LocatorExpired, "Salesforce no longer holds the query's result"
    unknown = UNKNOWN_FIELD.search(message)
    if code == "INVALID_FIELD" and unknown:
        return FieldUnknown, f'object "{unknown.group(2)}" has no field "{printable(unknown.group(1))}" in Salesforce'
    if code == "INVALID_TYPE":
        named = re.search(r"sObject type '([^']+)'", message)
        return ObjectUnknown, f'object "{printable(named.group(1)) if named else "?"}" does not exist in Salesforce'
    if code in SOQL_CODES:
        return SoqlRejected, "Salesforce rejected the query"
    return RequestError, "Salesforce did not fulfil the request"
