"""The process: its command line, what it keeps, its end; HTTP as clients speak it; faults of the wire."""

import gzip
import json
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.sandbox.conftest import DATA, Process, Start


def test_it_takes_credentials_from_the_environment_and_ends_with_0(start: Start) -> None:
    process = start(SANDBOX_CLIENT_ID="me", SANDBOX_CLIENT_SECRET="mine", SANDBOX_USERNAME="a@b.example")
    known = process.control("GET", "/")["credentials"]
    assert (known["client_id"], known["client_secret"], known["username"]) == ("me", "mine", "a@b.example")
    assert process.login().startswith("00D")
    assert (
        process.query("SELECT Username FROM User WHERE IsActive = true AND LastName = 'User'")["records"][0]["Username"]
        == "a@b.example"
    )
    assert process.stop() == 0


def test_a_seed_gives_the_same_org_again(start: Start) -> None:
    first, second = (start("--seed", "5", "--rows", "Account=20") for _ in range(2))
    for process in (first, second):
        process.login()
    overviews = [process.control("GET", "/") for process in (first, second)]
    assert overviews[0]["org_id"] == overviews[1]["org_id"]
    assert overviews[0]["credentials"] == overviews[1]["credentials"]
    assert overviews[0]["objects"]["Account"] == 20
    names = [
        [row["Name"] for row in process.query("SELECT Name FROM Account ORDER BY Id")["records"]]
        for process in (first, second)
    ]
    assert names[0] == names[1]


def test_a_store_keeps_records_definitions_and_credentials(start: Start, tmp_path: Path) -> None:
    file = str(tmp_path / "org.db")
    first = start("--store", file)
    first.login()
    first.control(
        "POST", "/objects", {"name": "Thing__c", "fields": [{"name": "Size__c", "type": "double", "scale": 1}]}
    )
    first.control("POST", "/records", {"changes": [{"op": "create", "object": "Thing__c", "values": {"Size__c": 1.5}}]})
    overview = first.control("GET", "/")
    assert first.stop() == 0
    second = start("--store", file)
    assert second.control("GET", "/")["objects"] == overview["objects"]
    assert second.control("GET", "/")["credentials"] == overview["credentials"]
    second.login()
    rows = second.query("SELECT Id, Size__c FROM Thing__c")["records"]
    assert [row["Size__c"] for row in rows] == [1.5]
    new = second.call("POST", "/sobjects/Thing__c", json={"Size__c": 2}).json()["id"]
    assert new > rows[0]["Id"]


