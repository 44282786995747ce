"""Records, queries and descriptions as jsforce reads and writes them, compared with what the org holds."""

from typing import Any

import pytest

from tests.integration.sandbox.conftest import Process
from tests.integration.sandbox.gadgets import stored
from tests.integration.sandbox.jsforce.client import play

NASTY = 'Zoë "the 😀", O\'Brien & Sons\\'
KEYED = "Name,Key__c,Size__c,Color__c"
MADE = "Made__c"


def test_every_object_listed_can_be_described(org: Process, session: dict[str, str]) -> None:
    answer = play("records", "describe", object="Gadget__c", **session)
    listed = {entry["name"]: entry for entry in answer["everything"]["sobjects"]}
    assert {"Account", "Contact", "Gadget__c", "User"} <= set(listed)
    assert set(answer["all"]) == {name for name, entry in listed.items() if entry["queryable"]}
    assert min(answer["all"].values()) > 0
    fields = {field["name"]: field for field in answer["one"]["fields"]}
    size, key = fields["Size__c"], fields["Key__c"]
    assert (size["type"], size["precision"], size["scale"], size["soapType"]) == ("double", 10, 2, "xsd:double")
    assert (key["type"], key["length"], key["byteLength"]) == ("string", 40, 120)
    assert (key["externalId"], key["unique"], key["idLookup"]) == (True, True, True)
    assert answer["one"]["keyPrefix"] == listed["Gadget__c"]["keyPrefix"] == "a0A"
    assert len(fields) == answer["all"]["Gadget__c"]


def test_a_record_lives_and_dies(org: Process, session: dict[str, str]) -> None:
    values = {"Name": NASTY, "Key__c": "live", "Size__c": 12.5, "Color__c": "red", "Is_Sold__c": True}
    answer = play(
        "records",
        "live",
        values={**values, MADE: "2024-01-31T12:11:12.000+02:00"},
        changes={"Color__c": None, "Size__c": 3, "Is_Sold__c": False},
        bad={"Name": "x", "Size__c": "many"},
        **session,
    )
    read, made_id = answer["read"], answer["created"]["id"]
    assert answer["created"] == {"id": made_id, "success": True, "errors": []}
    assert values.items() <= read.items()
    assert (read["Id"], read[MADE], read["type"]) == (made_id, "2024-01-31T10:11:12.000+0000", "Gadget__c")
    assert answer["updated"] == {"id": made_id, "success": True, "errors": []}
    assert {name: answer["changed"][name] for name in ("Color__c", "Size__c", "Is_Sold__c")} == {
        "Color__c": None,
        "Size__c": 3,
        "Is_Sold__c": False,
    }
    assert answer["refused"]["errorCode"] == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    assert answer["destroyed"] == {"id": answer["other"], "success": True, "errors": []}
    assert answer["gone"]["errorCode"] == "ENTITY_IS_DELETED"
    wanted = {"Name": NASTY, "Key__c": "live", "Size__c": 3.0, "Color__c": None, "Is_Sold__c": False}
    [kept] = stored(org, "Gadget__c", KEYED + ",Is_Sold__c")
    assert kept == {"Id": made_id, **wanted}
    everything = stored(org, "Gadget__c", "Key__c,IsDeleted", scope="all")
    assert [(row["Key__c"], row["IsDeleted"]) for row in everything] == [("live", False), ("short", True)]


def test_upsert_by_external_id(org: Process, session: dict[str, str]) -> None:
    key = "a/b c+é"
    more = [{"Key__c": key, "Size__c": 9}, {"Key__c": "new", "Name": "N"}, {"Key__c": "bad", "Size__c": "x"}]
    answer = play("records", "upsert", key=key, records=more, **session)
    made_id = answer["first"]["id"]
    assert answer["first"] == {"id": made_id, "success": True, "errors": [], "created": True}
    assert answer["second"] == {"id": made_id, "success": True, "errors": [], "created": False}
    assert [result["success"] for result in answer["many"]] == [True, True, False]
    assert [result.get("created") for result in answer["many"][:2]] == [False, True]
    assert answer["many"][2]["errors"][0]["statusCode"] == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    assert answer["refused"]["errorCode"] == "NOT_FOUND"
    rows = {row["Key__c"]: (row["Name"], row["Size__c"]) for row in stored(org, "Gadget__c", KEYED)}
    assert rows == {key: ("Made", 9.0), "new": ("N", None)}


