"""Every way jsforce logs in; each refused when something is wrong with it."""

from typing import Any

import pytest

from tests.integration.sandbox.conftest import Process
from tests.integration.sandbox.jsforce.client import play

NAMES = ["Alpha", "Beta"]


@pytest.fixture
def seen(org: Process, known: dict[str, str]) -> dict[str, Any]:
    """What a session that is logged in sees."""
    made = [{"op": "create", "object": "Account", "values": {"Name": name}} for name in NAMES]
    org.control("POST", "/records", {"changes": made})
    user = org.query(f"SELECT Id FROM User WHERE Username = '{known['username']}'")["records"][0]["Id"]
    org_id = org.query("SELECT Id FROM Organization")["records"][0]["Id"]
    info = {"id": user, "organizationId": org_id, "url": f"{org.url}/id/{org_id}/{user}"}
    return {"userInfo": info, "instanceUrl": org.url, "username": known["username"], "names": NAMES}


def test_username_and_password_and_again_when_the_session_dies(known: dict[str, str], seen: dict[str, Any]) -> None:
    answer = play("logins", "password", **known)
    assert answer["first"] == answer["again"] == seen
    assert answer["refused"] == {"name": "invalid_grant", "message": "authentication failure"}


def test_soap_login_up_to_version_64(known: dict[str, str], seen: dict[str, Any]) -> None:
    answer = play("logins", "soap", **known)
    assert answer["first"] == seen
    assert answer["refused"]["message"].startswith("INVALID_LOGIN: Invalid username, password, security token")
    assert answer["tooNew"]["message"].startswith("UNSUPPORTED_API_VERSION: ")


def test_client_credentials(known: dict[str, str], seen: dict[str, Any]) -> None:
    assert play("logins", "clientCredentials", **known) == seen


def test_web_server_flow_with_pkce_and_refresh(known: dict[str, str], seen: dict[str, Any]) -> None:
    answer = play("logins", "code", **known)
    assert answer["first"] == seen
    assert answer["states"] == ["s 1", "s 2"]
    assert answer["refused"] == {"name": "invalid_grant", "message": "invalid code verifier"}
    assert answer["used"] == {"name": "invalid_grant", "message": "expired authorization code"}
    assert answer["refresh"] == {"names": NAMES, "refreshed": 1, "isNew": True}


def test_logging_out_ends_the_session(known: dict[str, str], seen: dict[str, Any]) -> None:
    answer = play("logins", "revoked", **known)
    assert answer["before"] == len(seen["names"])
    assert answer["refused"]["errorCode"] == "INVALID_SESSION_ID"
