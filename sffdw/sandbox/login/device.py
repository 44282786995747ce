"""The device flow: a device shows a code, a user enters it on another screen, the device polls."""

from __future__ import annotations

from typing import Any

from sffdw.sandbox import oauth
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.login import pages
from sffdw.sandbox.login.grants import POLL_INTERVAL_S
from sffdw.sandbox.login.web import DEFAULT_SCOPE, WRONG_PASSWORD
from sffdw.sandbox.oauth import OAuthError

PATH = "/setup/connect"


def begin(call: Call, form: dict[str, str]) -> dict[str, Any]:
    """Answer response_type=device_code."""
    oauth.check_client(call, form, needs_secret=False)
    grant = call.org.sessions.grants.add_device(form["client_id"], form.get("scope") or DEFAULT_SCOPE)
    return {
        "device_code": grant.device_code,
        "user_code": grant.user_code,
        "verification_uri": f"{call.base_url}{PATH}",
        "interval": POLL_INTERVAL_S,
    }


def poll(call: Call, form: dict[str, str]) -> dict[str, Any]:
    """Answer grant_type=device: tokens once a user has allowed it."""
    oauth.check_client(call, form, needs_secret=False)
    grant, is_hasty = call.org.sessions.grants.poll(form.get("code", ""), form["client_id"])
    if grant is None:
        raise OAuthError("invalid_grant", "invalid device code")
    if is_hasty:
        raise OAuthError("slow_down", "polling too frequently")
    if grant.is_denied:
        raise OAuthError("access_denied", "end-user denied authorization")
    if grant.username is None:
        raise OAuthError("authorization_pending", "user has not yet authorized this device")
    return oauth.grant_tokens(call, grant.username, grant.scope)


def connect(call: Call) -> Reply:
    """GET and POST /setup/connect: the page where a user enters the code."""
    form = oauth.read_form(call)
    code, username = form.get("user_code", ""), form.get("username") or call.org.credentials.username
    if call.method == "GET":
        return pages.consent(PATH, username, hidden={}, user_code=code)
    grant = call.org.sessions.grants.device(code)
    if grant is None:
        return pages.consent(PATH, username, hidden={}, user_code=code, problem="The code is invalid or has expired.")
    user = pages.signed_in(call, form)
    if user is None:
        return pages.consent(PATH, username, hidden={}, user_code=code, problem=WRONG_PASSWORD)
    if form.get("decision") != "allow":
        grant.is_denied = True
        return pages.message("Access Denied", "The device was not connected.")
    grant.username = user.username
    return pages.message("You're Connected", "You can close this page and go back to your device.")
