"""OpenID Connect: id tokens signed with the org's own key, and the documents that let clients check them."""

from __future__ import annotations

import base64
import hashlib

from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.login.keys import ALGORITHM
from sffdw.sandbox.sessions import Session

LIFE_S = 120
SCOPES = (
    "address",
    "api",
    "email",
    "full",
    "id",
    "offline_access",
    "openid",
    "phone",
    "profile",
    "refresh_token",
    "web",
)
CLAIMS = (
    *("active", "email", "email_verified", "family_name", "given_name", "language", "locale", "name", "nickname"),
    *("organization_id", "preferred_username", "profile", "sub", "urls", "user_id", "user_type", "utcOffset"),
    *("zoneinfo",),
)


def id_token(call: Call, session: Session, *, subject: str, nonce: str = "") -> str:
    """Return the signed statement of who has logged in, for the client that asked."""
    import jwt

    now = int(call.org.clock.timestamp())
    claims = {
        "at_hash": access_token_hash(session.token),
        "sub": subject,
        "aud": session.client_id,
        "iss": call.base_url,
        "exp": now + LIFE_S,
        "iat": now,
    } | ({"nonce": nonce} if nonce else {})
    signing = call.org.signing
    return jwt.encode(claims, signing.private, algorithm=ALGORITHM, headers={"kid": signing.public_jwk()["kid"]})


def access_token_hash(token: str) -> str:
    """Return the claim at_hash: the left half of the token's SHA-256."""
    half = hashlib.sha256(token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).decode().rstrip("=")


def keys(call: Call) -> Reply:
    """GET /id/keys: the JSON Web Key Set."""
    return Reply(body={"keys": [call.org.signing.public_jwk()]})


def configuration(call: Call) -> Reply:
    """GET /.well-known/openid-configuration."""
    base = call.base_url
    oauth = f"{base}/services/oauth2"
    return Reply(
        body={
            "issuer": base,
            "authorization_endpoint": f"{oauth}/authorize",
            "token_endpoint": f"{oauth}/token",
            "revocation_endpoint": f"{oauth}/revoke",
            "introspection_endpoint": f"{oauth}/introspect",
            "userinfo_endpoint": f"{oauth}/userinfo",
            "jwks_uri": f"{base}/id/keys",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": list(CLAIMS),
        }
    )
