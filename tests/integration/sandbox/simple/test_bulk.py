"""Both Bulk APIs by simple-salesforce; every row is looked up in the org afterwards."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceOperationError

from tests.integration.sandbox.conftest import Process
from tests.integration.sandbox.gadgets import stored
from tests.integration.sandbox.simple.conftest import ROWS

NASTY = 'Zoë "the 😀", Inc.\nsecond line; a`b^c|d\te'
LINE = NASTY.replace("\n", " ").replace("\t", " ")


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    """Read CSV."""
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def held(org: Process, *names: str) -> list[tuple[Any, ...]]:
    """Return the gadgets there are."""
    rows = stored(org, "Gadget__c", ",".join(names))
    return sorted((tuple(row[name] for name in names) for row in rows), key=str)


# 2.0


def test_bulk_2_query_reads_every_page(client: Salesforce) -> None:
    soql = "SELECT Id, Name, AnnualRevenue, CreatedDate FROM Account ORDER BY Id"
    pages = list(client.bulk2.Account.query(soql, max_records=1000, wait=0.01))
    assert len(pages) == 5
    rows = [row for page in pages for row in table(page)]
    known = client.query_all(soql)["records"]
    assert [(row["Id"], row["Name"]) for row in rows] == [(record["Id"], record["Name"]) for record in known]
    revenue = [None if row["AnnualRevenue"] == "" else float(row["AnnualRevenue"]) for row in rows]
    assert revenue == [record["AnnualRevenue"] for record in known]
    stamps = [row["CreatedDate"].replace("Z", "+0000") for row in rows]
    assert stamps == [record["CreatedDate"] for record in known]


@pytest.mark.parametrize(
    ("delimiter", "mark", "ending"),
    [(ColumnDelimiter.COMMA, ",", LineEnding.LF), (ColumnDelimiter.PIPE, "|", LineEnding.CRLF),
     (ColumnDelimiter.TAB, "\t", LineEnding.LF)],
)
def test_bulk_2_downloads_pages_as_files(
    client: Salesforce, tmp_path: Path, delimiter: ColumnDelimiter, mark: str, ending: LineEnding
) -> None:
    soql = "SELECT Id, Name, Phone FROM Account"
    pages = client.bulk2.Account.download(
        soql, path=str(tmp_path), max_records=2000, column_delimiter=delimiter, line_ending=ending, wait=0.01
    )
    texts = [Path(page["file"]).read_bytes().decode() for page in pages]
    assert [page["number_of_records"] for page in pages] == [2000, 2000, 500]
    assert all(text.endswith({"LF": "\n", "CRLF": "\r\n"}[ending.value]) for text in texts)
    rows = [(row["Id"], row["Name"], row["Phone"]) for text in texts for row in table(text, mark)]
    known = client.query_all(soql)["records"]
    assert rows == [(record["Id"], record["Name"], record["Phone"] or "") for record in known]
    assert len(rows) == ROWS


def test_bulk_2_ingest_goes_through_all_operations(client: Salesforce, org: Process) -> None:
    gadgets = client.bulk2.Gadget__c
    rows = [{"Name": LINE, "Key__c": f"n{number}", "Size__c": str(number)} for number in range(450)]
    [answer] = gadgets.insert(records=[*rows, {"Name": "bad", "Key__c": "n450", "Size__c": "many"}], wait=0.01)
    assert (answer["numberRecordsTotal"], answer["numberRecordsFailed"]) == (451, 1)
    [failed] = table(gadgets.get_failed_records(answer["job_id"]))
    assert (failed["sf__Id"], failed["Key__c"]) == ("", "n450")
    assert failed["sf__Error"].startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:Size__c: value not of required type: many")
    made = {row["Key__c"]: row["sf__Id"] for row in table(gadgets.get_successful_records(answer["job_id"]))}
    assert held(org, "Id", "Name", "Key__c", "Size__c") == sorted(
        (made[f"n{number}"], LINE, f"n{number}", float(number)) for number in range(450)
    )
    changes = [{"Id": made["n1"], "Size__c": "", "Color__c": "blue"}, {"Id": made["n2"], "Size__c": "#N/A"}]
    [answer] = gadgets.update(records=changes, wait=0.01)
    assert answer["numberRecordsFailed"] == 0
    kept = {row[0]: row[1:] for row in held(org, "Key__c", "Size__c", "Color__c")}
    assert (kept["n1"], kept["n2"], kept["n3"]) == ((1.0, "blue"), (None, None), (3.0, None))
    again = [{"Key__c": "n3", "Color__c": "#N/A", "Size__c": ""}, {"Key__c": "new", "Color__c": "red", "Size__c": "1"}]
    [answer] = gadgets.upsert(records=again, external_id_field="Key__c", wait=0.01)
    assert [row["sf__Created"] for row in table(gadgets.get_successful_records(answer["job_id"]))] == ["false", "true"]
    kept = {row[0]: row[1:] for row in held(org, "Key__c", "Size__c", "Color__c")}
    assert (kept["n3"], kept["new"]) == ((3.0, None), (1.0, "red"))
    gone = [{"Id": record_id} for record_id in made.values()]
    [answer] = gadgets.delete(records=[*gone, gone[0]], wait=0.01)
    assert (answer["numberRecordsTotal"], answer["numberRecordsFailed"]) == (451, 1)
    assert held(org, "Key__c") == [("new",)]


def test_bulk_2_hard_delete_leaves_nothing_in_the_bin(client: Salesforce, org: Process) -> None:
    made = client.Gadget__c.create({"Name": "hard"})["id"]
    kept = client.Gadget__c.create({"Name": "soft"})["id"]
    client.Gadget__c.delete(kept)
    [answer] = client.bulk2.Gadget__c.hard_delete(records=[{"Id": made}], wait=0.01)
    assert answer["numberRecordsFailed"] == 0
    found = {row["Id"] for row in stored(org, "Gadget__c", "Id", scope="all")}
    assert (made in found, kept in found) == (False, True)


def test_bulk_2_shows_why_a_job_or_a_row_failed(client: Salesforce, org: Process) -> None:
    gadgets = client.bulk2.Gadget__c
    with pytest.raises(SalesforceOperationError, match="Field name not found : Nope"):
        gadgets.insert(records=[{"Name": "x", "Nope": "y"}], wait=0.01)
    [answer] = gadgets.insert(records=[{"Name": "x", "CreatedDate": "2024-01-01T00:00:00Z"}], wait=0.01)
    [failed] = table(gadgets.get_failed_records(answer["job_id"]))
    assert failed["sf__Error"].startswith("INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: CreatedDate")
    assert held(org, "Name") == []


# 1.0


def test_bulk_1_goes_through_all_operations(client: Salesforce, org: Process) -> None:
    gadgets = client.bulk.Gadget__c
    rows = [{"Name": "one", "Key__c": "b1", "Size__c": 1.5}, {"Name": LINE, "Key__c": "b2"}, {"Name": "x" * 81}]
    made = gadgets.insert(rows)
    assert [item["success"] for item in made] == [True, True, False]
    assert made[2]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    found = gadgets.query("SELECT Id, Name, Size__c, Owner.Name FROM Gadget__c ORDER BY Key__c")
    assert [(row["Id"], row["Name"], row["Size__c"]) for row in found] == [
        (made[0]["id"], "one", 1.5),
        (made[1]["id"], LINE, None),
    ]
    assert {row["Owner"]["Name"] for row in found} == {"Integration User"}
    changed = gadgets.update([{"Id": made[0]["id"], "Size__c": None, "Color__c": "red"}])
    upserted = gadgets.upsert([{"Key__c": "b2", "Color__c": "blue"}, {"Key__c": "b3", "Name": "3"}], "Key__c")
    assert [(item["success"], item["created"]) for item in [*changed, *upserted]] == [
        (True, False),
        (True, False),
        (True, True),
    ]
    assert held(org, "Key__c", "Name", "Size__c", "Color__c") == sorted(
        [("b1", "one", None, "red"), ("b2", LINE, None, "blue"), ("b3", "3", None, None)], key=str
    )
    gone = gadgets.delete([{"Id": made[0]["id"]}])
    away = gadgets.hard_delete([{"Id": made[1]["id"]}])
    assert [item["success"] for item in [*gone, *away]] == [True, True]
    states = {row["Key__c"]: row["IsDeleted"] for row in stored(org, "Gadget__c", "Key__c,IsDeleted", scope="all")}
    assert (states["b1"], states["b3"], "b2" in states) == (True, False, False)


def test_bulk_1_batches_are_answered_in_order(client: Salesforce, org: Process) -> None:
    rows = [{"Name": f"row {number}", "Key__c": f"o{number:03}"} for number in range(250)]
    made = client.bulk.Gadget__c.insert(rows, batch_size=100)
    assert [row["Id"] for row in stored(org, "Gadget__c", "Key__c")] == sorted(item["id"] for item in made)
    names = {row["Id"]: row["Name"] for row in stored(org, "Gadget__c", "Name")}
    assert [names[item["id"]] for item in made] == [row["Name"] for row in rows]
    found = client.bulk.Gadget__c.query_all("SELECT Key__c FROM Gadget__c WHERE IsDeleted = false", lazy_operation=True)
    assert sorted(row["Key__c"] for page in found for row in page) == [row["Key__c"] for row in rows]


def test_bulk_1_refuses_what_it_does_not_know(client: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="Nothing__c"):
        client.bulk.Nothing__c.insert([{"Name": "x"}])
