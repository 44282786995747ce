"""An org in a file: what a second process finds there, and which files it refuses."""

import csv
import io
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox import stamps
from sffdw.sandbox.org import Options, Org
from tests.unit.sandbox.conftest import ITEM, NOON, Caller
from tests.unit.sandbox.events.conftest import Listener
from tests.unit.sandbox.test_login import TOKEN, allow, returned, send, trade

CSV = "text/csv"
Open = Callable[..., Caller]


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Open]:
    """Close the org and open it again, as another process would."""
    opened: list[Caller] = []

    def open_one(**options: Any) -> Caller:
        token = None
        while opened:
            token = opened[-1].token
            opened.pop().org.close()
        caller = Caller(Org(Options(**{"store": tmp_path / "org.db", "speed": "instant", **options})))
        opened.append(caller)
        caller.token = token or caller.token
        return caller

    yield open_one
    for caller in opened:
        caller.org.close()


def status(sf: Caller, token: str) -> int:
    return sf.send("GET", "/limits", authorization=f"Bearer {token}").status


def refresh(sf: Caller, token: str) -> Any:
    known = sf.org.credentials
    client = {"client_id": known.client_id, "client_secret": known.client_secret}
    return send(sf, TOKEN, grant_type="refresh_token", refresh_token=token, **client).body


# Tokens, logins, keys


def test_sessions_and_refresh_tokens_live_on_and_what_was_revoked_stays_so(reopen: Open) -> None:
    sf = reopen()
    code = returned(allow(sf))["code"]
    tokens = trade(sf, code)[1]
    other = trade(sf, returned(allow(sf))["code"])[1]
    default = sf.org.credentials.refresh_token
    assert sf.org.sessions.revoke(default)  # with all sessions of that user and client
    again = refresh(sf, other["refresh_token"])
    sf.token = again["access_token"]
    sf = reopen()
    assert sf.token == again["access_token"]
    assert (status(sf, sf.token), status(sf, tokens["access_token"])) == (200, 401)
    assert "access_token" in refresh(sf, tokens["refresh_token"])
    assert refresh(sf, default)["error_description"] == "expired access/refresh token"


@pytest.mark.parametrize(("idle_s", "want"), [(3600, 200), (7201, 401)])
def test_a_session_ends_after_its_idle_time_whatever_process_counts_it(reopen: Open, idle_s: int, want: int) -> None:
    sf = reopen()
    sf.org.clock.advance(6000)
    assert status(sf, sf.token) == 200
    sf.send("PUT", "/_sandbox/clock", {"advance_s": 60})
    sf = reopen()
    sf.org.clock.advance(idle_s - 60)
    assert status(sf, sf.token) == want


def test_logins_rights_and_keys_live_on(reopen: Open) -> None:
    sf = reopen()
    given = {"password": "p", "security_token": "", "view_encrypted": True, "objects": {"Lead": {"read": False}}}
    sf.send("PUT", "/_sandbox/users/jo@example.com", given)
    keys = sf.get("/id/keys")
    sf = reopen()
    known = sf.org.credentials
    client = {"client_id": known.client_id, "client_secret": known.client_secret, "username": "jo@example.com"}
    answer = send(sf, TOKEN, grant_type="password", password="p", **client).body
    assert sf.get("/id/keys") == keys
    assert send(sf, TOKEN, grant_type="password", password="q", **client).status == 400
    sf.token = answer["access_token"]
    assert sf.refusal("SELECT Id FROM Lead")[0] == "INVALID_TYPE"
    assert sf.query("SELECT Id FROM Account")["done"]
    assert sf.org.users.access("jo@example.com").views_encrypted


def test_the_clock_goes_on(reopen: Open) -> None:
    sf = reopen()
    sf.send("PUT", "/_sandbox/clock", {"now": NOON, "rate": 0})
    sf = reopen()
    assert sf.get("/_sandbox/clock") == {"now": "2025-06-18T12:00:00.000Z", "rate": 0.0}


# Definitions and locators


def test_changed_definitions_live_on(reopen: Open) -> None:
    sf = reopen()
    picklist = {"name": "Kind__c", "type": "picklist", "controllerName": "On__c"}
    picklist |= {"picklistValues": [{"value": "a", "for": [True]}]}
    fields = [{"name": "On__c", "type": "boolean"}, picklist]
    sf.send("POST", "/_sandbox/objects", {"name": "Thing__c", "fields": fields})
    sf.send("PATCH", "/_sandbox/objects/Account", {"hide_fields": ["Phone"], "rename_fields": {"Site": "Place__c"}})
    sf.send("POST", "/_sandbox/objects", {"name": "Gone__c", "fields": []})
    sf.send("DELETE", "/_sandbox/objects/Gone__c")
    before = [sf.get(f"/sobjects/{name}/describe") for name in ("Thing__c", "Account")]
    sf = reopen()
    assert [sf.get(f"/sobjects/{name}/describe") for name in ("Thing__c", "Account")] == before
    assert sf.send("GET", "/sobjects/Gone__c/describe").status == 404
    names = {field["name"] for field in before[1]["fields"]}
    assert ("Place__c" in names, "Phone" in names) == (True, False)


