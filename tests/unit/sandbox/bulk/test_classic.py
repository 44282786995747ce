"""Bulk API 1.0: jobs and batches in CSV, XML and JSON, PK chunking, errors."""

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree

import pytest

from sffdw.sandbox.call import Reply
from tests.unit.sandbox.bulk.conftest import CSV, Bulk

ASYNC = "/services/async/62.0/job"
SPACE = "http://www.force.com/2009/06/asyncapi/dataload"
XML, JSON = "application/xml; charset=UTF-8", "application/json; charset=UTF-8"


class Classic:
    """Speaks Bulk API 1.0 with an org."""

    def __init__(self, bulk: Bulk) -> None:
        self.bulk = bulk

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        session = {"authorization": "", "x_sfdc_session": self.bulk.token}
        return self.bulk.send(method, ASYNC + path, body, **(session | headers))

    def xml(self, method: str, path: str, body: str | None = None, **headers: str) -> dict[str, str]:
        """Send XML and return the elements of the info that comes back."""
        payload = None if body is None else body.encode()
        reply = self.send(method, path, payload, **({"content_type": XML} | headers))
        assert reply.content_type == "application/xml", reply
        root = ElementTree.fromstring(reply.payload(False))
        return {child.tag.rpartition("}")[2]: child.text or "" for child in root}

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        payload = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        reply = self.send(method, path, payload, **({"content_type": JSON} | headers))
        return json.loads(reply.payload(False))

    def job(self, operation: str, name: str = "Item__c", kind: str = "CSV", **extra: str) -> str:
        """Create a job by XML and return its id."""
        stated = {"operation": operation, "object": name, "contentType": kind} | extra
        inner = "".join(f"<{key}>{value}</{key}>" for key, value in stated.items())
        return self.xml("POST", "", f'<jobInfo xmlns="{SPACE}">{inner}</jobInfo>')["id"]

    def text(self, path: str) -> str:
        reply = self.send("GET", path, content_type="")
        assert reply.status == 200, reply.body
        return reply.payload(False).decode()


@pytest.fixture
def classic(bulk: Bulk) -> Classic:
    return Classic(bulk)


def test_a_job_of_records_in_csv(classic: Classic) -> None:
    created = classic.send(
        "POST",
        "",
        f'<jobInfo xmlns="{SPACE}"><operation>insert</operation><object>Item__c</object>'
        "<concurrencyMode>Parallel</concurrencyMode><contentType>CSV</contentType></jobInfo>".encode(),
        content_type=XML,
    )
    assert created.status == 201
    text = created.payload(False).decode()
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?><jobInfo\n   xmlns="http://www.force.com/')
    assert "<createdDate>2025-06-18T12:00:0" in text
    assert ".000Z</createdDate>\n" in text
    assert " <apiVersion>62.0</apiVersion>\n" in text
    job = ElementTree.fromstring(text)[0].text
    batch = classic.xml("POST", f"/{job}/batch", "Ext__c,Must__c\nA,m\nB,\n", content_type=CSV)
    assert (batch["state"], batch["jobId"]) == ("Queued", job)
    assert "stateMessage" not in batch
    shown = classic.xml("GET", f"/{job}/batch/{batch['id']}", content_type="")
    assert (shown["state"], shown["numberRecordsProcessed"], shown["numberRecordsFailed"]) == ("Completed", "2", "1")
    rows = list(csv.reader(io.StringIO(classic.text(f"/{job}/batch/{batch['id']}/result"))))
    [record] = classic.bulk.values("SELECT Id FROM Item__c")
    assert rows == [
        ["Id", "Success", "Created", "Error"],
        [record, "true", "true", ""],
        ["", "false", "false", "REQUIRED_FIELD_MISSING:Required fields are missing: [Must__c]:Must__c --"],
    ]
    assert classic.text(f"/{job}/batch/{batch['id']}/request") == "Ext__c,Must__c\nA,m\nB,\n"
    closed = classic.xml("POST", f"/{job}", f'<jobInfo xmlns="{SPACE}"><state>Closed</state></jobInfo>')
    assert (closed["state"], closed["numberBatchesCompleted"], closed["numberRecordsFailed"]) == ("Closed", "1", "1")
    refused = classic.xml("POST", f"/{job}/batch", "Must__c\nm\n", content_type=XML)
    assert refused["exceptionCode"] == "InvalidJobState"


