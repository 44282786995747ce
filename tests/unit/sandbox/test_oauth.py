"""Tokens: flows, signatures, refusals, endings."""

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.unit.sandbox.conftest import Caller

TOKEN = "/services/oauth2/token"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def ask(sf: Caller, path: str = TOKEN, **form: Any) -> tuple[int, Any]:
    """Send a form and return status and JSON."""
    reply = sf.send(
        "POST", path, urlencode(form).encode(), content_type="application/x-www-form-urlencoded", authorization=""
    )
    return reply.status, reply.body


def client(sf: Caller) -> dict[str, str]:
    """The connected app's credentials."""
    return {"client_id": sf.org.credentials.client_id, "client_secret": sf.org.credentials.client_secret}


def test_client_credentials_run_as_the_integration_user(sf: Caller) -> None:
    status, answer = ask(sf, grant_type="client_credentials", **client(sf))
    assert status == 200
    assert answer["access_token"].startswith(f"{sf.org.org_id[:15]}!AQ")
    assert answer["id"].endswith(f"/id/{sf.org.org_id}/{sf.org.users.default.user_id}")
    assert answer["issued_at"].isdigit()
    sf.token = answer["access_token"]
    assert sf.get("/services/oauth2/userinfo")["preferred_username"] == sf.org.credentials.username


def test_an_answer_is_signed_with_the_consumer_secret(sf: Caller) -> None:
    _, answer = ask(sf, grant_type="client_credentials", **client(sf))
    text = (answer["id"] + answer["issued_at"]).encode()
    digest = hmac.new(sf.org.credentials.client_secret.encode(), text, hashlib.sha256).digest()
    assert answer["signature"] == base64.b64encode(digest).decode()


def test_clients_may_use_http_basic(sf: Caller) -> None:
    pair = f"{sf.org.credentials.client_id}:{sf.org.credentials.client_secret}".encode()
    basic = "Basic " + base64.b64encode(pair).decode()
    assert sf.send("POST", TOKEN, b"grant_type=client_credentials", authorization=basic).status == 200


def test_a_password_needs_its_security_token(sf: Caller) -> None:
    known = sf.org.credentials
    right = {"grant_type": "password", "username": known.username, **client(sf)}
    assert ask(sf, **right, password=known.password + known.security_token)[0] == 200
    want = (400, {"error": "invalid_grant", "error_description": "authentication failure"})
    assert ask(sf, **right, password=known.password) == want
    assert ask(sf, **{**right, "username": "nobody@example.com"}, password="x") == want


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
        ({"client_id": "wrong"}, "invalid_client_id", "client identifier invalid"),
        ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
        ({"grant_type": "refresh_token", "refresh_token": "old"}, "invalid_grant", "expired access/refresh token"),
    ],
)
def test_a_wrong_form_is_refused(sf: Caller, form: dict[str, str], error: str, description: str) -> None:
    status, answer = ask(sf, **{"grant_type": "client_credentials", **client(sf), **form})
    assert (status, answer) == (400, {"error": error, "error_description": description})


def test_a_refresh_token_lives_on_unless_it_rotates(own_sf: Caller) -> None:
    sf = own_sf
    form = {"grant_type": "refresh_token", "refresh_token": sf.org.credentials.refresh_token, **client(sf)}
    for _ in range(2):
        status, answer = ask(sf, **form)
        assert (status, "refresh_token" in answer) == (200, False)
    sf.org.sessions.rotates_refresh_tokens = True
    rotated = ask(sf, **form)[1]["refresh_token"]
    assert ask(sf, **form)[0] == 400
    assert ask(sf, **{**form, "refresh_token": rotated})[0] == 200


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def assertion(sf: Caller, key: rsa.RSAPrivateKey, **claims: Any) -> str:
    """Sign an assertion like simple-salesforce's, whose exp is a string."""
    known = {
        "iss": sf.org.credentials.client_id,
        "sub": sf.org.credentials.username,
        "aud": "https://login.salesforce.com",
    }
    times = {"exp": str(int(sf.org.clock.timestamp()) + 180)}
    return jwt.encode({**known, **times, **claims}, key, algorithm="RS256")


def test_a_jwt_is_checked_against_the_users_certificate(own_sf: Caller, key: rsa.RSAPrivateKey) -> None:
    sf = own_sf
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    refused = ask(sf, grant_type=JWT_GRANT, assertion=assertion(sf, key))
    assert refused == (400, {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"})
    sf.send("PUT", f"/_sandbox/users/{sf.org.credentials.username}", {"certificate": public.decode()})
    assert ask(sf, grant_type=JWT_GRANT, assertion=assertion(sf, key))[0] == 200
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert ask(sf, grant_type=JWT_GRANT, assertion=assertion(sf, other))[1]["error_description"] == "invalid assertion"
    wrong = assertion(sf, key, aud="https://elsewhere.example")
    assert ask(sf, grant_type=JWT_GRANT, assertion=wrong)[1]["error_description"] == "audience is invalid"
    late = assertion(sf, key, exp=int(time.time()) - 10**6)
    assert ask(sf, grant_type=JWT_GRANT, assertion=late)[0] == 400


def test_sessions_end_by_inactivity_by_revocation_and_by_order(own_sf: Caller) -> None:
    sf = own_sf

    def status() -> int:
        return sf.send("GET", "/limits").status

    def login() -> None:
        sf.token = ask(sf, grant_type="client_credentials", **client(sf))[1]["access_token"]

    login()
    sf.org.clock.advance(3600)
    assert status() == 200
    sf.org.clock.advance(7201)
    assert status() == 401
    login()
    assert (
        ask(sf, "/services/oauth2/introspect", token=sf.token, **client(sf))[1]["username"]
        == sf.org.credentials.username
    )
    assert ask(sf, "/services/oauth2/revoke", token=sf.token)[0] == 200
    assert status() == 401
    assert ask(sf, "/services/oauth2/introspect", token=sf.token, **client(sf))[1] == {"active": False}
    assert ask(sf, "/services/oauth2/revoke", token=sf.token)[0] == 400
    login()
    assert sf.post("/_sandbox/sessions/expire", {})["expired"] == 2
    reply = sf.send("GET", "/limits")
    assert (reply.status, reply.body) == (
        401,
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )


def test_an_inactive_user_cannot_log_in(own_sf: Caller) -> None:
    own_sf.send("PUT", f"/_sandbox/users/{own_sf.org.credentials.username}", {"active": False})
    status, answer = ask(own_sf, grant_type="client_credentials", **client(own_sf))
    assert (status, answer["error_description"]) == (400, "inactive user")
