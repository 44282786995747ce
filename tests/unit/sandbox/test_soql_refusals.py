"""Statements that parse and make no sense: code and text of the refusal."""

import pytest

from tests.unit.sandbox.conftest import Caller


@pytest.fixture(scope="module", autouse=True)
def tagged(sf_module: Caller) -> None:
    tags = {"name": "Tags__c", "type": "multipicklist", "values": ["red", "green", "blue"]}
    sf_module.post("/_sandbox/objects", {"name": "Site__c", "fields": [tags]})


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


@pytest.mark.parametrize(("soql", "code", "text"), REFUSED, ids=[soql for soql, _, _ in REFUSED])
def test_a_statement_is_refused_with_code_and_text(sf_module: Caller, soql: str, code: str, text: str) -> None:
    got_code, got_text = sf_module.refusal(soql)
    assert got_code == code
    assert got_text.startswith(text)