def test_a_store_survives_a_process_that_is_killed(start: Start, tmp_path: Path) -> None:
    file = str(tmp_path / "org.db")
    first = start("--store", file, "--seed", "5", "--rows", "Contact=2500", "--speed", "instant")
    token = first.login()
    page = first.query("SELECT Id FROM Contact")
    job = first.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Contact"}).json()["id"]
    results = first.call("GET", f"/jobs/query/{job}/results").text
    names, enough = list[str](), threading.Event()

    def write() -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            while True:
                name = f"n{len(names)}"
                try:
                    made = session.post(f"{first.url}{DATA}/sobjects/Account", json={"Name": name}, timeout=30)
                except requests.ConnectionError:
                    return
                assert made.status_code == 201
                names.append(name)
                if len(names) == 20:
                    enough.set()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        assert enough.wait(30)
        first.popen.kill()
        assert first.popen.wait(20) == -9
        writer.result()
    second = start("--store", file, "--seed", "5", "--rows", "Contact=2500", "--speed", "instant")
    second.session.headers["Authorization"] = f"Bearer {token}"
    kept = {row["Name"] for row in second.query("SELECT Name FROM Account WHERE Name LIKE 'n%'")["records"]}
    assert set(names) <= kept <= {*names, f"n{len(names)}"}
    rest = second.call("GET", page["nextRecordsUrl"]).json()
    assert len(page["records"]) + len(rest["records"]) == 2500
    assert second.call("GET", f"/jobs/query/{job}/results").text == results


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        (["--seed", "6"], "was made with --seed 5, not --seed 6"),
        (["--rows", "Account=5"], "was made with no --rows, not --rows Account=5"),
    ],
)
def test_a_store_refuses_other_options_with_a_message(
    start: Start, tmp_path: Path, arguments: list[str], want: str
) -> None:
    file = str(tmp_path / "org.db")
    assert start("--store", file, "--seed", "5").stop() == 0
    command = [sys.executable, "-m", "sffdw.sandbox", "--store", file, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert want in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--rows", "Account"], ["--load", "/nowhere"], ["--rows", "Nothing=3"]])
def test_a_wrong_argument_ends_it_with_a_message(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sffdw.sandbox", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("sandbox: ")
    assert "Traceback" not in done.stderr


def test_https_with_a_given_certificate(start: Start, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    process = start("--tls", str(cert), str(key))
    assert process.url.startswith("https://127.0.0.1:")
    process.session.verify = str(cert)
    process.login()
    assert process.query("SELECT COUNT() FROM Account")["totalSize"] == 0


# HTTP


def test_bodies_may_be_compressed_and_chunked_both_ways(org: Process) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": f"Account {number}"} for number in range(100)]
    body = json.dumps({"records": records}).encode()
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert org.call("POST", "/composite/sobjects", data=gzip.compress(body), headers=headers).status_code == 200
    pieces = (body[start : start + 1000] for start in range(0, len(body), 1000))
    chunked = org.call("POST", "/composite/sobjects", data=pieces, headers={"Content-Type": "application/json"})
    assert all(result["success"] for result in chunked.json())
    reply = org.call("GET", "/query", params={"q": "SELECT Id, Name FROM Account"}, headers={"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert reply.json()["totalSize"] == 200
    plain = org.call(
        "GET", "/query", params={"q": "SELECT Id, Name FROM Account"}, headers={"Accept-Encoding": "identity"}
    )
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == reply.json()


def test_replies_carry_salesforces_headers(org: Process) -> None:
    headers = org.call("GET", "/limits").headers
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert headers["Sforce-Limit-Info"].startswith("api-usage=1/")
    assert len(headers["X-Sfdc-Request-Id"]) == 32
    assert headers["X-Request-Id"] == headers["X-Sfdc-Request-Id"]


def test_pretty_printing_is_asked_for_by_header(org: Process) -> None:
    text = org.call("GET", "/query", params={"q": "SELECT COUNT() FROM Account"}, headers={"X-PrettyPrint": "1"}).text
    assert text == '{\n  "totalSize" : 0,\n  "done" : true,\n  "records" : [ ]\n}'


def test_methods_can_be_overridden(org: Process) -> None:
    record_id = org.call("POST", "/sobjects/Account", json={"Name": "x"}).json()["id"]
    assert org.call("POST", f"/sobjects/Account/{record_id}?_HttpMethod=PATCH", json={"Name": "y"}).status_code == 204
    assert org.query("SELECT Name FROM Account")["records"][0]["Name"] == "y"


def test_blobs_go_in_and_out(org: Process) -> None:
    account = org.call("POST", "/sobjects/Account", json={"Name": "x"}).json()["id"]
    content = bytes(range(256))
    files = {
        "entity_attachment": (None, json.dumps({"Name": "a.bin", "ParentId": account}), "application/json"),
        "Body": ("a.bin", content, "application/octet-stream"),
    }
    made = org.call("POST", "/sobjects/Attachment", files=files)
    assert made.status_code == 201, made.text
    path = org.query("SELECT Id, Body FROM Attachment")["records"][0]["Body"]
    assert path == f"{DATA}/sobjects/Attachment/{made.json()['id']}/Body"
    assert org.call("GET", path).content == content


def test_readers_and_writers_do_not_wait_for_each_other_for_long(org: Process) -> None:
    stop = threading.Event()
    token = org.session.headers["Authorization"]

    def write(worker: int) -> int:
        done = 0
        with requests.Session() as session:
            session.headers["Authorization"] = token
            while not stop.is_set():
                records = [{"attributes": {"type": "Account"}, "Name": f"{worker} {done} {n}"} for n in range(50)]
                results = session.post(
                    f"{org.url}{DATA}/composite/sobjects", json={"records": records}, timeout=30
                ).json()
                assert all(result["success"] for result in results), results
                done += 1
        return done

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, worker) for worker in range(3)]
        deadline = time.monotonic() + 2
        seen = []
        while time.monotonic() < deadline:
            seen.append(org.query("SELECT COUNT() FROM Account")["totalSize"])
        stop.set()
        total = sum(writer.result() for writer in writers) * 50
    assert seen == sorted(seen)
    assert all(count % 50 == 0 for count in seen), "a reader saw half a request"
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == total > 0


# The control plane


def test_calls_show_every_statement_and_control_calls_do_not_count(org: Process) -> None:
    mark = org.control("POST", "/stats/mark")["mark"]
    org.query("SELECT Id FROM Account WHERE Name = 'é'")
    org.call("POST", "/sobjects/Account", json={"Name": "x"})
    calls = org.control("GET", f"/calls?since={mark}")
    assert [(call["kind"], call["object"], call["status"], call["rows"]) for call in calls] == [
        ("query", "Account", 200, 0),
        ("create", "Account", 201, 1),
    ]
    assert "q=SELECT+Id+FROM+Account+WHERE+Name+%3D+%27%C3%A9%27" in calls[0]["path"]
    stats = org.control("GET", f"/stats?since={mark}")
    assert stats["calls"] == {"total": 2, "by_kind": {"query": 1, "create": 1}, "by_object": {"Account": 2}}
    assert stats["bytes_out"] > 50
    assert org.control("GET", "/stats?since=" + str(stats["mark"]))["calls"]["total"] == 0


def test_records_are_listed_as_they_are_stored(org: Process) -> None:
    changes = [{"op": "create", "object": "Account", "values": {"Name": name}} for name in ("a", "b", "c")]
    ids = [result["id"] for result in org.control("POST", "/records", {"changes": changes})["results"]]
    org.control("POST", "/records", {"changes": [{"op": "delete", "object": "Account", "id": ids[0]}]})

    def listed(query: str) -> list[dict[str, object]]:
        text = org.session.get(f"{org.url}/_sandbox/records/Account?{query}").text
        return [json.loads(line) for line in text.splitlines()]

    assert [row["Id"] for row in listed("")] == ids[1:]
    assert [(row["Id"], row["IsDeleted"]) for row in listed("scope=all")] == list(
        zip(ids, [True, False, False], strict=True)
    )
    assert listed(f"fields=Name&after={ids[1]}") == [{"Id": ids[2], "Name": "c"}]
    assert len(listed("scope=all&limit=2")) == 2
    assert {"SystemModstamp", "CreatedDate", "IsDeleted", "Name", "OwnerId"} <= set(listed("")[0])


def test_a_reset_with_a_new_org_id_ends_old_tokens(org: Process) -> None:
    assert org.call("GET", "/limits").status_code == 200
    org.control("POST", "/reset", {"rows": {"Account": 10}})
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 10
    before = org.control("GET", "/")["org_id"]
    after = org.control("POST", "/reset", {"org_id": "00D000000000009EAA"})["org_id"]
    assert after == "00D000000000009EAA" != before
    assert org.call("GET", "/limits").status_code == 401
    assert org.login().startswith("00D000000000009!")


def test_users_see_what_they_may(org: Process) -> None:
    changes = [{"op": "create", "object": "Account", "values": {"Name": name, "Industry": name}} for name in ("a", "b")]
    org.control("POST", "/records", {"changes": changes})
    known = org.control("GET", "/")["credentials"]["username"]
    rights = {
        "objects": {"Lead": {"read": False}},
        "fields": {"Account.Industry": {"read": False}},
        "share": {"Account": "Name = 'a'"},
    }
    org.control("PUT", f"/users/{known}", rights)
    assert [row["Name"] for row in org.query("SELECT Name FROM Account")["records"]] == ["a"]
    assert org.query("SELECT Industry FROM Account")[0]["errorCode"] == "INVALID_FIELD"
    assert org.query("SELECT Id FROM Lead")[0]["errorCode"] == "INVALID_TYPE"
    assert org.call("GET", "/sobjects/Lead/describe").status_code == 404
    assert "Lead" not in [entry["name"] for entry in org.call("GET", "/sobjects").json()["sobjects"]]
    fields = org.call("GET", "/sobjects/Account/describe").json()["fields"]
    assert "Industry" not in [field["name"] for field in fields]


def test_statements_can_be_judged_without_running(org: Process) -> None:
    assert org.control("POST", "/soql", {"soql": "SELECT X FROM Y", "parse_only": True})["accepted"] is True
    judged = org.control("POST", "/soql", {"soql": "SELECT X FROM Y"})
    assert (judged["accepted"], judged["errorCode"]) == (False, "INVALID_TYPE")


# The wire

BODIES = [
    ("gzip", gzip.compress(b'{"Name":"x"}', mtime=0), 201),
    ("identity", b'{"Name":"x"}', 201),
    ("gzip", b"no gzip", 400),
    ("gzip", b"\x1f\x8bbroken", 400),
    ("gzip", gzip.compress(b'{"Name":"x"}', mtime=0)[:-9], 400),
    ("br", b"x", 415),
]


@pytest.mark.parametrize(("encoding", "body", "status"), BODIES)
def test_compressed_bodies_are_read_or_refused(org: Process, encoding: str, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    reply = org.call("POST", "/sobjects/Account", data=body, headers=headers)
    assert (reply.status_code, reply.headers["Server"]) == (status, "sfdcedge")


LONG = [(17_000, 0, 414), (100_000, 0, 414), (0, 17_000, 431), (0, 90_000, 431)]


@pytest.mark.parametrize(("padding", "header", "status"), LONG)
def test_requests_that_are_too_long_are_refused_in_salesforces_words(
    org: Process, padding: int, header: int, status: int
) -> None:
    reply = org.call("GET", f"/limits?x={'x' * padding}", headers={"X-Padding": "y" * header})
    assert (reply.status_code, reply.headers["Server"]) == (status, "sfdcedge")


def test_old_clients_get_their_reply_in_one_piece(org: Process) -> None:
    parts = urlsplit(org.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as connection:
        connection.sendall(b"GET /services/data HTTP/1.0\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200") and b"chunked" not in head
    assert json.loads(body)[-1]["version"] == "67.0"


def test_cookies_are_set_once(org: Process) -> None:
    org.session.cookies.clear()
    assert {cookie.name for cookie in org.call("GET", "/limits").cookies} == {
        "BrowserId",
        "CookieConsentPolicy",
        "LSKey-c$CookieConsentPolicy",
    }
    assert "Set-Cookie" not in org.call("GET", "/limits").headers
    org.session.cookies.clear()


# Faults of the wire


def fault(org: Process, name: str, calls: str = "1", **params: object) -> None:
    org.control("POST", "/faults", {"name": name, "when": {"calls": calls}, "params": params})


def test_connections_drop_and_replies_are_cut(org: Process) -> None:
    fault(org, "http.drop")
    with pytest.raises(requests.ConnectionError):
        org.call("GET", "/limits")
    fault(org, "http.cut", bytes=20)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        org.call("GET", "/limits")
    assert org.call("GET", "/limits").status_code == 200


def test_a_reply_can_be_lost_after_the_work_was_done(org: Process) -> None:
    fault(org, "reply.lost")
    with pytest.raises(requests.ConnectionError):
        org.call("POST", "/sobjects/Account", json={"Name": "done"})
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 1
    fault(org, "reply.lost", commit_after_s=100)
    with pytest.raises(requests.ConnectionError):
        org.call("POST", "/sobjects/Account", json={"Name": "done later"})
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 1
    org.control("PUT", "/clock", {"advance_s": 101})
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 2


def test_the_edge_answers_in_html_and_late(org: Process) -> None:
    fault(org, "http.html", status=502)
    reply = org.call("GET", "/limits")
    assert (reply.status_code, reply.headers["Content-Type"]) == (502, "text/html;charset=UTF-8")
    assert reply.text.startswith("<html>")
    fault(org, "http.latency", ms=300)
    begin = time.monotonic()
    assert org.call("GET", "/limits").status_code == 200
    assert time.monotonic() - begin >= 0.3
    fault(org, "http.latency", record_ms=100)
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in "abc"]
    inner = {"method": "POST", "url": f"{DATA}/composite/sobjects", "referenceId": "a", "body": {"records": records}}
    begin = time.monotonic()
    assert org.call("POST", "/composite", json={"compositeRequest": [inner]}).status_code == 200
    assert time.monotonic() - begin >= 0.3
    fault(org, "clock.skew", seconds=3600)
    skewed, right = (org.call("GET", "/limits").headers["Date"] for _ in range(2))
    assert skewed != right
