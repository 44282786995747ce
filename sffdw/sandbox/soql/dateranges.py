"""Date literals: each is a range of days in the user's calendar, first day included, end day not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sffdw.sandbox import stamps
from sffdw.sandbox.soql.ast import DateRange
from sffdw.sandbox.soql.settings import Settings

Range = tuple[date, date]


@dataclass(frozen=True)
class Calendar:
    """Where units of time begin around a day."""

    today: date
    week_starts_on: int
    fiscal_start_month: int

    def day(self, offset: int) -> date:
        """Return the day `offset` days from today."""
        return _shift(self.today, offset)

    def week(self, offset: int) -> date:
        """Return the first day of a week."""
        back = (self.today.weekday() - self.week_starts_on) % 7
        return _shift(self.today, 7 * offset - back)

    def month(self, offset: int) -> date:
        """Return the first day of a month."""
        return _month(self.today.year, self.today.month + offset)

    def quarter(self, offset: int) -> date:
        """Return the first day of a calendar quarter."""
        return _month(self.today.year, (self.today.month - 1) // 3 * 3 + 1 + 3 * offset)

    def year(self, offset: int) -> date:
        """Return the first day of a calendar year."""
        return _month(self.today.year + offset, 1)

    def fiscal_quarter(self, offset: int) -> date:
        """Return the first day of a fiscal quarter."""
        months_in = (self.today.month - self.fiscal_start_month) % 12 % 3
        return _month(self.today.year, self.today.month - months_in + 3 * offset)

    def fiscal_year(self, offset: int) -> date:
        """Return the first day of a fiscal year."""
        months_in = (self.today.month - self.fiscal_start_month) % 12
        return _month(self.today.year, self.today.month - months_in + 12 * offset)


def _shift(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def _month(year: int, month: int) -> date:
    years, index = divmod(month - 1, 12)
    return date(min(max(year + years, 1), 9999), index + 1, 1)


def bounds(literal: DateRange, settings: Settings) -> Range:
    """Return the days a date literal covers."""
    calendar = Calendar(settings.today, settings.week_starts_on, settings.fiscal_start_month)
    fixed = {
        "YESTERDAY": (-1, 0),
        "TODAY": (0, 1),
        "TOMORROW": (1, 2),
        "LAST_90_DAYS": (-90, 1),
        "NEXT_90_DAYS": (1, 91),
    }
    if literal.name in fixed:
        first, end = fixed[literal.name]
        return calendar.day(first), calendar.day(end)
    direction, unit = _unit(literal.name)
    start: Callable[[int], date] = getattr(calendar, unit)
    first, end = _offsets(direction, unit, literal.count)
    return start(first), start(end)


def _unit(name: str) -> tuple[str, str]:
    """Split `LAST_N_FISCAL_YEARS` into its direction and the Calendar method."""
    if name.endswith("_AGO"):
        return "AGO", name[2:-4].lower().rstrip("s")
    direction, _, rest = name.partition("_")
    return direction, rest.removeprefix("N_").lower().rstrip("s")


def _offsets(direction: str, unit: str, count: int | None) -> tuple[int, int]:
    """Return first and end as numbers of units from the current one."""
    if count is None:
        place = {"LAST": -1, "THIS": 0, "NEXT": 1}[direction]
        return place, place + 1
    if direction == "AGO":
        return -count, -count + 1
    if direction == "LAST":
        # LAST_N_DAYS:n reaches into today, the longer units stop before the current one.
        return (-count, 1) if unit == "day" else (-count, 0)
    return 1, count + 1


def to_moments(days: Range, settings: Settings) -> tuple[str, str]:
    """Return the stored texts of the instants at which a range of days begins and ends for the user."""
    return _instant(days[0], settings), _instant(days[1], settings)


def _instant(day: date, settings: Settings) -> str:
    local = datetime(day.year, day.month, day.day, tzinfo=settings.timezone)
    try:
        return stamps.to_text(local.astimezone(UTC))
    except OverflowError:
        return f"{day.isoformat()}T00:00:00.000+0000"
