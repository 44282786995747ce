"""The judgement of the storm's outbound part, shown histories that it must and must not complain of."""

import threading
from collections import Counter
from typing import Any

import pytest

from tests.storm.faults import LATE_S, late_name
from tests.storm.kills import Killer
from tests.storm.outbound.apps import App
from tests.storm.outbound.journal import Journal, Step
from tests.storm.outbound.oracle import (
    Entry,
    Seen,
    Undecided,
    find_undecided,
    judge_kept,
    judge_records,
    judge_steps,
    key_of,
    read_entries,
)
from tests.storm.outbound.storm import Storm, lacking
from tests.storm.plan import Outcome, Plan, together
from tests.storm.threads import wait_none

INSERT = Step("account", 1, "INSERT", 1, "m")
UPDATE = Step("account", 1, "UPDATE", 2)
DELETE = Step("account", 1, "DELETE", None)
CHILD = Step("contact", 1, "INSERT", 3, "c")  # its parent is rejected
SUCCESS, IGNORED = Entry("SUCCESS", None), Entry("IGNORED", None)
NEW, OPEN = Entry("NEW", None), Entry("PENDING", None)
DOUBT = "IN_DOUBT: no answer came, and it is not known whether it has made one of these records: "
UNSURE, ASTRAY, LONG = (Entry("FAILED", DOUBT + names) for names in ("x, a", "x, y", ", ".join("abcdefghij".upper())))
FAILED, SILENT = Entry("FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION: not now"), Entry("FAILED", None)


def seen(*tickets: int, record_id: str = "a") -> Seen:
    found = Seen()
    found.take([{"ChangeEventHeader": {"recordIds": [record_id]}, "Ticket__c": float(one)} for one in tickets])
    return found


@pytest.mark.parametrize(("history", "tickets", "want"), [
    ([(INSERT, SUCCESS), (UPDATE, SUCCESS)], [1, 2], set()),
    ([(INSERT, SUCCESS), (UPDATE, SUCCESS)], [2, 1], {"out of order in the org"}),
    ([(INSERT, SUCCESS), (UPDATE, SUCCESS)], [1, 2, 1], {"out of order in the org"}),
    ([(INSERT, SUCCESS), (UPDATE, SUCCESS)], [1], {"SUCCESS, and the org never saw it"}),
    ([(INSERT, SUCCESS), (UPDATE, FAILED)], [1], set()),
    ([(INSERT, SUCCESS), (UPDATE, FAILED)], [1, 2], {"FAILED, and the org took it"}),
    ([(INSERT, SUCCESS), (UPDATE, SILENT)], [1], {"FAILED without a reason"}),
    ([(INSERT, UNSURE)], [1], set()), ([(INSERT, UNSURE)], [], set()), ([(INSERT, LONG)], [1], set()),
    ([(INSERT, ASTRAY)], [1], {"FAILED, and the org took it"}),
    ([(INSERT, SUCCESS), (UPDATE, IGNORED)], [1], {"not sent"}),
    ([(INSERT, SUCCESS), (UPDATE, IGNORED), (DELETE, SUCCESS)], [1], set()),
    ([(INSERT, SUCCESS), (UPDATE, OPEN)], [1, 2], {"not settled"}),
    ([(INSERT, SUCCESS), (UPDATE, None)], [1], {"not captured"}),
    ([(CHILD, NEW)], [], set()), ([(CHILD, OPEN)], [], {"not settled"}), ([(UPDATE, NEW)], [], {"not settled"}),
    ([(INSERT, SUCCESS)], [1, 2], {"sent although it was rolled back"}),
])
def test_each_committed_change_is_accounted_for(
        history: list[tuple[Step, Entry | None]], tickets: list[int], want: set[str]) -> None:
    entries = {key_of(step.table, step.row_id, step.action, step.ticket): entry
               for step, entry in history if entry is not None}
    assert judge_steps([step for step, _ in history], entries, seen(*tickets), {("contact", 1)}).keys() == want


@pytest.mark.parametrize(("states", "there", "want"), [
    ([SUCCESS, SUCCESS], 2, set()), ([SUCCESS, SUCCESS], 3, {"made more than once"}),
    ([SUCCESS, SUCCESS], 1, {"SUCCESS, and not made"}), ([SUCCESS, FAILED], 1, set()),
    ([SUCCESS, FAILED], 2, {"made more than once"}), ([SUCCESS, UNSURE], 2, set()), ([SUCCESS, UNSURE], 1, set()),
    ([SUCCESS, UNSURE], 3, {"made more than once"})])
def test_equal_rows_are_judged_by_their_number(states: list[Entry], there: int, want: set[str]) -> None:
    steps = [Step("contact", number, "INSERT", None, "equal") for number in range(len(states))]
    entries = {key_of(step.table, step.row_id, step.action, None): entry
               for step, entry in zip(steps, states, strict=True)}
    found = Seen()
    found.markers["contact", "equal"] = there
    assert judge_records(steps, entries, found).keys() == want


@pytest.mark.parametrize(("messages", "there", "rows", "made"), [
    ([None, UNSURE.message], 1, [1], []), ([None, UNSURE.message], 2, [1], [1]),
    ([UNSURE.message, UNSURE.message], 1, [0, 1], [0]), ([None, FAILED.message], 1, [], [])])
