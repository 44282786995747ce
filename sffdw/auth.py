"""The five ways to log in: what is sent to the token endpoint, and what its answer means. No network here.

A secret that a user mapping names as a file is read when it is needed, so that it can be changed without ALTER.
"""

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sffdw.errors import AuthenticationError, OptionError, OptionValueError, printable
from sffdw.options import Credentials, Settings, base_url
from sffdw.types import json_text, long_id, parse_json

JWT_LIFETIME_S = 180
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# What to do about an answer of the token endpoint: the first text that occurs in it decides.
HINTS = (
    ("invalid_client_id", "Check option client_id of the user mapping: it is the connected app's consumer key."),
    ("invalid_client", "Check options client_id and client_secret of the user mapping."),
    ("no client credentials user enabled", "In Salesforce, give the connected app a user to run as."),
    ("request not supported on this domain", "Set login_url to the org's own domain: https://NAME.my.salesforce.com."),
    ("user hasn't approved", "In Salesforce, pre-authorize the user for the connected app."),
    ("expired access/refresh token", "Authorize the app again and set option refresh_token to the new token."),
    ("audience", "Set login_url to the host that the user logs in at."),
    ("assertion", "Check options private_key_file, client_id and username of the user mapping."),
    ("ip restricted", "In Salesforce, allow the server's address for the user's profile or the connected app."),
    ("inactive_org", "The org is locked, closed or suspended: its administrator or Salesforce can say why."),
    ("login rate", "Wait an hour: Salesforce limits logins for each user."),
    ("authentication failure", "Check options username, password and security_token of the user mapping."),
)


@dataclass(frozen=True)
class Session:
    """A token and whom it stands for. org_id and ids have 18 characters; username is "" until it was asked for."""

    access_token: str = field(repr=False)
    instance_url: str = ""
    org_id: str = ""
    user_id: str = ""
    username: str = ""
    authenticated_at: str = ""
    refresh_token: str = field(default="", repr=False)

    def to_json(self) -> bytes:
        return json_text(vars(self)).encode()


def session_from_json(content: bytes | None) -> Session | None:
    """Read what to_json wrote; None for nothing and for what an interrupted or other version left behind."""
    try:
        found = parse_json(content or b"null")
    except ValueError:
        return None
    names = Session.__dataclass_fields__
    if not isinstance(found, dict) or set(found) - set(names) or not all(isinstance(v, str) for v in found.values()):
        return None
    return Session(**found) if found.get("access_token") else None


@dataclass(frozen=True)
class TokenRequest:
    url: str
    form: Mapping[str, str] = field(repr=False)


def given_session(settings: Settings) -> Session:
    """The session that flow `token` names itself."""
    credentials = settings.credentials
    return Session(credentials.access_token, credentials.instance_url, org_id=_org_of(credentials.access_token, ""),
                   authenticated_at=_now_text())


def token_request(settings: Settings, stored: Session | None) -> TokenRequest:
    """What to post to log in. `stored` brings the refresh token that Salesforce last handed out in place of ours."""
    credentials = settings.credentials
    form = FORMS[credentials.auth_flow](settings, stored)
    return TokenRequest(f"{settings.login_url}/services/oauth2/token", {k: v for k, v in form.items() if v})


def _client_credentials(settings: Settings, stored: Session | None) -> dict[str, str]:
    return {"grant_type": "client_credentials"} | _client(settings.credentials)


def _password(settings: Settings, stored: Session | None) -> dict[str, str]:
    credentials = settings.credentials
    password = _secret(credentials, "password") + credentials.security_token
    return {"grant_type": "password", "username": credentials.username, "password": password} | _client(credentials)


def _refresh_token(settings: Settings, stored: Session | None) -> dict[str, str]:
    token = stored.refresh_token if stored and stored.refresh_token else _secret(settings.credentials, "refresh_token")
    return {"grant_type": "refresh_token", "refresh_token": token} | _client(settings.credentials)