def pages(sf: Caller, answer: Any) -> list[str]:
    """Names of all records from an answer on."""
    names = [record["Name"] for record in answer["records"]]
    while not answer["done"]:
        answer = sf.get(answer["nextRecordsUrl"])
        names += [record["Name"] for record in answer["records"]]
    return names


def test_locators_are_followed_in_the_next_process(reopen: Open) -> None:
    sf = reopen()
    parent = sf.create("Account", Name="parent")
    contacts = [
        {"op": "create", "object": "Contact", "values": {"LastName": f"c{n}", "AccountId": parent}} for n in range(250)
    ]
    sf.change(*contacts)
    options = {"sforce_query_options": "batchSize=200"}
    asked = (
        f"SELECT Name, AccountId FROM Contact WHERE AccountId = '{parent}' AND CreatedDate = TODAY ORDER BY Name DESC"
    )
    first = sf.query(asked, **options)
    nested = sf.query(f"SELECT Id, (SELECT Name FROM Contacts) FROM Account WHERE Id = '{parent}'", **options)
    inner = nested["records"][0]["Contacts"]
    assert (first["done"], inner["done"]) == (False, False)
    sf = reopen()
    assert pages(sf, first) == sorted((f"c{n}" for n in range(250)), reverse=True)
    assert len(pages(sf, inner)) == 250
    third = sf.query(asked, **options)
    assert third["nextRecordsUrl"] not in {first["nextRecordsUrl"], inner["nextRecordsUrl"]}
    user = sf.org.users.default
    other = sf.org.sessions.issue("005000000000009AAA", user.username, "").token
    assert sf.get(first["nextRecordsUrl"], authorization=f"Bearer {other}")[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    sf.org.sessions.timeout_s = 1e9
    sf.org.clock.advance(2 * 24 * 3600 + 1)
    assert sf.get(first["nextRecordsUrl"])[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_a_locator_whose_statement_lost_its_meaning_is_invalid(reopen: Open) -> None:
    sf = reopen()
    sf.send("POST", "/_sandbox/objects", {"name": "Thing__c", "fields": [{"name": "Note__c", "type": "string"}]})
    sf.change(*({"op": "create", "object": "Thing__c", "values": {"Note__c": "n"}} for _ in range(201)))
    answer = sf.query("SELECT Note__c FROM Thing__c", sforce_query_options="batchSize=200")
    sf = reopen()
    sf.send("PATCH", "/_sandbox/objects/Thing__c", {"drop_fields": ["Note__c"]})
    assert sf.get(answer["nextRecordsUrl"])[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


# Jobs


def finished(sf: Caller, kind: str, job_id: str) -> Any:
    return sf.get(f"/jobs/{kind}/{job_id}")


def text(sf: Caller, target: str) -> str:
    reply = sf.send("GET", target)
    assert reply.status == 200, reply.body
    return reply.payload(False).decode()


def ingest(sf: Caller, content: str, *, closes: bool = True) -> str:
    job = sf.post("/jobs/ingest", {"object": "Account", "operation": "insert"})["id"]
    assert sf.send("PUT", f"/jobs/ingest/{job}/batches", content.encode(), content_type=CSV).status == 201
    if closes:
        assert sf.send("PATCH", f"/jobs/ingest/{job}", {"state": "UploadComplete"}).status == 200
    return str(job)


def test_jobs_and_their_results_live_on(reopen: Open) -> None:
    sf = reopen()
    loaded = ingest(sf, "Name,NumberOfEmployees\na,1\nb,many\n")
    assert finished(sf, "ingest", loaded)["numberRecordsFailed"] == 1
    query = sf.post("/jobs/query", {"operation": "query", "query": "SELECT Name FROM Account"})["id"]
    targets = [f"/jobs/query/{query}/results", f"/jobs/ingest/{loaded}/successfulResults"]
    targets += [f"/jobs/ingest/{loaded}/{kind}" for kind in ("failedResults", "unprocessedrecords")]
    infos = [finished(sf, "query", query), finished(sf, "ingest", loaded)]
    assert infos[0]["state"] == "JobComplete"
    before = [text(sf, target) for target in targets]
    deleted = sf.post("/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"})["id"]
    assert finished(sf, "query", deleted)["state"] == "JobComplete"
    assert sf.send("DELETE", f"/jobs/query/{deleted}").status == 204
    for _ in range(2):  # a result that nobody reads in between is there still
        sf = reopen()
    sf.create("Account", Name="later")
    assert [text(sf, target) for target in targets] == before
    assert [finished(sf, "query", query), finished(sf, "ingest", loaded)] == infos
    assert sf.send("GET", f"/jobs/query/{deleted}").status == 404
    new = sf.post("/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"})["id"]
    assert new not in {query, loaded, deleted}
    sf.org.clock.advance(8 * 24 * 3600)
    sf.org.sessions.timeout_s = 1e9
    assert sf.send("GET", f"/jobs/query/{query}").status == 404


def test_an_open_job_can_be_closed_in_the_next_process(reopen: Open) -> None:
    sf = reopen()
    job = ingest(sf, "Name\na\n", closes=False)
    sf = reopen()
    assert finished(sf, "ingest", job)["state"] == "Open"
    assert sf.send("PATCH", f"/jobs/ingest/{job}", {"state": "UploadComplete"}).status == 200
    assert finished(sf, "ingest", job)["state"] == "JobComplete"
    assert sf.values("SELECT Name FROM Account") == ["a"]


def test_of_jobs_under_way_queries_run_again_and_uploads_have_failed(reopen: Open) -> None:
    sf = reopen(speed="real")
    sf.create("Account", Name="a")
    sf.send("PUT", "/_sandbox/clock", {"rate": 0})
    query = sf.post("/jobs/query", {"operation": "query", "query": "SELECT Name FROM Account"})["id"]
    waiting = ingest(sf, "Name\nb\nc\n")
    gone = sf.post("/jobs/query", {"operation": "query", "query": "SELECT Site FROM Account"})["id"]
    aborted = sf.post("/jobs/query", {"operation": "query", "query": "SELECT Name FROM Account"})["id"]
    sf.send("PATCH", f"/jobs/query/{aborted}", {"state": "Aborted"})
    assert finished(sf, "query", query)["state"] == "UploadComplete"
    sf.send("PATCH", "/_sandbox/objects/Account", {"drop_fields": ["Site"]})
    sf = reopen()
    assert finished(sf, "query", query)["state"] == "JobComplete"
    assert list(csv.reader(io.StringIO(text(sf, f"/jobs/query/{query}/results")))) == [["Name"], ["a"]]
    failed = finished(sf, "ingest", waiting)
    assert (failed["state"], "restarted" in failed["errorMessage"]) == ("Failed", True)
    assert text(sf, f"/jobs/ingest/{waiting}/unprocessedrecords") == '"Name"\n"b"\n"c"\n'
    assert finished(sf, "query", gone)["state"] == "Failed"
    assert finished(sf, "query", aborted)["state"] == "Aborted"


def classic(sf: Caller, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
    payload = body.encode() if isinstance(body, str) else body
    reply = sf.send(
        method, f"/services/async/62.0/job{path}", payload, content_type=content_type, x_sfdc_session=sf.token
    )
    assert reply.status < 400, reply.payload(False)
    return reply


def test_jobs_of_the_first_bulk_api_live_on(reopen: Open) -> None:
    sf = reopen()
    job = classic(sf, "POST", "", {"operation": "insert", "object": "Account", "contentType": "CSV"}).body["id"]
    content = "Name,NumberOfEmployees\na,1\nb,many\n"
    made = classic(sf, "POST", f"/{job}/batch", content, CSV).payload(False).decode()
    batch_id = made.partition("<id>")[2].partition("</id>")[0]
    query = classic(sf, "POST", "", {"operation": "query", "object": "Account", "contentType": "JSON"}).body["id"]
    read = classic(sf, "POST", f"/{query}/batch", "SELECT Name FROM Account", "application/json").body["id"]
    shown = [
        f"/{job}/batch/{batch_id}",
        f"/{job}/batch/{batch_id}/result",
        f"/{job}/batch/{batch_id}/request",
        f"/{query}/batch/{read}",
    ]
    before = [classic(sf, "GET", path).payload(False) for path in shown]
    (result,) = classic(sf, "GET", f"/{query}/batch/{read}/result").body
    rows = classic(sf, "GET", f"/{query}/batch/{read}/result/{result}").payload(False)
    assert b'"a"' in rows
    sf = reopen()
    assert [classic(sf, "GET", path).payload(False) for path in shown] == before
    assert before[2] == content.encode()
    assert classic(sf, "GET", f"/{query}/batch/{read}/result/{result}").payload(False) == rows
    assert classic(sf, "POST", f"/{job}", {"state": "Closed"}).body["state"] == "Closed"


# Events


def test_events_are_replayed_in_the_next_process_within_their_retention(reopen: Open) -> None:
    sf = reopen()
    sf.send("PUT", "/_sandbox/events", {"retention_s": 3600})
    sf.create("Account", Name="first")
    seen = Listener(sf.org)
    assert seen.handshake()["successful"]
    assert seen.subscribe("/data/ChangeEvents", -2)["successful"]
    (event,) = seen.events()
    sf.create("Account", Name="missed")
    keys = {event["payload"]["ChangeEventHeader"]["transactionKey"]}
    sf = reopen()
    again = Listener(sf.org)
    assert again.handshake()["successful"]
    assert again.subscribe("/data/ChangeEvents", event["event"]["replayId"])["successful"]
    sf.create("Account", Name="new")
    found = again.events()
    assert [one["payload"]["Name"] for one in found] == ["missed", "new"]
    keys |= {one["payload"]["ChangeEventHeader"]["transactionKey"] for one in found}
    assert len(keys) == 3
    assert sf.get("/_sandbox/events")["settings"]["retention_s"] == 3600
    sf.org.clock.advance(3601)
    late = Listener(sf.org)
    assert late.handshake()["successful"]
    assert not late.subscribe("/data/ChangeEvents", event["event"]["replayId"])["successful"]


# The file


def test_the_file_is_for_its_owner_alone(reopen: Open, tmp_path: Path) -> None:
    (tmp_path / "org.db").touch(mode=0o644)
    sf = reopen()
    sf.create("Account", Name="a")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert {"org.db", "org.db-wal", "org.db-shm", "org.db-lock"} == set(modes)
    assert set(modes.values()) == {0o600}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"seed": 4}, "made with --seed 3, not --seed 4"),
    ({"org_id": "00D000000000009EAA"}, "made with no org_id, not the org_id 00D000000000009EAA"),
    ({"rows": {"Account": 2}}, "made with --rows Account=1, not --rows Account=2"),
    ({"load": ("/x",)}, "made with no --load, not --load /x"),
    ({"credentials": {"username": "else@example.com"}}, "has no user else@example.com"),
]


