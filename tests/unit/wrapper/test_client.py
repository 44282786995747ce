"""REST resources as functions: what is sent for a statement, however long, and what is counted."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from sffdw.answers import Answer, refused, unreadable
from sffdw.calls import Purpose
from sffdw.client import MAX_URI_BYTES, Client
from sffdw.errors import RequestError
from sffdw.types import json_text

PAGE = {"records": [{"Id": "001"}], "totalSize": 1, "done": True}
SHORT = "SELECT Id FROM Account"
LONG = SHORT + " WHERE Name IN ('" + "x" * MAX_URI_BYTES + "')"
WRAPPED = {"compositeResponse": [{"httpStatusCode": 200, "body": PAGE}]}


@dataclass
class Wire:
    """Gives its answers in turn; remembers requests and counts as a ledger."""

    answers: list[Any]
    seen: list[tuple[str, str]] = field(default_factory=list)
    rows: dict[Purpose, int] = field(default_factory=dict)

    @property
    def ledger(self) -> "Wire":
        return self

    def call(self, method: str, path: str, **request: Any) -> Answer:
        self.seen.append((method, path))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, json_text(answer).encode(), {})

    def add(self, purpose: Purpose, *, rows: int) -> None:
        self.rows[purpose] = self.rows.get(purpose, 0) + rows

    def enter_rest(self) -> None:
        """Everything is entered at once here."""


def client_with(*answers: Any) -> tuple[Client, Wire]:
    wire = Wire(list(answers))
    return Client(wire, "62.0", Purpose("poll", "Account")), wire  # type: ignore[arg-type]


@pytest.mark.parametrize(("statement", "answer", "want"), [
    (SHORT, PAGE, ("GET", "query")), (LONG, WRAPPED, ("POST", "composite"))], ids=["short", "long"])
def test_case_57_a_statement_too_long_for_a_uri_goes_in_a_body(statement: str, answer: Any,
                                                               want: tuple[str, str]) -> None:
    client, wire = client_with(answer)
    assert client.query(statement).records == PAGE["records"]
    assert wire.seen == [want]
    assert wire.rows == {Purpose("poll", "Account"): 1}


@pytest.mark.parametrize("refusal", [
    refused(414, [{"errorCode": "URI_TOO_LONG", "message": "Request URI is too long"}]),
    unreadable(414, "<html>414 Request-URI Too Large</html>"), unreadable(431, "")], ids=["uri", "page", "headers"])
def test_case_57_a_statement_that_a_proxy_finds_too_long_goes_in_a_body(refusal: RequestError) -> None:
    client, wire = client_with(refusal, WRAPPED)
    assert client.query(SHORT).records == PAGE["records"]
    assert wire.seen == [("GET", "query"), ("POST", "composite")]
    assert not refusal.is_transient


def test_another_refusal_is_not_tried_in_another_way() -> None:
    client, wire = client_with(refused(400, [{"errorCode": "MALFORMED_QUERY", "message": "no"}]))
    with pytest.raises(RequestError):
        client.query(SHORT)
    assert wire.seen == [("GET", "query")]
