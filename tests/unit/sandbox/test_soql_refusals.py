"""Statements that parse and make no sense: code and text of the refusal."""

import pytest

from tests.unit.sandbox.conftest import Caller


@pytest.fixture(scope="module", autouse=True)
def tagged(sf_module: Caller) -> None:
    tags = {"name": "Tags__c", "type": "multipicklist", "values": ["red", "green", "blue"]}
    sf_module.post("/_sandbox/objects", {"name": "Site__c", "fields": [tags]})


QUOTED_ID = "'001000000000001'"
REFUSED = [
    (
        "SELECT (SELECT Id FROM Contacts OFFSET 1) FROM Account",
        "MALFORMED_QUERY",
        "OFFSET is allowed in a subquery only when the parent query has LIMIT 1",
    ),
    ("SELECT Foo FROM Account", "INVALID_FIELD", "No such column 'Foo' on entity 'Account'."),
    ("SELECT Account.Foo FROM Contact", "INVALID_FIELD", "No such column 'Foo' on entity 'Account'."),
    ("SELECT Foo.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Foo' in field path."),
    ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported."),
    (
        "SELECT (SELECT Id FROM Foos) FROM Account",
        "INVALID_TYPE",
        "Didn't understand relationship 'Foos' in FROM part of query call.",
    ),
    ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
    ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
    (
        "SELECT Id FROM Account WHERE Name = 5",
        "INVALID_FIELD",
        "value of filter criterion for field 'Name' must be of type string and should be enclosed in quotes",
    ),
    (
        "SELECT Id FROM Account WHERE AnnualRevenue = '5'",
        "INVALID_FIELD",
        "value of filter criterion for field 'AnnualRevenue' must be of type "
        "double and should not be enclosed in quotes",
    ),
    (
        "SELECT Id FROM Account WHERE CreatedDate = 2025-01-01",
        "INVALID_FIELD",
        "value of filter criterion for field 'CreatedDate' must be of type "
        "dateTime and should not be enclosed in quotes",
    ),
    (
        "SELECT Id FROM Account WHERE Description = 'x'",
        "INVALID_FIELD",
        "field 'Description' can not be filtered in a query call",
    ),
    (
        "SELECT Id FROM Account ORDER BY Description",
        "INVALID_FIELD",
        "field 'Description' can not be sorted in a query call",
    ),
    (
        "SELECT CreatedDate, COUNT(Id) FROM Account GROUP BY CreatedDate",
        "MALFORMED_QUERY",
        "field 'CreatedDate' can not be grouped in a query call",
    ),
    ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
    ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
    ("SELECT MAX(Name) FROM Account LIMIT 1", "MALFORMED_QUERY", "Aggregate queries with LIMIT need GROUP BY"),
    ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "field Name does not support aggregate operator SUM"),
    ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
    ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200"),
    (
        "SELECT Id FROM Site__c WHERE Tags__c > 'red'",
        "INVALID_QUERY_FILTER_OPERATOR",
        "multiple select picklist field requires includes/excludes: Tags__c",
    ),
    (
        "SELECT Id FROM Account WHERE Name INCLUDES ('x')",
        "INVALID_QUERY_FILTER_OPERATOR",
        "includes/excludes can only be used on multi-select picklist fields: Name",
    ),
    ("SELECT Id FROM Account WHERE Id LIKE 'x%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Account)",
        "MALFORMED_QUERY",
        "The inner and outer selects should not be on the same object type",
    ),
    (
        "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
        "MALFORMED_QUERY",
        "Semi join sub-selects are not allowed with the 'OR' operator",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT LastName FROM Contact)",
        "MALFORMED_QUERY",
        "Semi join sub-selects can only query id fields, cannot use: 'LastName'",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT OwnerId FROM Contact)",
        "MALFORMED_QUERY",
        "The selected field 'OwnerId' in the subquery and the left operand "
        "field in the where expression in the outer query 'Id' should point to the same object type",
    ),
]


@pytest.mark.parametrize(("soql", "code", "text"), REFUSED, ids=[soql[:120] for soql, _, _ in REFUSED])
def test_a_statement_is_refused_with_code_and_text(sf_module: Caller, soql: str, code: str, text: str) -> None:
    got_code, got_text = sf_module.refusal(soql)
    assert got_code == code
    assert got_text.startswith(text)


