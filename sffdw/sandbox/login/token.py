"""The token endpoint: which flow answers which grant_type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sffdw.sandbox import oauth
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.login import device, web
from sffdw.sandbox.oauth import OAuthError

_FLOWS: dict[str, Callable[[Call, dict[str, str]], dict[str, Any]]] = {
    **oauth.FLOWS,
    "authorization_code": web.exchange,
    "device": device.poll,
}


def token(call: Call) -> Reply:
    """POST /services/oauth2/token."""
    form = oauth.read_form(call)
    is_device = form.get("response_type") == "device_code"
    flow = device.begin if is_device else _FLOWS.get(form.get("grant_type", ""))
    try:
        if flow is None:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        return Reply(body=flow(call, form), headers={"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"})
    except OAuthError as error:
        return error.reply()