def _jwt(settings: Settings, stored: Session | None) -> dict[str, str]:
    import jwt  # costs 60 ms, and only this flow needs it

    credentials = settings.credentials
    claims = {"iss": credentials.client_id, "sub": credentials.username, "aud": settings.login_url,
              "exp": int(time.time()) + JWT_LIFETIME_S}
    try:
        assertion = jwt.encode(claims, _file_text("private_key_file", credentials.private_key_file), "RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        # The library's own text may quote the key.
        raise OptionValueError('file of option "private_key_file" holds no usable RSA private key',
                               hint="It must be a PEM file with an unencrypted RSA key.") from None
    return {"grant_type": JWT_GRANT, "assertion": assertion}


def _token(settings: Settings, stored: Session | None) -> dict[str, str]:
    raise AuthenticationError("the access token of the user mapping is no longer valid",
                              hint="Set option access_token to a new token, or use another auth_flow.")


FORMS = {"client_credentials": _client_credentials, "password": _password, "refresh_token": _refresh_token,
         "jwt": _jwt, "token": _token}


def _client(credentials: Credentials) -> dict[str, str]:
    return {"client_id": credentials.client_id, "client_secret": _secret(credentials, "client_secret")}


def _secret(credentials: Credentials, name: str) -> str:
    path = getattr(credentials, f"{name}_file")
    return _file_text(f"{name}_file", path).strip() if path else str(getattr(credentials, name))


def _file_text(option: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise OptionValueError(f'could not read the file of option "{option}": {reason}',
                               hint="The server's operating system user must be able to read it.") from exc


def session_from_answer(answer: Any, settings: Settings, stored: Session | None) -> Session:
    """Turn the token endpoint's answer into a session. Raises AuthenticationError for an answer without a token."""
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        raise AuthenticationError("could not log in to Salesforce", detail="The answer holds no access token.")
    try:
        instance_url = base_url("instance_url", str(answer.get("instance_url") or settings.login_url))
    except OptionError:
        raise AuthenticationError("could not log in to Salesforce",
                                  detail="The answer names an instance that is neither https nor local.") from None
    org_id, _, user_id = urlsplit(str(answer.get("id") or "")).path.removeprefix("/id/").partition("/")
    rotated = answer.get("refresh_token")
    kept = stored.refresh_token if stored else ""
    return Session(answer["access_token"], instance_url, _org_of(answer["access_token"], org_id), long_id(user_id),
                   _username(settings, long_id(user_id), stored), _now_text(), str(rotated) if rotated else kept)


def _username(settings: Settings, user_id: str, stored: Session | None) -> str:
    if stored and stored.user_id == user_id:
        return stored.username
    return settings.credentials.username


def _org_of(token: str, named: str) -> str:
    """The org's id: as the answer names it, else the part of an opaque token before the exclamation mark."""
    return long_id(named or token.partition("!")[0]) if named or "!" in token else ""


def _now_text() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def refusal(settings: Settings, status: int, answer: Any) -> AuthenticationError:
    """The error for a login that was refused."""
    given = answer if isinstance(answer, dict) else {}
    code, text = given.get("error", ""), given.get("error_description", "")
    said = printable(f"{code}: {text}" if text else code or f"HTTP status {status}")
    hint = next((hint for mark, hint in HINTS if mark in said.lower()), None)
    who = f' as "{settings.credentials.username}"' if settings.credentials.username else ""
    return AuthenticationError(f"could not log in to Salesforce{who}", detail=f"Salesforce answered: {said}.",
                               hint=hint)


def with_identity(session: Session, identity: Any) -> Session:
    """Complete a session by what the userinfo resource says."""
    known = identity if isinstance(identity, dict) else {}
    return replace(session, org_id=long_id(str(known.get("organization_id") or session.org_id)),
                   user_id=long_id(str(known.get("user_id") or session.user_id)),
                   username=str(known.get("preferred_username") or session.username))


def refusal_to_json(error: AuthenticationError, at: float) -> bytes:
    """A refused login for those who wait to try the same; at: when, in seconds since 1970."""
    return json_text({"at": at, "message": str(error), "detail": error.detail, "hint": error.hint}).encode()


def raise_refusal(content: bytes | None, since: float) -> None:
    """Raise what refusal_to_json kept of a login that was refused since then: the same would be refused again."""
    try:
        found = parse_json(content or b"null")
        if found and float(found["at"]) >= since:
            raise AuthenticationError(str(found["message"]), detail=found["detail"], hint=found["hint"])
    except (ValueError, KeyError, TypeError):
        return
