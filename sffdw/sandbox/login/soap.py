"""SOAP calls: login(), logout(), setPassword() and convertLead(), which exists in no other API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from sffdw.sandbox import oauth
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dml.currencies import currencies_of
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.login import envelope, soap_leads
from sffdw.sandbox.org import VERSIONS
from sffdw.sandbox.sessions import Session
from sffdw.sandbox.users import User

PATH = "/services/soap/"
FIRST_WITHOUT_LOGIN = 65
_INVALID = "Invalid username, password, security token; or user locked out."


@dataclass(frozen=True)
class Request:
    """A SOAP call as it was read."""

    call: Call
    api: str  # u or c
    version: int
    operation: ElementTree.Element
    header: Mapping[str, str]  # the texts of the whole envelope, headers first

    @property
    def given(self) -> dict[str, str]:
        """The texts below the operation."""
        return envelope.texts(self.operation)


def answer(call: Call, api: str, version: str) -> Reply:
    """POST /services/Soap/{u|c}/VERSION."""
    number = _version_number(version)
    message = envelope.read(call.body)
    request = Request(call, api.lower(), number, envelope.operation(message), envelope.texts(message))
    space = envelope.PARTNER if request.api == "u" else envelope.ENTERPRISE
    name = envelope.local(request.operation)
    carry_out = _OPERATIONS.get(name)
    if carry_out is None:
        raise envelope.client_fault(f"No operation available for request {{{space}}}{name}")
    return envelope.reply(carry_out(request), space)


def _version_number(version: str) -> int:
    number, _, rest = version.partition(".")
    if not (number.isascii() and number.isdigit()) or rest not in {"", "0"} or int(number) not in VERSIONS:
        raise ApiError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL", status=500)
    return int(number)


# Sessions


def _session(request: Request) -> Session:
    """Return the session that the header names and note it on the call, as REST does."""
    call = request.call
    found = call.org.sessions.find(request.header.get("sessionId", "").strip())
    if found is None:
        message = "Invalid Session ID found in SessionHeader: Illegal Session"
        raise ApiError("INVALID_SESSION_ID", message, status=500)
    call.session = found
    call.version = f"{request.version}.0"
    return found


def _logout(request: Request) -> str:
    request.call.org.sessions.revoke(request.header.get("sessionId", ""))
    return "<logoutResponse/>"


def _set_password(request: Request) -> str:
    """Give a user a new password; the only call that an expired password leaves open."""
    session, users = _session(request), request.call.org.users
    given = request.given
    user = users.by_id(given.get("userId", "").strip())
    if user is None or user.user_id != session.user_id:
        raise ApiError("INVALID_ID_FIELD", "a user can only set his own password here", status=500)
    if not given.get("password"):
        raise ApiError("INVALID_NEW_PASSWORD", "Your password cannot be blank", status=500)
    users.set_password(user.username, given["password"])
    return "<setPasswordResponse><result/></setPasswordResponse>"


def _convert_lead(request: Request) -> str:
    session, call = _session(request), request.call
    call.org.users.check_password_age(session, status=500)
    call.org.limits.spend_call()
    return soap_leads.convert(call, request.operation)


# Logging in


def _login(request: Request) -> str:
    call = request.call
    _check_login_offered(call, request.version)
    user = _user(call, request.given, request.header.get("organizationId", ""))
    session = call.org.sessions.issue(user.user_id, user.username, "", "api web", by_password=True)
    return _login_result(call, user, session, f"{request.api}/{request.version}.0")


def _check_login_offered(call: Call, number: int) -> None:
    if number >= FIRST_WITHOUT_LOGIN:
        message = f"SOAP API login() is not available in API version {number}.0."
        raise ApiError("UNSUPPORTED_API_VERSION", message, status=500)
    if not call.org.switch("api_enabled", True):
        raise ApiError("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", status=500)


def _user(call: Call, given: Mapping[str, str], org_id: str) -> User:
    username, password = given.get("username", "").strip(), given.get("password", "")
    login = call.org.users.login(username)
    if login.uses_gateway:
        message = "The URL provided to configure the Single Sign-On gateway was not a valid URL."
        raise ApiError("INVALID_SSO_GATEWAY_URL", message, status=500)
    user = oauth.check_password(call, username, password)
    if user is not None and user.is_active and org_id.strip()[:15] in {"", call.org.org_id[:15]}:
        return user
    is_close = login.password and login.security_token and oauth.same_secret(password, login.password)
    if user is None and is_close and not login.is_locked:
        message = f"{_INVALID} Are you at a new location? Add your security token to your password."
        raise ApiError("LOGIN_MUST_USE_SECURITY_TOKEN", message, status=500)
    raise ApiError("INVALID_LOGIN", _INVALID, status=500)


def _login_result(call: Call, user: User, session: Session, path: str) -> str:
    instance = oauth.instance_url(call)
    row = user.row
    known = currencies_of(call.org.store, user.user_id)
    info = {
        **({} if known else {"currencySymbol": "$"}),
        "organizationId": call.org.org_id,
        "organizationMultiCurrency": "true" if known else "false",
        "profileId": row.get("ProfileId"),
        "sessionSecondsValid": int(call.org.sessions.timeout_s),
        **({"userDefaultCurrencyIsoCode": known.user} if known else {}),
        "userEmail": row.get("Email"),
        "userFullName": row.get("Name"),
        "userId": user.user_id,
        "userLanguage": row.get("LanguageLocaleKey"),
        "userLocale": row.get("LocaleSidKey"),
        "userName": user.username,
        "userTimeZone": user.time_zone,
    }
    org15 = call.org.org_id[:15]
    result = {
        "metadataServerUrl": f"{instance}/services/Soap/m/{path.partition('/')[2]}/{org15}",
        "passwordExpired": str(call.org.users.login(user.username).password_expired).lower(),
        "sandbox": "false",
        "serverUrl": f"{instance}/services/Soap/{path}/{org15}",
        "sessionId": session.token,
        "userId": user.user_id,
    }
    inner = f"{envelope.elements(result)}<userInfo>{envelope.elements(info)}</userInfo>"
    return f"<loginResponse><result>{inner}</result></loginResponse>"


_OPERATIONS: dict[str, Callable[[Request], str]] = {
    "login": _login,
    "logout": _logout,
    "setPassword": _set_password,
    "convertLead": _convert_lead,
}
