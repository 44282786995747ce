"""SOAP login() and logout(). Elements of answers carry no prefix: clients look for them literally."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sffdw.sandbox import oauth
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.org import VERSIONS
from sffdw.sandbox.sessions import Session
from sffdw.sandbox.users import User

PATH = "/services/soap/"
FIRST_WITHOUT_LOGIN = 65
_XML_TYPE = "text/xml;charset=utf-8"
_PARTNER, _ENTERPRISE = "urn:partner.soap.sforce.com", "urn:enterprise.soap.sforce.com"
_INVALID = "Invalid username, password, security token; or user locked out."
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    '{spaces} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body>'
    "</soapenv:Envelope>"
)


def answer(call: Call, api: str, version: str) -> Reply:
    """POST /services/Soap/{u|c}/VERSION."""
    number = _version_number(version)
    body = _read(call.body)
    operation, given = _operation(body)
    space = _PARTNER if api.lower() == "u" else _ENTERPRISE
    if operation == "logout":
        call.org.sessions.revoke(_texts(body).get("sessionId", ""))
        return _reply("<logoutResponse/>", space)
    if operation != "login":
        raise ApiError("soapenv:Client", f"No operation available for request {{{space}}}{operation}", status=500)
    _check_login_offered(call, number)
    user = _user(call, given, _texts(body).get("organizationId", ""))
    session = call.org.sessions.issue(user.user_id, user.username, "", "api web")
    return _reply(_login_result(call, user, session, f"{api.lower()}/{number}.0"), space)


def refuse(error: ApiError) -> Reply:
    """Return the fault for a refused request."""
    code, message = escape(error.code), escape(error.message)
    if ":" in error.code:
        body = f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{message}</faultstring></soapenv:Fault>"
    else:
        kind = "LoginFault" if error.code in _LOGIN_CODES else "UnexpectedErrorFault"
        body = (
            f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>"
            f'<sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail></soapenv:Fault>"
        )
    spaces = ' xmlns:sf="urn:fault.partner.soap.sforce.com"'
    return Reply(500, text=_ENVELOPE.format(spaces=spaces, body=body), content_type=_XML_TYPE)


_LOGIN_CODES = frozenset(
    {
        "INVALID_LOGIN",
        "LOGIN_MUST_USE_SECURITY_TOKEN",
        "API_DISABLED_FOR_ORG",
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
        "INVALID_SSO_GATEWAY_URL",
    }
)


def _reply(body: str, space: str) -> Reply:
    return Reply(text=_ENVELOPE.format(spaces=f' xmlns="{space}"', body=body), content_type=_XML_TYPE)


# Reading


def _version_number(version: str) -> int:
    number, _, rest = version.partition(".")
    if not (number.isascii() and number.isdigit()) or rest not in {"", "0"} or int(number) not in VERSIONS:
        raise ApiError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL", status=500)
    return int(number)


def _read(text: bytes) -> ElementTree.Element:
    """Parse an envelope; document types are refused, as SOAP wants it."""
    try:
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise ApiError("soapenv:Client", "document types are not allowed in SOAP messages", status=500)
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ApiError("soapenv:Client", f"The request could not be parsed: {error}", status=500) from error


def _operation(envelope: ElementTree.Element) -> tuple[str, dict[str, str]]:
    """Return the local name of the element in the body, and the texts below it."""
    for part in envelope:
        if _local(part) == "Body" and len(part):
            return _local(part[0]), _texts(part[0])
    raise ApiError("soapenv:Client", "The SOAP body holds no operation", status=500)


def _texts(element: ElementTree.Element) -> dict[str, str]:
    return {_local(part): part.text or "" for part in element.iter() if not len(part)}


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


# Logging in


def _check_login_offered(call: Call, number: int) -> None:
    if number >= FIRST_WITHOUT_LOGIN:
        message = f"SOAP API login() is not available in API version {number}.0."
        raise ApiError("UNSUPPORTED_API_VERSION", message, status=500)
    if not call.org.switch("api_enabled", True):
        raise ApiError("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", status=500)


def _user(call: Call, given: Mapping[str, str], org_id: str) -> User:
    username, password = given.get("username", "").strip(), given.get("password", "")
    user = oauth.check_password(call, username, password)
    if user is not None and user.is_active and org_id.strip()[:15] in {"", call.org.org_id[:15]}:
        return user
    login = call.org.users.login(username)
    if user is None and login.password and login.security_token and oauth.same_secret(password, login.password):
        message = f"{_INVALID} Are you at a new location? Add your security token to your password."
        raise ApiError("LOGIN_MUST_USE_SECURITY_TOKEN", message, status=500)
    raise ApiError("INVALID_LOGIN", _INVALID, status=500)


def _login_result(call: Call, user: User, session: Session, path: str) -> str:
    instance = oauth.instance_url(call)
    row = user.row
    info = {
        "organizationId": call.org.org_id,
        "profileId": row.get("ProfileId"),
        "sessionSecondsValid": int(call.org.sessions.timeout_s),
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
        "passwordExpired": "false",
        "sandbox": "false",
        "serverUrl": f"{instance}/services/Soap/{path}/{org15}",
        "sessionId": session.token,
        "userId": user.user_id,
    }
    return f"<loginResponse><result>{_elements(result)}<userInfo>{_elements(info)}</userInfo></result></loginResponse>"


def _elements(values: Mapping[str, object]) -> str:
    return "".join(f"<{k}>{escape('' if v is None else str(v))}</{k}>" for k, v in values.items())
