"""Filters, sorting and keyset pages over many accounts, against the first page of all rows."""

from benchmarks.sandbox_org import accounts
from benchmarks.sheet import Sheet, best_seconds
from benchmarks.stage import Stage

ALL = "all rows"
MOST_S = 1.0
SELECT = "SELECT Id, Name, SystemModstamp FROM Account"
COUNT = "SELECT COUNT() FROM Account"
AT = "2025-08-01T00:00:00Z"
STATEMENTS = (
    ("COUNT()", COUNT),
    ("LIKE 'Acme%'", f"{SELECT} WHERE Name LIKE 'Acme%'"),
    ("LIKE '%acme%'", f"{SELECT} WHERE Name LIKE '%acme%'"),
    ("LIKE that finds nothing", f"{SELECT} WHERE Name LIKE '%no such name%'"),
    ("= on text", f"{SELECT} WHERE Industry = 'Banking'"),
    ("IN, and =", f"{SELECT} WHERE Industry IN ('Banking', 'Energy') AND BillingCity = 'Boston'"),
    ("!= and NOT LIKE", f"{SELECT} WHERE (NOT Name LIKE 'A%') AND Industry != 'Banking'"),
    ("number range", f"{SELECT} WHERE AnnualRevenue > 100 AND AnnualRevenue < 200"),
    ("date range", f"{SELECT} WHERE CreatedDate >= {AT} AND CreatedDate < 2025-09-01T00:00:00Z"),
    ("date literal", f"{SELECT} WHERE LastModifiedDate = LAST_N_DAYS:30"),
    ("parent's name", f"{SELECT} WHERE Parent.Name LIKE 'Acme%'"),
    ("OR of two fields", f"{SELECT} WHERE Phone = '1' OR Website = 'x'"),
    ("keyset by SystemModstamp", f"{SELECT} WHERE SystemModstamp >= {AT} ORDER BY SystemModstamp, Id LIMIT 2000"),
    (
        "keyset with tie-break",
        f"{SELECT} WHERE SystemModstamp > {AT} OR (SystemModstamp = {AT} AND Id > '001000000000000AAA') "
        "ORDER BY SystemModstamp, Id LIMIT 2000",
    ),
    ("keyset without LIMIT", f"{SELECT} WHERE SystemModstamp >= {AT} ORDER BY SystemModstamp, Id"),
    ("keyset by Id", f"{SELECT} WHERE Id > '001000000000000AAA' ORDER BY Id LIMIT 2000"),
    ("ORDER BY CreatedDate DESC LIMIT", f"{SELECT} ORDER BY CreatedDate DESC LIMIT 2000"),
    ("ORDER BY Name LIMIT", f"{SELECT} ORDER BY Name LIMIT 2000"),
    ("ORDER BY Name", f"{SELECT} ORDER BY Name"),
    ("ORDER BY AnnualRevenue LIMIT", f"{SELECT} ORDER BY AnnualRevenue DESC NULLS LAST LIMIT 2000"),
    ("MAX(SystemModstamp)", "SELECT MAX(SystemModstamp) FROM Account"),
    ("GROUP BY", "SELECT Industry, COUNT(Id) FROM Account GROUP BY Industry"),
)
# What reads and sorts every row has no bound here.
UNBOUNDED = frozenset({"ORDER BY Name", "ORDER BY AnnualRevenue LIMIT", "GROUP BY", "parent's name"})


def measure(sheet: Sheet, stage: Stage) -> None:
    """Run each statement a few times; what is timed is the first page, over HTTP."""
    org = accounts(stage).org
    sheet.add(ALL, best_seconds(lambda: org.query(SELECT)), "s", at_most=MOST_S)
    for name, soql in STATEMENTS:
        bound = None if name in UNBOUNDED else MOST_S
        took = best_seconds(lambda soql=soql: org.query(soql))  # type: ignore[misc]
        sheet.add(name, took, "s", against=ALL, at_most=bound)
