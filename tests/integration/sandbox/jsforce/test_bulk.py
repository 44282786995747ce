"""Both Bulk APIs as jsforce speaks them; every row is looked up in the org afterwards."""

from tests.integration.sandbox.conftest import Process
from tests.integration.sandbox.gadgets import stored
from tests.integration.sandbox.jsforce.client import play
from tests.integration.sandbox.jsforce.conftest import PAGE_ROWS

NASTY = 'Zoë "the 😀", Inc.\\ O\'Brien; a,b'


def test_bulk_1_in_csv(org: Process, session: dict[str, str]) -> None:
    records = [{"Name": "zero", "Key__c": "b0", "Size__c": "1"}, {"Name": NASTY, "Key__c": "b1"}, {"Name": "x" * 81}]
    upserts = [{"Key__c": "b1", "Name": NASTY, "Color__c": "blue"}, {"Key__c": "b9", "Name": "nine"}]
    soql = "SELECT Id, Name, Size__c FROM Gadget__c WHERE Key__c LIKE 'b%' ORDER BY Key__c"
    answer = play("bulk", "classic", records=records, upserts=upserts, soql=soql, **session)
    assert [result["success"] for result in answer["inserted"]] == [True, True, False]
    assert answer["inserted"][2]["errors"][0].startswith("STRING_TOO_LONG:Name: data value too large: xxx")
    ids = [result["id"] for result in answer["inserted"][:2]]
    assert answer["found"] == [
        {"Id": ids[0], "Name": "zero", "Size__c": "1.0"},
        {"Id": ids[1], "Name": NASTY, "Size__c": ""},
    ]
    assert [(result["id"], result["created"]) for result in answer["updated"]] == [(ids[0], False), (ids[1], False)]
    assert [result["created"] for result in answer["upserted"]] == [False, True]
    assert [(result["id"], result["success"]) for result in answer["deleted"]] == [(ids[0], True)]
    assert answer["refused"]["errorCode"] == "InvalidEntity"
    kept = [(row["Name"], row["Key__c"], row["Size__c"], row["Color__c"]) for row in stored(
        org, "Gadget__c", "Name,Key__c,Size__c,Color__c")]
    assert kept == [(NASTY, "b1", 7.5, "blue"), ("nine", "b9", None, None)]


def test_bulk_2_ingest_by_all_operations(org: Process, session: dict[str, str]) -> None:
    rows = [f'"i{number}, ""q""",i{number},{number}.5,{number % 2}' for number in range(5)]
    text = "\n".join(["Name,Key__c,Size__c,Is_Sold__c", *rows, "bad,i7,x,true", ""])
    upserts = [{"Key__c": "i4", "Name": "four", "Color__c": "up"}, {"Key__c": "i9", "Name": "nine", "Color__c": ""}]
    answer = play("bulk", "ingest", csv=text, upserts=upserts, **session)
    inserted = answer["inserted"]
    assert [row["Key__c"] for row in inserted["successfulResults"]] == ["i0", "i1", "i2", "i3", "i4"]
    assert {row["sf__Created"] for row in inserted["successfulResults"]} == {"true"}
    assert inserted["failedResults"] == [{
        "sf__Id": "",
        "sf__Error": "INVALID_TYPE_ON_FIELD_IN_RECORD:Size__c: value not of required type: x:Size__c --",
        "Name": "bad", "Key__c": "i7", "Size__c": "x", "Is_Sold__c": "true",
    }]
    assert inserted["unprocessedRecords"] == []
    ids = [row["sf__Id"] for row in inserted["successfulResults"]]
    assert [row["sf__Id"] for row in answer["updated"]["successfulResults"]] == ids
    assert [row["sf__Created"] for row in answer["upserted"]["successfulResults"]] == ["false", "true"]
    assert [row["sf__Id"] for row in answer["deleted"]["successfulResults"]] == ids[:2]
    assert [row["sf__Id"] for row in answer["deleted"]["failedResults"]] == [ids[0]]
    kept = {row.pop("Key__c"): row for row in stored(org, "Gadget__c", "Key__c,Name,Size__c,Color__c,Is_Sold__c")}
    assert kept == {
        "i2": {"Id": ids[2], "Name": 'i2, "q"', "Size__c": 2.5, "Color__c": "updated", "Is_Sold__c": False},
        "i3": {"Id": ids[3], "Name": 'i3, "q"', "Size__c": 3.5, "Color__c": None, "Is_Sold__c": True},
        "i4": {"Id": ids[4], "Name": "four", "Size__c": 4.5, "Color__c": "up", "Is_Sold__c": False},
        "i9": {"Id": kept["i9"]["Id"], "Name": "nine", "Size__c": None, "Color__c": None, "Is_Sold__c": False},
    }


def test_bulk_2_query_reads_every_page(org: Process, session: dict[str, str]) -> None:
    total = PAGE_ROWS * 2 + 37
    made = [{"op": "create", "object": "Gadget__c", "values": {"Name": f"{NASTY} {number}", "Size__c": number}}
            for number in range(total)]
    results = org.control("POST", "/records", {"changes": made})["results"]
    org.control("POST", "/records", {"changes": [{"op": "delete", "object": "Gadget__c", "id": results[0]["id"]}]})
    answer = play("bulk", "query", soql="SELECT Id, Name, Size__c, Is_Sold__c FROM Gadget__c", **session)
    wanted = [{**row, "Size__c": f"{row['Size__c']}", "Is_Sold__c": "false"}
              for row in stored(org, "Gadget__c", "Name,Size__c,Is_Sold__c")]
    # Every page repeats the header; jsforce glues pages together and takes the later ones' for records.
    headers = [place for place, row in enumerate(answer["records"]) if row["Id"] == "Id"]
    assert headers == [PAGE_ROWS, PAGE_ROWS * 2 + 1]
    assert [row for row in answer["records"] if row["Id"] != "Id"] == wanted
    assert len(wanted) == total - 1
    assert answer["all"] == total + len(headers)
    assert answer["refused"]["message"] == "Aggregate functions are not supported in Bulk Query"
    paths = [call["path"] for call in org.control("GET", "/calls?limit=1000") if "/results" in call["path"]]
    assert len(paths) == 6


def test_jobs_that_fail_or_are_aborted_store_nothing(org: Process, session: dict[str, str]) -> None:
    answer = play("bulk", "failing", **session)
    assert answer["refused"]["message"].endswith("InvalidBatch : Field name not found : Nope__c")
    assert (answer["info"]["state"], answer["info"]["numberRecordsProcessed"]) == ("Failed", 0)
    assert answer["aborted"] == "Aborted"
    assert answer["gone"]["errorCode"] == "NOT_FOUND"
    assert stored(org, "Gadget__c", "Name") == []