ACCEPTED = [
    "SELECT Industry, toLabel(Industry) label, FORMAT(AnnualRevenue) FROM Account",
    "SELECT CALENDAR_YEAR(CreatedDate), COUNT(Id) FROM Account GROUP BY CALENDAR_YEAR(CreatedDate)",
    "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)), COUNT(Id) FROM Account "
    "GROUP BY HOUR_IN_DAY(convertTimezone(CreatedDate))",
    "SELECT Account.Name parent, Owner.Name FROM Contact GROUP BY Account.Name, Owner.Name",
    "SELECT toLabel(RecordType.Name) FROM Account",
    "SELECT COUNT() FROM Account LIMIT 5",
    "SELECT Who.Type, TYPEOF What WHEN Account THEN Name WHEN Opportunity THEN Amount ELSE Type END FROM Task",
    f"SELECT Id FROM ContentDocumentLink WHERE LinkedEntityId = {QUOTED_ID}",
    "SELECT Name FROM Account GROUP BY Name ORDER BY COUNT(Id)",
    f"SELECT FIELDS(ALL) FROM Account WHERE Name != 'x' AND Id IN ({QUOTED_ID})",
    f"SELECT FIELDS(CUSTOM) FROM Account WHERE Id = {QUOTED_ID}",
    "SELECT Id FROM Account WHERE " + " OR ".join(f"Name = '{number}'" for number in range(400)),
    "SELECT Id FROM Account WHERE Name NOT IN (" + ", ".join(f"'{number}'" for number in range(400)) + ")",
]


@pytest.mark.parametrize("soql", ACCEPTED, ids=[soql[:80] for soql in ACCEPTED])
def test_the_neighbour_of_a_refused_statement_runs(sf_module: Caller, soql: str) -> None:
    assert "records" in sf_module.query(soql)


def test_a_query_with_an_offset_has_one_page_only(sf: Caller) -> None:
    sf.change(*({"op": "create", "object": "Account", "values": {"Name": str(number)}} for number in range(450)))
    page = sf.query("SELECT Id FROM Account OFFSET 10", sforce_query_options="batchSize=200")
    assert (page["totalSize"], page["done"], len(page["records"])) == (200, True, 200)
    assert "nextRecordsUrl" not in page
    page = sf.query("SELECT Id FROM Account", sforce_query_options="batchSize=200")
    assert (page["totalSize"], page["done"]) == (450, False)


def test_more_tables_than_a_join_can_take_are_too_complicated(own_sf: Caller) -> None:
    names = [f"Target{number}__c" for number in range(70)]
    for name in names:
        own_sf.post("/_sandbox/objects", {"name": name, "fields": []})
    link = {"name": "Any__c", "type": "reference", "referenceTo": names, "relationshipName": "Any__r"}
    own_sf.post("/_sandbox/objects", {"name": "Many__c", "fields": [link]})

    def statement(count: int) -> str:
        branches = " ".join(f"WHEN {name} THEN Name" for name in names[:count])
        return f"SELECT TYPEOF Any__r {branches} END FROM Many__c"

    assert own_sf.rows(statement(50)) == []
    assert own_sf.refusal(statement(70))[0] == "QUERY_TOO_COMPLICATED"


def test_more_formulas_than_a_fault_allows_are_too_complicated(own_sf: Caller) -> None:
    fields = [{"name": f"F{number}__c", "type": "string", "length": 80, "formula": "Name"} for number in range(3)]
    own_sf.post("/_sandbox/objects", {"name": "Sheet__c", "fields": fields})
    own_sf.post("/_sandbox/faults", {"name": "query.complicated", "when": {}, "params": {"formulas": 2}})
    assert own_sf.rows("SELECT Id, Name, CreatedDate, F0__c, F1__c FROM Sheet__c WHERE F2__c = 'a'") == []
    statement = "SELECT Id, F0__c, F1__c, F2__c FROM Sheet__c"
    assert own_sf.refusal(statement)[0] == "QUERY_TOO_COMPLICATED"
    assert own_sf.post("/jobs/query", {"operation": "query", "query": statement})[0]["errorCode"] == (
        "QUERY_TOO_COMPLICATED")
