"""Sessions and refresh tokens: who is behind an access token, and until when."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from sffdw.sandbox.clock import Clock
from sffdw.sandbox.login.grants import Grants
from sffdw.sandbox.store.kept import Kept

DEFAULT_TIMEOUT_S = 2 * 3600.0
MAX_REFRESH_TOKENS = 5
_SAVED_EVERY_S = 300.0  # how far behind the kept time of a session's last use may be
_SESSION, _REFRESH = "session", "refresh_token"


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
    saved_at: float = field(default=0.0, compare=False)  # the last use that is kept

    def value(self) -> dict[str, object]:
        """Return the session as it is kept."""
        return {name: value for name, value in asdict(self).items() if name != "saved_at"}


@dataclass(frozen=True)
class RefreshToken:
    """A long-lived grant of one user to one client."""

    token: str
    user_id: str
    username: str
    client_id: str
    scope: str


class Sessions:
    """All tokens of the org; they live as long as its store does."""

    def __init__(self, clock: Clock, org_id: str, kept: Kept) -> None:
        self.timeout_s = DEFAULT_TIMEOUT_S
        self.rotates_refresh_tokens = False
        self.grants = Grants(clock)
        self._clock = clock
        self._org_id = org_id
        self._kept = kept
        self._lock = threading.Lock()
        self._sessions = {token: _session(value) for token, value in kept.all(_SESSION)}
        self._refresh = {token: RefreshToken(**value) for token, value in kept.all(_REFRESH)}

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
        session = Session(token, user_id, username, client_id, scope, now, now, by_password, now)
        with self._lock:
            self._sessions[token] = session
        self._kept.save(_SESSION, token, session.value())
        return session

    def find(self, token: str) -> Session | None:
        """Return the live session of a token and note its use."""
        now = self._clock.timestamp()
        with self._lock:
            session = self._sessions.get(token)
            if session is None:
                return None
            is_over = now - session.used_at > self.timeout_s
            if is_over:
                del self._sessions[token]
            else:
                session.used_at = now
        if is_over:
            self._kept.remove(_SESSION, [token])
            return None
        if abs(now - session.saved_at) > _SAVED_EVERY_S and self._kept.save_if_free(_SESSION, token, session.value()):
            session.saved_at = now
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
            gone = [old.token for old in same[: max(0, len(same) - MAX_REFRESH_TOKENS + 1)]]
            for old in gone:
                del self._refresh[old]
            self._refresh[grant.token] = grant
        self._kept.remove(_REFRESH, gone)
        self._kept.save(_REFRESH, grant.token, asdict(grant))
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
                gone = [token] if self._sessions.pop(token, None) is not None else []
            else:
                ended = (grant.user_id, grant.client_id)
                gone = [s.token for s in self._sessions.values() if (s.user_id, s.client_id) == ended]
                self._forget(gone)
        self._kept.remove(_SESSION, gone)
        self._kept.remove(_REFRESH, [token] if grant is not None else [])
        return grant is not None or bool(gone)

    def expire(self, username: str | None = None, *, refresh_tokens: bool = False) -> int:
        """End the sessions of one user or of all; return how many."""
        grants: list[str] = []
        with self._lock:
            ended = [s.token for s in self._sessions.values() if username in (None, s.username)]
            self._forget(ended)
            if refresh_tokens:
                grants = [grant.token for grant in self._refresh.values() if username in (None, grant.username)]
                for token in grants:
                    del self._refresh[token]
        self._kept.remove(_SESSION, ended)
        self._kept.remove(_REFRESH, grants)
        return len(ended)

    def _forget(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            del self._sessions[token]

    # Outliving the process, and a reset

    def save_all(self) -> None:
        """Keep all tokens as they are now; what is over is forgotten."""
        now = self._clock.timestamp()
        with self._lock:
            over = [s.token for s in self._sessions.values() if now - s.used_at > self.timeout_s]
            self._forget(over)
            sessions, grants = list(self._sessions.values()), list(self._refresh.values())
        self._kept.remove(_SESSION, over)
        for session in sessions:
            self._kept.save(_SESSION, session.token, session.value())
        for grant in grants:
            self._kept.save(_REFRESH, grant.token, asdict(grant))

    def take_over(self, other: Sessions) -> None:
        """Go on with the tokens of an org that this one replaces."""
        self.timeout_s, self.rotates_refresh_tokens = other.timeout_s, other.rotates_refresh_tokens
        self.grants = other.grants
        with self._lock, other._lock:
            self._sessions, self._refresh = dict(other._sessions), dict(other._refresh)
        self.save_all()


def _session(value: dict[str, object]) -> Session:
    session = Session(**value)  # type: ignore[arg-type]
    session.saved_at = session.used_at
    return session