def test_a_job_of_records_in_json(classic: Classic) -> None:
    parent = classic.bulk.create("Item__c", Must__c="m", Ext__c="P", Note__c="x")
    job = classic.json(
        "POST",
        "",
        {"operation": "upsert", "object": "Item__c", "contentType": "JSON", "externalIdFieldName": "Ext__c"},
    )
    assert list(job)[:3] == ["apexProcessingTime", "apiActiveProcessingTime", "apiVersion"]
    assert (job["apiVersion"], job["createdDate"][-9:]) == (62.0, ".000+0000")
    records = [
        {"Ext__c": "P", "Note__c": None},
        {"Ext__c": "C", "Must__c": "m", "Item__r": {"Ext__c": "P"}},
        {"Ext__c": "D", "Must__c": "too long for its field"},
    ]
    batch = classic.json("POST", f"/{job['id']}/batch", records)
    assert (batch["state"], batch["stateMessage"]) == ("Queued", None)
    assert classic.json("GET", f"/{job['id']}/batch")["batchInfo"][0]["state"] == "Completed"
    results = classic.json("GET", f"/{job['id']}/batch/{batch['id']}/result")
    assert [(item["success"], item["created"]) for item in results] == [(True, False), (True, True), (False, False)]
    assert results[0] == {"success": True, "created": False, "id": parent, "errors": []}
    assert results[2]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    assert classic.bulk.rows("SELECT Note__c, Item__c FROM Item__c ORDER BY Ext__c DESC") == [
        {"Note__c": None, "Item__c": None},
        {"Note__c": None, "Item__c": parent},
    ]
    closed = classic.json("POST", f"/{job['id']}", {"state": "Closed"})
    assert (closed["state"], closed["numberRecordsProcessed"]) == ("Closed", 3)


def test_a_job_of_records_in_xml(classic: Classic) -> None:
    record = classic.bulk.create("Item__c", Must__c="m", Ext__c="P", Note__c="x")
    job = classic.job("update", kind="XML")
    batch = classic.xml(
        "POST",
        f"/{job}/batch",
        f'<sObjects xmlns="{SPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<sObject><Id>{record}</Id><Note__c xsi:nil="true"/><Score__c>2.5</Score__c>'
        "<Item__r><sObject><Ext__c>P</Ext__c></sObject></Item__r></sObject>"
        f"<sObject><Id>{record[:-3]}</Id></sObject></sObjects>",
    )
    text = classic.text(f"/{job}/batch/{batch['id']}/result")
    assert f"<result><id>{record}</id><success>true</success><created>false</created></result>" in text
    assert "<statusCode>DUPLICATE_VALUE</statusCode></errors><success>false</success>" in text
    assert classic.bulk.rows("SELECT Note__c, Score__c, Item__c FROM Item__c") == [
        {"Note__c": None, "Score__c": 2.5, "Item__c": record}
    ]


def query(classic: Classic, kind: str, soql: str, name: str = "Contact", **headers: str) -> tuple[str, str]:
    """Run a query job of one batch; return its path and the text of its only result."""
    job = classic.job("query", name, kind)
    batch = classic.xml("POST", f"/{job}/batch", soql, content_type=XML)["id"]
    path = f"/{job}/batch/{batch}"
    listed = classic.text(f"{path}/result")
    result = json.loads(listed)[0] if kind == "JSON" else ElementTree.fromstring(listed)[0].text
    assert len(str(result)) == 15
    return path, classic.text(f"{path}/result/{result}")


@pytest.fixture
def contact(classic: Classic) -> str:
    account = classic.bulk.create("Account", Name='Big "A" & Co')
    return classic.bulk.create("Contact", LastName="Who", AccountId=account, Birthdate="1970-01-02")


SOQL = "SELECT Id, Account.Name, Birthdate, CreatedDate, Email FROM Contact"


def test_a_query_in_csv(classic: Classic, contact: str) -> None:
    _, text = query(classic, "CSV", SOQL)
    assert text == (
        '"Id","Account.Name","Birthdate","CreatedDate","Email"\n'
        f'"{contact}","Big ""A"" & Co","1970-01-02","2025-06-18T12:00:00.000Z",""\n'
    )


