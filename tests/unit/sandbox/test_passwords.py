"""What passwords no longer open: expired ones, those of locked users and of users who log in elsewhere."""

from typing import Any

import pytest

from tests.unit.sandbox.conftest import Caller
from tests.unit.sandbox.test_login import TOKEN, allow, send, soap

SET_PASSWORD = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><sessionId>{session}</sessionId>'
    "</e:Header><e:Body><setPassword><userId>{user}</userId><password>{password}</password></setPassword>"
    "</e:Body></e:Envelope>"
)
EXPIRED = "INVALID_OPERATION_WITH_EXPIRED_PASSWORD"


def configure(sf: Caller, **given: Any) -> None:
    assert sf.send("PUT", f"/_sandbox/users/{sf.org.credentials.username}", given).status == 200


def password_grant(sf: Caller, password: str | None = None) -> Any:
    known = sf.org.credentials
    client = {"client_id": known.client_id, "client_secret": known.client_secret, "username": known.username}
    given = (password or known.password) + known.security_token
    return send(sf, TOKEN, grant_type="password", password=given, **client).body


def set_password(sf: Caller, session: str, user_id: str, password: str) -> tuple[int, str]:
    body = SET_PASSWORD.format(session=session, user=user_id, password=password).encode()
    reply = sf.send("POST", "/services/Soap/u/59.0", body, content_type="text/xml")
    return reply.status, str(reply.text)


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({"locked": True}, "INVALID_LOGIN"),
        ({"delegated_authentication": True}, "INVALID_SSO_GATEWAY_URL"),
        ({"active": False}, "INVALID_LOGIN"),
    ],
)
def test_soap_login_refuses_users_who_may_not_log_in(own_sf: Caller, given: dict[str, Any], want: str) -> None:
    assert soap(own_sf).status == 200
    configure(own_sf, **given)
    assert f"<faultcode>sf:{want}</faultcode>" in str(soap(own_sf).text)
    configure(own_sf, **dict.fromkeys(given, given.get("active") is False))
    assert soap(own_sf).status == 200


def test_a_locked_user_gets_in_nowhere(own_sf: Caller) -> None:
    assert "access_token" in password_grant(own_sf)
    assert allow(own_sf).status == 302
    configure(own_sf, locked=True)
    assert password_grant(own_sf)["error_description"] == "authentication failure"
    assert (allow(own_sf).status, "alert" in str(allow(own_sf).text)) == (200, True)
    assert "sf:INVALID_LOGIN" in str(soap(own_sf, password=own_sf.org.credentials.password).text)


def test_the_session_of_an_expired_password_is_good_for_a_new_one_only(own_sf: Caller) -> None:
    configure(own_sf, password_expired=True)
    trusted = own_sf.token
    text = str(soap(own_sf).text)
    assert "<passwordExpired>true</passwordExpired>" in text
    session = text.partition("<sessionId>")[2].partition("</sessionId>")[0]
    own_sf.token = session
    refused = own_sf.send("GET", "/limits")
    assert (refused.status, refused.body[0]["errorCode"]) == (403, EXPIRED)
    own_sf.token = password_grant(own_sf)["access_token"]
    assert own_sf.send("GET", "/limits").body[0]["errorCode"] == EXPIRED
    own_sf.token = trusted
    assert own_sf.send("GET", "/limits").status == 200
    user = own_sf.org.users.default.user_id
    assert "sf:INVALID_SESSION_ID" in set_password(own_sf, "made up", user, "new")[1]
    assert "sf:INVALID_ID_FIELD" in set_password(own_sf, session, "005000000000001AAA", "new")[1]
    assert "sf:INVALID_NEW_PASSWORD" in set_password(own_sf, session, user, "")[1]
    assert set_password(own_sf, session, user, "new")[0] == 200
    own_sf.token = session
    assert own_sf.send("GET", "/limits").status == 200
    assert "sf:INVALID_LOGIN" in str(soap(own_sf).text)
    assert "access_token" in password_grant(own_sf, "new")
