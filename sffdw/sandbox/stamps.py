"""Dates and times in the one text form that the store keeps, sorts and answers with.

dateTime `2025-12-16T13:05:30.000+0000`, date `2025-12-16`, time `13:05:30.000Z`: all compare as text.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

_DATETIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d|[+-]\d\d)?", re.IGNORECASE
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z)?", re.IGNORECASE)
FIRST_DATE, LAST_DATE = date(1700, 1, 1), date(4000, 12, 31)


def to_text(moment: datetime) -> str:
    """Return a moment as stored text, cut to the second."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.000+0000" if utc.year > 999 else utc.isoformat(timespec="seconds")


def from_text(text: str) -> datetime:
    """Return the moment that a stored text means."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)


def parse_datetime(text: str) -> datetime | None:
    """Read an ISO 8601 dateTime with `Z` or an offset (none means UTC); None when it is not one."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute = (int(part) for part in match.group(1, 2, 3, 4, 5))
    micros = int((match[7] or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, int(match[6] or 0), micros, _zone(match[8]))
    except ValueError:
        return None
    return moment.astimezone(UTC) if FIRST_DATE <= moment.date() <= LAST_DATE else None


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def parse_date(text: str) -> date | None:
    """Read `YYYY-MM-DD`; None when it is not a date Salesforce knows."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
    return day if FIRST_DATE <= day <= LAST_DATE else None


def parse_time(text: str) -> str | None:
    """Read a time of day and return its stored text; None when it is not one."""
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return None
    return f"{match[1]}:{match[2]}:{match[3] or '00'}.{(match[4] or '0')[:3].ljust(3, '0')}Z"


def to_http(moment: datetime) -> str:
    """Return a moment as an HTTP date."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def from_http(text: str) -> datetime | None:
    """Read an HTTP date; None when it is not one."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
