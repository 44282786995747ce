"""sObject trees, plans, folders; ids and references."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox import ids
from sffdw.sandbox.loader import LoadError, LoadPlan
from sffdw.sandbox.schema import Schema

from .conftest import tree, values_of

Write = Callable[[str, Any], Path]
Plan = Callable[..., LoadPlan]
ACCOUNT_ID = ids.to18("001A00000000001")
CONTACT_ID = ids.to18("003A00000000001")


def steps(*files: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"sobject": kind, "saveRefs": True, "resolveRefs": True, "files": [file]} for kind, file in files]


def test_references_become_ids_and_lookups(write: Write, schema: Schema, plan_of: Plan, tmp_path: Path) -> None:
    write("brokers.json", tree("Broker__c", {"ref": "B1", "Name": "Ann"}))
    write("homes.json", tree("Home__c", {"Name": "H", "Broker__c": "@B1", "Price__c": 975000, "Zip__c": "01742"}))
    write("sample-plan.json", steps(("Broker__c", "brokers.json"), ("Home__c", "homes.json")))
    plan = plan_of(tmp_path)
    (broker,), (home,) = values_of(plan, "Broker__c"), values_of(plan, "Home__c")
    assert home["Broker__c"] == broker["Id"]
    assert (home["Price__c"], home["Zip__c"]) == (975000.0, "01742")
    plan.define(schema)
    lookup = schema["Home__c"].field("Broker__c")
    assert lookup is not None and lookup.reference_to == ("Broker__c",)
    assert broker["Id"].startswith(str(schema["Broker__c"].key_prefix))
    assert schema.child("Broker__c", "Homes__r") is not None


def test_children_inside_their_parent_point_to_it(write: Write, plan_of: Plan) -> None:
    nested = tree("Account", {"Name": "A"})
    nested["records"][0]["Contacts"] = tree("Contact", {"lastname": "L"}, {"LastName": "M"})
    nested["records"][0]["Wheels__r"] = tree("Wheel__c", {"Name": "W"})
    plan = plan_of(write("tree.json", nested))
    (account,) = values_of(plan, "Account")
    assert [(row["LastName"], row["AccountId"]) for row in values_of(plan, "Contact")] == [
        ("L", account["Id"]),
        ("M", account["Id"]),
    ]
    assert values_of(plan, "Wheel__c")[0]["Account__c"] == account["Id"]


def test_references_are_local_to_the_files_of_a_plan(write: Write, plan_of: Plan, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(f"{folder}/a.json", tree("Account", {"ref": "R", "Name": folder}))
        write(f"{folder}/c.json", tree("Contact", {"LastName": folder, "AccountId": "@R"}))
        write(f"{folder}/x-plan.json", steps(("Account", "a.json"), ("Contact", "c.json")))
    plan = plan_of(tmp_path)
    names = {row["Id"]: row["Name"] for row in values_of(plan, "Account")}
    assert [(row["LastName"], names[row["AccountId"]]) for row in values_of(plan, "Contact")] == [
        ("one", "one"),
        ("two", "two"),
    ]


def test_plans_that_share_a_file_load_it_once_and_share_references(write: Write, plan_of: Plan, tmp_path: Path) -> None:
    write("a.json", tree("Account", {"ref": "R", "Name": "A"}))
    write("c.json", tree("Contact", {"LastName": "L", "AccountId": "@R"}))
    write("Plan1.json", steps(("Account", "a.json")))
    write("z-plan.json", steps(("Contact", "c.json"), ("Account", "a.json")))
    plan = plan_of(tmp_path)
    (account,), (contact,) = values_of(plan, "Account"), values_of(plan, "Contact")
    assert contact["AccountId"] == account["Id"]


def test_a_plan_wins_over_a_csv_of_the_same_object_and_a_tree_does_not(
    write: Write, plan_of: Plan, tmp_path: Path
) -> None:
    write("spaces.json", tree("Space__c", {"Name": "tree"}))
    write("s-plan.json", steps(("Space__c", "spaces.json")))
    write("Space_Data.csv", "Name\ncsv\n")
    write("leads.json", tree("Lead", {"LastName": "tree"}))
    write("Lead.csv", "LastName\ncsv\n")
    plan = plan_of(tmp_path)
    assert [row["Name"] for row in values_of(plan, "Space__c")] == ["tree"]
    assert "Space_Data.csv: skipped, a plan brings Space__c" in plan.notes
    assert sorted(row["LastName"] for row in values_of(plan, "Lead")) == ["csv", "tree"]


def test_self_references_come_after_what_they_point_to_and_cycles_are_kept(write: Write, plan_of: Plan) -> None:
    records = [
        {"ref": "C", "Name": "child", "ParentId": "@P"},
        {"ref": "P", "Name": "parent"},
        {"ref": "X", "Name": "x", "ParentId": "@Y"},
        {"ref": "Y", "Name": "y", "ParentId": "@X"},
    ]
    plan = plan_of(write("a.json", tree("Account", *records)))
    by_name = {row["Name"]: row for row in values_of(plan, "Account")}
    order = [row["Name"] for row in values_of(plan, "Account")]
    assert by_name["child"]["ParentId"] == by_name["parent"]["Id"] and order.index("parent") < order.index("child")
    assert by_name["x"]["ParentId"] == by_name["y"]["Id"] and by_name["y"]["ParentId"] == by_name["x"]["Id"]


def test_a_long_chain_of_parents_is_ordered(write: Write, plan_of: Plan) -> None:
    records = [
        {"ref": f"R{n}", "Name": f"{n}", **({"ParentId": f"@R{n + 1}"} if n < 2999 else {})} for n in range(3000)
    ]
    names = [row["Name"] for row in values_of(plan_of(write("a.json", tree("Account", *records))), "Account")]
    assert names == [str(n) for n in reversed(range(3000))]


def test_a_reference_without_record_is_left_out_aloud(write: Write, plan_of: Plan) -> None:
    plan = plan_of(write("a.json", tree("Contact", {"LastName": "L", "AccountId": "@Nobody"})))
    assert values_of(plan, "Contact")[0]["AccountId"] is None
    assert "Contact.AccountId: 1 value left out, no reference: @Nobody" in plan.notes


def test_a_parent_given_by_its_fields_is_found_and_record_types_are_made(write: Write, plan_of: Plan) -> None:
    kind = {
        "attributes": {
            "type": "RecordType",
            "url": f"/services/data/v62.0/sobjects/RecordType/{ids.to18('012A00000000001')}",
        },
        "Name": "food",
    }
    owner = {"attributes": {"type": "Account"}, "Name": "Acme"}
    contents = (
        tree("Account", {"Name": "Acme"})["records"] + tree("Trip__c", {"Name": "t", "RecordType": kind})["records"]
    )
    contents += tree("Contact", {"LastName": "L", "Account": owner})["records"]
    plan = plan_of(write("a.json", {"records": contents}))
    (made,) = values_of(plan, "RecordType")
    assert (made["Id"], made["Name"], made["SobjectType"]) == (ids.to18("012A00000000001"), "food", "Trip__c")
    assert values_of(plan, "Trip__c")[0]["RecordTypeId"] == made["Id"]
    assert values_of(plan, "Contact")[0]["AccountId"] == values_of(plan, "Account")[0]["Id"]


def test_geolocations_and_addresses_fill_their_components(write: Write, schema: Schema, plan_of: Plan) -> None:
    place = {"Location__Latitude__s": 42.35663, "Location__Longitude__s": -71.11095}
    write("h.json", tree("Home__c", {"Name": "H", **place}))
    plan = plan_of(
        write("a.json", tree("Account", {"Name": "A", "BillingAddress": {"city": "Bonn", "postalCode": "01234"}}))
    )
    (account,) = values_of(plan, "Account")
    assert (account["BillingCity"], account["BillingPostalCode"]) == ("Bonn", "01234")
    plan = plan_of(write("h.json", tree("Home__c", {"Name": "H", **place})))
    assert place.items() <= values_of(plan, "Home__c")[0].items()
    plan.define(schema)
    assert [field.name for field in schema["Home__c"].components("Location__c")] == list(place)


def test_valid_ids_stay_and_invalid_ones_are_replaced_with_every_reference(
    write: Write, plan_of: Plan, tmp_path: Path
) -> None:
    write(
        "account.csv",
        f"id,name,parent_id\n{ACCOUNT_ID},kept,\nbad==,replaced,{ACCOUNT_ID}\n{CONTACT_ID},wrong prefix,bad==\n",
    )
    write("contact.csv", f"id,last_name,account_id\n{CONTACT_ID[:15]},L,bad==\n,M,{ACCOUNT_ID[:15]}\n")
    plan = plan_of(tmp_path)
    accounts = {row["Name"]: row for row in values_of(plan, "Account")}
    contacts = {row["LastName"]: row for row in values_of(plan, "Contact")}
    assert accounts["kept"]["Id"] == ACCOUNT_ID
    assert (
        ids.normalise(accounts["replaced"]["Id"]) == accounts["replaced"]["Id"]
        and accounts["replaced"]["Id"][:3] == "001"
    )
    assert accounts["wrong prefix"]["Id"][:3] == "001"
    assert accounts["wrong prefix"]["ParentId"] == accounts["replaced"]["Id"] == contacts["L"]["AccountId"]
    assert contacts["L"]["Id"] == CONTACT_ID, "15 characters become 18"
    assert contacts["M"]["AccountId"] == accounts["replaced"]["ParentId"] == ACCOUNT_ID
    assert "Account: 2 of 3 ids replaced" in plan.notes


def test_ids_outside_the_files_stay_and_other_texts_stay_equal_to_each_other(write: Write, plan_of: Plan) -> None:
    plan = plan_of(write("account.csv", f"name,parent_id,owner_id\nA,{ACCOUNT_ID},x==\nB,,x==\nC,,y==\n"))
    rows = values_of(plan, "Account")
    assert rows[0]["ParentId"] == ACCOUNT_ID
    assert rows[0]["OwnerId"] == rows[1]["OwnerId"] != rows[2]["OwnerId"]
    assert all(row["OwnerId"].startswith("005") for row in rows)
    assert "Account.OwnerId: 3 references to records that no file holds" in plan.notes


def test_a_new_object_takes_the_prefix_that_its_ids_share(
    write: Write, schema: Schema, plan_of: Plan, tmp_path: Path
) -> None:
    own = [ids.to18(f"a4R00000000000{n}") for n in range(2)]
    write("Rocket.csv", f"Id,Name\n{own[0]},A\n{own[1]},B\n")
    write("Stage.csv", f"Id,Name,Rocket\n1,S,{own[1]}\n2,T,\n")
    plan = plan_of(tmp_path)
    assert [row["Id"] for row in values_of(plan, "Rocket__c")] == own
    plan.define(schema)
    assert schema["Rocket__c"].key_prefix == "a4R" and schema["Stage__c"].key_prefix != "a4R"
    lookup = schema["Stage__c"].field("Rocket__c")
    assert lookup is not None and lookup.reference_to == ("Rocket__c",)


def test_plain_numbers_are_ids_only_under_the_name_of_their_object(
    write: Write, schema: Schema, plan_of: Plan, tmp_path: Path
) -> None:
    write("Shop.csv", "Id,Name\n1,A\n2,B\n")
    write("Sale.csv", "Id,Name,shop_id,quantity\n1,x,2,1\n2,y,1,2\n")
    plan = plan_of(tmp_path)
    plan.define(schema)
    shops = {row["Id"]: row["Name"] for row in values_of(plan, "Shop__c")}
    sales = [(row["Name"], shops[row["shop_id__c"]], row["quantity__c"]) for row in values_of(plan, "Sale__c")]
    assert sales == [("x", "B", 1.0), ("y", "A", 2.0)]


def test_a_new_object_without_names_numbers_them(write: Write, schema: Schema, plan_of: Plan) -> None:
    plan_of(write("a.json", tree("Visit__c", {"Day__c": "2020-01-01"}))).define(schema)
    name = schema["Visit__c"].name_field
    assert name is not None and name.auto_number and name.display_format == "V-{00000}"


def test_an_unknown_type_without_suffix_becomes_a_custom_object(write: Write, plan_of: Plan) -> None:
    assert values_of(plan_of(write("a.json", tree("Gadget", {"Name": "g"}))), "Gadget__c")[0]["Name"] == "g"


def test_an_answer_of_a_query_loads_like_a_tree(write: Write, plan_of: Plan) -> None:
    record = {
        "attributes": {"type": "Account", "url": f"/services/data/v62.0/sobjects/Account/{ACCOUNT_ID}"},
        "Id": ACCOUNT_ID,
        "Name": "A",
    }
    plan = plan_of(write("q.json", {"totalSize": 1, "done": True, "records": [record]}))
    assert values_of(plan, "Account") == [{"Id": ACCOUNT_ID, "Name": "A"}]


def test_describes_come_before_records_and_say_the_types(
    write: Write, schema: Schema, plan_of: Plan, tmp_path: Path
) -> None:
    fields = [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string", "nameField": True},
        {"name": "Size__c", "type": "string", "length": 9},
    ]
    described = {"name": "Thing__c", "keyPrefix": "aZ9", "childRelationships": [], "fields": fields}
    write("z_thing.json", described)
    write("Thing.csv", "Name,size\nA,12\n")
    plan = plan_of(tmp_path)
    assert values_of(plan, "Thing__c")[0]["Size__c"] == "12"
    plan.define(schema)
    assert schema["Thing__c"].key_prefix == "aZ9"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", {"a": 1}, "no describe, plan, sObject tree or CSV"),
        ("x.json", "{", "not JSON"),
        (
            "x-plan.json",
            [{"sobject": "Account", "files": ["gone.json"]}],
            "the file gone.json that it names is missing",
        ),
        ("x-plan.json", [{"sobject": "Account", "files": [{"saveRefs": True}]}], "a file of Account has no name"),
    ],
)
def test_what_cannot_be_loaded_is_refused(write: Write, plan_of: Plan, name: str, content: Any, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        plan_of(write(name, content))


def test_a_missing_path_is_refused(plan_of: Plan, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file or folder"):
        plan_of(tmp_path / "gone")


def test_files_of_a_folder_that_are_nothing_are_skipped_aloud(write: Write, plan_of: Plan, tmp_path: Path) -> None:
    write("a.json", tree("Account", {"Name": "A"}))
    write("settings.json", {"a": 1})
    write("LICENSE.txt", "x")
    notes = plan_of(tmp_path).notes
    assert "settings.json: skipped, no describe, plan or sObject tree" in notes
    assert "LICENSE.txt: skipped, neither JSON nor CSV" in notes


def test_planning_leaves_the_schema_alone(write: Write, schema: Schema, plan_of: Plan) -> None:
    version = schema.version
    plan_of(write("Widget.csv", "Name,x\nA,1\n"))
    assert "Widget__c" not in schema and schema.version == version
