"""Logins by simple-salesforce, unmodified, and by a browser's steps with requests."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from tests.integration.sandbox.conftest import Process
from tests.integration.sandbox.rerouting import Rerouted

CALLBACK = "http://localhost:1717/OauthRedirect"


@pytest.fixture
def session(org: Process) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        made.mount("https://", Rerouted(org.url))
        yield made


@pytest.fixture
def known(org: Process) -> dict[str, str]:
    credentials: dict[str, str] = org.control("GET", "/")["credentials"]
    return credentials


def test_simple_salesforce_logs_in_by_soap(org: Process, session: requests.Session, known: dict[str, str]) -> None:
    person: dict[str, Any] = {name: known[name] for name in ("username", "password", "security_token")}
    token, instance = SalesforceLogin(**person, session=session)
    assert instance == "login.salesforce.com"
    assert org.call("GET", "/limits", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        SalesforceLogin(**{**person, "password": "wrong"}, session=session)
    assert caught.value.code == "INVALID_LOGIN"
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        SalesforceLogin(**person, session=session, sf_version="65.0")
    assert caught.value.code == "UNSUPPORTED_API_VERSION"


def test_client_credentials_need_my_domain(session: requests.Session, known: dict[str, str]) -> None:
    client: dict[str, Any] = {"consumer_key": known["client_id"], "consumer_secret": known["client_secret"]}
    assert SalesforceLogin(**client, domain="acme.my", session=session)[1] == "acme.my.salesforce.com"
    form = {
        "grant_type": "client_credentials",
        "client_id": known["client_id"],
        "client_secret": known["client_secret"],
    }
    refused = session.post("https://login.salesforce.com/services/oauth2/token", data=form, timeout=30)
    assert (refused.status_code, refused.json()["error_description"]) == (400, "request not supported on this domain")


def click_through(org: Process, known: dict[str, str], **asked: str) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Allow access as a browser does; return what it brings back to the client, and the tokens traded for that."""
    query = {"response_type": "code", "client_id": known["client_id"], "redirect_uri": CALLBACK, **asked}
    page = requests.get(f"{org.url}/services/oauth2/authorize", params=query, timeout=30).text
    fields = {unescape(name): unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}
    assert fields.pop("decision") == "deny"  # the last of two buttons
    action = re.findall(r'action="([^"]+)"', page)[0]
    form = {**fields, "password": known["password"], "decision": "allow"}
    sent = requests.post(org.url + action, data=form, allow_redirects=False, timeout=30)
    assert sent.status_code == 302
    back = parse_qs(urlsplit(sent.headers["Location"]).query)
    client = {"client_id": known["client_id"], "client_secret": known["client_secret"], "redirect_uri": CALLBACK}
    trade = {"grant_type": "authorization_code", "code": back["code"][0], **client}
    return back, requests.post(f"{org.url}/services/oauth2/token", data=trade, timeout=30).json()


def test_a_browser_clicks_through_the_authorize_page(org: Process, known: dict[str, str]) -> None:
    back, answer = click_through(org, known, state='"x"')
    assert back["state"] == ['"x"']
    assert {"access_token", "refresh_token", "signature"} <= set(answer)
    assert "id_token" not in answer


def test_a_client_finds_the_key_and_believes_the_id_token(org: Process, known: dict[str, str]) -> None:
    _, answer = click_through(org, known, scope="openid api", nonce='n"1')
    found = requests.get(f"{org.url}/.well-known/openid-configuration", timeout=30).json()
    key = jwt.PyJWKClient(found["jwks_uri"]).get_signing_key_from_jwt(answer["id_token"])
    expected: dict[str, Any] = {"audience": known["client_id"], "issuer": found["issuer"]}
    claims = jwt.decode(answer["id_token"], key, algorithms=["RS256"], **expected)
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    told = requests.get(found["userinfo_endpoint"], headers=bearer, timeout=30).json()
    assert (claims["nonce"], claims["sub"]) == ('n"1', told["sub"])
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(answer["id_token"], key, algorithms=["RS256"], **{**expected, "audience": "another"})
