"""Bulk results and uploads over the wire: compressed, cut, parallel and chunked."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.integration.sandbox.conftest import Process, start_process

ROWS = 3000


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


def completed(process: Process, soql: str) -> str:
    """Run a query job to its end and return the path of its results."""
    job = process.call("POST", "/jobs/query", json={"operation": "query", "query": soql}).json()
    assert process.call("GET", f"/jobs/query/{job['id']}").json()["state"] == "JobComplete"
    return f"/jobs/query/{job['id']}/results"


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
