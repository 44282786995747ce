"""What a statement's meaning depends on beyond its text: who asks, when, and the org's switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sffdw.sandbox.access import FULL_ACCESS, Access
from sffdw.sandbox.soql.currencies import Currencies

_OF_THE_ORG = frozenset({"access", "currencies"})


@dataclass(frozen=True)
class Settings:
    """The surroundings of one statement. The defaults are those of an English org in UTC."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    zone: str = "UTC"
    user_id: str = ""
    access: Access = FULL_ACCESS
    includes_deleted: bool = False
    api_version: float = 62.0
    week_starts_on: int = 6  # as date.weekday(): Sunday, the en_US week
    fiscal_start_month: int = 1
    descending_nulls_last: bool = False  # documents say nulls sort first, practitioners see them last with DESC
    currencies: Currencies | None = None  # None in an org of one currency
    hidden_share: float = 0.0  # fraction of rows that a fault hides
    shuffle_seed: int | None = None  # order of results without ORDER BY; None is insertion order

    def value(self) -> dict[str, Any]:
        """Return the settings as they are kept: without what the org knows of its users and currencies."""
        known = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in _OF_THE_ORG}
        return known | {"now": self.now.isoformat()}

    @classmethod
    def read(cls, value: Mapping[str, Any], **of_the_org: Any) -> Settings:
        """Return settings that were kept, with what the org knows by now."""
        return cls(**{**value, "now": datetime.fromisoformat(value["now"])}, **of_the_org)

    @property
    def timezone(self) -> tzinfo:
        """The user's time zone."""
        return UTC if self.zone in {"UTC", "GMT"} else ZoneInfo(self.zone)

    @property
    def today(self) -> date:
        """The date it is for the user."""
        return self.now.astimezone(self.timezone).date()
