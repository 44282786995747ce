"""Bulk API 2.0 ingest: what rows mean, what becomes of them, and how a job goes."""

from typing import Any

import pytest

from tests.unit.sandbox.bulk.conftest import CSV, Bulk

GOOD, BAD, LEFT = "successfulResults", "failedResults", "unprocessedrecords"


def counts(job: dict[str, Any]) -> tuple[str, int, int]:
    return job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]


def test_insert_keeps_good_rows_and_says_what_is_wrong_with_others(bulk: Bulk) -> None:
    job = bulk.upload('Ext__c,Must__c,Score__c,On__c\nA,m,1.5e0,TRUE\nB,,2,0\n"C""q",m,x,1\n')
    assert counts(job) == ("JobComplete", 3, 2)
    good, bad = bulk.outcome(job, GOOD), bulk.outcome(job, BAD)
    assert [(row["sf__Created"], row["Ext__c"], row["Score__c"]) for row in good] == [("true", "A", "1.5e0")]
    assert [(row["sf__Id"], row["sf__Error"], row["Ext__c"]) for row in bad] == [
        ("", "REQUIRED_FIELD_MISSING:Required fields are missing: [Must__c]:Must__c --", "B"),
        ("", "INVALID_TYPE_ON_FIELD_IN_RECORD:Score__c: value not of required type: x:Score__c --", 'C"q'),
    ]
    assert bulk.outcome(job, LEFT) == []
    stored = bulk.rows("SELECT Id, Ext__c, Score__c, On__c FROM Item__c")
    assert stored == [{"Id": good[0]["sf__Id"], "Ext__c": "A", "Score__c": 1.5, "On__c": True}]
    assert bulk.text(f"/jobs/ingest/{job['id']}/{LEFT}") == '"Ext__c","Must__c","Score__c","On__c"\n'


def test_an_empty_value_changes_nothing_and_the_null_mark_empties(bulk: Bulk) -> None:
    record = bulk.create("Item__c", Must__c="m", Note__c="note", Score__c=4, Ext__c="e")
    job = bulk.upload(f"Id,Note__c,Score__c,Ext__c\n{record[:15]},,#N/A,new\n", operation="update")
    assert counts(job) == ("JobComplete", 1, 0)
    assert bulk.outcome(job, GOOD)[0]["sf__Created"] == "false"
    assert bulk.rows("SELECT Note__c, Score__c, Ext__c FROM Item__c") == [
        {"Note__c": "note", "Score__c": None, "Ext__c": "new"}
    ]


def test_update_names_the_rows_it_cannot_change(bulk: Bulk) -> None:
    record = bulk.create("Item__c", Must__c="m")
    job = bulk.upload(f"Id,Note__c\n,x\n{record},a\n{record},b\na0A000000000000,y\n", operation="update")
    assert counts(job) == ("JobComplete", 4, 3)
    assert [row["sf__Error"].split(":")[0] for row in bulk.outcome(job, BAD)] == [
        "MISSING_ARGUMENT",
        "DUPLICATE_VALUE",
        "INVALID_CROSS_REFERENCE_KEY",
    ]
    assert bulk.outcome(job, BAD)[1]["sf__Id"] == record
    assert bulk.values("SELECT Note__c FROM Item__c") == ["a"]


def test_upsert_creates_and_changes_by_external_id(bulk: Bulk) -> None:
    known = bulk.create("Item__c", Must__c="m", Ext__c="k1")
    content = "Ext__c,Must__c,Note__c\r\nk1,m,old\r\nk2,m,new\r\nk2,m,again\r\n"
    job = bulk.upload(content, operation="upsert", externalIdFieldName="ext__C", lineEnding="CRLF")
    assert job["externalIdFieldName"] == "Ext__c"
    good = bulk.outcome(job, GOOD)
    assert [(row["sf__Created"], row["Ext__c"]) for row in good] == [("false", "k1"), ("true", "k2")]
    assert good[0]["sf__Id"] == known
    bad = bulk.outcome(job, BAD)
    assert [row["sf__Error"] for row in bad] == ["DUPLICATE_VALUE:Duplicate external id specified: k2:Ext__c --"]
    assert bulk.values("SELECT Note__c FROM Item__c ORDER BY Ext__c") == ["old", "new"]


