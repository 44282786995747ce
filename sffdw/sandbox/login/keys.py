"""The RSA key that an org signs id tokens with. Cryptography is imported when it is first needed: few orgs sign."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.store.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHM = "RS256"
_SETTING = "signing_key"
_KEY_BITS = 2048


class SigningKey:
    """The key of an org, made when it is first needed and kept with the org."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._key: RSAPrivateKey | None = None

    @property
    def private(self) -> RSAPrivateKey:
        """The key that signs."""
        with self._lock:
            if self._key is None:
                self._key = self._saved() or self._made()
            return self._key

    @property
    def pem(self) -> str | None:
        """The key as text, if there is one yet."""
        return self._store.meta(_SETTING)

    @pem.setter
    def pem(self, text: str | None) -> None:
        if text is not None:
            self._store.set_meta(_SETTING, text)

    def _saved(self) -> RSAPrivateKey | None:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        pem = self.pem
        key = load_pem_private_key(pem.encode(), None) if pem else None
        return key if isinstance(key, RSAPrivateKey) else None

    def _made(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._store.set_meta(_SETTING, key.private_bytes(*form).decode())
        return key

    def public_jwk(self) -> dict[str, Any]:
        """Return the key that checks, as a JSON Web Key whose id is the start of its thumbprint (RFC 7638)."""
        from jwt.algorithms import RSAAlgorithm

        known: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self.private.public_key()))
        parts = {name: known[name] for name in ("e", "kty", "n")}
        thumbprint = hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()
        return parts | {"alg": ALGORITHM, "use": "sig", "kid": thumbprint[:16]}
