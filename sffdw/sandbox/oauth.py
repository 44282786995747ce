"""OAuth 2.0: the flows of one request, revoke, introspect, userinfo and the identity URL."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.login import openid
from sffdw.sandbox.sessions import Session
from sffdw.sandbox.users import User

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_MAX_ASSERTION_LIFE_S = 5 * 60 + 60


class OAuthError(Exception):
    """A refusal of the OAuth endpoints, which have their own error form."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status

    def reply(self) -> Reply:
        """Return the reply for it."""
        return Reply(self.status, {"error": self.error, "error_description": self.description})


def read_form(call: Call) -> dict[str, str]:
    """Read the form, the query string and HTTP Basic client credentials."""
    form = dict(call.query) | dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            return form
        form.setdefault("client_id", unquote_plus(name))
        form.setdefault("client_secret", unquote_plus(secret))
    return form


# Answers


def identity_url(call: Call, user_id: str) -> str:
    """Return the identity URL of a user."""
    return f"{call.base_url}/id/{call.org.org_id}/{user_id}"


def is_login_host(call: Call) -> bool:
    """Whether the call came to a host that all orgs share, not to this org's My Domain."""
    return urlsplit(call.base_url).hostname in call.org.switch("login_hosts", LOGIN_HOSTS)


def instance_url(call: Call) -> str:
    """Return where a client goes on: the switch `my_domain` where it logged in on a shared host."""
    return str(call.org.switch("my_domain", call.base_url)) if is_login_host(call) else call.base_url


def token_answer(call: Call, session: Session, *, refresh_token: str | None = None, nonce: str = "") -> dict[str, Any]:
    """Return what the token endpoint says of a new session, signed; the scope openid brings an id token."""
    issued_at = str(int(session.issued_at * 1000))
    identity = identity_url(call, session.user_id)
    answer: dict[str, Any] = {
        "access_token": session.token,
        "signature": signature(call.org.credentials.client_secret, identity, issued_at),
        "instance_url": instance_url(call),
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
        "scope": session.scope,
    }
    if refresh_token:
        answer["refresh_token"] = refresh_token
    if "openid" in session.scope.split():
        answer["id_token"] = openid.id_token(call, session, subject=identity, nonce=nonce)
    return answer


