"""One Salesforce org: schema, records, users, sessions, limits, faults and the journal of its calls."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from sffdw.sandbox import ids, stamps
from sffdw.sandbox.archiving import Archive
from sffdw.sandbox.auto import Teacher
from sffdw.sandbox.bootstrap import create_residents
from sffdw.sandbox.bulk.jobs import Jobs
from sffdw.sandbox.clock import Clock
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.events import Events
from sffdw.sandbox.faults import Faults
from sffdw.sandbox.features import enable_features
from sffdw.sandbox.journal import Journal
from sffdw.sandbox.late import LateCommits
from sffdw.sandbox.limits import Limits
from sffdw.sandbox.login.keys import SigningKey
from sffdw.sandbox.origin import check_origin, note_origin, stated_by
from sffdw.sandbox.schema import Schema, SObject
from sffdw.sandbox.schema.features import FEATURES
from sffdw.sandbox.sessions import Sessions
from sffdw.sandbox.soql.again import plan_again
from sffdw.sandbox.soql.cursors import Cursors
from sffdw.sandbox.soql.engine import Engine
from sffdw.sandbox.store.store import Store
from sffdw.sandbox.traffic import Traffic
from sffdw.sandbox.users import Users

VERSIONS = range(31, 68)
_SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Credentials:
    """What the integration user and its connected app log in with."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)

    @classmethod
    def seeded(cls, seed: int) -> Credentials:
        """Make credentials from a seed."""
        dice = random.Random(f"credentials {seed}")

        def word(length: int) -> str:
            return "".join(dice.choice(_SECRET_ALPHABET) for _ in range(length))

        return cls(
            "3MVG9" + word(80),
            word(64),
            f"integration.{word(6).lower()}@sandbox.example",
            word(16),
            word(24),
            "5Aep861" + word(80),
        )

    def overlaid(self, given: dict[str, Any]) -> Credentials:
        """Replace what `given` states."""
        names = {known.name for known in fields(self)}
        return Credentials(
            **{**asdict(self), **{name: value for name, value in given.items() if name in names and value}}
        )

    @classmethod
    def from_environment(cls) -> dict[str, str]:
        """Return what SANDBOX_CLIENT_ID and its sisters state."""
        stated = {known.name: os.environ.get(f"SANDBOX_{known.name.upper()}", "") for known in fields(cls)}
        return {name: value for name, value in stated.items() if value}


@dataclass(frozen=True)
class Options:
    """How an org is made."""

    store: Path | None = None
    seed: int | None = None  # None: that of the store, 0 for a new one
    load: tuple[str, ...] = ()  # what a new org is filled with; a store is only told apart by it
    rows: Mapping[str, int] = field(default_factory=dict)
    org_id: str | None = None
    speed: str = "real"
    auto_schema: bool = False
    credentials: dict[str, Any] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Birth:
    """What all new orgs of a process begin with: the standard objects and their empty tables."""

    objects: tuple[SObject, ...]
    database: bytes


