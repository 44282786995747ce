"""The five ways to log in, and what is said when they fail."""

from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sffdw import auth
from sffdw.errors import Error
from sffdw.options import Settings, settings_of

SERVER = {"login_url": "https://acme.my.salesforce.com"}
ANSWER = {"access_token": "00D000000000001!x", "instance_url": "https://acme.my.salesforce.com",
          "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA", "token_type": "Bearer"}


def made(**options: str) -> Settings:
    return settings_of(SERVER | options)


@pytest.mark.parametrize(("options", "want"), [
    ({"auth_flow": "client_credentials", "client_id": "i", "client_secret": "s"},
     {"grant_type": "client_credentials", "client_id": "i", "client_secret": "s"}),
    ({"auth_flow": "password", "client_id": "i", "client_secret": "s", "username": "u", "password": "p",
      "security_token": "t"},
     {"grant_type": "password", "client_id": "i", "client_secret": "s", "username": "u", "password": "pt"}),
    ({"auth_flow": "refresh_token", "client_id": "i", "refresh_token": "r"},
     {"grant_type": "refresh_token", "client_id": "i", "refresh_token": "r"})])
def test_each_flow_posts_its_form(options: dict[str, str], want: dict[str, str]) -> None:
    request = auth.token_request(made(**options), None)
    assert request.url == "https://acme.my.salesforce.com/services/oauth2/token"
    assert request.form == want
    assert not any(secret in repr(request) for secret in ("'s'", "'pt'", "'r'"))


def test_a_rotated_refresh_token_replaces_the_one_of_the_user_mapping() -> None:
    settings = made(auth_flow="refresh_token", client_id="i", refresh_token="first")
    session = auth.session_from_answer(ANSWER | {"refresh_token": "second"}, settings, None)
    assert auth.token_request(settings, session).form["refresh_token"] == "second"
    kept = auth.session_from_answer(ANSWER, settings, session)
    assert auth.token_request(settings, kept).form["refresh_token"] == "second"


def test_the_jwt_flow_signs_for_the_login_host(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    settings = made(auth_flow="jwt", client_id="i", username="u@x", private_key_file=str(path))
    form = auth.token_request(settings, None).form
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(form["assertion"], key.public_key(), ["RS256"], audience="https://acme.my.salesforce.com")
    assert (claims["iss"], claims["sub"]) == ("i", "u@x")
    path.write_text("no key at all: hush")
    with pytest.raises(Error) as caught:
        auth.token_request(settings, None)
    assert "private_key_file" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_secrets_are_read_from_files_at_use(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    settings = made(auth_flow="client_credentials", client_id="i", client_secret_file=str(path))
    with pytest.raises(Error, match="client_secret_file"):
        auth.token_request(settings, None)
    path.write_text("from file\n")
    assert auth.token_request(settings, None).form["client_secret"] == "from file"


def test_a_session_survives_its_file_and_a_damaged_file_is_none() -> None:
    session = auth.session_from_answer(ANSWER, made(auth_flow="client_credentials", client_id="i", client_secret="s"),
    None)
    assert auth.session_from_json(session.to_json()) == session
    assert (session.org_id, session.user_id) == ("00D000000000001EAA", "005000000000001AAA")
    assert "00D000000000001!x" not in repr(session)
    for damaged in (None, b"", b"{", b"[]", b'{"access_token":""}', b'{"access_token":1}', session.to_json()[:-5],
                    b'{"access_token":"x","later":"y"}'):
        assert auth.session_from_json(damaged) is None


def test_the_org_is_taken_from_the_token_where_the_answer_names_none() -> None:
    settings = made(auth_flow="token", access_token="00D000000000001!x", instance_url="https://a.my.salesforce.com")
    assert auth.given_session(settings).org_id == "00D000000000001EAA"


@pytest.mark.parametrize("answer", [None, [], {}, {"access_token": 5},
ANSWER | {"instance_url": "http://evil.example"}])
def test_an_answer_that_gives_no_usable_session_is_refused(answer: Any) -> None:
    with pytest.raises(Error) as caught:
        auth.session_from_answer(answer, made(auth_flow="client_credentials", client_id="i", client_secret="s"), None)
    assert caught.value.sqlstate == "SF001"


@pytest.mark.parametrize(("answer", "hint"), [
    ({"error": "invalid_client_id", "error_description": "client identifier invalid"}, "client_id"),
    ({"error": "invalid_client", "error_description": "invalid client credentials"}, "client_secret"),
    ({"error": "invalid_grant", "error_description": "authentication failure"}, "password"),
    ({"error": "invalid_grant", "error_description": "expired access/refresh token"}, "refresh_token"),
    ({"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}, "pre-authorize"),
    ({"error": "invalid_grant", "error_description": "no client credentials user enabled"}, "run as"),
    ({"error": "invalid_grant", "error_description": "audience is invalid"}, "login_url"),
    ({}, "login history")])
def test_a_refused_login_says_what_to_check(answer: dict[str, str], hint: str) -> None:
    error = auth.refusal(made(auth_flow="client_credentials", client_id="i", client_secret="hush"), 400, answer)
    assert error.sqlstate == "SF001"
    assert hint in str(error.hint)
    assert answer.get("error_description", "400") in str(error.detail)
    assert "hush" not in f"{error} {error.detail} {error.hint}"


def test_a_dead_given_token_cannot_be_renewed() -> None:
    settings = made(auth_flow="token", access_token="t", instance_url="https://a.my.salesforce.com")
    with pytest.raises(Error) as caught:
        auth.token_request(settings, None)
    assert caught.value.sqlstate == "SF001"
    assert "access_token" in str(caught.value.hint)