def signature(secret: str, identity: str, issued_at: str) -> str:
    """Return what proves that an answer comes from Salesforce: HMAC-SHA256 of id and issued_at."""
    digest = hmac.new(secret.encode(), (identity + issued_at).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def open_session(call: Call, user: User, *, scope: str = "api web", by_password: bool = False) -> Session:
    """Log an active user in."""
    if not user.is_active:
        raise OAuthError("inactive_user", "inactive user")
    client_id = call.org.credentials.client_id
    return call.org.sessions.issue(user.user_id, user.username, client_id, scope, by_password=by_password)


def grant_tokens(call: Call, username: str, scope: str, *, nonce: str = "") -> dict[str, Any]:
    """Log in the user who allowed it; scopes refresh_token and offline_access bring a refresh token."""
    user = call.org.users.by_username(username)
    if user is None:
        raise OAuthError("inactive_user", "inactive user")
    session = open_session(call, user, scope=scope)
    if not {"refresh_token", "offline_access"} & set(scope.split()):
        return token_answer(call, session, nonce=nonce)
    refresh_token = call.org.sessions.issue_refresh(session).token
    return token_answer(call, session, refresh_token=refresh_token, nonce=nonce)


def check_client(call: Call, form: dict[str, str], *, needs_secret: bool = True) -> None:
    """Refuse an unknown client; a secret that is given must be right even where none is needed."""
    if form.get("client_id", "") != call.org.credentials.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    secret = form.get("client_secret")
    if (needs_secret or secret is not None) and not same_secret(secret or "", call.org.credentials.client_secret):
        raise OAuthError("invalid_client", "invalid client credentials")


def same_secret(given: str, expected: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


# Flows


def _client_credentials(call: Call, form: dict[str, str]) -> dict[str, Any]:
    if is_login_host(call):
        raise OAuthError("invalid_grant", "request not supported on this domain")
    check_client(call, form)
    return token_answer(call, open_session(call, call.org.users.default))


def _password(call: Call, form: dict[str, str]) -> dict[str, Any]:
    check_client(call, form)
    user = check_password(call, form.get("username", ""), form.get("password", ""))
    if user is None:
        raise OAuthError("invalid_grant", "authentication failure")
    return token_answer(call, open_session(call, user, by_password=True))


def check_password(call: Call, username: str, given: str) -> User | None:
    """Return the user whose password with security token this is."""
    user = call.org.users.by_username(username)
    login = call.org.users.login(username)
    suffix = "" if call.org.switch("trusted_network", False) else login.security_token
    is_right = bool(login.password) and same_secret(given, login.password + suffix)
    if user is None or not is_right or login.is_locked:
        return None
    return user


def _refresh(call: Call, form: dict[str, str]) -> dict[str, Any]:
    check_client(call, form, needs_secret=False)
    sessions = call.org.sessions
    grant = sessions.refresh_token(form.get("refresh_token", ""))
    user = call.org.users.by_id(grant.user_id) if grant else None
    if grant is None or user is None:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    session = open_session(call, user, scope=grant.scope)
    if not sessions.rotates_refresh_tokens and not call.fault("token.rotated"):
        return token_answer(call, session)
    sessions.revoke(grant.token)
    session = open_session(call, user, scope=grant.scope)
    return token_answer(call, session, refresh_token=sessions.issue_refresh(session).token)


def _jwt(call: Call, form: dict[str, str]) -> dict[str, Any]:
    user = _asserted_user(call, form.get("assertion", ""))
    return token_answer(call, open_session(call, user))


def _asserted_user(call: Call, assertion: str) -> User:
    """Verify a JWT assertion: RS256 by the user's registered certificate, issuer, audience, life."""
    import jwt

    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise OAuthError("invalid_grant", "invalid assertion") from None
    if claims.get("iss") != call.org.credentials.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    _check_audience(call, claims)
    _check_expiry(call, claims)
    user = call.org.users.by_username(str(claims.get("sub", "")))
    if user is None:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    key = _public_key(call.org.users.login(user.username).certificate)
    if key is None:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=["RS256"],
            options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        raise OAuthError("invalid_grant", "invalid assertion") from None
    return user


def _check_audience(call: Call, claims: dict[str, Any]) -> None:
    stated = claims.get("aud")
    audiences = stated if isinstance(stated, list) else [stated]
    known = {"https://login.salesforce.com", "https://test.salesforce.com", call.base_url}
    if not any(isinstance(one, str) and one.rstrip("/") in known for one in audiences):
        raise OAuthError("invalid_grant", "audience is invalid")


def _check_expiry(call: Call, claims: dict[str, Any]) -> None:
    now = call.org.clock.timestamp()
    try:
        expires = float(claims.get("exp", ""))  # simple-salesforce sends it as a string
    except (TypeError, ValueError):
        raise OAuthError("invalid_grant", "invalid assertion") from None
    if expires < now:
        raise OAuthError("invalid_grant", "expired authorization code")
    if expires > now + _MAX_ASSERTION_LIFE_S:
        raise OAuthError("invalid_grant", "invalid assertion")


def _public_key(pem: str) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if not pem:
        return None
    try:
        if "BEGIN CERTIFICATE" in pem:
            return x509.load_pem_x509_certificate(pem.encode()).public_key()
        return load_pem_public_key(pem.encode())
    except ValueError:
        return None


FLOWS: dict[str, Callable[[Call, dict[str, str]], dict[str, Any]]] = {
    "client_credentials": _client_credentials,
    "password": _password,
    "refresh_token": _refresh,
    JWT_GRANT: _jwt,
}


# Other endpoints


def revoke(call: Call) -> Reply:
    """GET or POST /services/oauth2/revoke."""
    if call.org.sessions.revoke(read_form(call).get("token", "")):
        return Reply(text="")
    return OAuthError("invalid_token", "invalid token").reply()


def introspect(call: Call) -> Reply:
    """POST /services/oauth2/introspect."""
    form = read_form(call)
    try:
        check_client(call, form)
    except OAuthError as error:
        return Reply(401, {"error": error.error, "error_description": error.description})
    session = call.org.sessions.find(form.get("token", ""))
    if session is None:
        return Reply(body={"active": False})
    issued = int(session.issued_at)
    return Reply(
        body={
            "active": True,
            "scope": session.scope,
            "client_id": session.client_id,
            "username": session.username,
            "sub": identity_url(call, session.user_id),
            "token_type": "access_token",
            "exp": int(session.used_at + call.org.sessions.timeout_s),
            "iat": issued,
            "nbf": issued,
        }
    )


def userinfo(call: Call) -> Reply:
    """GET /services/oauth2/userinfo."""
    user = _session_user(call)
    return Reply(
        body={
            "sub": identity_url(call, user.user_id),
            "user_id": user.user_id,
            "organization_id": call.org.org_id,
            "preferred_username": user.username,
            "nickname": user.row.get("CommunityNickname"),
            "name": user.row.get("Name"),
            "email": user.row.get("Email"),
            "email_verified": True,
            "given_name": user.row.get("FirstName"),
            "family_name": user.row.get("LastName"),
            "zoneinfo": user.time_zone,
            "profile": f"{call.base_url}/{user.user_id}",
            "urls": _urls(call),
            "active": user.is_active,
            "user_type": "STANDARD",
            "language": user.row.get("LanguageLocaleKey"),
            "locale": user.row.get("LocaleSidKey"),
            "utcOffset": 0,
        }
    )


def identity(call: Call, org_id: str, user_id: str) -> Reply:
    """GET /id/ORG/USER."""
    user = _session_user(call)
    modified = user.row.get("LastModifiedDate")
    return Reply(
        body={
            "id": identity_url(call, user.user_id),
            "asserted_user": True,
            "user_id": user.user_id,
            "organization_id": call.org.org_id,
            "username": user.username,
            "nick_name": user.row.get("CommunityNickname"),
            "display_name": user.row.get("Name"),
            "email": user.row.get("Email"),
            "email_verified": True,
            "first_name": user.row.get("FirstName"),
            "last_name": user.row.get("LastName"),
            "timezone": user.time_zone,
            "active": user.is_active,
            "user_type": "STANDARD",
            "language": user.row.get("LanguageLocaleKey"),
            "locale": user.row.get("LocaleSidKey"),
            "utcOffset": 0,
            "last_modified_date": modified,
            "is_app_installed": True,
            "urls": _urls(call),
        }
    )


def _session_user(call: Call) -> User:
    user = call.org.users.by_id(call.user_id)
    if user is None:
        raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
    return user


def _urls(call: Call) -> dict[str, str]:
    data, soap = f"{call.base_url}/services/data/v{{version}}", f"{call.base_url}/services/Soap"
    org15 = call.org.org_id[:15]
    return {
        "enterprise": f"{soap}/c/{{version}}/{org15}",
        "metadata": f"{soap}/m/{{version}}/{org15}",
        "partner": f"{soap}/u/{{version}}/{org15}",
        "rest": f"{data}/",
        "sobjects": f"{data}/sobjects/",
        "search": f"{data}/search/",
        "query": f"{data}/query/",
        "recent": f"{data}/recent/",
        "tooling_rest": f"{data}/tooling/",
        "profile": f"{call.base_url}/{call.user_id}",
    }
