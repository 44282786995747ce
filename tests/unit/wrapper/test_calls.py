"""The ledger of API calls: totals that backends share, and the budget that is spent from."""

import datetime as dt
import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from sffdw import calls
from sffdw.calls import KEPT_DAYS, LOOK_AGAIN_S, PURPOSES, STOPS_AT, Ledger, Purpose, rows_in
from sffdw.errors import BudgetExhausted, Error
from sffdw.spool import Spool

NOON = dt.datetime(2026, 2, 3, 12, tzinfo=dt.UTC).timestamp()
POLL = Purpose("poll", "Account")


@dataclass
class Clock:
    now: float = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Ledger:
    return ledger_in(tmp_path, clock)


def ledger_in(tmp_path: Path, clock: Clock) -> Ledger:
    return Ledger(Spool(str(tmp_path / "spool"), lambda seconds: Event().wait(seconds / 10)), "key", clock)


def totals(ledger: Ledger) -> dict[tuple[str, str | None], tuple[int, int, int]]:
    return {(one.purpose, one.object_name): (one.call_count, one.row_count, one.byte_count)
            for _, sheet in ledger.sheets() for one in sheet.tallies.values()}


def test_calls_rows_and_bytes_add_up_by_purpose_and_object(ledger: Ledger) -> None:
    ledger.spend(POLL, 95)
    ledger.add(POLL, rows=2000, size=5000)
    ledger.spend(Purpose("poll", "account"), 95)
    ledger.spend(Purpose("load", "Account"), 95)
    ledger.spend(Purpose("session"), 95)
    ledger.enter_rest()
    assert totals(ledger) == {("poll", "Account"): (2, 2000, 5000), ("load", "Account"): (1, 0, 0),
                              ("session", None): (1, 0, 0)}


def test_backends_count_into_one_page_and_know_their_own_share(tmp_path: Path, ledger: Ledger, clock: Clock) -> None:
    other = ledger_in(tmp_path, clock)
    ledger.spend(POLL, 95)
    other.spend(POLL, 95)
    other.spend(POLL, 95)
    assert totals(ledger) == totals(other) == {("poll", "Account"): (3, 0, 0)}
    assert [one.call_count for one in other.own.tallies.values()] == [2]


def test_no_call_of_many_backends_is_lost(tmp_path: Path, ledger: Ledger, clock: Clock,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "COMPACT_BYTES", 500)

    def work(number: int) -> None:
        own = ledger_in(tmp_path, clock)
        for _ in range(25):
            own.spend(Purpose("live", f"Object{number % 3}__c"), 95)

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(work, range(12))) == [None] * 12
    assert sum(count for count, _, _ in totals(ledger).values()) == 300


