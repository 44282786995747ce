"""SOAP messages: reading what was sent, writing answers and faults. Elements of answers carry no prefix: clients look
for them literally."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sffdw.sandbox.call import Reply
from sffdw.sandbox.errors import ApiError

PARTNER, ENTERPRISE = "urn:partner.soap.sforce.com", "urn:enterprise.soap.sforce.com"
_XML_TYPE = "text/xml;charset=utf-8"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    '{spaces} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body>'
    "</soapenv:Envelope>"
)
_LOGIN_CODES = frozenset(
    {
        "INVALID_LOGIN",
        "LOGIN_MUST_USE_SECURITY_TOKEN",
        "API_DISABLED_FOR_ORG",
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
        "INVALID_SSO_GATEWAY_URL",
    }
)


# Reading


def read(text: bytes) -> ElementTree.Element:
    """Parse an envelope; document types are refused, as SOAP wants it."""
    try:
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise client_fault("document types are not allowed in SOAP messages")
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise client_fault(f"The request could not be parsed: {error}") from error


def operation(envelope: ElementTree.Element) -> ElementTree.Element:
    """Return the element in the body."""
    for part in envelope:
        if local(part) == "Body" and len(part):
            return part[0]
    raise client_fault("The SOAP body holds no operation")


def texts(element: ElementTree.Element) -> dict[str, str]:
    """Return the texts of all elements without children below one, by local name."""
    return {local(part): part.text or "" for part in element.iter() if not len(part)}


def local(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


# Writing


def reply(body: str, space: str) -> Reply:
    """Return the reply with a body in a default namespace."""
    return Reply(text=_ENVELOPE.format(spaces=f' xmlns="{space}"', body=body), content_type=_XML_TYPE)


def elements(values: Mapping[str, object]) -> str:
    """Write elements; None is an empty one."""
    return "".join(f"<{name}>{escape('' if value is None else str(value))}</{name}>" for name, value in values.items())


def client_fault(message: str) -> ApiError:
    """Return the error for a message that is no SOAP call at all."""
    return ApiError("soapenv:Client", message, status=500)


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
