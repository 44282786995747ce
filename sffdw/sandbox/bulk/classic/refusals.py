"""Errors in the form of Bulk API 1.0: exceptionCode and exceptionMessage."""

from __future__ import annotations

from xml.sax.saxutils import escape

from sffdw.sandbox.bulk.classic.documents import JSON_TYPE, NAMESPACE, XML_HEAD, XML_TYPE, wants_json
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError

PATH = "/services/async/"
_CODES = {
    "INVALID_SESSION_ID": "InvalidSessionId",
    "INVALIDENTITY": "InvalidEntity",
    "INVALIDJOB": "InvalidJob",
    "INVALIDJOBSTATE": "InvalidJobState",
    "FEATURENOTENABLED": "FeatureNotEnabled",
    "FUNCTIONALITY_NOT_ENABLED": "FeatureNotEnabled",
    "EXCEEDEDQUOTA": "ExceededQuota",
    "REQUEST_LIMIT_EXCEEDED": "ExceededQuota",
    "NOT_FOUND": "InvalidUrl",
    "METHOD_NOT_ALLOWED": "InvalidUrl",
    "UNSUPPORTED_API_VERSION": "InvalidVersion",
}
_MESSAGES = {"INVALID_SESSION_ID": "Invalid session id"}


def refuse(call: Call, error: ApiError) -> Reply:
    """Return the reply for a refused request."""
    code = _CODES.get(error.code, error.code)
    message = _MESSAGES.get(error.code, error.message).removeprefix(f"{code} : ")
    status = 400 if error.code in _CODES else error.status
    if wants_json(call):
        return Reply(status, {"exceptionCode": code, "exceptionMessage": message}, content_type=JSON_TYPE)
    text = (
        f'{XML_HEAD}<error\n   xmlns="{NAMESPACE}">\n <exceptionCode>{escape(code)}</exceptionCode>\n'
        f" <exceptionMessage>{escape(message)}</exceptionMessage>\n</error>"
    )
    return Reply(status, text=text, content_type=XML_TYPE)
