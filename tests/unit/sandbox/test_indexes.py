"""What indexes answer: filters, sorting and keyset pages that read no row too many."""

import pytest

from sffdw.sandbox.soql.compiler import compile_soql
from sffdw.sandbox.soql.engine import row_numbers
from sffdw.sandbox.soql.settings import Settings
from tests.unit.sandbox.conftest import Caller

AT = "2025-08-01T00:00:00Z"


def access_path(sf: Caller, soql: str) -> str:
    """Return how SQLite would find the rows."""
    plan = compile_soql(soql, sf.org.schema, Settings())
    lines = sf.org.store.reader.execute(f"EXPLAIN QUERY PLAN {plan.numbers_sql()}", plan.params)
    return "; ".join(line[-1] for line in lines)


@pytest.mark.parametrize(
    ("clauses", "index"),
    [
        (f"WHERE SystemModstamp >= {AT} ORDER BY SystemModstamp, Id LIMIT 2000", "Account.SystemModstamp"),
        (
            f"WHERE SystemModstamp > {AT} OR (SystemModstamp = {AT} AND Id > '001000000000000AAA') "
            "ORDER BY SystemModstamp, Id",
            "Account.SystemModstamp",
        ),
        (f"WHERE CreatedDate >= {AT} ORDER BY CreatedDate, Id", "Account.CreatedDate"),
        ("ORDER BY LastModifiedDate NULLS FIRST, Id LIMIT 5", "Account.LastModifiedDate"),
        ("WHERE Id > '001000000000000AAA' ORDER BY Id", "Account.Id"),
        ("ORDER BY Name", "Account.Name sorted"),
        ("WHERE Name > 'M' ORDER BY Name LIMIT 10", "Account.Name sorted"),
    ],
)
def test_sorted_rows_come_from_an_index(sf: Caller, clauses: str, index: str) -> None:
    path = access_path(sf, f"SELECT Id FROM Account {clauses}")
    assert f"INDEX {index} " in path + " "
    assert "TEMP B-TREE" not in path


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("CreatedDate = LAST_MONTH", "Account.CreatedDate"),
        (f"LastModifiedDate >= {AT} AND LastModifiedDate < TODAY", "Account.LastModifiedDate"),
        ("Name = 'Acme'", "Account.Name"),
        ("Name LIKE 'Acme%'", "Account.Name"),
        ("Name IN ('Acme', 'Umber')", "Account.Name"),
        ("ParentId = '001000000000000AAA'", "Account.ParentId"),
    ],
)
def test_filters_search_an_index(sf: Caller, condition: str, index: str) -> None:
    assert f"INDEX {index} (" in access_path(sf, f"SELECT Id FROM Account WHERE {condition}")


def test_a_sort_that_no_index_has_is_sorted(sf: Caller) -> None:
    assert "TEMP B-TREE" in access_path(sf, "SELECT Id FROM Account ORDER BY Phone")


def test_rows_without_gaps_are_counted_and_those_with_gaps_are_read(sf: Caller) -> None:
    made = sf.change(*({"op": "create", "object": "Contact", "values": {"LastName": str(place)}} for place in range(5)))
    plan = compile_soql("SELECT LastName FROM Contact", sf.org.schema, Settings())
    assert row_numbers(sf.org.store.reader, plan) == range(1, 6)
    assert [row["LastName"] for row in sf.rows("SELECT LastName FROM Contact")] == ["0", "1", "2", "3", "4"]
    sf.change({"op": "delete", "object": "Contact", "id": made[2]["id"]})
    assert list(row_numbers(sf.org.store.reader, plan)) == [1, 2, 4, 5]
    assert [row["LastName"] for row in sf.rows("SELECT LastName FROM Contact")] == ["0", "1", "3", "4"]
    gone = [{"op": "delete", "object": "Contact", "id": row["id"]} for row in made if row is not made[2]]
    sf.change(*gone)
    assert list(row_numbers(sf.org.store.reader, plan)) == []
