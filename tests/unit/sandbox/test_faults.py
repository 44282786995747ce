"""Trouble on demand, where it needs no wire: conditions, errors, hidden and shuffled rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.faults import PARAMETERS, Faults
from tests.unit.sandbox.conftest import Caller

CALLS = [
    ("3", [3]),
    ("2-4", [2, 3, 4]),
    ("every 3", [3, 6, 9]),
    ("from 8", [8, 9, 10]),
    ("1, 5", [1, 5]),
    (None, list(range(1, 11))),
]


@pytest.mark.parametrize(("calls", "want"), CALLS)
def test_a_fault_strikes_the_calls_it_names(calls: str | None, want: list[int]) -> None:
    faults = Faults()
    faults.add({"name": "http.drop", "when": {"calls": calls} if calls else {}})
    struck = [number for number in range(1, 11) if faults.strike("query", "Account", "/x", None)]
    assert struck == want
    assert faults.listed()[0]["hits"] == len(want)


def test_only_matching_calls_are_counted() -> None:
    faults = Faults()
    faults.add(
        {
            "name": "http.drop",
            "when": {"calls": "2", "kind": ["query", "query_more"], "object": "account", "path": "Name"},
        }
    )
    calls = [
        ("query", "Account", "/Id"),
        ("query", "Account", "/Name"),
        ("describe", "Account", "/Name"),
        ("query", "Contact", "/Name"),
        ("query_more", "Account", "/Name"),
    ]
    assert [bool(faults.strike(kind, name, path, None)) for kind, name, path in calls] == [
        False,
        False,
        False,
        False,
        True,
    ]


def test_probability_is_seeded() -> None:
    def struck(seed: int) -> list[int]:
        faults = Faults()
        faults.add({"name": "http.drop", "when": {"probability": 0.3, "seed": seed}})
        return [number for number in range(100) if faults.strike("query", None, "/", None)]

    assert struck(1) == struck(1) != struck(2)
    assert 10 < len(struck(1)) < 60


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"name": "http.nothing"}, "known faults are: bulk.failed, bulk.retry"),
    ({}, "unknown fault None"),
    ({"name": "http.drop", "when": {"calls": "sometimes"}}, "write 3, 2-5, from 4 or every 7"),
    ({"name": "http.drop", "when": {"obejct": "Account"}}, "unknown conditions obejct; known are: calls, kind"),
    ({"name": "http.drop", "when": {"kind": ["query", "qurey"]}}, "unknown kinds qurey; known are: batch"),
    ({"name": "http.drop", "when": {"path": "("}}, '"path" must be a regular expression'),
    ({"name": "http.drop", "when": {"probability": "often"}}, '"probability" a number from 0 to 1'),
    ({"name": "http.drop", "when": {"probability": 30}}, '"probability" a number from 0 to 1'),
    ({"name": "http.drop", "when": "always"}, '"when" and "params" must be objects'),
]


@pytest.mark.parametrize(("given", "message"), IMPOSSIBLE)
def test_a_fault_that_cannot_be_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError) as caught:
        Faults().add(given)
    assert (caught.value.code, message in caught.value.message) == ("INVALID_FAULT", True), caught.value.message


def test_parameters_that_mean_nothing_are_named(sf: Caller) -> None:
    given = {"name": "page.shrink", "when": {"calls": "1"}, "params": {"rows": 5, "lines": 3}}
    assert sf.post("/_sandbox/faults", given)["ignored"] == ["lines"]
    assert "ignored" not in sf.post("/_sandbox/faults", given | {"params": {"rows": 5}})


def test_every_fault_and_parameter_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text()
    names = [*PARAMETERS, *(parameter for stated in PARAMETERS.values() for parameter in stated)]
    # Two parameters have a second spelling, which is not advertised.
    assert [name for name in names if f"`{name}`" not in text and name not in {"after_s", "size"}] == []


def strike(sf: Caller, name: str, params: dict[str, Any] | None = None, **when: Any) -> None:
    sf.post("/_sandbox/faults", {"name": name, "when": when, "params": params or {}})


ERRORS: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("http.status", {"status": 503}, 503, "SERVER_UNAVAILABLE", "An unexpected error occurred."),
    ("limit.daily", {}, 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    (
        "limit.concurrent",
        {},
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    ),
    ("query.timeout", {}, 400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    ("session.expired", {}, 401, "INVALID_SESSION_ID", "Session expired or invalid"),
]


@pytest.mark.parametrize(("name", "params", "status", "code", "message"), ERRORS)
def test_a_fault_answers_with_its_error_and_then_is_over(
    sf: Caller, name: str, params: dict[str, Any], status: int, code: str, message: str
) -> None:
    strike(sf, name, params, calls="1", kind="query")
    reply = sf.send("GET", "/query?q=SELECT+Id+FROM+Account")
    assert (reply.status, json.loads(reply.payload(False))) == (status, [{"message": message, "errorCode": code}])
    assert sf.send("GET", "/query?q=SELECT+Id+FROM+Account").status == (401 if name == "session.expired" else 200)
    assert sf.get("/_sandbox/calls")[-2]["fault"] == name


def test_an_error_can_come_after_the_work_was_done(sf: Caller) -> None:
    strike(sf, "http.status", {"status": 502, "after": True}, calls="1", kind="create")
    strike(sf, "http.status", {"status": 502}, calls="2", kind="create")
    assert [sf.send("POST", "/sobjects/Account", {"Name": str(n)}).status for n in range(3)] == [502, 502, 201]
    assert sf.values("SELECT Name FROM Account") == ["0", "2"]


def test_a_fault_strikes_one_user_or_object_only(sf: Caller) -> None:
    strike(sf, "query.timeout", object="Contact", user="nobody@example.com")
    strike(sf, "query.timeout", object="contact", user=sf.org.users.default.username, path="LastName")
    assert isinstance(sf.query("SELECT Id FROM Contact"), dict)
    assert sf.refusal("SELECT LastName FROM Contact")[0] == "QUERY_TIMEOUT"
    assert [fault["hits"] for fault in sf.get("/_sandbox/faults")] == [0, 1]


def test_rows_change_while_pages_are_read(sf: Caller) -> None:
    for number in range(5):
        sf.create("Account", Name=str(number))
    sf.org.clock.advance(60)
    strike(sf, "page.drift", {"rows": 1}, kind="query", calls="2")
    keyset = "SELECT Name FROM Account ORDER BY SystemModstamp, Id LIMIT 2 OFFSET {}"
    # Whoever pages by the stamp misses the row that takes the place of the one that moved.
    assert [sf.values(keyset.format(offset)) for offset in (0, 2, 4)] == [["0", "1"], ["3", "4"], ["0"]]


def test_a_refresh_can_end_the_old_refresh_token(sf: Caller) -> None:
    user, known = sf.org.users.default, sf.org.credentials
    session = sf.org.sessions.issue(user.user_id, user.username, known.client_id, scope="api refresh_token")
    token = sf.org.sessions.issue_refresh(session).token

    def refresh(value: str) -> Any:
        form = f"grant_type=refresh_token&client_id={known.client_id}&refresh_token={value}"
        return sf.post("/services/oauth2/token", form.encode(), content_type="application/x-www-form-urlencoded")

    assert "refresh_token" not in refresh(token)
    strike(sf, "token.rotated", kind="token", calls="1")
    following = refresh(token)["refresh_token"]
    assert refresh(token)["error_description"] == "expired access/refresh token"
    assert "access_token" in refresh(following)


def test_rows_are_refused_one_by_one(sf: Caller) -> None:
    strike(sf, "dml.error", {"code": "CUSTOM", "message": "no", "every": 2})
    records = [{"attributes": {"type": "Account"}, "Name": str(number)} for number in range(5)]
    results = sf.post("/composite/sobjects", {"records": records})
    assert [result["success"] for result in results] == [True, False, True, False, True]
    assert results[1]["errors"] == [{"statusCode": "CUSTOM", "message": "no", "fields": []}]
    assert sf.values("SELECT Name FROM Account") == ["0", "2", "4"]


def test_locked_rows_and_duplicate_rules(sf: Caller) -> None:
    strike(sf, "row.locked", calls="1")
    reply = sf.send("POST", "/sobjects/Account", {"Name": "x"})
    assert (reply.status, reply.body[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
    strike(sf, "duplicate.rule", kind="create")
    refused = sf.send("POST", "/sobjects/Account", {"Name": "x"}).body[0]
    assert refused["errorCode"] == "DUPLICATES_DETECTED"
    assert refused["duplicateResult"]["allowSave"] is True
    saved = sf.send("POST", "/sobjects/Account", {"Name": "x"}, sforce_duplicate_rule_header="allowSave=true")
    assert saved.status == 201


def test_pages_shrink_and_locators_expire(sf: Caller) -> None:
    for number in range(5):
        sf.create("Account", Name=str(number))
    strike(sf, "page.shrink", {"rows": 2})
    page = sf.query("SELECT Name FROM Account")
    assert (len(page["records"]), page["totalSize"], page["nextRecordsUrl"][-2:]) == (2, 5, "-2")
    strike(sf, "locator.expired", calls="1")
    assert sf.send("GET", page["nextRecordsUrl"]).body[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert [record["Name"] for record in sf.get(page["nextRecordsUrl"])["records"]] == ["2", "3"]


def test_rows_and_fields_and_objects_vanish_and_order_is_lost(sf: Caller) -> None:
    for number in range(200):
        sf.create("Account", Name=f"{number:03}")
    strike(sf, "rows.hidden", {"share": 0.9}, calls="1")
    assert 5 <= len(sf.values("SELECT Name FROM Account")) <= 40
    strike(sf, "order.shuffle", {"seed": 3}, calls="1")
    shuffled = sf.values("SELECT Name FROM Account")
    assert shuffled != sorted(shuffled) and len(set(shuffled)) == 200
    strike(sf, "field.gone", {"fields": ["Account.Industry"]}, calls="1-3")
    assert sf.refusal("SELECT Industry FROM Account")[0] == "INVALID_FIELD"
    assert "Industry" not in [field["name"] for field in sf.get("/sobjects/Account/describe")["fields"]]
    assert sf.send("POST", "/sobjects/Account", {"Name": "x", "Industry": "y"}).body[0]["errorCode"] == "INVALID_FIELD"
    strike(sf, "field.hidden", {"fields": ["Industry"]}, calls="1", kind="query")
    assert sf.refusal("SELECT Industry FROM Account")[0] == "INVALID_FIELD"
    strike(sf, "object.gone", calls="1-2")
    assert sf.refusal("SELECT Id FROM Account")[0] == "INVALID_TYPE"
    assert sf.send("GET", "/sobjects/Account/describe").status == 404
    assert len(sf.values("SELECT Industry FROM Account")) == 200


def test_counts_can_be_wrong_or_missing(sf: Caller) -> None:
    for number in range(10):
        sf.create("Account", Name=str(number))
    assert sf.get("/limits/recordCount?sObjects=Account,Lead") == {"sObjects": [{"count": 10, "name": "Account"}]}
    strike(sf, "count.wrong", {"factor": 1.5}, calls="1")
    assert sf.get("/limits/recordCount?sObjects=Account")["sObjects"][0]["count"] == 15
    strike(sf, "count.missing", calls="1")
    assert sf.get("/limits/recordCount?sObjects=Account") == {"sObjects": []}


def test_stamps_tie_and_storms_touch(sf: Caller) -> None:
    strike(sf, "stamp.tie", {"at": "2025-06-18T12:00:00.000+0000"}, kind="create")
    for number in range(3):
        sf.org.clock.advance(60)
        sf.send("POST", "/sobjects/Account", {"Name": str(number)})
    assert set(sf.values("SELECT SystemModstamp FROM Account")) == {"2025-06-18T12:00:00.000+0000"}
    sf.org.clock.advance(3600)
    strike(sf, "storm.recalculate", {"rows": 2}, kind="query", calls="1")
    stamps = sf.values("SELECT SystemModstamp FROM Account ORDER BY SystemModstamp")
    assert len(set(stamps)) == 2 and stamps[0] == "2025-06-18T12:00:00.000+0000"


def test_deletes_need_not_move_the_stamp_and_logs_can_be_purged(sf: Caller) -> None:
    ids = [sf.create("Account", Name=str(number)) for number in range(2)]
    before = sf.values("SELECT SystemModstamp FROM Account")[0]
    sf.org.clock.advance(3600)
    strike(sf, "deleted.no_stamp", calls="1", kind="delete")
    sf.send("DELETE", f"/sobjects/Account/{ids[0]}")
    sf.send("DELETE", f"/sobjects/Account/{ids[1]}")
    stamps = sf.values("SELECT SystemModstamp FROM Account ORDER BY Id", "queryAll")
    assert stamps[0] == before != stamps[1]
    sf.org.clock.advance(7000)
    target = "/sobjects/Account/deleted/?start=2025-06-18T11:00:00Z&end=2025-06-18T14:30:00Z"
    assert len(sf.get(target)["deletedRecords"]) == 2
    strike(sf, "deleted.purged", {"hours": 1}, calls="1")
    purged = sf.get(target)
    assert purged["deletedRecords"] == []
    assert purged["earliestDateAvailable"] > "2025-06-18T13:50"
    strike(sf, "deleted.window", {"days": 0}, calls="1")
    assert sf.get(target)[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_a_change_by_the_api_can_commit_late(sf: Caller) -> None:
    strike(sf, "commit.late", {"commit_after_s": 100}, kind="create")
    reply = sf.send("POST", "/sobjects/Account", {"Name": "late"})
    assert reply.status == 201
    assert sf.values("SELECT Id FROM Account") == []
    created = sf.org.clock.now()
    sf.org.clock.advance(101)
    row = sf.rows("SELECT Id, SystemModstamp FROM Account")[0]
    assert row["Id"] == json.loads(reply.payload(False))["id"]
    assert row["SystemModstamp"][:16] == created.isoformat()[:16]


def test_what_a_running_transaction_changes_is_locked_until_it_commits(own_sf: Caller) -> None:
    sf = own_sf
    sf.send("PATCH", "/_sandbox/objects/Account", {"add_fields": [
        {"name": "Key__c", "type": "string", "length": 20, "externalId": True, "unique": True}]})
    held, free = (sf.send("POST", "/sobjects/Account", {"Name": name}).body["id"] for name in ("held", "free"))
    for kind, method, path, body in [
            ("record", "PATCH", f"/sobjects/Account/{held}", {"Name": "first"}),
            ("upsert", "PATCH", "/sobjects/Account/Key__c/k", {"Name": "first"})]:
        strike(sf, "reply.lost", {"commit_after_s": 30}, kind=[kind, "update", "upsert"], calls="1")
        sf.send(method, path, body)
        refused = sf.send(method, path, {"Name": "second"})
        assert refused.body[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert sf.send("DELETE", f"/sobjects/Account/{held}").body[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert sf.send("PATCH", f"/sobjects/Account/{free}", {"Name": "other"}).status == 204
    assert sf.send("PATCH", "/sobjects/Account/Key__c/l", {"Name": "other"}).status == 201
    sf.org.clock.advance(31)
    for path in (f"/sobjects/Account/{held}", "/sobjects/Account/Key__c/k"):
        assert sf.send("PATCH", path, {"Name": "second"}).status < 300
    assert sf.values("SELECT Name FROM Account WHERE Key__c = 'k'") == ["second"]


def test_too_many_requests_at_once_are_refused(own_sf: Caller) -> None:
    own_sf.send("PUT", "/_sandbox/limits", {"concurrent": 0})
    reply = own_sf.send("GET", "/limits")
    assert (reply.status, reply.body[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    own_sf.send("PUT", "/_sandbox/limits", {"concurrent": 1})
    assert own_sf.send("GET", "/limits").status == 200


def test_limits_count_down_and_refuse_at_zero(own_sf: Caller) -> None:
    sf = own_sf
    sf.send("PUT", "/_sandbox/limits", {"DailyApiRequests": {"max": 100, "remaining": 2}})
    reply = sf.send("GET", "/limits")
    assert reply.body["DailyApiRequests"] == {"Max": 100, "Remaining": 1}
    assert reply.headers["Sforce-Limit-Info"] == "api-usage=99/100"
    assert sf.send("GET", "/query?q=SELECT+Id+FROM+Account").status == 200
    refused = sf.send("GET", "/limits")
    assert (refused.status, refused.body[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    sf.org.clock.advance(24 * 3600 + 1)
    user = sf.org.users.default
    sf.token = sf.org.sessions.issue(user.user_id, user.username, "x").token
    assert sf.send("GET", "/limits").status == 200