def test_collections_of_more_than_200(org: Process, session: dict[str, str]) -> None:
    records = [{"Name": f"g{number}", "Key__c": f"k{number}", "Size__c": number / 4} for number in range(450)]
    double = {"Name": "double", "Key__c": "k1"}
    spoiled = [{"Name": "fine", "Key__c": "fine"}, {"Name": "x" * 81}]
    answer = play("records", "collections", records=[*records, double], destroyed=230, spoiled=spoiled, **session)
    assert [result["success"] for result in answer["created"]] == [True] * 450 + [False]
    assert answer["created"][450]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    made = [result["id"] for result in answer["created"][:450]]
    read = [{name: row[name] for name in ("Id", "Name", "Key__c", "Size__c")} for row in answer["retrieved"]]
    assert read == [{"Id": made_id, **record} for made_id, record in zip(made, records, strict=True)]
    assert [result["id"] for result in answer["updated"]] == made
    assert [result["id"] for result in answer["destroyed"]] == made[:230]
    assert all(result["success"] for result in [*answer["updated"], *answer["destroyed"]])
    assert "200 records" in answer["tooMany"]["message"]
    codes = [result["errors"][0]["statusCode"] for result in answer["wholly"]]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "STRING_TOO_LONG"]
    kept = {row["Id"]: (row["Name"], row["Size__c"]) for row in stored(org, "Gadget__c", "Name,Size__c")}
    assert kept == {made[place]: (f"g{place}", place + 0.5) for place in range(230, 450)}


@pytest.mark.parametrize(("total", "sizes"), [(0, [0]), (2000, [2000]), (4500, [2000, 2000, 500])])
def test_query_more_reads_every_row_once(
    org: Process, session: dict[str, str], total: int, sizes: list[int]
) -> None:
    org.control("POST", "/reset", {"rows": {"Account": total}})
    soql = "SELECT Id, Name, AnnualRevenue, Phone FROM Account ORDER BY Id"
    answer = play("records", "pages", soql=soql, **{**session, "token": org.login()})
    assert (answer["totalSize"], answer["sizes"], answer["fetched"]) == (total, sizes, total)
    names = ("Id", "Name", "AnnualRevenue", "Phone")
    read = [{name: row[name] for name in names} for row in answer["records"]]
    assert read == stored(org, "Account", ",".join(names))


def test_conditions_children_and_the_recycle_bin(org: Process, session: dict[str, str]) -> None:
    def create(name: str, **values: Any) -> Any:
        change = {"op": "create", "object": name, "values": values}
        return org.control("POST", "/records", {"changes": [change]})["results"][0]["id"]

    parents = [create("Account", Name=name) for name in ("Parent B", "Parent A", "Other")]
    for name in ("Zed", "Abel"):
        create("Contact", LastName=name, AccountId=parents[0])
    lost = create("Contact", LastName="Lost", AccountId=parents[1])
    org.control("POST", "/records", {"changes": [{"op": "delete", "object": "Contact", "id": lost}]})
    answer = play("records", "search", **session)
    found = [(row["Name"], row["Contacts"] and [child["LastName"] for child in row["Contacts"]["records"]])
             for row in answer["found"]]
    assert found == [("Parent A", None), ("Parent B", ["Abel", "Zed"])]
    assert {row["Owner"]["Username"] for row in answer["found"]} == {org.control("GET", "/")["credentials"]["username"]}
    assert (answer["counted"], answer["deleted"]) == (2, [lost])


def test_composite_requests_refer_to_each_other_and_roll_back(org: Process, session: dict[str, str]) -> None:
    answer = play("records", "composite", **session)
    good = answer["good"]["compositeResponse"]
    assert [step["httpStatusCode"] for step in good] == [201, 201, 200]
    assert good[2]["body"]["records"][0]["Account"]["Name"] == "Composed"
    bad = answer["bad"]["compositeResponse"]
    assert [(step["httpStatusCode"], step["body"][0]["errorCode"]) for step in bad] == [
        (400, "PROCESSING_HALTED"),
        (400, "REQUIRED_FIELD_MISSING"),
    ]
    [account], [contact] = stored(org, "Account", "Name"), stored(org, "Contact", "LastName,AccountId")
    assert account["Name"] == "Composed"
    assert (contact["LastName"], contact["AccountId"]) == ("Child", account["Id"])


def test_limits_and_the_usage_header(org: Process, session: dict[str, str]) -> None:
    answer = play("records", "limits", **session)
    calls = answer["limits"]["DailyApiRequests"]
    assert answer["usage"] == {"used": calls["Max"] - calls["Remaining"] + 1, "limit": calls["Max"]}


def test_updated_and_deleted(org: Process, session: dict[str, str]) -> None:
    answer = play("records", "replication", **session)
    assert answer["updated"]["ids"] == [answer["kept"]]
    assert [row["id"] for row in answer["deleted"]["deletedRecords"]] == [answer["lost"]]
