"""What a user has allowed and no client has fetched yet: authorization codes and device codes, kept in memory."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

from sffdw.sandbox.clock import Clock

CODE_LIFE_S = 15 * 60.0
DEVICE_LIFE_S = 10 * 60.0
POLL_INTERVAL_S = 5
_USER_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"  # nothing that looks or reads like something else


@dataclass
class CodeGrant:
    """A user's consent, good for one exchange by one client."""

    code: str
    username: str
    client_id: str
    redirect_uri: str
    scope: str
    challenge: str
    nonce: str
    expires_at: float
    is_used: bool = False


@dataclass
class DeviceGrant:
    """A device that waits for a user; `username` is set when one has allowed it."""

    device_code: str
    user_code: str
    client_id: str
    scope: str
    expires_at: float
    polled_at: float | None = None
    username: str | None = None
    is_denied: bool = False


class Grants:
    """All codes of the org."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, CodeGrant] = {}
        self._devices: dict[str, DeviceGrant] = {}

    def add_code(
        self, *, username: str, client_id: str, redirect_uri: str, scope: str, challenge: str, nonce: str = ""
    ) -> CodeGrant:
        """Note a consent and return it with its code."""
        now = self._clock.timestamp()
        code = f"aPrx{secrets.token_urlsafe(60)}=="
        grant = CodeGrant(code, username, client_id, redirect_uri, scope, challenge, nonce, now + CODE_LIFE_S)
        with self._lock:
            self._codes[code] = grant
        return grant

    def take_code(self, code: str) -> tuple[CodeGrant | None, bool]:
        """Use a code up; return its grant, and whether it was still good."""
        with self._lock:
            grant = self._codes.get(code)
            if grant is None:
                return None, False
            is_good = not grant.is_used and self._clock.timestamp() <= grant.expires_at
            grant.is_used = True
            return grant, is_good

    def add_device(self, client_id: str, scope: str) -> DeviceGrant:
        """Begin to wait for a user."""
        user_code = "".join(secrets.choice(_USER_ALPHABET) for _ in range(8))
        expires_at = self._clock.timestamp() + DEVICE_LIFE_S
        grant = DeviceGrant(secrets.token_urlsafe(48), user_code, client_id, scope, expires_at)
        with self._lock:
            self._devices[grant.device_code] = grant
        return grant

    def device(self, user_code: str) -> DeviceGrant | None:
        """Return the device that shows this code and still waits."""
        now = self._clock.timestamp()
        wanted = user_code.strip().replace("-", "").upper()
        with self._lock:
            for grant in self._devices.values():
                is_open = grant.username is None and not grant.is_denied and now <= grant.expires_at
                if is_open and grant.user_code == wanted:
                    return grant
        return None

    def poll(self, device_code: str, client_id: str) -> tuple[DeviceGrant | None, bool]:
        """Return a live device and whether it asked too soon; an answered one is returned once."""
        now = self._clock.timestamp()
        with self._lock:
            grant = self._devices.get(device_code)
            if grant is None or grant.client_id != client_id or now > grant.expires_at:
                return None, False
            is_hasty = grant.polled_at is not None and now - grant.polled_at < POLL_INTERVAL_S
            grant.polled_at = now
            if not is_hasty and (grant.is_denied or grant.username is not None):
                del self._devices[device_code]
            return grant, is_hasty
