"""Both Bulk APIs over the wire: simple-salesforce, unmodified, over TLS; compressed, cut and parallel pages."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceOperationError

from tests.integration.sandbox.conftest import Process, start_process

ROWS = 3000
NASTY = 'Zoë "the 😀", Inc.\nsecond line'


@pytest.fixture(scope="module")
def process(certificate: tuple[Path, Path]) -> Iterator[Process]:
    cert, key = certificate
    running = start_process(["--tls", str(cert), str(key), "--speed", "instant", "--rows", f"Account={ROWS}"])
    running.session.verify = str(cert)
    running.login()
    yield running
    assert running.stop() == 0
    assert running.popen.stdout is not None
    running.popen.stdout.close()


@pytest.fixture
def client(process: Process) -> Iterator[Salesforce]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = process.session.verify
        token = process.login()
        yield Salesforce(
            instance=process.url.removeprefix("https://"), session_id=token, session=session, version="62.0"
        )


def completed(process: Process, soql: str) -> str:
    """Run a query job to its end and return the path of its results."""
    job = process.call("POST", "/jobs/query", json={"operation": "query", "query": soql}).json()
    assert process.call("GET", f"/jobs/query/{job['id']}").json()["state"] == "JobComplete"
    return f"/jobs/query/{job['id']}/results"


# simple-salesforce


def test_bulk_2_query_reads_every_page(client: Salesforce) -> None:
    soql = "SELECT Id, Name, AnnualRevenue, CreatedDate FROM Account ORDER BY Id"
    pages = list(client.bulk2.Account.query(soql, max_records=1000, wait=0.01))
    assert len(pages) == 3
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]
    known = client.query_all(soql)["records"]
    assert [(row["Id"], row["Name"]) for row in rows] == [(record["Id"], record["Name"]) for record in known]
    revenue = [None if row["AnnualRevenue"] == "" else float(row["AnnualRevenue"]) for row in rows]
    assert revenue == [record["AnnualRevenue"] for record in known]
    assert {row["CreatedDate"][-5:] for row in rows} == {".000Z"}


def test_bulk_2_ingest_goes_through_all_operations(client: Salesforce) -> None:
    contacts = client.bulk2.Contact
    rows = [{"LastName": f"n{number}", "Title": NASTY} for number in range(450)]
    [answer] = contacts.insert(records=[*rows, {"LastName": "", "Title": "nobody"}], wait=0.01)
    assert (answer["numberRecordsTotal"], answer["numberRecordsFailed"]) == (451, 1)
    failed = list(csv.DictReader(io.StringIO(contacts.get_failed_records(answer["job_id"]))))
    assert failed[0]["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    stored = client.query_all("SELECT Id, Title FROM Contact WHERE LastName LIKE 'n%'")["records"]
    assert {record["Title"] for record in stored} == {NASTY}
    ids = [record["Id"] for record in stored]
    [answer] = contacts.update(records=[{"Id": record_id, "Title": "#N/A"} for record_id in ids], wait=0.01)
    assert answer["numberRecordsFailed"] == 0
    assert client.query("SELECT COUNT() FROM Contact WHERE Title = null AND LastName LIKE 'n%'")["totalSize"] == 450
    [answer] = contacts.upsert(records=[{"Id": ids[0], "LastName": "changed"}], external_id_field="Id", wait=0.01)
    assert client.Contact.get(ids[0])["LastName"] == "changed"
    [answer] = contacts.delete(records=[{"Id": record_id} for record_id in ids], wait=0.01)
    assert answer["numberRecordsFailed"] == 0
    assert client.query("SELECT COUNT() FROM Contact WHERE LastName LIKE 'n%'")["totalSize"] == 0


def test_bulk_2_shows_why_a_job_failed(client: Salesforce) -> None:
    with pytest.raises(SalesforceOperationError, match="Field name not found : Nope"):
        client.bulk2.Contact.insert(records=[{"LastName": "x", "Nope": "y"}], wait=0.01)


def test_bulk_1_writes_and_reads(client: Salesforce) -> None:
    made = client.bulk.Contact.insert([{"LastName": "b1"}, {"LastName": "b1", "Title": NASTY}, {"Title": "nobody"}])
    assert [item["success"] for item in made] == [True, True, False]
    assert made[2]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    found = client.bulk.Contact.query("SELECT Id, Title, Account.Name FROM Contact WHERE LastName = 'b1' ORDER BY Id")
    assert [(record["Id"], record["Title"]) for record in found] == [(made[0]["id"], None), (made[1]["id"], NASTY)]
    gone = client.bulk.Contact.delete([{"Id": item["id"]} for item in made[:2]])
    assert [item["success"] for item in gone] == [True, True]
    assert client.query("SELECT COUNT() FROM Contact WHERE LastName = 'b1'")["totalSize"] == 0


# The wire


def test_pages_are_compressed_on_request(process: Process) -> None:
    path = completed(process, "SELECT Id, Name, Website, Phone FROM Account")
    plain = process.call("GET", path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Content-Type"] == "text/csv"
    packed = process.call("GET", path, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    raw = packed.raw.read(decode_content=False)
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content)
    assert plain.headers["Sforce-NumberOfRecords"] == packed.headers["Sforce-NumberOfRecords"] == str(ROWS)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_page_may_be_cut_in_the_middle(process: Process, encoding: str) -> None:
    path = completed(process, "SELECT Id, Name FROM Account")
    params = {"name": "http.cut", "when": {"kind": "bulk_result", "calls": "1"}, "params": {"bytes": 5000}}
    process.control("POST", "/faults", params)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError, zlib.error)):
        _ = process.call("GET", path, headers={"Accept-Encoding": encoding}).content
    process.control("DELETE", "/faults")
    assert process.call("GET", path, headers={"Accept-Encoding": encoding}).content.count(b"\n") > ROWS


def test_pages_are_read_in_parallel(process: Process) -> None:
    path = completed(process, "SELECT Id FROM Account ORDER BY Id")
    listed = process.call("GET", path.replace("results", "resultPages"), params={"maxRecords": 700}).json()
    assert listed["done"] is True

    def read(page: dict[str, str]) -> list[str]:
        reply = process.call("GET", f"{page['resultUrl']}&maxRecords=700")
        return [row["Id"] for row in csv.DictReader(io.StringIO(reply.text))]

    with ThreadPoolExecutor(3) as pool:
        parts = list(pool.map(read, listed["resultPages"]))
    assert [len(part) for part in parts] == [700, 700, 700, 700, 200]
    assert len({record for part in parts for record in part}) == ROWS


def test_uploads_may_be_chunked(process: Process) -> None:
    made = process.call("POST", "/jobs/ingest", json={"object": "Contact", "operation": "insert"}).json()
    pieces = iter([b"LastName\nchun", b"ked\n", b"other\n"])
    reply = process.session.put(
        f"{process.url}/{made['contentUrl']}", data=pieces, headers={"Content-Type": "text/csv"}, timeout=30
    )
    assert (reply.status_code, reply.content) == (201, b"")
    process.call("PATCH", f"/jobs/ingest/{made['id']}", json={"state": "UploadComplete"})
    info = process.call("GET", f"/jobs/ingest/{made['id']}").json()
    assert (info["state"], info["numberRecordsProcessed"]) == ("JobComplete", 2)


def test_a_reset_ends_jobs_under_way(process: Process) -> None:
    process.control("POST", "/faults", {"name": "bulk.slow", "params": {"seconds": 3600}})
    made = process.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Account"}).json()
    assert process.call("GET", f"/jobs/query/{made['id']}").json()["state"] == "InProgress"
    process.control("POST", "/reset", {"rows": {"Account": ROWS}})
    process.login()
    assert process.call("GET", f"/jobs/query/{made['id']}").status_code == 404
    assert len(completed(process, "SELECT Id FROM Account")) > 0
