"""An org of several currencies: codes and rates, converted amounts, totals, roll-ups; an org of one has none of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from sffdw.sandbox.generate import generate_rows
from sffdw.sandbox.org import Options, Org

from .conftest import Caller, undone

SWITCH = {"corporate": "USD", "rates": {"EUR": 0.5, "JPY": 100, "GBP": {"rate": 0.8, "active": False}}}
BOX = {
    "name": "Box__c",
    "fields": [
        {"name": "Worth__c", "type": "currency"},
        {"name": "Total__c", "type": "currency", "summary": {
            "object": "Thing__c", "field": "Box__c", "function": "sum", "of": "Price__c"
        }, "calculated": True},
        {"name": "Dearest__c", "type": "currency", "summary": {
            "object": "Thing__c", "field": "Box__c", "function": "max", "of": "Price__c"
        }, "calculated": True},
        {"name": "Count__c", "type": "double", "scale": 0, "summary": {
            "object": "Thing__c", "field": "Box__c", "function": "count", "filter": "Price__c > USD30"
        }, "calculated": True},
    ],
}  # fmt: skip
THING = {
    "name": "Thing__c",
    "fields": [
        {"name": "Box__c", "type": "reference", "referenceTo": ["Box__c"], "masterDetail": True},
        {"name": "Price__c", "type": "currency"},
        {"name": "Weight__c", "type": "double", "scale": 2},
        {"name": "Limit__c", "type": "currency", "formula": "Box__r.Worth__c * 2"},
    ],
    "rules": [{"condition": "AND(Box__r.Worth__c > 0, Price__c > Box__r.Worth__c)", "message": "too dear"}],
}


@pytest.fixture(scope="module")
def money_org(shared_org: Org) -> Iterator[Org]:
    org = Org(Options(seed=7, switches={"multi_currency": SWITCH}), birth=shared_org.birth)
    for definition in (BOX, THING):
        org.store.follow(org.schema.define(definition))
    yield org
    org.close()


@pytest.fixture
def money(money_org: Org) -> Iterator[Caller]:
    with undone(money_org) as caller:
        yield caller


@pytest.fixture
def deals(money: Caller) -> Caller:
    """Accounts with revenues in three currencies, and one that has none."""
    for name, code, amount in (("us", "USD", 100), ("eu", "EUR", 100), ("jp", "JPY", 1000), ("none", "USD", None)):
        money.create("Account", Name=name, CurrencyIsoCode=code, AnnualRevenue=amount)
    return money


def user_currency(sf: Caller, code: str) -> None:
    user = sf.org.users.default
    sf.change({"op": "update", "object": "User", "id": user.user_id, "values": {"DefaultCurrencyIsoCode": code}})


def refused(sf: Caller, object_name: str, **values: Any) -> str:
    answer = sf.post(f"/sobjects/{object_name}", values)
    assert isinstance(answer, list), answer
    return str(answer[0]["errorCode"])


# Fields and objects


@pytest.mark.parametrize("name", ["Account", "Opportunity", "Contact", "Task", "User", "Thing__c"])
def test_objects_have_a_currency_where_the_org_has_several(money: Caller, name: str) -> None:
    described = money.get(f"/sobjects/{name}/describe")["fields"]
    (field,) = [field for field in described if field["name"] == "CurrencyIsoCode"]
    assert (field["type"], field["length"], field["restrictedPicklist"]) == ("picklist", 3, True)
    assert field["defaultedOnCreate"] and field["createable"] and field["updateable"]
    assert {(item["value"], item["active"]) for item in field["picklistValues"]} == {
        ("USD", True), ("EUR", True), ("JPY", True), ("GBP", False)
    }  # fmt: skip
    assert [item["label"] for item in field["picklistValues"] if item["defaultValue"]] == ["U.S. Dollar"]


@pytest.mark.parametrize("name", ["Group", "RecordType", "Attachment", "Organization"])
def test_other_objects_have_none(money: Caller, name: str) -> None:
    assert money.refusal(f"SELECT CurrencyIsoCode FROM {name}")[0] == "INVALID_FIELD"


def test_an_org_of_one_currency_knows_nothing_of_them(sf: Caller) -> None:
    assert sf.refusal("SELECT CurrencyIsoCode FROM Account")[0] == "INVALID_FIELD"
    assert sf.refusal("SELECT Id FROM CurrencyType")[0] == "INVALID_TYPE"
    assert sf.refusal("SELECT Id FROM DatedConversionRate")[0] == "INVALID_TYPE"
    assert refused(sf, "Account", Name="a", CurrencyIsoCode="USD") == "INVALID_FIELD"


def test_objects_defined_later_have_a_currency_too(own_sf: Caller) -> None:
    own_sf.send("PUT", "/_sandbox/features", {"multi_currency": True})
    own_sf.post("/_sandbox/objects", {"name": "Late__c", "fields": [{"name": "N__c", "type": "double"}]})
    own_sf.post("/_sandbox/objects", {"name": "News__e", "fields": [{"name": "N__c", "type": "double"}]})
    assert own_sf.values("SELECT CurrencyIsoCode FROM Late__c") == []
    names = [field["name"] for field in own_sf.get("/sobjects/Late__c/describe")["fields"]]
    assert names[names.index("Name") + 1] == "CurrencyIsoCode"
    assert "CurrencyIsoCode" not in [field["name"] for field in own_sf.get("/sobjects/News__e/describe")["fields"]]


def test_records_that_were_there_before_are_in_the_corporate_currency(own_sf: Caller) -> None:
    own_sf.create("Account", Name="old")
    answer = own_sf.send("PUT", "/_sandbox/features", {"multi_currency": {"corporate": "EUR", "rates": {"USD": 1.1}}})
    assert answer.body["multi_currency"]["corporate"] == "EUR"
    assert own_sf.values("SELECT CurrencyIsoCode FROM Account") == ["EUR"]
    assert own_sf.rows("SELECT IsoCode, ConversionRate, IsCorporate FROM CurrencyType ORDER BY IsoCode") == [
        {"IsoCode": "EUR", "ConversionRate": 1.0, "IsCorporate": True},
        {"IsoCode": "USD", "ConversionRate": 1.1, "IsCorporate": False},
    ]


@pytest.mark.parametrize(
    "given", [{"multi_currency": False}, {"multi_money": True}, {"multi_currency": {"rates": {"XXX": 1}}}]
)
def test_features_that_cannot_be_are_refused(money: Caller, given: dict[str, Any]) -> None:
    reply = money.send("PUT", "/_sandbox/features", given)
    assert reply.status == 400
    assert money.get("/_sandbox/features")["person_accounts"] is False


# Codes of records


def test_a_new_record_is_in_the_currency_of_its_user(money: Caller) -> None:
    money.create("Account", Name="corporate")
    user_currency(money, "EUR")
    money.create("Account", Name="mine")
    money.create("Account", Name="stated", CurrencyIsoCode="JPY")
    assert money.values("SELECT CurrencyIsoCode FROM Account") == ["USD", "EUR", "JPY"]


@pytest.mark.parametrize("code", ["GBP", "CHF", "euro"])
def test_a_currency_that_is_not_active_is_refused(money: Caller, code: str) -> None:
    assert refused(money, "Account", Name="a", CurrencyIsoCode=code) in (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "STRING_TOO_LONG",
    )
    account = money.create("Account", Name="a")
    reply = money.send("PATCH", f"/sobjects/Account/{account}", {"CurrencyIsoCode": code})
    assert reply.status == 400
    assert money.values("SELECT CurrencyIsoCode FROM Account") == ["USD"]


# convertCurrency, FORMAT, ORDER BY


def test_amounts_are_converted_to_the_users_currency(deals: Caller) -> None:
    converted = "SELECT convertCurrency(AnnualRevenue) FROM Account"
    assert deals.values(converted) == [100.0, 200.0, 10.0, None]
    user_currency(deals, "EUR")
    assert deals.values(converted) == [50.0, 100.0, 5.0, None]
    assert deals.values("SELECT AnnualRevenue FROM Account") == [100.0, 100.0, 1000.0, None]


def test_a_parents_amounts_are_converted_by_the_parents_currency(deals: Caller) -> None:
    account = deals.values("SELECT Id FROM Account WHERE Name = 'eu'")[0]
    deals.create("Contact", LastName="c", AccountId=account, CurrencyIsoCode="JPY")
    assert deals.rows("SELECT convertCurrency(Account.AnnualRevenue) FROM Contact") == [
        {"Account": {"AnnualRevenue": 200.0}}
    ]


def test_formats_show_the_code_and_the_users_amount(deals: Caller) -> None:
    statement = "SELECT FORMAT(AnnualRevenue) own, FORMAT(convertCurrency(AnnualRevenue)) mine FROM Account"
    assert deals.rows(statement) == [
        {"own": "USD 100.00", "mine": "USD 100.00"},
        {"own": "EUR 100.00 (USD 200.00)", "mine": "USD 200.00"},
        {"own": "JPY 1,000 (USD 10.00)", "mine": "USD 10.00"},
        {"own": None, "mine": None},
    ]


def test_a_single_currency_is_shown_by_its_symbol_and_needs_no_conversion(sf: Caller) -> None:
    sf.create("Account", Name="a", AnnualRevenue=1300)
    assert sf.rows("SELECT FORMAT(AnnualRevenue) f, convertCurrency(AnnualRevenue) c FROM Account") == [
        {"f": "$1,300.00", "c": 1300.0}
    ]


def test_amounts_are_sorted_by_their_worth(deals: Caller) -> None:
    assert deals.values("SELECT Name FROM Account ORDER BY AnnualRevenue DESC NULLS LAST") == ["eu", "us", "jp", "none"]
    assert deals.refusal("SELECT Id FROM Account ORDER BY convertCurrency(AnnualRevenue)")[0] == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT Id FROM Account WHERE convertCurrency(AnnualRevenue) > 5", "MALFORMED_QUERY"),
        ("SELECT convertCurrency(NumberOfEmployees) FROM Account", "INVALID_FIELD"),
        ("SELECT convertCurrency(MAX(AnnualRevenue)) FROM Account", "INVALID_FIELD"),
    ],
)
def test_conversions_in_wrong_places_are_refused(deals: Caller, statement: str, code: str) -> None:
    assert deals.refusal(statement)[0] == code


# Literals


@pytest.mark.parametrize(
    ("condition", "want"),
    [
        ("AnnualRevenue > USD150", ["eu"]),
        ("AnnualRevenue >= EUR50", ["us", "eu"]),
        ("AnnualRevenue < JPY1001", ["jp"]),
        ("AnnualRevenue = EUR50", ["us"]),
        ("AnnualRevenue != EUR50", ["eu", "jp", "none"]),
        ("AnnualRevenue IN (USD10, EUR100)", ["eu", "jp"]),
        ("AnnualRevenue NOT IN (USD10, EUR100)", ["us", "none"]),
        ("AnnualRevenue > 150", ["jp"]),
        ("AnnualRevenue IN (100)", ["us", "eu"]),
        ("AnnualRevenue > USD150 OR (AnnualRevenue = USD10 AND Name != 'x')", ["eu", "jp"]),
        ("AnnualRevenue > USD10 OR (AnnualRevenue = USD10 AND Name != 'x')", ["us", "eu", "jp"]),
        ("AnnualRevenue > null OR (AnnualRevenue = null AND Name != 'x')", ["none"]),
    ],
)
def test_amounts_compare_with_literals_of_a_currency(deals: Caller, condition: str, want: list[str]) -> None:
    assert deals.values(f"SELECT Name FROM Account WHERE {condition}") == want


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT Id FROM Account WHERE AnnualRevenue > GBP5",
        "SELECT Id FROM Account WHERE AnnualRevenue > XYZ5",
        "SELECT Id FROM Account WHERE AnnualRevenue IN (USD5, 7)",
        "SELECT Name, MAX(AnnualRevenue) FROM Account GROUP BY Name HAVING MAX(AnnualRevenue) > USD5",
    ],
)
def test_literals_of_unused_currencies_and_mixed_lists_are_refused(deals: Caller, statement: str) -> None:
    assert deals.refusal(statement)[0] == "MALFORMED_QUERY"


def test_an_org_of_one_currency_compares_the_bare_number(sf: Caller) -> None:
    sf.create("Account", Name="a", AnnualRevenue=1300)
    assert sf.values("SELECT Name FROM Account WHERE AnnualRevenue = XYZ1300") == ["a"]
    assert sf.refusal("SELECT Id FROM Account WHERE NumberOfEmployees > USD5")[0] == "INVALID_FIELD"


# Totals


def test_totals_are_in_the_corporate_currency(deals: Caller) -> None:
    user_currency(deals, "EUR")
    totals = {"SUM": 310.0, "AVG": pytest.approx(103.333333), "MIN": 10.0, "MAX": 200.0, "COUNT": 3}
    for function, want in totals.items():
        assert deals.values(f"SELECT {function}(AnnualRevenue) FROM Account") == [want]
    grouped = "SELECT Name, MAX(AnnualRevenue) x FROM Account GROUP BY Name HAVING MAX(AnnualRevenue) > 50"
    assert deals.rows(grouped) == [{"Name": "eu", "x": 200.0}, {"Name": "us", "x": 100.0}]
    assert deals.values("SELECT FORMAT(SUM(AnnualRevenue)) FROM Account") == ["USD 310.00 (EUR 155.00)"]


def test_numbers_that_are_no_amounts_are_added_as_they_are(money: Caller) -> None:
    box = money.create("Box__c", Name="b")
    for code in ("USD", "JPY"):
        money.create("Thing__c", Box__c=box, Weight__c=2, CurrencyIsoCode=code)
    assert money.values("SELECT SUM(Weight__c) FROM Thing__c") == [4.0]


def test_roll_ups_are_in_the_currency_of_the_parent(money: Caller) -> None:
    box = money.create("Box__c", Name="b", CurrencyIsoCode="EUR")
    money.create("Thing__c", Box__c=box, Price__c=20, CurrencyIsoCode="USD")
    money.create("Thing__c", Box__c=box, Price__c=20, CurrencyIsoCode="EUR")
    totals = "SELECT Total__c, Dearest__c, Count__c FROM Box__c"
    assert money.rows(totals) == [{"Total__c": 30.0, "Dearest__c": 20.0, "Count__c": 1.0}]
    money.change({"op": "update", "object": "Box__c", "id": box, "values": {"CurrencyIsoCode": "USD"}})
    assert money.rows(totals) == [{"Total__c": 60.0, "Dearest__c": 40.0, "Count__c": 1.0}]


def test_formulas_and_rules_see_a_parents_amounts_in_their_own_currency(money: Caller) -> None:
    box = money.create("Box__c", Name="b", CurrencyIsoCode="EUR", Worth__c=20)
    money.create("Thing__c", Box__c=box, Price__c=40, CurrencyIsoCode="USD")
    money.create("Thing__c", Box__c=box, Price__c=20, CurrencyIsoCode="EUR")
    assert money.values("SELECT Limit__c FROM Thing__c") == [80.0, 40.0]
    assert money.values("SELECT convertCurrency(Limit__c) FROM Thing__c") == [80.0, 80.0]
    dear = {"Box__c": box, "Price__c": 21, "CurrencyIsoCode": "EUR"}
    assert refused(money, "Thing__c", **dear) == "FIELD_CUSTOM_VALIDATION_EXCEPTION"


# Rates


def test_currencies_obey_their_rules(money: Caller) -> None:
    assert money.post("/sobjects/CurrencyType", {"IsoCode": "KWD", "ConversionRate": 0.3, "IsActive": True})["success"]
    assert money.values("SELECT DecimalPlaces FROM CurrencyType WHERE IsoCode = 'KWD'") == [3]
    assert refused(money, "CurrencyType", IsoCode="EUR", ConversionRate=2) == "DUPLICATE_VALUE"
    assert refused(money, "CurrencyType", IsoCode="XXX", ConversionRate=2) == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert refused(money, "CurrencyType", IsoCode="CHF", ConversionRate=-1) == "FIELD_INTEGRITY_EXCEPTION"
    usd = money.values("SELECT Id FROM CurrencyType WHERE IsCorporate = true")[0]
    assert money.send("PATCH", f"/sobjects/CurrencyType/{usd}", {"ConversionRate": 2}).status == 400
    assert money.send("DELETE", f"/sobjects/CurrencyType/{usd}").status == 400


def test_a_new_rate_counts_at_once(deals: Caller) -> None:
    euro = deals.values("SELECT Id FROM CurrencyType WHERE IsoCode = 'EUR'")[0]
    assert deals.send("PATCH", f"/sobjects/CurrencyType/{euro}", {"ConversionRate": 0.25}).status == 204
    assert deals.values("SELECT convertCurrency(AnnualRevenue) FROM Account WHERE Name = 'eu'") == [400.0]


def test_dated_rates_end_where_the_next_begins_and_count_where_the_org_says_so(money: Caller) -> None:
    for start, rate in (("2025-01-01", 0.25), ("2025-03-01", 0.2)):
        money.create("DatedConversionRate", IsoCode="EUR", StartDate=start, ConversionRate=rate)
    assert money.values("SELECT NextStartDate FROM DatedConversionRate ORDER BY StartDate") == [
        "2025-03-01",
        "9999-12-31",
    ]
    assert (
        refused(money, "DatedConversionRate", IsoCode="EUR", StartDate="2025-03-01", ConversionRate=1)
        == "DUPLICATE_VALUE"
    )
    deal = {"StageName": "Prospecting", "Amount": 100, "CurrencyIsoCode": "EUR"}
    for day in ("2024-12-31", "2025-02-28", "2025-03-01"):
        money.create("Opportunity", Name=day, CloseDate=day, **deal)
    converted = "SELECT convertCurrency(Amount) FROM Opportunity"
    assert money.values(converted) == [200.0, 200.0, 200.0]
    money.send("PUT", "/_sandbox/features", {"multi_currency": {"dated": True}})
    assert money.values(converted) == [200.0, 400.0, 500.0]
    assert money.values("SELECT SUM(Amount) FROM Opportunity") == [600.0]


def test_get_deleted_takes_inactive_currencies_for_deleted_ones(money: Caller) -> None:
    euro = money.values("SELECT Id FROM CurrencyType WHERE IsoCode = 'EUR'")[0]
    window = "/sobjects/CurrencyType/deleted/?start=2025-06-18T11:00:00Z&end=2025-06-18T13:00:00Z"
    assert money.get(window)["deletedRecords"] == []
    money.change({"op": "update", "object": "CurrencyType", "id": euro, "values": {"IsActive": False}})
    assert [item["id"] for item in money.get(window)["deletedRecords"]] == [euro]
    assert money.values("SELECT IsActive FROM CurrencyType WHERE IsoCode = 'EUR'") == [False]
    money.org.options.switches["deleted_lists_inactive_currencies"] = False
    try:
        assert money.get(window)["deletedRecords"] == []
    finally:
        del money.org.options.switches["deleted_lists_inactive_currencies"]
    money.change({"op": "update", "object": "CurrencyType", "id": euro, "values": {"IsActive": True}})
    assert money.get(window)["deletedRecords"] == []


def test_a_describe_is_new_when_a_currency_is(money: Caller) -> None:
    first = money.send("GET", "/sobjects/Account/describe").headers["ETag"]
    assert money.send("GET", "/sobjects/Account/describe", if_none_match=first).status == 304
    money.create("CurrencyType", IsoCode="CHF", ConversionRate=0.9, IsActive=True)
    assert money.send("GET", "/sobjects/Account/describe", if_none_match=first).status == 200


def test_line_items_are_in_the_currency_of_their_opportunity(money: Caller) -> None:
    deal = money.create("Opportunity", Name="o", StageName="Prospecting", CloseDate="2025-01-01", CurrencyIsoCode="JPY")
    product = money.create("Product2", Name="p", IsActive=True)
    book = money.values("SELECT Id FROM Pricebook2")[0]
    entry = money.create(
        "PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=5, IsActive=True, CurrencyIsoCode="JPY"
    )
    money.create("OpportunityLineItem", OpportunityId=deal, PricebookEntryId=entry, Quantity=2, UnitPrice=5)
    assert money.values("SELECT CurrencyIsoCode FROM OpportunityLineItem") == ["JPY"]
    other = money.create("Opportunity", Name="o", StageName="Prospecting", CloseDate="2025-01-01")
    line = {"OpportunityId": other, "PricebookEntryId": entry, "Quantity": 2, "UnitPrice": 5}
    assert refused(money, "OpportunityLineItem", **line) == "FIELD_INTEGRITY_EXCEPTION"


# Elsewhere


def test_soap_login_says_whether_there_are_several_currencies(money: Caller, sf: Caller) -> None:
    body = (
        '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Body>'
        '<login xmlns="urn:partner.soap.sforce.com"><username>{0.username}</username>'
        "<password>{0.password}{0.security_token}</password></login></se:Body></se:Envelope>"
    )
    for caller, several, default in ((money, "true", True), (sf, "false", False)):
        text = str(
            caller.send(
                "POST",
                "/services/Soap/u/59.0",
                body.format(caller.org.credentials).encode(),
                content_type="text/xml",
                soapaction='""',
            ).text
        )
        assert f"<organizationMultiCurrency>{several}</organizationMultiCurrency>" in text
        assert ("<userDefaultCurrencyIsoCode>USD<" in text) is default
        assert ("<currencySymbol>" in text) is not default


def test_change_events_carry_the_currency(own_sf: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    own_sf.send("PUT", "/_sandbox/features", {"multi_currency": True})
    seen: list[Any] = []
    monkeypatch.setattr(own_sf.org.store.recorder, "_publish", seen.extend)
    account = own_sf.create("Account", Name="a", AnnualRevenue=5, CurrencyIsoCode="EUR")
    own_sf.change({"op": "update", "object": "Account", "id": account, "values": {"CurrencyIsoCode": "USD"}})
    assert [change.values.get("CurrencyIsoCode") for change in seen] == ["EUR", "USD"]
    assert seen[1].values.keys() == {"CurrencyIsoCode", "LastModifiedDate"}


def test_an_org_kept_in_a_file_remembers_its_currencies(tmp_path: Any) -> None:
    options = Options(store=tmp_path / "org.db", switches={"multi_currency": {"corporate": "EUR", "rates": {"USD": 2}}})
    org = Org(options)
    Caller(org).create("Account", Name="a", AnnualRevenue=5, CurrencyIsoCode="USD")
    org.close()
    again = Org(Options(store=tmp_path / "org.db"))
    caller = Caller(again)
    try:
        assert caller.values("SELECT convertCurrency(AnnualRevenue) FROM Account") == [2.5]
        again.store.follow(again.schema.define({"name": "Late__c", "fields": []}))
        assert caller.values("SELECT CurrencyIsoCode FROM Late__c") == []
    finally:
        again.close()


def test_generated_records_are_in_currencies_of_the_org(money: Caller, sf: Caller) -> None:
    for caller in (money, sf):
        org = caller.org
        generate_rows(org.store, org.schema, "Account", 50, seed=1, user=org.users.default.user_id, at=org.stamp())
    assert set(money.values("SELECT CurrencyIsoCode FROM Account")) == {"USD", "EUR", "JPY"}
    assert len(sf.values("SELECT Id FROM Account")) == 50


def test_a_reset_goes_by_the_switches(own_sf: Caller) -> None:
    own_sf.send("PUT", "/_sandbox/features", {"multi_currency": True})
    assert own_sf.send("POST", "/_sandbox/reset", {}).status == 200
    assert own_sf.refusal("SELECT CurrencyIsoCode FROM Account")[0] == "INVALID_FIELD"