class Org:
    """Everything one org knows. A reset replaces the whole object."""

    def __init__(self, options: Options, *, clock: Clock | None = None, birth: Birth | None = None) -> None:
        self.options = options
        self.clock = clock or Clock()
        self.schema = Schema(birth.objects, now=self.clock.now) if birth else Schema.standard(now=self.clock.now)
        standard = birth.objects if birth else tuple(self.schema)
        self.store = Store(options.store, self.schema, birth.database if birth and options.store is None else None)
        self.birth = birth or Birth(standard, self.store.database.content() if options.store is None else b"")
        self.is_new = self.store.meta("org_id") is None
        try:
            self._begin()
        except BaseException:
            self.store.close()
            raise
        if self.is_new:
            self.store.mark(finished=True)

    def _begin(self) -> None:
        """Go on with the org of the store, or make a new one."""
        options = self.options
        self._identify()
        self.sessions = Sessions(self.clock, self.org_id, self.store.kept)
        self.limits = Limits(self.clock)
        self.faults = Faults()
        self.journal = Journal()
        has_old_limits = bool(self.switch("ten_cursors", False))
        again = partial(plan_again, self)
        self.cursors = Cursors(self.store.instance, self.store.kept, again, has_old_limits=has_old_limits)
        self.engine = Engine(self.store, self.schema, self.cursors)
        self.late = LateCommits(self.store, self.clock)
        self.archive = Archive(self.store, self.clock)
        self.bulk = Jobs(self)
        self.users = Users(self)
        self.signing = SigningKey(self.store)
        self.teacher = Teacher(self) if options.auto_schema else None
        self.traffic = Traffic()
        self.change_lock = threading.RLock()
        self.ever_counted: set[str] = set()  # objects whose statistics exist, even when they are empty now
        if self.is_new:
            create_residents(self)
        enable_features(self, {name: value for name, value in options.switches.items() if self._lacks_feature(name)})
        if self.users.by_username(self.credentials.username) is None:
            raise ValueError(f"{options.store} has no user {self.credentials.username}")
        self.store.save_setting("credentials", asdict(self.credentials))
        self._grant_refresh_token()
        self.events = Events(self)
        self.bulk.restore()

    def _lacks_feature(self, name: str) -> bool:
        return name in FEATURES and name not in self.schema.features

    def _identify(self) -> None:
        """Take ids and credentials from the file, or make them from the seed."""
        if self.is_new:
            self.store.mark(finished=False)
            note_origin(self.store, stated_by(self.options))
            self.store.save_setting("seed", self.options.seed or 0)
        else:
            check_origin(self.store, self.options)
            self.clock.resume(self.store.setting("clock") or self.clock.state())
        self.seed = int(self.store.setting("seed"))
        dice = random.Random(f"org {self.seed}")
        instance = "".join(dice.choice(ids.ALPHABET) for _ in range(2)) + "0"
        if self.is_new:
            self.store.set_meta("instance", instance)
            self.store.instance = instance
            number = dice.randrange(62**6)
            self.store.set_meta("org_id", self.options.org_id or ids.compose("00D", instance, number))
        self.org_id = str(self.store.meta("org_id"))
        saved = self.store.setting("credentials") or asdict(Credentials.seeded(self.seed))
        self.credentials = Credentials(**saved).overlaid(self.options.credentials)

    def _grant_refresh_token(self) -> None:
        """Grant the refresh token of the credentials, once: what was revoked stays so."""
        user = self.users.by_username(self.credentials.username)
        if user is not None and self.store.meta("granted") != self.credentials.refresh_token:
            self.store.set_meta("granted", self.credentials.refresh_token)
            session = self.sessions.issue(user.user_id, user.username, self.credentials.client_id)
            self.sessions.revoke(session.token)
            self.sessions.issue_refresh(session, self.credentials.refresh_token)

    # Time and writers

    def stamp(self) -> str:
        """Return the stamp of a row written now."""
        return stamps.to_text(self.clock.now())

    def actor(self, user_id: str | None = None, *, at: str | None = None, is_raw: bool = False) -> Actor:
        """Return a writer, by default the integration user, now."""
        return Actor(user_id or self.users.default.user_id, at or self.stamp(), is_raw=is_raw)

    def note_clock(self) -> None:
        """Remember the clock for the next process."""
        if not self.store.database.is_private:
            self.store.save_setting("clock", self.clock.state())

    def catch_up(self) -> None:
        """Do what the clock says is due: late commits, and archiving when the day has turned."""
        self.late.commit_due()
        self.archive.run_due()

    def counts(self) -> dict[str, int]:
        """Return the number of records per object, those without any left out."""
        found = {sobject.name: self.store.count(sobject) for sobject in self.schema}
        return {name: count for name, count in found.items() if count}

    def switch(self, name: str, default: Any) -> Any:
        """Return a setting of the configuration file (behaviour that sources disagree about)."""
        return self.options.switches.get(name, default)

    def close(self) -> None:
        """Close the store."""
        self.bulk.close()
        self.events.close()
        self.sessions.save_all()
        self.store.close()
