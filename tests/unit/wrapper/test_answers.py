"""What answers of Salesforce, and of what stands before it, become."""

from typing import Any

import pytest

from sffdw.answers import Answer, refused, unreadable
from sffdw.errors import Error

CASES: list[tuple[int, Any, str, str, bool]] = [
    (400, [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token: 'x'"}], "SF009", "query", False),
    (400, [{"errorCode": "INVALID_FIELD", "message": "\nNo such column 'Foo__c' on entity 'Account'. If you"}], "SF008",
     'object "Account" has no field "Foo__c"', False),
    (400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'foo' on sobject of type Bar"}], "SF008",
    '"foo"', False),
    (400, [{"errorCode": "INVALID_TYPE", "message": "sObject type 'Nope__c' is not supported."}], "SF007",
    '"Nope__c"', False),
    (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], "SF001", "session", False),
    (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], "SF004", "limit",
    False),
    (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED",
    "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded."}],
     "SF004", "limit", True),
    (400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}], "SF005", "result", False),
    (400, [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}], "SF005",
    "request", True),
    (410, [{"errorCode": "UNSUPPORTED_API_VERSION", "message": "gone"}], "SF005", "request", False),
    (503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "Server Too Busy"}], "SF005", "request", True),
    (502, "<html><h1>We are setting things up</h1></html>", "SF006", "not from the Salesforce API", True),
    (420, "", "SF006", "not from", True), (406, "", "SF006", "not from", True),
    (200, "plain", "SF006", "not from", True),
    (500, '[{"errorCode":"UNKNOWN_EXCEPTION","message":"An unexpected error occurred."}]', "SF005", "request", False)]


@pytest.mark.parametrize(("status", "content", "sqlstate", "says", "is_transient"), CASES)
def test_each_refusal_has_its_class(status: int, content: Any, sqlstate: str, says: str, is_transient: bool) -> None:
    error = refused(status, content)
    assert (error.sqlstate, error.is_transient) == (sqlstate, is_transient)
    assert says in str(error)
    assert "\n" not in f"{error}{error.detail}"


def test_salesforces_code_and_text_stand_in_the_detail() -> None:
    error = refused(400, [{"errorCode": "MALFORMED_QUERY",
    "message": "\nSELECT x\n   ^\nERROR at Row:1:Column:3\nbad"}])
    assert error.detail == "Salesforce answered: MALFORMED_QUERY: SELECT x ^ ERROR at Row:1:Column:3 bad"


@pytest.mark.parametrize(("code", "hint"), [
    ("QUERY_TIMEOUT", "Narrow the query"), ("OPERATION_TOO_LARGE", "View All Data"), ("EXCEEDED_ID_LIMIT", "shorter")])
def test_case_61_a_query_that_is_too_much_says_what_to_do(code: str, hint: str) -> None:
    assert hint in str(refused(400, [{"errorCode": code, "message": ""}]).hint)


def test_case_64_a_retired_api_version_names_the_option() -> None:
    assert "api_version" in str(refused(410, [{"errorCode": "UNSUPPORTED_API_VERSION", "message": ""}]).hint)


def test_a_page_shows_its_text_and_no_markup() -> None:
    error = unreadable(502, b"<html><script>x</script><h1>Down</h1></html>")
    assert error.detail == "HTTP status 502, beginning: x Down"


@pytest.mark.parametrize("body", [b"<html>", b"{", b'{"a":}', b"[" * 100_000])
def test_an_answer_that_is_no_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(Error) as caught:
        Answer(200, body, {}).json()
    assert caught.value.sqlstate == "SF006"