def test_other_options_than_a_store_was_made_with_are_refused(reopen: Open) -> None:
    made = {"seed": 3, "rows": {"Account": 1}}
    known = reopen(**made).org.credentials
    for options, want in REFUSED:
        with pytest.raises(ValueError, match=want):
            reopen(**options)
    for fitting in ({}, made):
        sf = reopen(**fitting)
        assert (sf.org.seed, sf.org.credentials) == (3, known)


@pytest.mark.parametrize("content", [b"no database at all " * 100, "tables"])
def test_other_files_are_refused_and_left_alone(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "other.db"
    if content == "tables":
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE mine (x)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is not the store of a sandbox"):
        Org(Options(store=path))
    assert path.read_bytes() == before


def test_a_store_belongs_to_one_process_at_a_time(reopen: Open) -> None:
    sf = reopen()
    path = sf.org.options.store
    with pytest.raises(ValueError, match="in use"):
        Org(Options(store=path))
    reopen()


def test_an_org_whose_making_was_cut_short_is_begun_anew(reopen: Open) -> None:
    sf = reopen(seed=3)
    sf.create("Account", Name="half")
    sf.org.store.mark(finished=False)
    sf = reopen(seed=4)
    assert (sf.org.is_new, sf.org.seed, sf.org.counts().get("Account")) == (True, 4, None)


def test_a_reset_goes_on_in_the_same_file(reopen: Open) -> None:
    sf = reopen(seed=3)
    sf.org.store.follow(sf.org.schema.define(ITEM))
    sf.send("POST", "/_sandbox/reset", {"rows": {"Account": 3}, "seed": 9})
    assert status(sf, sf.token) == 200
    sf = reopen(seed=3)
    assert status(sf, sf.token) == 200
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 3
    assert (sf.org.seed, "Item__c" in sf.org.schema) == (9, False)
    assert stamps.from_text(sf.org.stamp()) <= sf.org.clock.now()


def test_a_reset_that_cannot_be_filled_leaves_an_empty_org_that_answers(reopen: Open) -> None:
    sf = reopen()
    refused = sf.send("POST", "/_sandbox/reset", {"rows": {"Nothing": 3}})
    assert (refused.status, refused.body[0]["errorCode"]) == (400, "INVALID_CONTENT")
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 0
    assert sf.send("POST", "/_sandbox/reset", {"rows": {"Account": 3}}).status == 200
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 3
