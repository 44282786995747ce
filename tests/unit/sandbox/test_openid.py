"""OpenID Connect: id tokens that clients can check with what the org publishes, and those they must not believe."""

from typing import Any

import jwt
import pytest

from sffdw.sandbox.login.openid import access_token_hash
from tests.unit.sandbox.conftest import Caller
from tests.unit.sandbox.test_login import CONNECT, TOKEN, allow, returned, send, trade

SCOPE = "openid api refresh_token"


def login(sf: Caller, **changes: str) -> dict[str, Any]:
    """Log in by web page and return what the token endpoint says."""
    code = returned(allow(sf, **{"scope": SCOPE, **changes}))["code"]
    status, answer = trade(sf, code)
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


def discovered(sf: Caller) -> dict[str, Any]:
    """What the org says of itself to who has no session."""
    reply = sf.send("GET", "/.well-known/openid-configuration", authorization="")
    assert reply.status == 200
    found: dict[str, Any] = reply.body
    return found


def checked(sf: Caller, token: str, **changes: Any) -> dict[str, Any]:
    """Check an id token as a client does and return its claims."""
    (key,) = sf.get("/id/keys", authorization="")["keys"]
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": key["kid"]}
    known: dict[str, Any] = {"audience": sf.org.credentials.client_id, "issuer": discovered(sf)["issuer"]}
    options = {"verify_exp": False, "verify_iat": False}  # by the org's clock, not by this machine's
    claims: dict[str, Any] = jwt.decode(token, jwt.PyJWK(key), ["RS256"], options=options, **{**known, **changes})
    return claims


def test_the_scope_openid_brings_a_token_that_the_published_key_signed(sf: Caller) -> None:
    begun = int(sf.org.clock.timestamp())
    answer = login(sf, nonce="n-0S6_WzA2Mj")
    claims = checked(sf, answer["id_token"])
    now = claims["iat"]
    assert begun <= now <= sf.org.clock.timestamp()
    sf.token = answer["access_token"]
    assert claims == {
        "iss": "https://acme.my.salesforce.com",
        "sub": answer["id"],
        "aud": sf.org.credentials.client_id,
        "iat": now,
        "exp": now + 120,
        "at_hash": access_token_hash(answer["access_token"]),
        "nonce": "n-0S6_WzA2Mj",
    }
    assert sf.get("/services/oauth2/userinfo")["sub"] == claims["sub"]


def test_the_hash_of_an_access_token_is_that_of_the_standards_example() -> None:
    assert access_token_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


@pytest.mark.parametrize(
    ("changes", "want"),
    [({"audience": "another"}, jwt.InvalidAudienceError), ({"issuer": "https://evil"}, jwt.InvalidIssuerError)],
)
def test_a_token_for_others_is_not_believed(sf: Caller, changes: dict[str, str], want: type[Exception]) -> None:
    token = login(sf)["id_token"]
    with pytest.raises(want):
        checked(sf, token, **changes)


def test_a_token_that_was_changed_or_comes_from_another_org_is_not_believed(sf: Caller, own_sf: Caller) -> None:
    token = login(sf)["id_token"]
    head, body, signature = token.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        checked(sf, f"{head}.{body}.{signature[:-8]}AAAAAAAA")
    with pytest.raises(AssertionError):  # the other org has another key, and so another kid
        checked(own_sf, token)


@pytest.mark.parametrize(("scope", "want"), [(SCOPE, True), ("api refresh_token", False), ("openid", True)])
def test_only_the_scope_openid_brings_one(sf: Caller, scope: str, want: bool) -> None:
    answer = login(sf, scope=scope)
    assert ("id_token" in answer) is want
    assert "nonce" not in (checked(sf, answer["id_token"]) if want else {})


def test_a_refreshed_session_has_a_token_of_its_own(sf: Caller) -> None:
    first = login(sf, nonce="n")
    known = sf.org.credentials
    client = {"client_id": known.client_id, "client_secret": known.client_secret}
    sf.org.clock.advance(60)
    again = send(sf, TOKEN, grant_type="refresh_token", refresh_token=first["refresh_token"], **client).body
    old, new = checked(sf, first["id_token"]), checked(sf, again["id_token"])
    assert (new["sub"], new["iat"] - old["iat"] >= 60, "nonce" in new) == (old["sub"], True, False)
    assert new["at_hash"] == access_token_hash(again["access_token"]) != old["at_hash"]


def test_a_device_gets_one_too(sf: Caller) -> None:
    known = sf.org.credentials
    begun = send(sf, TOKEN, response_type="device_code", client_id=known.client_id, scope=SCOPE).body
    person = {"username": known.username, "password": known.password, "user_code": begun["user_code"]}
    send(sf, CONNECT, **person, decision="allow")
    answer = send(sf, TOKEN, grant_type="device", client_id=known.client_id, code=begun["device_code"]).body
    assert checked(sf, answer["id_token"])["sub"] == answer["id"]


def test_the_key_stays_the_same_while_the_org_does(own_sf: Caller) -> None:
    before = own_sf.get("/id/keys")
    own_sf.send("POST", "/_sandbox/reset", {})
    assert own_sf.get("/id/keys") == before
    own_sf.send("POST", "/_sandbox/reset", {"org_id": "00D000000000009EAA"})
    assert own_sf.get("/id/keys") != before


def test_what_is_published_is_there(sf: Caller) -> None:
    found = discovered(sf)
    answer = login(sf)
    sf.token = answer["access_token"]
    told = sf.get("/services/oauth2/userinfo")
    assert set(found["claims_supported"]) == set(told)
    assert told["active"] is True
    endpoints = {name: url for name, url in found.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(endpoints) == 6
    for name, url in endpoints.items():
        assert sf.send("GET", url.removeprefix(found["issuer"])).status in {200, 302, 400, 405}, name
    assert sf.send("GET", "/.well-known/other").status == 404