def test_of_undecided_rows_those_go_whose_records_are_there(
        messages: list[str | None], there: int, rows: list[int], made: list[int]) -> None:
    steps = [Step("contact", number, "INSERT", None, "equal") for number in range(len(messages))]
    entries = [("contact", number, "INSERT", "", "FAILED" if message else "SUCCESS", message)
               for number, message in enumerate(messages)]
    found = Seen()
    found.markers["contact", "equal"] = there
    undecided = find_undecided(steps, entries, found)
    assert undecided == Undecided([("contact", one) for one in rows], [("contact", one) for one in made])


def test_entries_go_by_their_tickets() -> None:
    rows = [("account", 1, "INSERT", '"name"=>"A", "ticket__c"=>"7"', "SUCCESS", None),
            ("account", 1, "DELETE", None, "FAILED", "why")]
    assert read_entries(rows) == {("account", 1, "INSERT", 7): SUCCESS, ("account", 1, "DELETE", None):
                                  Entry("FAILED", "why")}


class Table:
    """Answers statements as a table of two rows would, and keeps them."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def execute(self, query: str, values: Any = None) -> "Table":
        self.said.append((query, values))
        return self

    def fetchone(self) -> tuple[int, float]:
        return 1, 1.0

    def fetchall(self) -> list[tuple[float]]:
        return [(1.0,)]


def draw(seed: int) -> list[Any]:
    table, app = Table(), App(place=None, journal=Journal(10), seed=seed, number=1, seconds=1)  # type: ignore[arg-type]
    for _ in range(10):
        for statement in app._draw(table):  # type: ignore[arg-type]
            statement(table)  # type: ignore[arg-type]
    return table.said


def test_transactions_are_those_of_their_seed() -> None:
    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_a_full_journal_ends_an_app() -> None:
    journal = Journal(1)
    journal.commit([INSERT])
    App(place=None, journal=journal, seed=1, number=1, seconds=1).run(threading.Event())  # type: ignore[arg-type]
    assert journal.count == 1 and journal.counts["INSERT"] == 1


@pytest.mark.parametrize(("second", "is_good"), [
    (Outcome(11, 1, 5, 0, 0, True), True), (Outcome(11, 1, 5, 1, 0, True), False),
    (Outcome(11, 1, 5, 0, 1, True), False), (Outcome(9, 1, 5, 0, 0, False), False),
    (Outcome(error="TimeoutError"), False)])
def test_all_parts_must_be_good(second: Outcome, is_good: bool) -> None:
    both = together([Outcome(10, 2, 3, 0, 0, True), second])
    assert both.is_good is is_good
    assert together([both, both]).is_good is is_good
    if is_good:
        assert both.verdict(7) == "ok seed=7 changes=10 kills=3 faults=8 lost=0 doubled=0 undecided=0"


@pytest.mark.parametrize(("rejected", "there", "tickets", "want"), [
    (0, 2, [1, 2], set()), (0, 3, [1, 2], {"made more than once"}), (1, 1, [1, 2], set()),
    (1, 2, [1, 2], {"made more than once"}), (0, 2, [2, 1], {"out of order in the org"})])
def test_what_was_sent_again_is_judged_too(rejected: int, there: int, tickets: list[int], want: set[str]) -> None:
    steps = [Step("contact", number, "INSERT", None, "equal") for number in range(2)]
    found = seen(*tickets)
    found.markers["contact", "equal"] = there
    assert judge_kept(steps, Counter({("contact", "equal"): rejected}), found).keys() == want


@pytest.mark.parametrize(("markers", "want"), [
    (["a"], 0), (["a", "b"], 0), (["a", "a"], 2), (["a", "b", "a", "a"], 3), ([None, None], 0)])
def test_rows_are_equal_only_to_those_that_were_committed(markers: list[str | None], want: int) -> None:
    journal = Journal(10)
    for number, marker in enumerate(markers):
        journal.commit([Step("contact", number, "INSERT", None, marker)])
    assert journal.equal_count == want


@pytest.mark.parametrize(("counts", "want"), [([3, 2, 0], 0), ([3, 2, 2, 2, 2], 2), ([3, 4, 2, 1, 0], 0)])
def test_patience_lasts_while_less_is_left(counts: list[int], want: int) -> None:
    left = iter([*counts, *[counts[-1]] * 1000])
    assert wait_none(lambda: next(left), 0.2, every=0.001) == want


@pytest.mark.parametrize(("changes", "equal", "kills", "late", "undecided", "want"), [
    (20_000, 500, 50, 10, 20, 0), (19_999, 500, 50, 10, 0, 1), (20_000, 499, 50, 10, 0, 1), (20_000, 500, 49, 10, 0, 1),
    (20_000, 500, 50, 9, 0, 1), (20_000, 500, 50, 10, 21, 1)])
def test_a_storm_that_lacks_what_was_planned_is_not_carried_out(
        changes: int, equal: int, kills: int, late: int, undecided: int, want: int) -> None:
    journal = Journal(20_000, steps=[INSERT] * changes, equal_count=equal)
    killer = Killer(None, 1, 56, 240, backends=kills)  # type: ignore[arg-type]
    storm = Storm(Plan(1, 20_000, 4, {}, 300), None, journal, [], None, killer,  # type: ignore[arg-type]
                  hits={late_name(LATE_S[-1]): late, "reply.lost": 100},
                  undecided=Undecided([("contact", number) for number in range(undecided)]))
    assert len(lacking(storm)) == want
