"""The next page of a Bulk job is fetched while one is read: once, counted once, and never at the price of a row."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import wait_for
from tests.integration.wrapper.test_bulk import Session, created, one
from tools.sandbox import Sandbox

COUNT = 25
NAMES = [f"A {number:02}" for number in range(COUNT)]


class Reading:
    """A job of 25 records that is read in pages of 10."""

    def __init__(self, session: Session, org: Sandbox) -> None:
        org.call("PUT", "/clock", {"rate": 50})
        org.change(*[{"op": "create", "object": "Account", "values": {"Name": name}} for name in NAMES])
        self.session = session
        self._org = org
        self.begin()

    def begin(self) -> None:
        """Have another job."""
        self.job_id = created(self.session, "SELECT Id, Name FROM Account")
        self._mark = self._org.call("POST", "/stats/mark")["mark"]
        self._counted = self.counted()

    def page(self, locator: str = "", purpose: str = "load") -> tuple[list[str], str | None]:
        rows = self.session.execute(
            "SELECT name FROM account WHERE _job_id = %s AND _locator = %s AND _page_size = '10' AND _purpose = %s",
            [self.job_id, locator, purpose]).fetchall()
        told, = one(self.session, "SELECT next_locator FROM _bulk_pages WHERE job_id = %s AND locator = %s",
                    self.job_id, locator)
        return [name for name, in rows], told

    def rest(self, locator: str | None) -> list[str]:
        names: list[str] = []
        while locator is not None:
            found, locator = self.page(locator)
            names += found
        return names

    def asked(self) -> int:
        """Pages that Salesforce was asked for."""
        stats = self._org.call("GET", f"/stats?since={self._mark}")
        return int(stats["calls"]["by_kind"].get("bulk_result", 0))

    def counted(self) -> int:
        return int(one(self.session, "SELECT coalesce(sum(call_count), 0) FROM _calls WHERE backend = 'true' "
                                     "AND purpose = 'load'")[0])

    def spent(self) -> int:
        """Pages that were counted."""
        return self.counted() - self._counted


@pytest.fixture
def reading(tables: Session, org: Sandbox) -> Reading:
    return Reading(tables, org)


def test_the_next_page_is_asked_for_once_while_one_is_read(reading: Reading) -> None:
    names, locator = reading.page()
    wait_for(lambda: reading.asked() == 2, "the second page is asked for")
    assert locator
    names += reading.rest(locator)
    assert sorted(names) == NAMES
    assert (reading.asked(), reading.spent()) == (3, 3)


def test_a_page_that_is_read_again_leaves_the_one_ahead(reading: Reading) -> None:
    first, locator = reading.page()
    again, _ = reading.page()
    assert again == first
    assert sorted(first + reading.rest(locator)) == NAMES
    assert (reading.asked(), reading.spent()) == (4, 4)


def test_nothing_is_read_ahead_for_who_reads_single_pages(reading: Reading) -> None:
    _, locator = reading.page(purpose="live")
    assert locator
    reading.page(locator, "live")
    assert reading.asked() == 2


def test_a_page_ahead_that_did_not_come_is_asked_for_again(reading: Reading, fault: Callable[..., int]) -> None:
    cases: list[tuple[str, dict[str, Any], int]] = [
        ("http.cut", {"bytes": 60}, 4), ("http.drop", {}, 4), ("http.status", {"status": 503}, 4),
        # The ordinary way has to learn of it too.
        ("session.expired", {}, 5)]
    for name, params, calls in cases:
        fault(name, params=params, kind="bulk_result", calls="2")
        reading.begin()
        names, locator = reading.page()
        wait_for(lambda: reading.asked() == 2, "the second page is asked for")
        assert sorted(names + reading.rest(locator)) == NAMES, name
        assert (reading.asked(), reading.spent()) == (calls, calls), name


def test_what_salesforce_says_against_a_page_ahead_is_said(reading: Reading, fault: Callable[..., int]) -> None:
    fault("locator.expired", kind="bulk_result", calls="2")
    _, locator = reading.page()
    with pytest.raises(psycopg.Error) as caught:
        reading.page(str(locator))
    assert caught.value.sqlstate == "SF015"
    assert (reading.asked(), reading.spent()) == (2, 2)
    assert len(reading.page(str(locator))[0]) == 10


def test_a_page_ahead_is_forgotten_with_its_job(reading: Reading) -> None:
    _, locator = reading.page()
    reading.session.execute("DELETE FROM _bulk_jobs WHERE job_id = %s", [reading.job_id])
    with pytest.raises(psycopg.Error) as caught:
        reading.page(str(locator))
    assert caught.value.sqlstate == "SF015"


def test_a_backend_may_end_and_be_cancelled_while_a_page_is_on_its_way(
        reading: Reading, connect: Callable[..., Session], fault: Callable[..., int]) -> None:
    fault("http.latency", params={"ms": 600_000}, kind="bulk_result", calls="2")
    _, locator = reading.page()
    reading.session.execute("SET statement_timeout = '200ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        reading.page(str(locator))
    reading.session.execute("SET statement_timeout = 0")
    assert len(reading.page(str(locator))[0]) == 10
    fault("http.latency", params={"ms": 600_000}, kind="bulk_result", calls="2")
    reading.page()
    # Any backend that crashes ends all sessions.
    other, pid = connect(), reading.session.info.backend_pid
    reading.session.close()
    wait_for(lambda: not one(other, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid)[0], "the backend ends")