def test_upsert_by_id_inserts_rows_without_one(bulk: Bulk) -> None:
    known = bulk.create("Item__c", Must__c="m")
    job = bulk.upload(f"Id,Must__c\n{known},x\n,y\n", operation="upsert", externalIdFieldName="Id")
    assert [row["sf__Created"] for row in bulk.outcome(job, GOOD)] == ["false", "true"]
    assert bulk.values("SELECT Must__c FROM Item__c") == ["x", "y"]


def test_delete_and_hard_delete(bulk: Bulk) -> None:
    soft, hard = bulk.create("Item__c", Must__c="m"), bulk.create("Item__c", Must__c="m")
    assert counts(bulk.upload(f"Id\n{soft}\n", operation="delete")) == ("JobComplete", 1, 0)
    assert counts(bulk.upload(f"Id\n{hard}\n", operation="hardDelete")) == ("JobComplete", 1, 0)
    assert bulk.rows("SELECT Id, IsDeleted FROM Item__c", "queryAll") == [{"Id": soft, "IsDeleted": True}]
    again = bulk.upload(f"Id\n{soft}\n", operation="delete")
    assert bulk.outcome(again, BAD)[0]["sf__Error"] == "ENTITY_IS_DELETED:entity is deleted:--"


def test_hard_delete_wants_its_permission(bulk: Bulk) -> None:
    bulk.org.options.switches["bulk_hard_delete"] = False
    try:
        refused = bulk.post("/jobs/ingest", {"object": "Item__c", "operation": "hardDelete"})
    finally:
        del bulk.org.options.switches["bulk_hard_delete"]
    assert refused[0]["errorCode"] == "FEATURENOTENABLED"


def test_parents_are_named_by_external_id(bulk: Bulk) -> None:
    parent = bulk.create("Item__c", Must__c="m", Ext__c="P")
    owner = bulk.org.users.default
    job = bulk.upload(f"Must__c,Item__r.Ext__c,User:Owner.Username\nm,P,{owner.username}\nm,nope,\nm,,\n")
    assert counts(job) == ("JobComplete", 3, 1)
    assert bulk.outcome(job, BAD)[0]["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: nope not found")
    children = bulk.rows("SELECT Item__c, OwnerId FROM Item__c WHERE Must__c = 'm' AND Ext__c = null")
    assert [row["Item__c"] for row in children] == [parent, None]
    assert children[0]["OwnerId"] == owner.user_id
    child = bulk.outcome(job, GOOD)[0]["sf__Id"]
    assert counts(bulk.upload(f"Id,Item__r.Ext__c\n{child},#N/A\n", operation="update")) == ("JobComplete", 1, 0)
    assert bulk.values(f"SELECT Item__c FROM Item__c WHERE Id = '{child}'") == [None]


def test_polymorphic_parents_state_their_object(bulk: Bulk) -> None:
    contact = bulk.create("Contact", LastName="Who", Email="who@example.com")
    fields = "Subject,Status,Priority,Contact:Who.Email"
    job = bulk.upload(f"{fields}\ns,Not Started,Normal,who@example.com\n", object="Task")
    assert counts(job) == ("JobComplete", 1, 0), bulk.outcome(job, BAD)
    assert bulk.values("SELECT WhoId FROM Task") == [contact]


FAILING = [
    ("Ext__c,Nope__c\nA,m\n", {}, "InvalidBatch : Field name not found : Nope__c"),
    ("Must__c,Item__r.Note__c\nA,m\n", {}, "InvalidBatch : Field name not found : Item__r.Note__c"),
    ("Ext__c;Must__c\nA;m\n", {}, "InvalidBatch : Field name not found : Ext__c;Must__c"),
    (
        "Must__c\r\nm\r\n",
        {},
        "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
    ),
    (
        "Must__c\nm\n",
        {"lineEnding": "CRLF"},
        "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is CRLF",
    ),
    ("Must__c,Ext__c\nm\n", {}, "InvalidBatch : Record 1 has 1 fields, the header has 2"),
    ("Must__c\n" + "x" * 32_001 + "\n", {}, "InvalidBatch : Field in record 1 exceeds 32000 characters"),
    (b"Must__c\n\xff\n", {}, "InvalidBatch : Invalid UTF-8 byte at position 8"),
]


@pytest.mark.parametrize(("content", "options", "want"), FAILING)
def test_uploads_that_fail_as_a_whole(bulk: Bulk, content: str | bytes, options: dict[str, Any], want: str) -> None:
    job = bulk.upload(content, **options)
    assert (counts(job), job["errorMessage"]) == (("Failed", 0, 0), want)
    assert bulk.values("SELECT Id FROM Item__c") == []


