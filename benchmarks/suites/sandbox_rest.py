"""REST query pages of 2,000 rows with 15 columns, against SQLite and json without HTTP."""

import json

from benchmarks.sandbox_org import COLUMNS, SELECT, accounts
from benchmarks.sheet import Sheet, best_seconds, seconds
from benchmarks.stage import Stage

PAGE, PAGES = 2000, 50
PLAIN = "SQLite and json"


def measure(sheet: Sheet, stage: Stage) -> None:
    """Follow nextRecordsUrl for some pages."""
    shared = accounts(stage)
    pages = min(PAGES, stage.rows // PAGE - 1)

    def plain() -> None:
        for page in range(pages):
            rows = [dict(zip(COLUMNS, row, strict=True)) for row in shared.rows(page * PAGE, PAGE)]
            json.dumps({"records": rows})

    sheet.add(PLAIN, pages / seconds(plain), "pages/s")
    following = shared.org.query(SELECT).json()["nextRecordsUrl"]

    def follow() -> None:
        base = following.rpartition("-")[0]
        for page in range(1, pages + 1):
            shared.org.call("GET", f"{base}-{page * PAGE}")

    rate = sheet.add("pages", pages / best_seconds(follow), "pages/s", against=PLAIN)
    sheet.add("rows", rate * PAGE, "rows/s")
    sheet.add("page: processor time", shared.org.spent_s(follow) / pages, "s", at_most=0.1)
    first = "first page of all rows: processor time"
    sheet.add(first, shared.org.spent_s(lambda: shared.org.query(SELECT), 5), "s", at_most=0.5)
    limited = f"{SELECT} LIMIT {PAGE}"
    took = shared.org.spent_s(lambda: shared.org.query(limited), 5)
    sheet.add(f"LIMIT {PAGE:,}: processor time", took, "s", against=first)