def test_a_query_in_json(classic: Classic, contact: str) -> None:
    _, text = query(classic, "JSON", SOQL)
    [record] = json.loads(text)
    assert text.startswith('[ {\n  "attributes" : {')
    assert record["Account"]["Name"] == 'Big "A" & Co'
    assert (record["Birthdate"], record["CreatedDate"], record["Email"]) == (86_400_000, 1_750_248_000_000, None)
    assert record["attributes"] == {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{contact}"}


def test_a_query_in_json_takes_typeof(classic: Classic, contact: str) -> None:
    classic.bulk.create("Task", Subject="s", Status="Not Started", Priority="Normal", WhoId=contact)
    soql = "SELECT Subject, TYPEOF Who WHEN Contact THEN LastName WHEN Lead THEN Company END FROM Task"
    _, text = query(classic, "JSON", soql, "Task")
    assert json.loads(text)[0]["Who"]["LastName"] == "Who"


def test_a_query_in_xml(classic: Classic, contact: str) -> None:
    _, text = query(classic, "XML", SOQL)
    [record] = ElementTree.fromstring(text)
    found = {child.tag.rpartition("}")[2]: child for child in record}
    assert (found["type"].text, found["Id"].text) == ("Contact", contact)
    assert found["Account"][1].text == 'Big "A" & Co'
    assert found["CreatedDate"].text == "2025-06-18T12:00:00.000Z"
    assert found["Email"].attrib == {"{http://www.w3.org/2001/XMLSchema-instance}nil": "true"}


FAILING = [
    ("SELECT Nope FROM Contact", "INVALID_FIELD"),
    ("SELECT Id FROM", "MALFORMED_QUERY"),
    ("SELECT COUNT() FROM Contact", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT Id FROM Account", "InvalidBatch"),
    ("SELECT TYPEOF Who WHEN Contact THEN LastName END FROM Task", "FUNCTIONALITY_NOT_ENABLED"),
]


@pytest.mark.parametrize(("soql", "code"), FAILING)
def test_a_batch_with_a_bad_query_fails(classic: Classic, soql: str, code: str) -> None:
    job = classic.job("query", "Contact")
    batch = classic.xml("POST", f"/{job}/batch", soql, content_type=CSV)["id"]
    info = classic.xml("GET", f"/{job}/batch/{batch}", content_type="")
    assert info["state"] == "Failed"
    assert info["stateMessage"].startswith(f"InvalidBatch : Failed to process query: {code}: ")
    assert classic.xml("GET", f"/{job}/batch/{batch}/result", content_type="")["exceptionCode"] == "InvalidBatch"


def test_pk_chunking_splits_a_query_by_id(classic: Classic) -> None:
    ids = [classic.bulk.create("Account", Name=f"n{number}", Site="x OR y") for number in range(7)]
    body = f'<jobInfo xmlns="{SPACE}"><operation>query</operation><object>Account</object>'
    header = {"sforce_enable_pkchunking": "chunkSize=3"}
    job = classic.xml("POST", "", f"{body}<contentType>CSV</contentType></jobInfo>", **header)["id"]
    soql = "SELECT Id FROM Account WHERE Site = 'x where y' OR Name != 'n1'"
    first = classic.xml("POST", f"/{job}/batch", soql, content_type=CSV)["id"]
    classic.text(f"/{job}/batch")
    root = ElementTree.fromstring(classic.text(f"/{job}/batch"))
    infos = [{child.tag.rpartition("}")[2]: child.text for child in info} for info in root]
    assert [info["state"] for info in infos] == ["Not Processed", "Completed", "Completed", "Completed"]
    assert infos[0]["id"] == first
    sent = [classic.text(f"/{job}/batch/{info['id']}/request") for info in infos[1:]]
    assert sent[1] == (
        f"SELECT Id FROM Account WHERE (Site = 'x where y' OR Name != 'n1') AND Id >= '{ids[3]}' AND Id < '{ids[6]}'"
    )
    found = []
    for info in infos[1:]:
        [result] = ElementTree.fromstring(classic.text(f"/{job}/batch/{info['id']}/result"))
        found.append(classic.text(f"/{job}/batch/{info['id']}/result/{result.text}").split('"')[3::2])
    assert [[text for text in part if text.startswith("001")] for part in found] == [
        [ids[0], ids[2]],
        ids[3:6],
        ids[6:],
    ]


@pytest.mark.parametrize("header", ["chunkSize=0", "chunkSize=250001", "size=3", "chunkSize=x"])
def test_pk_chunking_wants_known_options(classic: Classic, header: str) -> None:
    body = {"operation": "query", "object": "Account", "contentType": "CSV"}
    refused = classic.json("POST", "", body, sforce_enable_pkchunking=header)
    assert refused["exceptionCode"] == "InvalidJob"


def test_pk_chunking_wants_a_plain_query(classic: Classic) -> None:
    body = {"operation": "query", "object": "Account", "contentType": "CSV"}
    job = classic.json("POST", "", body, sforce_enable_pkchunking="true")["id"]
    batch = classic.json("POST", f"/{job}/batch", "SELECT Id FROM Account ORDER BY Name")["id"]
    assert classic.json("GET", f"/{job}/batch/{batch}")["state"] == "Failed"


# Errors


def test_a_dead_session_is_refused_in_the_callers_form(classic: Classic) -> None:
    reply = classic.send("GET", "/750000000000001", content_type="", x_sfdc_session="no")
    assert reply.status == 400
    assert "<exceptionCode>InvalidSessionId</exceptionCode>" in reply.payload(False).decode()
    want = {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"}
    assert classic.json("GET", "/750000000000001", x_sfdc_session="no") == want


REFUSED = [
    ({"operation": "insert", "object": "Nope"}, "InvalidEntity"),
    ({"operation": "insert", "object": "TaskStatus"}, "InvalidEntity"),
    ({"operation": "grow", "object": "Item__c"}, "InvalidJob"),
    ({"operation": "upsert", "object": "Item__c"}, "InvalidJob"),
    ({"operation": "insert", "object": "Item__c", "contentType": "ZIP"}, "InvalidJob"),
    ([], "InvalidJob"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
def test_jobs_that_are_refused(classic: Classic, body: Any, code: str) -> None:
    assert classic.json("POST", "", body)["exceptionCode"] == code


def test_what_does_not_exist_is_refused(classic: Classic) -> None:
    job = classic.job("insert")
    assert classic.json("GET", "/750000000000009")["exceptionCode"] == "InvalidJob"
    assert classic.json("GET", f"/{job}/batch/751000000000009")["exceptionCode"] == "InvalidBatch"
    reply = classic.bulk.send(
        "GET", f"/services/async/61.0/job/{job}", authorization="", x_sfdc_session=classic.bulk.token
    )
    assert reply.body["exceptionCode"] == "InvalidVersion"


CONTENTS = [
    ("CSV", b"Nope\nx\n", "InvalidBatch : Field name not found : Nope"),
    ("CSV", b'Must__c\n"x\n', "InvalidBatch : Failed to parse CSV"),
    ("JSON", b"{}", "InvalidBatch : The batch must be an array of objects"),
    ("JSON", b"[", "InvalidBatch : Unable to parse JSON"),
    ("XML", b"<a>", "InvalidBatch : Unable to parse XML"),
    ("CSV", b"Must__c\n" + b"m\n" * 10_001, "InvalidBatch : Maximum records per batch exceeded: 10000"),
]


@pytest.mark.parametrize(("kind", "content", "message"), CONTENTS)
def test_batches_that_cannot_be_read_fail(classic: Classic, kind: str, content: bytes, message: str) -> None:
    job = classic.job("insert", kind=kind)
    batch = json.loads(classic.send("POST", f"/{job}/batch", content, content_type=JSON).payload(False))
    info = classic.json("GET", f"/{job}/batch/{batch['id']}")
    assert info["state"] == "Failed"
    assert info["stateMessage"].startswith(message)


def test_batches_are_limited(classic: Classic) -> None:
    job = classic.job("insert")
    classic.bulk.fault("limit.bulk", {"kind": "bulk_upload", "calls": "1"})
    refused = classic.json("POST", f"/{job}/batch", "Must__c\nm\n")
    assert refused == {"exceptionCode": "ExceededQuota", "exceptionMessage": "ApiBatchItems Limit exceeded."}
    assert classic.json("POST", f"/{job}/batch", "Must__c\nm\n")["state"] == "Queued"


def test_an_aborted_job_processes_nothing_more(slow: Bulk) -> None:
    classic = Classic(slow)
    job = classic.job("insert")
    batch = classic.json("POST", f"/{job}/batch", "Must__c\nm\n")["id"]
    assert classic.json("POST", f"/{job}", {"state": "Aborted"})["state"] == "Aborted"
    slow.send("PUT", "/_sandbox/clock", {"advance_s": 60})
    assert classic.json("GET", f"/{job}/batch/{batch}")["state"] == "Not Processed"
    assert slow.values("SELECT Id FROM Item__c") == []
    assert slow.get("/jobs/ingest?jobType=Classic")["records"][0]["id"] == job
