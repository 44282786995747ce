"""Date literals on a Wednesday, 18 June 2025, in an English calendar."""

from datetime import UTC, date, datetime

import pytest

from sffdw.sandbox.soql.ast import DateRange
from sffdw.sandbox.soql.dateranges import bounds, to_moments
from sffdw.sandbox.soql.settings import Settings

NOW = datetime(2025, 6, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "count", "first", "end"),
    [
        ("YESTERDAY", None, "2025-06-17", "2025-06-18"),
        ("TODAY", None, "2025-06-18", "2025-06-19"),
        ("TOMORROW", None, "2025-06-19", "2025-06-20"),
        ("LAST_WEEK", None, "2025-06-08", "2025-06-15"),
        ("THIS_WEEK", None, "2025-06-15", "2025-06-22"),
        ("NEXT_WEEK", None, "2025-06-22", "2025-06-29"),
        ("LAST_MONTH", None, "2025-05-01", "2025-06-01"),
        ("NEXT_MONTH", None, "2025-07-01", "2025-08-01"),
        ("LAST_90_DAYS", None, "2025-03-20", "2025-06-19"),
        ("NEXT_90_DAYS", None, "2025-06-19", "2025-09-17"),
        ("THIS_QUARTER", None, "2025-04-01", "2025-07-01"),
        ("LAST_YEAR", None, "2024-01-01", "2025-01-01"),
        ("LAST_N_DAYS", 3, "2025-06-15", "2025-06-19"),
        ("NEXT_N_DAYS", 3, "2025-06-19", "2025-06-22"),
        ("N_DAYS_AGO", 3, "2025-06-15", "2025-06-16"),
        ("LAST_N_WEEKS", 2, "2025-06-01", "2025-06-15"),
        ("LAST_N_MONTHS", 2, "2025-04-01", "2025-06-01"),
        ("NEXT_N_MONTHS", 2, "2025-07-01", "2025-09-01"),
        ("N_MONTHS_AGO", 7, "2024-11-01", "2024-12-01"),
        ("LAST_N_QUARTERS", 2, "2024-10-01", "2025-04-01"),
        ("LAST_N_YEARS", 1, "2024-01-01", "2025-01-01"),
        ("N_YEARS_AGO", 2, "2023-01-01", "2024-01-01"),
        ("LAST_N_FISCAL_YEARS", 1, "2024-01-01", "2025-01-01"),
        ("NEXT_N_FISCAL_QUARTERS", 1, "2025-07-01", "2025-10-01"),
    ],
)
def test_a_literal_covers_these_days(name: str, count: int | None, first: str, end: str) -> None:
    want = (date.fromisoformat(first), date.fromisoformat(end))
    assert bounds(DateRange(name, count, 0), Settings(now=NOW)) == want


def test_days_are_the_users_not_utcs() -> None:
    settings = Settings(now=datetime(2025, 6, 18, 3, tzinfo=UTC), zone="America/Los_Angeles")
    days = bounds(DateRange("TODAY", None, 0), settings)
    assert days == (date(2025, 6, 17), date(2025, 6, 18))
    assert to_moments(days, settings) == ("2025-06-17T07:00:00.000+0000", "2025-06-18T07:00:00.000+0000")


def test_fiscal_years_begin_where_the_org_says() -> None:
    settings = Settings(now=NOW, fiscal_start_month=2)
    assert bounds(DateRange("THIS_FISCAL_YEAR", None, 0), settings) == (date(2025, 2, 1), date(2026, 2, 1))
    assert bounds(DateRange("THIS_FISCAL_QUARTER", None, 0), settings) == (date(2025, 5, 1), date(2025, 8, 1))
