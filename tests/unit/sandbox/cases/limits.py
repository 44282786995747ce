"""Cases 57 to 64 and 71: requests that are too large, too many, too late, or for another org."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.unit.sandbox.bulk.conftest import Bulk
from tests.unit.sandbox.cases.table import case, pages, refused, strike
from tests.unit.sandbox.test_login import soap


@case(57)
def a_statement_is_too_long_for_its_address(sf: Bulk) -> None:
    long = f"SELECT Id FROM Account WHERE Name IN ({', '.join([repr('x' * 100)] * 200)})"
    assert refused(sf, "GET", f"/query?q={quote(long)}") == (414, "URI_TOO_LONG")
    batch = {"batchRequests": [{"method": "GET", "url": f"v62.0/query?q={quote(long)}"}]}
    assert sf.post("/composite/batch", batch)["results"][0]["statusCode"] == 200
    assert refused(sf, "GET", "/query?q=SELECT+Id+FROM+Account", x_padding="x" * 17_000) == (
        431,
        "REQUEST_HEADER_FIELDS_TOO_LARGE",
    )
    assert sf.refusal(f"SELECT Id FROM Account WHERE Name = '{'x' * 4001}'")[0] == "MALFORMED_QUERY"
    body = {"operation": "query", "query": f"SELECT Id FROM Account WHERE Name != '{'x' * 100_000}'"}
    assert refused(sf, "POST", "/jobs/query", body) == (400, "MALFORMED_QUERY")


@case(58)
def all_fields_want_a_limit(sf: Bulk) -> None:
    for soql in ("SELECT FIELDS(ALL) FROM Account", "SELECT FIELDS(CUSTOM) FROM Account LIMIT 201"):
        assert sf.refusal(soql) == ("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
    assert sf.rows("SELECT FIELDS(ALL) FROM Account LIMIT 200") == []


@case(59)
def pages_are_smaller_than_asked_for(sf: Bulk) -> None:
    sf.change(*({"op": "create", "object": "Account", "values": {"Name": str(number)}} for number in range(7)))
    strike(sf, "page.shrink", {"rows": 3})
    assert [len(page) for page in pages(sf, "SELECT Id FROM Account")] == [3, 3, 1]


@case(60)
def bulk_has_limits_and_ends_with_the_word_null(sf: Bulk) -> None:
    assert sf.result("SELECT Name FROM Account") == '"Name"\n'
    sf.create("Account", Name="x")
    job = sf.start("SELECT Name FROM Account")
    strike(sf, "count.wrong", {"by": 1}, kind="bulk_result", calls="1")
    for count in ("2", "1"):
        reply = sf.send("GET", f"/jobs/query/{job['id']}/results")
        assert (reply.headers["Sforce-Locator"], reply.headers["Sforce-NumberOfRecords"]) == ("null", count)
    body = {"operation": "query", "query": "SELECT Id FROM Account"}
    strike(sf, "limit.bulk", kind="bulk_job", calls="1")
    assert refused(sf, "POST", "/jobs/query", body) == (400, "LIMIT_EXCEEDED")
    sf.send("PUT", "/_sandbox/limits", {"DailyBulkV2QueryJobs": {"max": 10_000, "remaining": 0}})
    assert refused(sf, "POST", "/jobs/query", body) == (400, "LIMIT_EXCEEDED")
    sf.org.clock.advance(7 * 24 * 3600 + 60)
    user = sf.org.users.default
    sf.token = sf.org.sessions.issue(user.user_id, user.username, "x").token
    assert sf.send("GET", f"/jobs/query/{job['id']}/results").status == 404


@case(60)
def a_bulk_job_is_retried_and_slow(sf: Bulk) -> None:
    strike(sf, "bulk.retry", {"retries": 3, "seconds": 0}, kind="bulk_job", calls="1")
    job = sf.start("SELECT Name FROM Account")
    assert (sf.show(job["id"])["state"], sf.show(job["id"])["retries"]) == ("JobComplete", 3)
    strike(sf, "bulk.slow", {"seconds": 3600}, kind="bulk_job", calls="1")
    job = sf.start("SELECT Name FROM Account")
    assert sf.show(job["id"])["state"] in {"UploadComplete", "InProgress"}


@case(61)
def queries_run_too_long_or_read_too_much(sf: Bulk) -> None:
    strike(sf, "query.timeout", kind="query", calls="1")
    assert sf.refusal("SELECT Id FROM Account")[0] == "QUERY_TIMEOUT"
    text = "exceeded 100000 distinct who/what's"
    strike(sf, "http.status", {"status": 400, "code": "OPERATION_TOO_LARGE", "message": text}, kind="query", calls="1")
    assert sf.refusal("SELECT Id FROM Task") == ("OPERATION_TOO_LARGE", text)
    for message in ("InternalServerError : Failed to write query result", "Retried more than 15 times"):
        strike(sf, "bulk.failed", {"message": message}, kind="bulk_job", calls="1")
        info = sf.show(sf.start("SELECT Id FROM Account")["id"])
        assert (info["state"], info["errorMessage"]) == ("Failed", message)
        sf.send("DELETE", "/_sandbox/faults")


TRANSIENT: list[tuple[str, dict[str, Any], int, str]] = [
    ("limit.daily", {}, 403, "REQUEST_LIMIT_EXCEEDED"),
    ("limit.concurrent", {}, 403, "REQUEST_LIMIT_EXCEEDED"),
    ("http.status", {"status": 403, "code": "TXN_SECURITY_METERING_ERROR"}, 403, "TXN_SECURITY_METERING_ERROR"),
    ("http.status", {"status": 503}, 503, "SERVER_UNAVAILABLE"),
    ("http.status", {"status": 500}, 500, "UNKNOWN_EXCEPTION"),
]


@case(62)
def calls_are_refused_for_a_while(sf: Bulk) -> None:
    for name, params, status, code in TRANSIENT:
        strike(sf, name, params, kind="query", calls="1")
        assert refused(sf, "GET", "/query?q=SELECT+Id+FROM+Account") == (status, code)
        assert sf.query("SELECT Id FROM Account")["done"] is True
    strike(sf, "limit.daily", probability=0.5, seed=1)
    statuses = [sf.send("GET", "/limits").status for _ in range(40)]
    assert {200, 403} == set(statuses) and 10 < statuses.count(403) < 30


@case(63)
def a_session_dies(sf: Bulk) -> None:
    target = "/query?q=SELECT+Id+FROM+Account"
    strike(sf, "session.expired", kind="query", calls="1")
    user, known = sf.org.users.default, sf.org.credentials

    def login() -> Any:
        return sf.org.sessions.issue(user.user_id, user.username, known.client_id, scope="api refresh_token")

    for end in (
        lambda: None,
        lambda: sf.org.clock.advance(7201),
        lambda: sf.send("POST", "/_sandbox/sessions/expire", {}),
    ):
        end()
        for _ in range(2):
            assert refused(sf, "GET", target) == (401, "INVALID_SESSION_ID")
        sf.token = login().token
        assert sf.send("GET", target).status == 200
    tokens = [sf.org.sessions.issue_refresh(login()).token for _ in range(6)]

    def refresh(token: str) -> Any:
        form = f"grant_type=refresh_token&client_id={known.client_id}&refresh_token={token}"
        return sf.post("/services/oauth2/token", form.encode(), content_type="application/x-www-form-urlencoded")

    # The sixth token of an app and user ends the first, and rotation ends the one that is used.
    assert refresh(tokens[0])["error"] == "invalid_grant"
    strike(sf, "token.rotated", kind="token", calls="1")
    assert refresh(tokens[5])["refresh_token"] not in tokens
    assert refresh(tokens[5])["error"] == "invalid_grant"


@case(64)
def old_doors_are_closed(sf: Bulk) -> None:
    assert soap(sf, "64.0").status == 200
    assert soap(sf, "65.0").status == 500
    for version, status, code in (("30.0", 410, "UNSUPPORTED_API_VERSION"), ("99.0", 404, "NOT_FOUND")):
        assert refused(sf, "GET", f"/services/data/v{version}/limits") == (status, code)
    sf.org.options.switches["api_enabled"] = False
    assert b"API_DISABLED_FOR_ORG" in soap(sf, "59.0").payload(False)


@case(71)
def the_same_login_leads_to_another_org(sf: Bulk) -> None:
    sf.create("Account", Name="x")
    before, token = sf.get("/_sandbox/")["org_id"], sf.token
    sf.send("POST", "/_sandbox/reset", {"org_id": "00D000000000999"})
    assert refused(sf, "GET", "/limits") == (401, "INVALID_SESSION_ID")
    user = sf.org.users.default
    sf.token = sf.org.sessions.issue(user.user_id, user.username, sf.org.credentials.client_id).token
    assert sf.token != token
    after = sf.values("SELECT Id FROM Organization")
    assert after == [sf.get("/_sandbox/")["org_id"]] and after != [before]
    assert sf.values("SELECT Id FROM Account") == []