def test_rows_of_a_failed_job_are_unprocessed(bulk: Bulk) -> None:
    job = bulk.upload("Nope__c,Must__c\nA,m\nB,m\n")
    assert bulk.outcome(job, LEFT) == [{"Nope__c": "A", "Must__c": "m"}, {"Nope__c": "B", "Must__c": "m"}]
    assert bulk.outcome(job, GOOD) == []


@pytest.mark.parametrize(
    ("name", "character"), [("TAB", "\t"), ("PIPE", "|"), ("SEMICOLON", ";"), ("CARET", "^"), ("BACKQUOTE", "`")]
)
def test_results_have_the_delimiter_of_the_upload(bulk: Bulk, name: str, character: str) -> None:
    job = bulk.upload(f'Must__c{character}Note__c\nm{character}"a{character}b"\n', columnDelimiter=name)
    assert counts(job) == ("JobComplete", 1, 0)
    assert bulk.values("SELECT Note__c FROM Item__c") == [f"a{character}b".strip()]
    header = bulk.text(f"/jobs/ingest/{job['id']}/{GOOD}").splitlines()[0]
    assert header == character.join(['"sf__Id"', '"sf__Created"', '"Must__c"', '"Note__c"'])


def test_a_job_is_uploaded_once(bulk: Bulk) -> None:
    job = bulk.post("/jobs/ingest", {"object": "item__c", "operation": "insert"})
    assert (job["object"], job["state"]) == ("Item__c", "Open")
    assert job["contentUrl"] == f"services/data/v62.0/jobs/ingest/{job['id']}/batches"
    url = "/" + job["contentUrl"]
    assert bulk.send("PUT", url, b"Must__c\nm\n", content_type="application/json").status == 415
    reply = bulk.send("PUT", url, b"Must__c\nm\n", content_type=CSV)
    assert (reply.status, reply.payload(False)) == (201, b"")
    again = bulk.send("PUT", url, b"Must__c\nm\n", content_type=CSV)
    assert (again.status, again.body[0]["errorCode"]) == (400, "CLIENTINPUTERROR")
    assert bulk.send("DELETE", f"/jobs/ingest/{job['id']}").status == 400
    assert bulk.send("GET", f"/jobs/ingest/{job['id']}/{GOOD}").body[0]["errorCode"] == "INVALIDJOBSTATE"
    assert (
        bulk.send("PATCH", f"/jobs/ingest/{job['id']}", {"state": "UploadComplete"}).body["state"] == "UploadComplete"
    )
    assert bulk.send("PUT", url, b"x", content_type=CSV).body[0]["errorCode"] == "INVALIDJOBSTATE"
    assert bulk.show(job["id"], "ingest")["state"] == "JobComplete"
    assert bulk.send("PATCH", f"/jobs/ingest/{job['id']}", {"state": "Aborted"}).status == 400
    assert bulk.get("/jobs/ingest")["records"][0]["id"] == job["id"]
    assert bulk.send("DELETE", f"/jobs/ingest/{job['id']}").status == 204
    assert bulk.send("GET", f"/jobs/ingest/{job['id']}").status == 404


def test_an_open_job_that_is_aborted_leaves_its_rows_unprocessed(bulk: Bulk) -> None:
    job = bulk.post("/jobs/ingest", {"object": "Item__c", "operation": "insert"})
    bulk.send("PUT", "/" + job["contentUrl"], b"Must__c\nm\n", content_type=CSV)
    assert bulk.send("PATCH", f"/jobs/ingest/{job['id']}", {"state": "Aborted"}).body["state"] == "Aborted"
    assert bulk.outcome(job, LEFT) == [{"Must__c": "m"}]
    assert bulk.values("SELECT Id FROM Item__c") == []


