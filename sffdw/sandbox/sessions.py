"""Sessions and refresh tokens: who is behind an access token, and until when."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

from sffdw.sandbox.clock import Clock
from sffdw.sandbox.login.grants import Grants

DEFAULT_TIMEOUT_S = 2 * 3600.0
MAX_REFRESH_TOKENS = 5


@dataclass
class Session:
    """A logged-in user; `used_at` moves with every call, and inactivity ends the session."""

    token: str
    user_id: str
    username: str
    client_id: str
    scope: str
    issued_at: float
    used_at: float
    by_password: bool = False


@dataclass(frozen=True)
class RefreshToken:
    """A long-lived grant of one user to one client."""

    token: str
    user_id: str
    username: str
    client_id: str
    scope: str


class Sessions:
    """All tokens of the org, kept in memory: a restart ends them, as a password change would."""

    def __init__(self, clock: Clock, org_id: str) -> None:
        self.timeout_s = DEFAULT_TIMEOUT_S
        self.rotates_refresh_tokens = False
        self.grants = Grants(clock)
        self._clock = clock
        self._org_id = org_id
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._refresh: dict[str, RefreshToken] = {}

    def issue(
        self,
        user_id: str,
        username: str,
        client_id: str,
        scope: str = "api web refresh_token",
        *,
        by_password: bool = False,
    ) -> Session:
        """Log a user in."""
        now = self._clock.timestamp()
        token = f"{self._org_id[:15]}!AQ{secrets.token_urlsafe(70)[:94]}"
        session = Session(token, user_id, username, client_id, scope, now, now, by_password)
        with self._lock:
            self._sessions[token] = session
        return session

    def find(self, token: str) -> Session | None:
        """Return the live session of a token and note its use."""
        now = self._clock.timestamp()
        with self._lock:
            session = self._sessions.get(token)
            if session is None:
                return None
            if now - session.used_at > self.timeout_s:
                del self._sessions[token]
                return None
            session.used_at = now
            return session

    def issue_refresh(self, session: Session, token: str | None = None) -> RefreshToken:
        """Grant a refresh token; a user's oldest one for a client dies with the sixth."""
        grant = RefreshToken(
            token or f"5Aep861{secrets.token_urlsafe(60)}",
            session.user_id,
            session.username,
            session.client_id,
            session.scope,
        )
        with self._lock:
            same = [
                known
                for known in self._refresh.values()
                if (known.user_id, known.client_id) == (grant.user_id, grant.client_id)
            ]
            for old in same[: max(0, len(same) - MAX_REFRESH_TOKENS + 1)]:
                del self._refresh[old.token]
            self._refresh[grant.token] = grant
        return grant

    def refresh_token(self, token: str) -> RefreshToken | None:
        """Return a refresh token that still lives."""
        with self._lock:
            return self._refresh.get(token)

    def revoke(self, token: str) -> bool:
        """End a session or a refresh token with the sessions of its user and client."""
        with self._lock:
            grant = self._refresh.pop(token, None)
            if grant is None:
                return self._sessions.pop(token, None) is not None
            gone = [
                s.token for s in self._sessions.values() if (s.user_id, s.client_id) == (grant.user_id, grant.client_id)
            ]
            for old in gone:
                del self._sessions[old]
            return True

    def expire(self, username: str | None = None, *, refresh_tokens: bool = False) -> int:
        """End the sessions of one user or of all; return how many."""
        with self._lock:
            ended = [s.token for s in self._sessions.values() if username in (None, s.username)]
            for token in ended:
                del self._sessions[token]
            if refresh_tokens:
                for grant in [g for g in self._refresh.values() if username in (None, g.username)]:
                    del self._refresh[grant.token]
            return len(ended)
