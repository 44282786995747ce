"""Every case of trouble that happens on Salesforce's side can be provoked by name, the same way every time.

The cases themselves are in `cases`, by number. What happens in PostgreSQL or in the client is not the sandbox's to
provoke and stands here with its reason; what needs a wire is proved by the tests that have one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sffdw.sandbox.faults import PARAMETERS
from sffdw.sandbox.org import Options, Org
from tests.unit.sandbox.bulk.conftest import Bulk
from tests.unit.sandbox.cases import changes, limits, removals, schemas, values, writes
from tests.unit.sandbox.cases.table import CASES, Provoke
from tests.unit.sandbox.conftest import ITEM, NOON

ROOT = Path(__file__).parents[3]
MODULES = (changes, removals, values, schemas, limits, writes)
ALL = range(1, 78)
LOCAL = {
    12: "where a first load begins is the client's own decision",
    13: "the checkpoint and the process that is killed are the client's own",
    39: "answers are in UTC and say so; the time zone is lost in the type of a PostgreSQL column",
    50: "what happens to loaded rows when a schema changes is decided in PostgreSQL",
    65: "the two updates and the poll between them are the client's own",
    72: "the database is restored, not the org",
    73: "the database is cloned, not the org",
    74: "the database fails over, not the org",
    75: "the wrong statements run in PostgreSQL",
    77: "rows are restored into PostgreSQL",
}
WIRE = "tests/integration/sandbox/test_process.py"
EVENTS = "tests/unit/sandbox/events/test_change_events.py"
BUS = "tests/unit/sandbox/events/test_bayeux.py"
# Faults that are nothing without a connection or a subscription, and the tests that see their effect there.
ELSEWHERE = {
    "http.cut": (WIRE, "test_connections_drop_and_replies_are_cut"),
    "http.drop": (WIRE, "test_connections_drop_and_replies_are_cut"),
    "http.html": (WIRE, "test_the_edge_answers_in_html_and_late"),
    "http.latency": (WIRE, "test_the_edge_answers_in_html_and_late"),
    "clock.skew": (WIRE, "test_the_edge_answers_in_html_and_late"),
    "event.gap": (EVENTS, "test_gap_fault_strikes_the_events_it_names"),
    "event.overflow": (EVENTS, "test_overflow_fault_replaces_what_follows_in_a_transaction"),
    "event.disconnect": (BUS, "test_disconnect_fault_drops_the_client"),
    "event.replay_invalid": (BUS, "test_replay_ids_off_the_bus_are_refused"),
    "order.shuffle": ("tests/unit/sandbox/test_faults.py", "test_rows_and_fields_and_objects_vanish_and_order_is_lost"),
    "count.missing": ("tests/unit/sandbox/test_faults.py", "test_counts_can_be_wrong_or_missing"),
    "query.complicated": (
        "tests/unit/sandbox/test_soql_refusals.py",
        "test_more_formulas_than_a_fault_allows_are_too_complicated",
    ),
    "deleted.window": (
        "tests/unit/sandbox/test_faults.py",
        "test_deletes_need_not_move_the_stamp_and_logs_can_be_purged",
    ),
}
PROVOKED = [
    pytest.param(provoke, id=f"case {number}: {provoke.__name__}")
    for number in sorted(CASES)
    for provoke in CASES[number]
    if min(known for known in CASES if provoke in CASES[known]) == number
]


@pytest.fixture
def sf(shared_org: Org) -> Iterator[Bulk]:
    """An org of the case's own, whose jobs take no time."""
    org = Org(Options(seed=7, speed="instant"), birth=shared_org.birth)
    org.store.follow(org.schema.define(ITEM))
    caller = Bulk(org)
    caller.send("PUT", "/_sandbox/clock", {"now": NOON, "rate": 0})  # time stands still unless a case moves it
    yield caller
    caller.org.close()


@pytest.mark.parametrize("provoke", PROVOKED)
def test_a_case_is_provoked(sf: Bulk, provoke: Provoke) -> None:
    provoke(sf)


def test_every_case_is_provoked_or_not_salesforces() -> None:
    assert sorted([*CASES, *LOCAL]) == list(ALL)


def test_every_fault_is_used_by_a_case_or_proved_elsewhere() -> None:
    text = "".join(Path(str(module.__file__)).read_text() for module in MODULES)
    used = {name for name in PARAMETERS if f'"{name}"' in text}
    assert used | set(ELSEWHERE) == set(PARAMETERS)
    for file, test in ELSEWHERE.values():
        assert f"def {test}(" in (ROOT / file).read_text()