REFUSED = [
    ({"object": "Nope", "operation": "insert"}, "INVALIDENTITY"),
    ({"object": "Attachment", "operation": "insert"}, "INVALIDENTITY"),
    ({"object": "Item__c", "operation": "merge"}, "INVALIDJOB"),
    ({"object": "Item__c", "operation": "upsert"}, "INVALIDJOB"),
    ({"object": "Item__c", "operation": "upsert", "externalIdFieldName": "Note__c"}, "INVALIDJOB"),
    ({"object": "Item__c", "operation": "insert", "lineEnding": "CR"}, "INVALIDJOB"),
    ({"object": "Item__c", "operation": "insert", "state": "Open"}, "JSON_PARSER_ERROR"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
def test_jobs_that_are_refused(bulk: Bulk, body: dict[str, Any], code: str) -> None:
    assert bulk.post("/jobs/ingest", body)[0]["errorCode"] == code


def multipart(content: str) -> bytes:
    job = '{"object": "Item__c", "operation": "insert", "contentType": "CSV"}'
    return (
        f'--b\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n{job}\r\n'
        '--b\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; filename="c"\r\n\r\n'
        f"{content}\r\n--b--\r\n"
    ).encode()


def test_one_request_may_hold_job_and_data(bulk: Bulk) -> None:
    form = "multipart/form-data; boundary=b"
    job = bulk.post("/jobs/ingest", multipart("Must__c\nm1\nm2"), content_type=form)
    assert job["state"] == "UploadComplete"
    assert counts(bulk.show(job["id"], "ingest")) == ("JobComplete", 2, 0)
    assert bulk.values("SELECT Must__c FROM Item__c") == ["m1", "m2"]
    refused = bulk.post("/jobs/ingest", multipart("Must__c\n" + "m\n" * 50_001), content_type=form)
    assert refused[0]["errorCode"] == "CLIENTINPUTERROR"


# Faults and limits


def test_row_faults_strike_rows_of_the_job(bulk: Bulk) -> None:
    bulk.fault("dml.error", {"kind": "bulk_job", "calls": "2"}, code="UNABLE_TO_LOCK_ROW", message="busy", every=2)
    job = bulk.upload("Must__c\na\nb\nc\nd\n")
    assert counts(job) == ("JobComplete", 4, 2)
    assert [row["sf__Error"] for row in bulk.outcome(job, BAD)] == ["UNABLE_TO_LOCK_ROW:busy:--"] * 2
    assert bulk.values("SELECT Must__c FROM Item__c") == ["a", "c"]


def test_a_job_fails_in_the_middle(bulk: Bulk) -> None:
    bulk.fault("bulk.failed", {"calls": "1"}, after_rows=200, message="InternalServerError : gone")
    job = bulk.upload("Must__c\n" + "".join(f"m{number}\n" for number in range(250)))
    assert counts(job) == ("Failed", 200, 0)
    assert len(bulk.outcome(job, GOOD)) == 200
    assert [row["Must__c"] for row in bulk.outcome(job, LEFT)] == [f"m{number}" for number in range(200, 250)]


def test_rows_may_commit_late(bulk: Bulk) -> None:
    bulk.fault("commit.late", {"kind": "bulk_job", "calls": "2"}, after_s=600)
    job = bulk.upload("Must__c\nm\n")
    record = bulk.outcome(job, GOOD)[0]["sf__Id"]
    assert bulk.values("SELECT Id FROM Item__c") == []
    bulk.send("PUT", "/_sandbox/clock", {"advance_s": 601})
    assert bulk.values("SELECT Id FROM Item__c") == [record]


def test_batches_are_limited(bulk: Bulk) -> None:
    bulk.send("PUT", "/_sandbox/limits", {"DailyBulkApiBatches": {"max": 15000, "remaining": 1}})
    assert bulk.upload("Must__c\nm\n")["state"] == "JobComplete"
    job = bulk.upload("Must__c\nm\n")
    bulk.send("PUT", "/_sandbox/limits", {"DailyBulkApiBatches": {"max": 15000, "remaining": 15000}})
    assert (job["state"], job["errorMessage"]) == ("Failed", "ExceededQuota : ApiBatchItems Limit exceeded.")


def test_rows_come_in_by_the_clock_and_an_abort_leaves_the_rest(slow: Bulk) -> None:
    names = "".join(f"m{number}\n" for number in range(1000))
    job = slow.upload("Must__c\n" + names)
    assert counts(job) == ("UploadComplete", 0, 0)
    slow.send("PUT", "/_sandbox/clock", {"advance_s": 1.001})
    assert counts(slow.show(job["id"], "ingest")) == ("InProgress", 200, 0)
    slow.send("PUT", "/_sandbox/clock", {"advance_s": 0.25})
    assert counts(slow.show(job["id"], "ingest")) == ("InProgress", 400, 0)
    assert len(slow.values("SELECT Id FROM Item__c")) == 400
    slow.send("PATCH", f"/jobs/ingest/{job['id']}", {"state": "Aborted"})
    assert slow.show(job["id"], "ingest")["state"] == "Aborted"
    assert (len(slow.outcome(job, GOOD)), len(slow.outcome(job, LEFT))) == (400, 600)
