"""Changes go 200 at a time, in order, once; each rejection is told."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sffdw.client import Page
from sffdw.connection import Connection, Results
from sffdw.entries import Entry, Outcome, requests_of, waves_of
from sffdw.errors import AuthenticationError, Error, FieldUnknown, LimitReached, RequestError
from sffdw.writer import Queue, send_entries
from tests.unit.wrapper.conftest import FakeClient

Rule = Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]]


def refusal(code: str, message: str = "no", *fields: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}


def rejecting(code: str, is_bad: Callable[[dict[str, Any]], bool], *, all_or_none: bool = True) -> Rule:
    def rule(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        has_bad = any(map(is_bad, records))
        return [refusal(code, "bad value", "Name") if is_bad(record)
                else refusal("ALL_OR_NONE_OPERATION_ROLLED_BACK") if has_bad and all_or_none
                else {"id": "a00000000000001AAA", "success": True} for record in records]
    return rule


def queue_of(connection: Connection, *, all_or_none: bool = True, batch_size: int = 200) -> Queue:
    return Queue(connection, "Invoice__c", all_or_none, batch_size)


def test_rows_go_200_at_a_time_and_the_rest_at_the_end(connection: Connection, client: FakeClient) -> None:
    queue = queue_of(connection)
    for number in range(450):
        queue.add("insert", {"Name": str(number)}, 1)
    assert [len(saved[2]) for saved in client.saved] == [200, 200]
    queue.flush()
    assert [len(saved[2]) for saved in client.saved] == [200, 200, 50]
    assert [record["Name"] for saved in client.saved for record in saved[2]] == [str(number) for number in range(450)]
    assert all(saved[3] for saved in client.saved)


def test_a_record_is_never_twice_in_a_request(connection: Connection, client: FakeClient) -> None:
    queue = queue_of(connection)
    for record_id in ("a", "b", "a"):
        queue.add("update", {"Id": record_id}, 1)
    queue.flush()
    assert [[record["Id"] for record in saved[2]] for saved in client.saved] == [["a", "b"], ["a"]]


def test_operations_do_not_mix(connection: Connection, client: FakeClient) -> None:
    queue = queue_of(connection)
    queue.add("update", {"Id": "a"}, 1)
    queue.add("delete", {"Id": "b"}, 1)
    queue.flush()
    assert [saved[0] for saved in client.saved] == ["update", "delete"]


def test_what_was_dropped_is_never_sent(connection: Connection, client: FakeClient) -> None:
    queue = queue_of(connection)
    queue.add("delete", {"Id": "a"}, 1)
    queue.undo(0)
    assert queue.flush() == []
    assert client.saved == []


def test_a_savepoint_takes_back_what_was_queued_in_it_only(connection: Connection, client: FakeClient) -> None:
    queue = queue_of(connection)
    for record_id, level in (("a", 1), ("b", 2), ("c", 3), ("d", 1)):
        queue.add("delete", {"Id": record_id}, level)
    queue.undo(2)
    queue.flush()
    assert [record["Id"] for record in client.saved[0][2]] == ["a", "d"]


def test_of_rows_with_all_columns_only_what_differs_is_sent(connection: Connection, client: FakeClient) -> None:
    stored = [{"Id": "a", "Name": "old", "N": Decimal("1.10"), "At": "2025-01-01T00:00:00.000+0000", "X": None},
              {"Id": "b", "Name": "same", "N": None, "At": None, "X": "x"}]
    given = [{"Id": "a", "Name": "new", "N": Decimal("1.1"), "At": "2025-01-01T00:00:00.000Z", "X": ""},
             {"Id": "b", "Name": "same", "N": None, "At": None, "X": "x"}]
    client.answers = [[Page(stored, 2, None)]]
    queue = queue_of(connection)
    for record in given:
        queue.add("update what differs", record, 1)
    queue.flush()
    assert client.saved == [("update", "Invoice__c", [{"Id": "a", "Name": "new"}], True)]
    assert client.statements == ["SELECT Id, Name, N, At, X FROM Invoice__c WHERE Id IN ('a', 'b')"]


@pytest.mark.parametrize(("all_or_none", "stored"), [(True, "3 rows were already stored."), (False, "5 rows were")])
def test_a_rejection_tells_code_row_and_what_is_stored(
        connection: Connection, client: FakeClient, all_or_none: bool, stored: str) -> None:
    client.save_rule = rejecting("STRING_TOO_LONG", lambda record: record["Name"] == "4", all_or_none=all_or_none)
    queue = queue_of(connection, all_or_none=all_or_none, batch_size=3)
    with pytest.raises(Error) as caught:
        for number in range(6):
            queue.add("insert", {"Name": str(number)}, 1)
        queue.flush()
    error = caught.value
    assert error.sqlstate == "SF010"
    assert 'object "Invoice__c"' in str(error)
    assert "STRING_TOO_LONG: bad value (fields: Name) for row 5 of the statement" in str(error.detail)
    assert stored in str(error.detail)
    assert error.hint == "Shorten the text to the field's length."


def test_a_locked_row_has_a_sqlstate_of_its_own(connection: Connection, client: FakeClient) -> None:
    client.save_rule = rejecting("UNABLE_TO_LOCK_ROW", lambda record: True)
    queue = queue_of(connection)
    queue.add("update", {"Id": "a"}, 1)
    with pytest.raises(Error) as caught:
        queue.flush()
    assert caught.value.sqlstate == "SF011"


def failing(*errors: Exception | None) -> Rule:
    left = list(errors)

    def rule(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        error = left.pop(0) if left else None
        if error:
            raise error
        return [{"id": "a00000000000001AAA", "success": True} for _ in records]
    return rule


@pytest.mark.parametrize(("error", "sqlstate"), [
    (RequestError("cut", is_in_doubt=True), "SF012"), (LimitReached("full"), "SF004"), (RequestError("no"), "SF005")])
def test_a_failed_request_tells_what_is_known(
        connection: Connection, client: FakeClient, error: RequestError, sqlstate: str) -> None:
    client.save_rule = failing(None, error)
    queue = queue_of(connection, batch_size=2)
    with pytest.raises(Error) as caught:
        for number in range(4):
            queue.add("insert", {"Name": str(number)}, 1)
        queue.flush()
    assert caught.value.sqlstate == sqlstate
    assert "rows 3 to 4. 2 rows were already stored." in str(caught.value.detail)


# --- _write ---

def entry(position: int, operation: str = "insert", sobject: str = "Invoice__c", external: str | None = None,
          **record: Any) -> Entry:
    return Entry("b", position, sobject, operation, external, record)


def test_neighbours_of_one_kind_share_a_request() -> None:
    entries = [entry(1), entry(2), entry(3, "update", Id="a"), entry(4, "update", Id="b"), entry(5, "update", Id="A"),
               entry(6, sobject="Line__c"), entry(7), entry(8, "upsert", external="K", k="1"),
               entry(9, "upsert", external="K", k="2"), entry(10, "upsert", external="K", K="1"),
               entry(11, "upsert", external="J", J="1")]
    groups = [[one.position for one in group] for group in requests_of(entries, 200)]
    assert groups == [[1, 2], [3, 4], [5], [6], [7], [8, 9], [10], [11]]


def test_a_request_holds_no_more_than_its_size() -> None:
    assert [len(group) for group in requests_of([entry(n) for n in range(401)], 200)] == [200, 200, 1]


def outcomes(connection: Connection, entries: Sequence[Entry]) -> dict[int, Outcome]:
    return {outcome.entry.position: outcome for outcome in send_entries(connection, entries, 200)}


def test_each_entry_has_its_result(connection: Connection, client: FakeClient) -> None:
    client.save_rule = rejecting("UNABLE_TO_LOCK_ROW", lambda record: record["Name"] == "x", all_or_none=False)
    found = outcomes(connection, [entry(2, Name="x"), entry(1, Name="y")])
    assert (found[1].success, found[1].created, found[1].record_id) == (True, True, "a00000000000001AAA")
    assert (found[2].success, found[2].status_code, found[2].fields) == (False, "UNABLE_TO_LOCK_ROW", ("Name",))
    assert (found[1].is_transient, found[2].is_transient) == (False, True)
    assert [record["Name"] for record in client.saved[0][2]] == ["y", "x"]


def test_entries_retried_in_smaller_requests_travel_only_with_their_like() -> None:
    entries = [replace(entry(n), request_size=size) for n, size in enumerate([None, None, 2, 2, 2, 1, 1])]
    assert [[one.position for one in group] for group in requests_of(entries, 200)] == [[0, 1], [2, 3], [4], [5], [6]]


def mixed(count: int) -> list[Entry]:
    """So many groups of one entry each, none of the same kind as its neighbours."""
    return [entry(n, sobject=f"Line{n}__c", Name=str(n)) for n in range(count)]


def test_up_to_five_groups_share_a_composite_in_order(connection: Connection, client: FakeClient) -> None:
    found = outcomes(connection, mixed(11))
    assert client.together == [[1] * 5, [1] * 5]
    assert [saved[1] for saved in client.saved] == [f"Line{n}__c" for n in range(11)]
    assert all(found[n].success for n in range(11))
    assert [purpose.object_name for purpose in client.purposes] == [None, None, "Line10__c"]


def test_a_single_group_is_a_plain_request(connection: Connection, client: FakeClient) -> None:
    outcomes(connection, [entry(1), entry(2)])
    assert (client.together, len(client.saved)) == ([], 1)


CUT = RequestError("cut", reason="cut", is_in_doubt=True, is_transient=True)


def test_case_70_a_lost_reply_leaves_all_that_shared_it_in_doubt_and_the_later_ones_unsent(
        connection: Connection, client: FakeClient) -> None:
    client.fails_in_parts = False
    client.save_rule = failing(*[None] * 5, CUT)
    found = outcomes(connection, mixed(11))
    assert [found[n].success for n in range(11)] == [True] * 5 + [None] * 5 + [False]
    assert (found[10].status_code, found[10].is_transient) == ("NOT_SENT", True)
    assert len(client.together) == 2


def test_case_70_a_failed_part_leaves_its_neighbours_their_answers_and_the_later_ones_unsent(
        connection: Connection, client: FakeClient) -> None:
    client.save_rule = failing(None, RequestError("broken", status=500, is_in_doubt=True), None)
    found = outcomes(connection, mixed(6))
    assert [found[n].success for n in range(6)] == [True, None, True, True, True, False]
    assert found[5].status_code == "NOT_SENT"


@pytest.mark.parametrize("in_parts", [True, False])
def test_case_69_a_refused_record_fails_alone_whether_its_part_or_the_composite_is_refused(
        connection: Connection, client: FakeClient, in_parts: bool) -> None:
    def rule(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if any(record["Name"] == "bad" for record in records):
            raise RequestError("unreadable", status=400, code="JSON_PARSER_ERROR")
        return [{"id": "a00000000000001AAA", "success": True} for _ in records]

    client.save_rule, client.fails_in_parts = rule, in_parts
    entries = [entry(n, sobject=f"Line{n // 4}__c", Name="bad" if n == 6 else str(n)) for n in range(12)]
    found = outcomes(connection, entries)
    assert [n for n in range(12) if not found[n].success] == [6]


def test_a_composite_that_is_too_large_goes_in_single_requests(connection: Connection, client: FakeClient) -> None:
    client.fails_in_parts = False
    client.save_rule = failing(RequestError("too large", status=413))
    found = outcomes(connection, mixed(3))
    assert [found[n].success for n in range(3)] == [True] * 3
    assert (client.together, len(client.saved)) == ([[1] * 3], 4)


@pytest.mark.parametrize("error", [
    LimitReached("full", code="REQUEST_LIMIT_EXCEEDED", status=403, is_transient=True),
    AuthenticationError("no login"), RequestError("could not connect", reason="unreachable", is_transient=True)])
def test_a_request_that_surely_was_not_accepted_may_be_sent_again(
        connection: Connection, client: FakeClient, error: Exception) -> None:
    client.save_rule = failing(error)
    found = outcomes(connection, [entry(1)])[1]
    assert (found.success, found.is_transient) == (False, True)


@pytest.mark.parametrize(("error", "is_transient"), [
    ({"reason": "unreadable", "status": 403}, True), ({"reason": "unreadable", "status": 406}, True),
    ({"code": "API_CURRENTLY_DISABLED", "status": 403}, True), ({"reason": "unreadable", "status": 413}, False),
    ({"code": "INSUFFICIENT_ACCESS", "status": 403}, False)], ids=str)
def test_case_62_what_is_not_the_record_s_fault_may_be_sent_again(
        connection: Connection, client: FakeClient, error: dict[str, Any], is_transient: bool) -> None:
    client.save_rule = failing(RequestError("no", **error))
    found = outcomes(connection, [entry(1)])[1]
    assert (found.success, found.is_transient) == (False, is_transient)


@pytest.mark.parametrize(("error", "bad", "sent"), [
    ({"status": 500}, {1}, [0, 1, 2, 3, 4, 5]), ({"status": 403, "reason": "unreadable"}, {0, 2}, [0, 1, 2, 3, 4, 5]),
    ({"status": 500}, {1, 2, 3}, [0, 1, 2, 3]), ({"reason": "timeout"}, {1}, [0, 1]),
    ({"status": 403, "code": "REQUEST_LIMIT_EXCEEDED"}, {1}, [0, 1])], ids=str)
def test_suspects_go_alone_and_only_a_few_failures_in_a_row_stop_the_others(
        connection: Connection, client: FakeClient, error: dict[str, Any], bad: set[int], sent: list[int]) -> None:
    def rule(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if int(records[0]["Name"]) in bad:
            raise RequestError("failed", is_in_doubt=True, **error)
        return [{"id": "a00000000000001AAA", "success": True} for _ in records]

    client.save_rule = rule
    suspects = [replace(one, is_suspect=True, request_size=1) for one in mixed(6)]
    found = outcomes(connection, suspects)
    assert client.together == []
    assert [n for n in range(6) if found[n].status_code != "NOT_SENT"] == sent
    assert [n for n in range(6) if found[n].success] == [n for n in sent if n not in bad]


def test_case_69_a_field_that_is_gone_fails_only_the_entries_that_name_it(
        connection: Connection, client: FakeClient) -> None:
    def rule(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if any("Gone__c" in record for record in records):
            raise FieldUnknown("no field", status=400, code="INVALID_FIELD", fields=("Gone__c",))
        return [{"id": "a00000000000001AAA", "success": True} for _ in records]

    client.save_rule = rule
    found = outcomes(connection, [entry(n, **({"Gone__c": 1} if n % 2 else {"Name": "x"})) for n in range(10)])
    assert [found[n].success for n in range(10)] == [True, False] * 5
    assert (found[1].status_code, found[1].is_transient) == ("INVALID_FIELD", False)
    assert len(client.saved) == 3


def test_case_69_one_unreadable_record_does_not_fail_its_request(connection: Connection, client: FakeClient) -> None:
    def rule(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if any(record["Name"] == "117" for record in records):
            raise RequestError("unreadable", status=400, code="JSON_PARSER_ERROR")
        return [{"id": "a00000000000001AAA", "success": True} for _ in records]

    client.save_rule = rule
    found = outcomes(connection, [entry(n, Name=str(n)) for n in range(200)])
    assert [n for n in range(200) if not found[n].success] == [117]
    assert [record["Name"] for saved in client.saved[-1:] for record in saved[2]][-1] == "199"


def test_results_are_held_within_a_bound() -> None:
    results = Results(bound=5)
    for batch in ("one", "two", "three"):
        for number in range(2):
            results.add(batch, number)
    assert (results.of("one"), results.of("two"), results.of("three")) == ([], [0, 1], [0, 1])
    for number in range(10):
        results.add("big", number)
    assert len(results.of("big")) == 10
    assert results.of("three") == []


# --- at the same time ---

def parallel(connection: Connection) -> Connection:
    connection.host = replace(connection.host, has_threads=True)
    return connection


def updates(count: int, first: int = 0, **record: Any) -> list[Entry]:
    return [entry(n, "update", Id=f"a00{n:012d}AAA", **record) for n in range(first, first + count)]


@pytest.mark.parametrize(("entries", "want"), [
    pytest.param(updates(6), [3], id="of one kind"),
    pytest.param(updates(12), [4, 2], id="no more than the option says"),
    pytest.param([*updates(2), entry(2, "delete", Id="a00000000000002AAA"), *updates(3, 3)], [1, 1, 1],
                 id="of several kinds"),
    pytest.param([*updates(2), *updates(2)], [1, 1], id="of one record"),
    pytest.param([entry(n, "update", Id=f"a0000000000{n // 2}00{'sS'[n % 2]}") for n in range(4)], [2],
                 id="whose ids differ in case"),
    pytest.param([entry(n, "update", Id="a00000000000001" + ("AAA" if n > 1 else "")) for n in range(4)], [1, 1],
                 id="of one record, in both forms of its id"),
    pytest.param([entry(n, "upsert", external="K__c", K__c=f"{n % 3}") for n in range(4)], [1, 1], id="of one key"),
    pytest.param([entry(n, "upsert", external="K__c", K__c=f"{n}") for n in range(4)], [2], id="of several keys"),
    pytest.param([entry(n, Account__c="001000000000001AAA") for n in range(4)], [1, 1], id="of one parent"),
    pytest.param([entry(n, Account__c=f"00100000000000{n}AAA") for n in range(4)], [2], id="of several parents"),
    pytest.param([entry(n, Account__r={"Key__c": "A"}) for n in range(4)], [1, 1], id="of one parent, by its key"),
    pytest.param([entry(n, OwnerId="005000000000001AAA") for n in range(4)], [2], id="of one owner"),
])
def test_requests_that_do_not_touch_each_other_may_go_at_the_same_time(entries: list[Entry], want: list[int]) -> None:
    bundles = [[entries[n:n + 2]] for n in range(0, len(entries), 2)]
    assert [len(wave) for wave in waves_of(bundles, 4)] == want
    assert {len(wave) for wave in waves_of(bundles, 1)} == {1}


def test_many_changes_of_a_kind_go_at_the_same_time(connection: Connection, client: FakeClient) -> None:
    found = outcomes(parallel(connection), updates(2500))
    assert (client.at_once, len(client.together)) == ([[1000, 1000, 500]], 3)
    assert all(found[n].success for n in range(2500))
    sent = [record["Id"] for saved in client.saved for record in saved[2]]
    assert sent == [one.record["Id"] for one in updates(2500)]


def test_without_threads_they_go_one_after_the_other(connection: Connection, client: FakeClient) -> None:
    outcomes(connection, updates(2500))
    assert (client.at_once, client.together) == ([], [[200] * 5, [200] * 5, [200, 200, 100]])


def test_case_70_of_requests_sent_together_only_the_unanswered_one_is_in_doubt(
        connection: Connection, client: FakeClient) -> None:
    client.fails_in_parts = False
    client.save_rule = failing(*[None] * 5, CUT)
    found = outcomes(parallel(connection), updates(11_001))
    assert client.at_once == [[1000] * 10]
    assert {found[n].success for n in range(1000, 2000)} == {None}
    assert {found[n].success for n in (*range(1000), *range(2000, 10_000))} == {True}
    assert {found[n].status_code for n in range(10_000, 11_001)} == {"NOT_SENT"}


def test_what_another_request_has_yet_to_give_up_goes_once_more(connection: Connection, client: FakeClient) -> None:
    refused: list[str] = []

    def rule(operation: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        early = [record for record in records if record.get("Name") == "taken" or (record["Id"] == "a00000000001500AAA"
                 and not refused)]
        refused.extend(record["Id"] for record in early)
        return [refusal("DUPLICATE_VALUE") if record in early else {"id": record["Id"], "success": True}
                for record in records]

    client.save_rule = rule
    found = outcomes(parallel(connection), [*updates(2000), *updates(1, 2000, Name="taken")])
    assert [n for n in range(2001) if not found[n].success] == [2000]
    assert refused == ["a00000000001500AAA", "a00000000002000AAA", "a00000000002000AAA"]
    assert client.saved[-1][2] == [updates(1, 1500)[0].record, updates(1, 2000, Name="taken")[0].record]
