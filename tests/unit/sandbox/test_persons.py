"""Person accounts: fields and describes, the contact behind an account, what neither side may do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.generate import generate_rows
from sffdw.sandbox.loader import load_paths
from sffdw.sandbox.org import Options, Org

from .conftest import NOON, Caller, undone

JANE = {"FirstName": "Jane", "LastName": "Doe", "PersonEmail": "jane@example.com", "PersonMailingCity": "Ulm"}
LANGUAGE = {"name": "Language__c", "type": "picklist", "values": ["de", "en"]}
COMPUTED = {"name": "Loud__c", "type": "string", "formula": "UPPER(LastName)"}
PLACE = [
    {"name": "Home__c", "type": "location"},
    {"name": "Home__Latitude__s", "type": "double", "scale": 6, "compoundFieldName": "Home__c"},
    {"name": "Home__Longitude__s", "type": "double", "scale": 6, "compoundFieldName": "Home__c"},
]


@pytest.fixture(scope="module")
def person_org(shared_org: Org) -> Iterator[Org]:
    org = Org(Options(seed=7, switches={"person_accounts": True}), birth=shared_org.birth)
    org.store.follow(org.schema.alter("Contact", {"add_fields": [LANGUAGE, COMPUTED, *PLACE]}))
    yield org
    org.close()


@pytest.fixture
def people(person_org: Org) -> Iterator[Caller]:
    with undone(person_org) as caller:
        yield caller


def create(sf: Caller, object_name: str = "Account", **values: Any) -> str:
    answer = sf.post(f"/sobjects/{object_name}", values)
    assert isinstance(answer, dict), answer
    return str(answer["id"])


def refusal(answer: Any) -> tuple[str, list[str]]:
    assert isinstance(answer, list), answer
    return answer[0]["errorCode"], answer[0].get("fields", [])


def update(sf: Caller, object_name: str, record_id: str, **values: Any) -> Any:
    reply = sf.send("PATCH", f"/sobjects/{object_name}/{record_id}", values)
    return None if reply.status == 204 else reply.body


def type_id(sf: Caller, name: str) -> str:
    return str(sf.values(f"SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND DeveloperName = '{name}'")[0])


# Describes


def test_account_has_the_fields_of_persons(people: Caller) -> None:
    fields = {field["name"]: field for field in people.get("/sobjects/Account/describe")["fields"]}
    assert list(fields)[3:8] == ["Name", "LastName", "FirstName", "Salutation", "Type"]
    assert fields["Name"]["extraTypeInfo"] == "switchablepersonname"
    assert {fields[name]["compoundFieldName"] for name in ("Name", "LastName", "FirstName", "Salutation")} == {"Name"}
    assert fields["PersonMailingCity"]["compoundFieldName"] == "PersonMailingAddress"
    assert (fields["PersonContactId"]["referenceTo"], fields["PersonContactId"]["createable"]) == (["Contact"], False)
    assert (fields["IsPersonAccount"]["type"], fields["IsPersonAccount"]["updateable"]) == ("boolean", False)
    assert (fields["Language__pc"]["custom"], fields["Language__pc"]["type"]) == (True, "picklist")
    assert (fields["Loud__pc"]["calculated"], fields["Loud__pc"]["createable"]) == (True, False)
    assert "IsPersonAccount" in [field["name"] for field in people.get("/sobjects/Contact/describe")["fields"]]
    infos = {info["developerName"]: info for info in people.get("/sobjects/Account/describe")["recordTypeInfos"]}
    assert list(infos) == ["Business_Account", "PersonAccount", "Master"]
    assert infos["Business_Account"]["defaultRecordTypeMapping"]
    assert people.values("SELECT DeveloperName FROM RecordType WHERE IsPersonType = true") == ["PersonAccount"]


@pytest.mark.parametrize(
    ("name", "object_name"), [("IsPersonAccount", "Account"), ("FirstName", "Account"), ("IsPersonAccount", "Contact")]
)
def test_an_org_without_persons_has_none_of_them(sf: Caller, name: str, object_name: str) -> None:
    assert sf.refusal(f"SELECT {name} FROM {object_name}")[0] == "INVALID_FIELD"
    assert refusal(sf.post("/sobjects/Account", {"Name": "a", "FirstName": "b"}))[0] == "INVALID_FIELD"


def test_a_loaded_describe_with_persons_turns_them_on(own_sf: Caller, people: Caller) -> None:
    described = people.get("/sobjects/Account/describe")
    own_sf.post("/_sandbox/objects", described)
    assert own_sf.get("/_sandbox/features")["person_accounts"] is True
    got = own_sf.get("/sobjects/Account/describe")
    assert [field["name"] for field in got["fields"]] == [field["name"] for field in described["fields"]]
    create(own_sf, LastName="Doe", Language__pc="de")
    assert own_sf.rows("SELECT Name, IsPersonAccount, RecordType.IsPersonType FROM Account") == [
        {"Name": "Doe", "IsPersonAccount": True, "RecordType": {"IsPersonType": True}}
    ]
    assert own_sf.values("SELECT IsPersonAccount FROM Contact") == [True]


def test_a_describe_with_persons_is_shown_as_it_is_and_works_with_what_it_leaves_out(
    own_sf: Caller, people: Caller
) -> None:
    described = people.get("/sobjects/Account/describe")
    left_out = ("PersonContactId", "PersonTitle", "PersonGenderIdentity", "Loud__pc")
    described["fields"] = [field for field in described["fields"] if field["name"] not in left_out]
    next(field for field in described["fields"] if field["name"] == "LastName")["nillable"] = False
    own_sf.post("/_sandbox/objects", {"name": "Contact", "fields": [LANGUAGE, {"name": "Other__c", "type": "date"}]})
    own_sf.post("/_sandbox/objects", described)
    names = [field["name"] for field in own_sf.get("/sobjects/Account/describe")["fields"]]
    assert names == [field["name"] for field in described["fields"]]
    create(own_sf, LastName="Doe", Language__pc="de")
    create(own_sf, Name="Acme")
    assert refusal(own_sf.post("/sobjects/Account", {"FirstName": "x"}))[0] == "REQUIRED_FIELD_MISSING"
    assert own_sf.values("SELECT Language__c FROM Contact") == ["de"]
    assert own_sf.refusal("SELECT PersonContactId FROM Account")[0] == "INVALID_FIELD"
    own_sf.send("PATCH", "/_sandbox/objects/Contact", {"add_fields": [{"name": "New__c", "type": "date"}]})
    assert own_sf.values("SELECT New__pc FROM Account") == [None, None]
    assert own_sf.refusal("SELECT Other__pc FROM Account")[0] == "INVALID_FIELD"


# Creating


def test_a_person_is_an_account_with_a_contact(people: Caller) -> None:
    account = create(people, **JANE, Language__pc="de", PersonHasOptedOutOfEmail=True, Phone="1")
    (row,) = people.rows("SELECT Id, Name, IsPersonAccount, PersonContactId, RecordType.DeveloperName FROM Account")
    assert (row["Name"], row["IsPersonAccount"]) == ("Jane Doe", True)
    assert row["RecordType"] == {"DeveloperName": "PersonAccount"}
    columns = (
        "Id, AccountId, Name, FirstName, Email, MailingCity, Phone, Language__c, HasOptedOutOfEmail, IsPersonAccount"
    )
    assert people.rows(f"SELECT {columns} FROM Contact") == [
        {
            "Id": row["PersonContactId"], "AccountId": account, "Name": "Jane Doe", "FirstName": "Jane",
            "Email": "jane@example.com", "MailingCity": "Ulm", "Phone": "1", "Language__c": "de",
            "HasOptedOutOfEmail": True, "IsPersonAccount": True,
        }
    ]  # fmt: skip
    shown = "PersonEmail, PersonContact.Email, PersonMailingAddress, Loud__pc"
    assert people.rows(f"SELECT {shown} FROM Account WHERE Loud__pc = 'DOE'")[0] == {
        "PersonEmail": "jane@example.com",
        "PersonContact": {"Email": "jane@example.com"},
        "PersonMailingAddress": people.rows("SELECT MailingAddress FROM Contact")[0]["MailingAddress"],
        "Loud__pc": "DOE",
    }


def test_a_company_is_an_account_alone(people: Caller) -> None:
    create(people, Name="Acme")
    assert people.rows("SELECT Name, IsPersonAccount, PersonContactId, RecordType.DeveloperName FROM Account") == [
        {
            "Name": "Acme", "IsPersonAccount": False, "PersonContactId": None,
            "RecordType": {"DeveloperName": "Business_Account"},
        }
    ]  # fmt: skip
    assert people.values("SELECT Id FROM Contact") == []


@pytest.mark.parametrize(
    ("values", "code", "fields"),
    [
        ({"Name": "Acme", "FirstName": "Jane"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["FirstName"]),
        ({"Name": "Acme", "PersonEmail": "a@b.de", "Language__pc": "de"}, "INVALID_FIELD_FOR_INSERT_UPDATE",
         ["PersonEmail", "Language__pc"]),
        ({"RecordTypeId": "PersonAccount", "LastName": "Doe", "Name": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE",
         ["Name"]),
        ({"RecordTypeId": "Business_Account", "LastName": "Doe"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["LastName"]),
        ({"RecordTypeId": "PersonAccount", "FirstName": "Jane"}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ({"Phone": "1"}, "REQUIRED_FIELD_MISSING", ["Name"]),
        ({"LastName": "Doe", "IsPersonAccount": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsPersonAccount"]),
    ],
)  # fmt: skip
def test_fields_of_the_other_kind_are_refused(
    people: Caller, values: dict[str, Any], code: str, fields: list[str]
) -> None:
    if "RecordTypeId" in values:
        values = {**values, "RecordTypeId": type_id(people, values["RecordTypeId"])}
    assert refusal(people.post("/sobjects/Account", values)) == (code, fields)
    assert people.values("SELECT Id FROM Account") == people.values("SELECT Id FROM Contact") == []


def test_the_default_type_may_be_the_one_of_persons(own_sf: Caller) -> None:
    own_sf.send("PUT", "/_sandbox/features", {"person_accounts": True})
    own_sf.send("PATCH", "/_sandbox/objects/Account", {"record_types": [{"name": "PersonAccount", "default": True}]})
    create(own_sf, LastName="Doe")
    create(own_sf, Name="Acme")
    assert own_sf.rows("SELECT Name, IsPersonAccount, RecordType.Name FROM Account") == [
        {"Name": "Doe", "IsPersonAccount": True, "RecordType": {"Name": "Person Account"}},
        {"Name": "Acme", "IsPersonAccount": False, "RecordType": {"Name": "Business Account"}},
    ]


# Changing


def test_changes_of_the_account_reach_the_contact(people: Caller) -> None:
    account = create(people, **JANE, Phone="1")
    stamp = people.values("SELECT SystemModstamp FROM Contact")[0]
    people.org.clock.advance(10)
    assert update(people, "Account", account, FirstName="Joan", PersonEmail=None, Home__Latitude__pc=48.4) is None
    assert people.rows("SELECT Name, PersonEmail, PersonMailingCity FROM Account") == [
        {"Name": "Joan Doe", "PersonEmail": None, "PersonMailingCity": "Ulm"}
    ]
    row = people.rows("SELECT Name, Email, MailingCity, Phone, Home__Latitude__s, SystemModstamp FROM Contact")[0]
    assert row.pop("SystemModstamp") > stamp
    assert row == {"Name": "Joan Doe", "Email": None, "MailingCity": "Ulm", "Phone": "1", "Home__Latitude__s": 48.4}
    assert people.rows("SELECT Home__pc FROM Account")[0]["Home__pc"] == {"latitude": 48.4, "longitude": None}


def test_changes_that_only_the_other_kind_may_have_are_refused(people: Caller) -> None:
    person, company = create(people, **JANE), create(people, Name="Acme")
    assert refusal(update(people, "Account", person, Name="x"))[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert refusal(update(people, "Account", company, FirstName="x"))[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert refusal(update(people, "Account", person, LastName=None))[0] == "REQUIRED_FIELD_MISSING"
    other = type_id(people, "Business_Account")
    assert refusal(update(people, "Account", person, RecordTypeId=other))[0] == "FIELD_INTEGRITY_EXCEPTION"
    assert update(people, "Account", company, Name="Acme AG") is None
    assert people.values("SELECT Name FROM Account ORDER BY Name") == ["Acme AG", "Jane Doe"]


def test_the_contact_is_touched_through_its_account_only(people: Caller) -> None:
    account = create(people, **JANE)
    contact = people.values("SELECT Id FROM Contact")[0]
    assert refusal(update(people, "Contact", contact, Title="Dr."))[0] == "INVALID_PERSON_ACCOUNT_OPERATION"
    assert refusal(people.send("DELETE", f"/sobjects/Contact/{contact}").body)[0] == "INVALID_PERSON_ACCOUNT_OPERATION"
    attached = people.post("/sobjects/Contact", {"LastName": "x", "AccountId": account})
    assert refusal(attached)[0] == "INVALID_PERSON_ACCOUNT_OPERATION"
    company = create(people, Name="Acme")
    employee = create(people, "Contact", LastName="x", AccountId=company)
    assert update(people, "Contact", employee, Title="Dr.") is None
    assert people.send("DELETE", f"/sobjects/Contact/{employee}").status == 204


def test_the_contact_goes_and_comes_back_with_its_account(people: Caller) -> None:
    account = create(people, **JANE)
    contact = people.values("SELECT Id FROM Contact")[0]
    assert people.send("DELETE", f"/sobjects/Account/{account}").status == 204
    assert people.values("SELECT Id FROM Contact") == []
    assert people.rows("SELECT Id, IsDeleted FROM Contact", "queryAll") == [{"Id": contact, "IsDeleted": True}]
    people.change({"op": "undelete", "object": "Account", "id": account})
    assert people.rows("SELECT Id, PersonContactId FROM Account") == [{"Id": account, "PersonContactId": contact}]
    assert people.values("SELECT Id FROM Contact") == [contact]


def test_persons_merge_with_persons(people: Caller) -> None:
    master, loser, company = create(people, **JANE), create(people, LastName="Twin"), create(people, Name="Acme")
    contacts = dict(zip(("master", "loser"), people.values("SELECT PersonContactId FROM Account LIMIT 2"), strict=True))
    create(people, "Case", ContactId=contacts["loser"], AccountId=loser)
    merge = {"op": "merge", "object": "Account", "id": master}
    (result,) = people.post("/_sandbox/records", {"changes": [{**merge, "ids": [company]}]})["results"]
    assert result["errors"][0]["statusCode"] == "INVALID_PERSON_ACCOUNT_OPERATION"
    people.change({**merge, "ids": [loser]})
    assert people.rows("SELECT ContactId, AccountId FROM Case") == [
        {"ContactId": contacts["master"], "AccountId": master}
    ]
    assert people.values("SELECT Id FROM Contact") == [contacts["master"]]
    assert people.rows("SELECT MasterRecordId FROM Contact WHERE IsDeleted = true", "queryAll") == [
        {"MasterRecordId": contacts["master"]}
    ]
    assert people.values("SELECT PersonContactId FROM Account WHERE IsPersonAccount = true") == [contacts["master"]]


# Definitions


def test_fields_of_persons_follow_the_fields_of_contacts(own_sf: Caller) -> None:
    own_sf.send("PATCH", "/_sandbox/objects/Contact", {"add_fields": [LANGUAGE]})
    own_sf.send("PUT", "/_sandbox/features", {"person_accounts": True})
    create(own_sf, LastName="Doe", Language__pc="de")
    own_sf.send("PATCH", "/_sandbox/objects/Contact", {"rename_fields": {"Language__c": "Tongue__c"}})
    assert own_sf.values("SELECT Tongue__pc FROM Account") == own_sf.values("SELECT Tongue__c FROM Contact") == ["de"]
    own_sf.send("PATCH", "/_sandbox/objects/Contact", {"alter_fields": {"Tongue__c": {"label": "Mother Tongue"}}})
    fields = {field["name"]: field for field in own_sf.get("/sobjects/Account/describe")["fields"]}
    assert fields["Tongue__pc"]["label"] == "Mother Tongue"
    own_sf.send("PATCH", "/_sandbox/objects/Contact", {"drop_fields": ["Tongue__c"]})
    assert own_sf.refusal("SELECT Tongue__pc FROM Account")[0] == "INVALID_FIELD"
    assert own_sf.refusal("SELECT Tongue__c FROM Contact")[0] == "INVALID_FIELD"


def test_generated_accounts_are_companies(people: Caller) -> None:
    org = people.org
    generate_rows(org.store, org.schema, "Account", 20, seed=1, user=org.users.default.user_id, at=org.stamp())
    rows = people.rows("SELECT IsPersonAccount, LastName, PersonEmail, RecordType.DeveloperName FROM Account")
    assert {str(row) for row in rows} == {
        str({"IsPersonAccount": False, "LastName": None, "PersonEmail": None,
             "RecordType": {"DeveloperName": "Business_Account"}})
    }  # fmt: skip


# Events


def test_change_events_tell_of_both_sides(people: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(people.org.store.recorder, "_note", lambda *change: seen.append(change))
    layouts = people.org.store.recorder._layouts if people.org.store.recorder else None
    assert layouts is not None
    account = create(people, **JANE)
    update(people, "Account", account, FirstName="Joan")
    create(people, Name="Acme")
    assert [(change[0].name, change[2]) for change in seen] == [
        ("Account", "CREATE"), ("Contact", "CREATE"),
        ("Account", "UPDATE"), ("Contact", "UPDATE"),
        ("Account", "CREATE"),
    ]  # fmt: skip
    layout = layouts.of(people.org.schema["Account"])
    person, change, company = (layout.body(seen[place][3]) for place in (0, 2, 4))
    assert person["Name"] == {"LastName": "Doe", "FirstName": "Jane"}
    assert person["PersonMailingAddress"] == {"City": "Ulm"}
    assert person["PersonContactId"] == seen[1][1] and "IsPersonAccount" not in person
    assert change["Name"] == {"FirstName": "Joan"}
    assert sorted(layout.paths(seen[2][3])) == ["LastModifiedDate", "Name.FirstName"]
    assert company["Name"] == "Acme" and not [name for name in company if name.startswith("Person")]
    assert layouts.of(people.org.schema["Contact"]).body(seen[1][3])["IsPersonAccount"] is True


# Loading


def test_loaded_persons_have_contacts_of_the_files_or_new_ones(own_sf: Caller, tmp_path: Path) -> None:
    own_sf.send("PUT", "/_sandbox/features", {"person_accounts": True})
    accounts = "Id,Name,FirstName,LastName,IsPersonAccount,PersonEmail\n"
    accounts += "001AB0000000001YAA,Jane Doe,Jane,Doe,true,j@x.de\n001AB0000000002YAA,,Al,Fox,true,a@x.de\n"
    accounts += "001AB0000000003YAA,Acme,,,false,\n"
    (tmp_path / "Account.csv").write_text(accounts)
    contacts = "Id,AccountId,LastName,FirstName,IsPersonAccount\n003AB0000000001YAA,001AB0000000001YAA,Doe,Jane,true\n"
    (tmp_path / "Contact.csv").write_text(contacts)
    load_paths(own_sf.org.store, own_sf.org.schema, [tmp_path], user=own_sf.org.users.default.user_id, at=NOON)
    rows = own_sf.rows("SELECT Name, PersonContact.Name, PersonContact.Email FROM Account")
    assert rows == [
        {"Name": "Jane Doe", "PersonContact": {"Name": "Jane Doe", "Email": None}},
        {"Name": "Al Fox", "PersonContact": {"Name": "Al Fox", "Email": "a@x.de"}},
        {"Name": "Acme", "PersonContact": None},
    ]
    assert len(own_sf.values("SELECT Id FROM Contact")) == 2


# Leads


def test_a_lead_without_a_company_becomes_a_person(people: Caller, sf: Caller) -> None:
    assert refusal(sf.post("/sobjects/Lead", {"LastName": "Doe"})) == ("REQUIRED_FIELD_MISSING", ["Company"])
    lead = create(people, "Lead", FirstName="Jane", LastName="Doe", Email="j@x.de", City="Ulm")
    people.change({"op": "convert", "object": "Lead", "id": lead})
    columns = "Name, IsPersonAccount, PersonEmail, PersonMailingCity, BillingCity, PersonContactId"
    (account,) = people.rows(f"SELECT {columns} FROM Account")
    contact = account.pop("PersonContactId")
    assert account == {
        "Name": "Jane Doe", "IsPersonAccount": True, "PersonEmail": "j@x.de", "PersonMailingCity": "Ulm",
        "BillingCity": "Ulm",
    }  # fmt: skip
    assert people.values("SELECT Id FROM Contact") == people.values("SELECT ConvertedContactId FROM Lead") == [contact]
    assert people.values("SELECT Name FROM Opportunity") == ["Jane Doe"]


def test_a_lead_with_a_company_becomes_a_company_and_a_contact(people: Caller) -> None:
    lead = create(people, "Lead", LastName="Doe", Company="Acme")
    people.change({"op": "convert", "object": "Lead", "id": lead})
    assert people.rows("SELECT Name, IsPersonAccount FROM Account") == [{"Name": "Acme", "IsPersonAccount": False}]
    assert people.rows("SELECT Name, IsPersonAccount FROM Contact") == [{"Name": "Doe", "IsPersonAccount": False}]