def test_a_call_that_was_under_way_when_its_backend_was_killed_is_counted(tmp_path: Path, clock: Clock) -> None:
    script = ("import os, sys; from sffdw.calls import *; from sffdw.spool import Spool;"
              "Ledger(Spool(sys.argv[1], print), 'key').spend(Purpose('poll', 'Account'), 95); os.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "spool")], check=False)
    assert done.returncode == -9
    assert totals(ledger_in(tmp_path, clock)) == {("poll", "Account"): (1, 0, 0)}


def test_a_call_that_never_left_is_taken_back(ledger: Ledger) -> None:
    ledger.spend(POLL, 95)
    ledger.spend(POLL, 95)
    ledger.take_back(POLL)
    assert totals(ledger) == {("poll", "Account"): (1, 0, 0)}


def test_a_page_is_held_by_another_for_too_long_and_nothing_is_lost(tmp_path: Path, ledger: Ledger, clock: Clock,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "LOCK_WAIT_S", 0.01)
    with Spool(str(tmp_path / "spool"), lambda seconds: None).locked("calls-key", 1, "busy"):
        ledger.spend(POLL, 95)
        assert totals(ledger) == {}
    ledger.spend(POLL, 95)
    assert totals(ledger) == {("poll", "Account"): (2, 0, 0)}


@pytest.mark.parametrize("room", [None, 0, 10, 60])
def test_a_full_disk_is_no_reason_to_refuse_a_call_and_nothing_is_lost(ledger: Ledger, room: int | None,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def fail(page: int, content: bytes) -> int:
        if room is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(page, content[:room])

    ledger.spend(Purpose("session"), 95)
    with monkeypatch.context() as full:
        full.setattr(calls.os, "write", fail)
        ledger.spend(POLL, 95)
        ledger.add(POLL, rows=5)
        ledger.spend(Purpose("load", "Account"), 95)
        ledger.enter_rest()
    ledger.spend(POLL, 95)
    assert totals(ledger) == {("session", None): (1, 0, 0), ("poll", "Account"): (2, 5, 0),
                              ("load", "Account"): (1, 0, 0)}


@pytest.mark.parametrize("content", [b"", b"{", b"\0" * 400, b"0" * 43, b"x" * 400])
def test_a_page_that_an_outage_tore_begins_anew_under_another_id(tmp_path: Path, ledger: Ledger,
                                                                 content: bytes) -> None:
    ledger.spend(POLL, 95)
    (_, before), = ledger.sheets()
    next((tmp_path / "spool").glob("calls-*.log")).write_bytes(content)
    ledger.spend(POLL, 95)
    (_, after), = ledger.sheets()
    assert before.ledger_id != after.ledger_id
    assert totals(ledger) == {("poll", "Account"): (1, 0, 0)}


def test_a_line_that_an_outage_tore_counts_nothing_and_spoils_none(tmp_path: Path, ledger: Ledger) -> None:
    ledger.spend(POLL, 95)
    page = next((tmp_path / "spool").glob("calls-*.log"))
    page.write_bytes(page.read_bytes() + b'["poll","Account",1')
    ledger.spend(POLL, 95)
    ledger.spend(POLL, 95)
    assert totals(ledger) == {("poll", "Account"): (3, 0, 0)}


def test_a_page_is_rewritten_as_totals_now_and_then(tmp_path: Path, ledger: Ledger,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "COMPACT_BYTES", 2000)
    lengths = []
    for number in range(300):
        ledger.spend(Purpose("live", f"Object{number % 20}__c"), 95)
        lengths.append(next((tmp_path / "spool").glob("calls-*.log")).stat().st_size)
    (_, sheet), = ledger.sheets()
    assert totals(ledger) == {("live", f"Object{number}__c"): (15, 0, 0) for number in range(20)}
    assert max(lengths) < 3000
    # Seldom: the next time it must have doubled.
    assert 3 <= sum(later < earlier for earlier, later in pairwise(lengths)) < 20
    assert sheet.ledger_id


def test_each_day_has_its_page_and_old_ones_go(ledger: Ledger, clock: Clock) -> None:
    ledger.spend(POLL, 95)
    clock.now += 86400
    ledger.spend(POLL, 95)
    assert [day.isoformat() for day, _ in ledger.sheets()] == ["2026-02-03", "2026-02-04"]
    assert [day.isoformat() for day, _ in ledger.sheets(dt.date(2026, 2, 4))] == ["2026-02-04"]
    clock.now += KEPT_DAYS * 86400
    ledger.spend(POLL, 95)
    assert [day.isoformat() for day, _ in ledger.sheets()] == ["2026-02-04", "2026-03-11"]


@pytest.mark.parametrize("purpose", sorted(STOPS_AT))
def test_a_purpose_stops_where_its_share_of_the_budget_ends(ledger: Ledger, purpose: str) -> None:
    stop = 5000 * STOPS_AT[purpose] // 100
    ledger.note_usage(stop - 1, 10_000)
    ledger.spend(Purpose(purpose), 50)
    with pytest.raises(BudgetExhausted) as caught:
        ledger.spend(Purpose(purpose), 50)
    assert f"{stop} of 10000" in str(caught.value.detail)
    assert totals(ledger) == {(purpose, None): (1, 0, 0)}


def test_what_matters_more_goes_on_when_calls_run_short() -> None:
    order = ["settle", "write", "poll", "live", "load", "verify"]
    stops = [STOPS_AT[purpose] for purpose in order]
    assert stops == sorted(set(stops), reverse=True)
    assert set(STOPS_AT) | {"session"} == set(PURPOSES)


def test_a_login_is_never_refused(ledger: Ledger) -> None:
    ledger.note_usage(10_000, 10_000)
    ledger.spend(Purpose("session"), 1)
    assert totals(ledger) == {("session", None): (1, 0, 0)}


def test_a_used_up_budget_is_known_to_all_backends(tmp_path: Path, ledger: Ledger, clock: Clock) -> None:
    ledger.note_usage(100, 100)
    ledger.enter_rest()
    with pytest.raises(BudgetExhausted):
        ledger_in(tmp_path, clock).spend(POLL, 95)


def test_one_call_for_all_backends_looks_whether_calls_have_become_free(tmp_path: Path, ledger: Ledger,
                                                                        clock: Clock) -> None:
    ledger.note_usage(100, 100)
    ledger.enter_rest()
    clock.now += LOOK_AGAIN_S + 1
    ledger.spend(POLL, 95)
    with pytest.raises(BudgetExhausted):
        ledger_in(tmp_path, clock).spend(POLL, 95)
    ledger.note_usage(5, 100)
    ledger.enter_rest()
    ledger_in(tmp_path, clock).spend(POLL, 95)


def test_calls_are_added_to_what_the_org_last_said(ledger: Ledger) -> None:
    ledger.note_usage(90, 100)
    for _ in range(5):
        ledger.spend(Purpose("settle"), 95)
    with pytest.raises(BudgetExhausted):
        ledger.spend(Purpose("settle"), 95)


@pytest.mark.parametrize(("answer", "want"), [
    ({"records": [1, 2], "done": True}, 2), ({"deletedRecords": [1]}, 1), ({"ids": ["a", "b", "c"]}, 3),
    ([{"success": True}], 1), ({"compositeResponse": [{"body": {"records": [1]}}, {"body": [1, 2]}, 7]}, 3),
    ({"sobjects": [1, 2]}, 0), (None, 0), ({"records": None}, 0)])
def test_records_are_counted_in_every_kind_of_answer(answer: Any, want: int) -> None:
    assert rows_in(answer) == want


def test_an_unknown_purpose_is_refused() -> None:
    assert calls.purpose_of("poll", "Account") == POLL
    with pytest.raises(Error) as caught:
        calls.purpose_of("fun", "Account")
    assert caught.value.sqlstate == "HV002"
    assert "settle" in str(caught.value.hint)
