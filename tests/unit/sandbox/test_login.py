"""Logins by web page, by device and by SOAP: what is granted once, and what is refused."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sffdw.sandbox.call import Reply
from tests.unit.sandbox.conftest import Caller

TOKEN, AUTHORIZE, CONNECT = "/services/oauth2/token", "/services/oauth2/authorize", "/setup/connect"
CALLBACK = "http://localhost:1717/OauthRedirect?x=1"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
LOGIN = (
    '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Header>{header}</se:Header><se:Body>'
    '<login xmlns="urn:partner.soap.sforce.com"><username>{username}</username><password>{password}</password></login>'
    "</se:Body></se:Envelope>"
)


def send(sf: Caller, path: str, **form: str) -> Reply:
    """Send a form without a session."""
    body = urlencode(form).encode()
    return sf.send("POST", path, body, content_type="application/x-www-form-urlencoded", authorization="")


def allow(sf: Caller, **changes: str) -> Reply:
    """Press Allow on the authorize page."""
    known = sf.org.credentials
    form = {"response_type": "code", "client_id": known.client_id, "redirect_uri": CALLBACK, "state": "a&b"}
    person = {"username": known.username, "password": known.password, "decision": "allow"}
    return send(sf, AUTHORIZE, **{**form, **person, **changes})


def returned(reply: Reply) -> dict[str, str]:
    """What a redirect brings to the client."""
    assert reply.status == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["Location"]).query).items()}


def trade(sf: Caller, code: str, **changes: str) -> tuple[int, Any]:
    """Exchange a code for tokens."""
    known = sf.org.credentials
    form = {"client_id": known.client_id, "client_secret": known.client_secret, "redirect_uri": CALLBACK}
    reply = send(sf, TOKEN, **{"grant_type": "authorization_code", "code": code, **form, **changes})
    return reply.status, reply.body


def test_a_code_brings_tokens_once(sf: Caller) -> None:
    back = returned(allow(sf))
    assert (back["state"], back["x"]) == ("a&b", "1")
    status, answer = trade(sf, back["code"])
    assert (status, answer["scope"]) == (200, "refresh_token api web")
    renewed = trade(sf, "", grant_type="refresh_token", refresh_token=answer["refresh_token"])
    assert renewed[0] == 200
    sf.token = answer["access_token"]
    assert sf.get("/services/oauth2/userinfo")["preferred_username"] == sf.org.credentials.username
    want = (400, {"error": "invalid_grant", "error_description": "expired authorization code"})
    assert trade(sf, back["code"]) == want
    assert trade(sf, "made up")[1]["error_description"] == "invalid authorization code"


@pytest.mark.parametrize(("seconds", "want"), [(899, 200), (901, 400)])
def test_a_code_lives_fifteen_minutes(sf: Caller, seconds: int, want: int) -> None:
    code = returned(allow(sf, scope="api"))["code"]
    sf.org.clock.advance(seconds)
    status, answer = trade(sf, code)
    assert (status, "refresh_token" in answer) == (want, False)


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({"code_verifier": VERIFIER}, None),
        ({"code_verifier": VERIFIER, "client_secret": "wrong"}, "invalid client credentials"),
        ({"code_verifier": "w" * 64}, "invalid code verifier"),
        ({}, "invalid code verifier"),
        ({"code_verifier": VERIFIER, "redirect_uri": "http://localhost/"}, "redirect_uri must match configuration"),
    ],
)
def test_a_challenge_wants_its_verifier(sf: Caller, changes: dict[str, str], want: str | None) -> None:
    code = returned(allow(sf, code_challenge=CHALLENGE))["code"]
    assert trade(sf, code, **changes)[1].get("error_description") == want


def test_a_verifier_does_not_replace_the_secret_of_a_code_without_challenge(sf: Caller) -> None:
    known = sf.org.credentials
    form = {"client_id": known.client_id, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    code = returned(allow(sf))["code"]
    assert send(sf, TOKEN, grant_type="authorization_code", code=code, **form).body["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({"decision": "deny"}, "access_denied"),
        ({"response_type": "magic"}, "unsupported_response_type"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_the_client_learns_of_a_refusal(sf: Caller, changes: dict[str, str], want: str) -> None:
    back = returned(allow(sf, **changes))
    assert (back["error"], back["state"], "code" in back) == (want, "a&b", False)


@pytest.mark.parametrize(
    ("changes", "status", "want"),
    [
        ({"client_id": "other"}, 400, "invalid_client_id"),
        ({"redirect_uri": ""}, 400, "redirect_uri_mismatch"),
        ({"password": "wrong"}, 200, "Please check your username and password."),
        ({"username": '"><b>@example.com'}, 200, "&quot;&gt;&lt;b&gt;@example.com"),
    ],
)
def test_the_browser_stays_where_nobody_is_known(sf: Caller, changes: dict[str, str], status: int, want: str) -> None:
    reply = allow(sf, **changes)
    assert (reply.status, reply.content_type, "Location" in reply.headers) == (status, "text/html;charset=UTF-8", False)
    assert want in str(reply.text)
    assert "<b>" not in str(reply.text)


def test_a_device_polls_until_its_user_allows_it(sf: Caller) -> None:
    known = sf.org.credentials
    device = send(sf, TOKEN, response_type="device_code", client_id=known.client_id).body
    assert (len(device["user_code"]), device["interval"]) == (8, 5)
    assert device["verification_uri"].endswith(CONNECT)

    def poll(after_s: float = 6) -> Any:
        sf.org.clock.advance(after_s)
        answer = send(sf, TOKEN, grant_type="device", client_id=known.client_id, code=device["device_code"]).body
        return answer.get("error", answer)

    assert [poll(), poll(1)] == ["authorization_pending", "slow_down"]
    person = {"username": known.username, "user_code": device["user_code"].lower(), "decision": "allow"}
    send(sf, CONNECT, **person, password="wrong")
    assert poll() == "authorization_pending"
    assert "Connected" in str(send(sf, CONNECT, **person, password=known.password).text)
    assert poll()["access_token"].startswith(sf.org.org_id[:15])
    assert poll() == "invalid_grant"


@pytest.mark.parametrize(
    ("decision", "after_s", "want"), [("deny", 6, "access_denied"), ("allow", 601, "invalid_grant")]
)
def test_a_device_is_denied_or_forgotten(sf: Caller, decision: str, after_s: float, want: str) -> None:
    known = sf.org.credentials
    device = send(sf, TOKEN, response_type="device_code", client_id=known.client_id).body
    person = {"username": known.username, "password": known.password, "user_code": device["user_code"]}
    send(sf, CONNECT, **person, decision=decision)
    sf.org.clock.advance(after_s)
    reply = send(sf, TOKEN, grant_type="device", client_id=known.client_id, code=device["device_code"])
    assert reply.body["error"] == want


def soap(sf: Caller, version: str = "59.0", header: str = "", **changes: str) -> Reply:
    """Call login()."""
    known = sf.org.credentials
    person = {"username": known.username, "password": known.password + known.security_token, **changes}
    body = LOGIN.format(header=header, **person).encode()
    return sf.send("POST", f"/services/Soap/u/{version}", body, content_type="text/xml", authorization="")


@pytest.mark.parametrize("version", ["31.0", "59.0/", "64.0"])
def test_soap_login_opens_a_session(sf: Caller, version: str) -> None:
    reply = soap(sf, version)
    text = str(reply.text)
    assert (reply.status, reply.content_type) == (200, "text/xml;charset=utf-8")
    number = version.rstrip("/")
    assert f"/services/Soap/u/{number}/{sf.org.org_id[:15]}</serverUrl>" in text
    assert "<passwordExpired>false</passwordExpired>" in text
    sf.token = text.partition("<sessionId>")[2].partition("</sessionId>")[0]
    assert sf.send("GET", "/limits").status == 200


@pytest.mark.parametrize(
    ("version", "changes", "want"),
    [
        ("59.0", {"password": "wrong"}, "INVALID_LOGIN"),
        ("59.0", {"username": "nobody@example.com"}, "INVALID_LOGIN"),
        ("59.0", {"header": "<organizationId>00D000000000009</organizationId>"}, "INVALID_LOGIN"),
        ("65.0", {}, "UNSUPPORTED_API_VERSION"),
        ("30.0", {}, "UNSUPPORTED_API_VERSION"),
        ("abc", {}, "UNSUPPORTED_API_VERSION"),
    ],
)
def test_soap_login_refuses_with_a_fault(sf: Caller, version: str, changes: dict[str, str], want: str) -> None:
    reply = soap(sf, version, **changes)
    assert reply.status == 500
    assert f"<faultcode>sf:{want}</faultcode>" in str(reply.text)
    assert f"<sf:exceptionCode>{want}</sf:exceptionCode>" in str(reply.text)


def test_soap_login_asks_for_the_security_token(sf: Caller) -> None:
    assert "sf:LOGIN_MUST_USE_SECURITY_TOKEN" in str(soap(sf, password=sf.org.credentials.password).text)


@pytest.mark.parametrize("body", [b"", b"<a", b"<a/>", b"<!DOCTYPE a><a/>", b"<a><Body><fly/></Body></a>"])
def test_soap_refuses_what_is_no_call(sf: Caller, body: bytes) -> None:
    reply = sf.send("POST", "/services/Soap/u/59.0", body, content_type="text/xml")
    assert (reply.status, "<faultcode>soapenv:Client</faultcode>" in str(reply.text)) == (500, True)
