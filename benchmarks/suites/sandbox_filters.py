"""Processor time of filters, sorting and keyset pages over many accounts, against the first page of all rows."""

from benchmarks.sandbox_org import accounts
from benchmarks.sheet import Sheet
from benchmarks.stage import Stage

ALL = "all rows"
MOST_S = 0.5
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
TIMES = 5
# What returns, sorts or groups nearly every row has no bound here.
UNBOUNDED = frozenset({"!= and NOT LIKE", "ORDER BY Name", "ORDER BY AnnualRevenue LIMIT", "GROUP BY", "parent's name"})


def measure(sheet: Sheet, stage: Stage) -> None:
    """Run each statement a few times; what counts is the sandbox's processor time for the first page."""
    org = accounts(stage).org
    org.query(SELECT)
    sheet.add(ALL, org.spent_s(lambda: org.query(SELECT), TIMES), "s", at_most=MOST_S)
    for name, soql in STATEMENTS:
        bound = None if name in UNBOUNDED else MOST_S
        took = org.spent_s(lambda soql=soql: org.query(soql), TIMES)  # type: ignore[misc]
        sheet.add(name, took, "s", against=ALL, at_most=bound)
