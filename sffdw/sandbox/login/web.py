"""The web server flow: the authorize page, and the exchange of its code for tokens."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from sffdw.sandbox import oauth
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.login import pages
from sffdw.sandbox.oauth import OAuthError, same_secret

DEFAULT_SCOPE = "refresh_token api web"
WRONG_PASSWORD = "Please check your username and password."
_PKCE = ("code_challenge", "code_challenge_method")
_KEPT = ("response_type", "client_id", "redirect_uri", "state", "scope", "nonce", *_PKCE)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}=?")


def authorize(call: Call) -> Reply:
    """GET and POST /services/oauth2/authorize: ask the user, then send the browser back to the client."""
    form = oauth.read_form(call)
    try:
        _check_target(call, form)
    except OAuthError as error:
        return pages.message("OAuth Error", f"error={error.error}&error_description={error.description}", 400)
    try:
        _check_request(form)
        if call.method == "GET":
            return _page(call, form)
        if form.get("decision") != "allow":
            raise OAuthError("access_denied", "end-user denied authorization")
    except OAuthError as error:
        return _back(form, {"error": error.error, "error_description": error.description})
    return _allow(call, form)


def _check_target(call: Call, form: Mapping[str, str]) -> None:
    """Refuse what must not be sent back to the redirect URI: an unknown client, or an URI that is not its own."""
    if form.get("client_id", "") != call.org.credentials.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    target = form.get("redirect_uri", "")
    known = call.org.switch("callback_urls", None)
    if not urlsplit(target).scheme or re.search(r"[\x00-\x20]", target) or (known is not None and target not in known):
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")


def _check_request(form: Mapping[str, str]) -> None:
    if form.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response type not supported")
    challenge = form.get("code_challenge", "")
    if form.get("code_challenge_method", "S256") != "S256" or (challenge and not _CHALLENGE.fullmatch(challenge)):
        raise OAuthError("invalid_request", "invalid code challenge")


def _page(call: Call, form: Mapping[str, str], problem: str = "") -> Reply:
    username = form.get("username") or form.get("login_hint") or call.org.credentials.username
    hidden = {name: form[name] for name in _KEPT if name in form}
    return pages.consent("/services/oauth2/authorize", username, hidden=hidden, problem=problem)


def _allow(call: Call, form: Mapping[str, str]) -> Reply:
    user = pages.signed_in(call, form)
    if user is None:
        return _page(call, form, WRONG_PASSWORD)
    grant = call.org.sessions.grants.add_code(
        username=user.username,
        client_id=form["client_id"],
        redirect_uri=form["redirect_uri"],
        scope=form.get("scope") or DEFAULT_SCOPE,
        challenge=form.get("code_challenge", ""),
        nonce=form.get("nonce", ""),
    )
    return _back(form, {"code": grant.code})


def _back(form: Mapping[str, str], answer: dict[str, str]) -> Reply:
    """Redirect to the client with an answer and its state."""
    if "state" in form:
        answer["state"] = form["state"]
    target, _, fragment = form["redirect_uri"].partition("#")
    joint = "&" if "?" in target else "?"
    location = f"{target}{joint}{urlencode(answer)}" + (f"#{fragment}" if fragment else "")
    return Reply(302, text="", headers={"Location": location})


def exchange(call: Call, form: dict[str, str]) -> dict[str, Any]:
    """Answer grant_type=authorization_code; a code that was asked for with a challenge needs no secret."""
    oauth.check_client(call, form, needs_secret=not form.get("code_verifier"))
    grant, is_good = call.org.sessions.grants.take_code(form.get("code", ""))
    if grant is None:
        raise OAuthError("invalid_grant", "invalid authorization code")
    if not is_good:
        raise OAuthError("invalid_grant", "expired authorization code")
    if form.get("redirect_uri", "") != grant.redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    if not grant.challenge:
        oauth.check_client(call, form)
    elif not same_secret(_challenge_of(form.get("code_verifier", "")), grant.challenge.rstrip("=")):
        raise OAuthError("invalid_grant", "invalid code verifier")
    return oauth.grant_tokens(call, grant.username, grant.scope, nonce=grant.nonce)


def _challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
