"""Bulk API 2.0 query of accounts with 15 columns, against SQLite and the csv module without HTTP."""

import csv
import io

from benchmarks.sandbox_org import COLUMNS, SELECT, Org, accounts
from benchmarks.sheet import Sheet, best_seconds, seconds
from benchmarks.stage import Stage

PAGE = 50_000
LEAST = 150_000.0  # rows a second that a page of 50,000 rows must be made at
PLAIN = "SQLite and csv"


def measure(sheet: Sheet, stage: Stage) -> None:
    """Run one job for all rows, then read its pages."""
    shared = accounts(stage)
    org, page = shared.org, min(PAGE, stage.rows)

    def plain() -> None:
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerow(COLUMNS)
        writer.writerows(shared.rows(0, page))

    sheet.add(PLAIN, page / best_seconds(plain), "rows/s")
    before = org.memory_mb()
    jobs: list[str] = []
    busy = org.busy_s()
    job_s = seconds(lambda: jobs.append(run_job(org, SELECT)))
    sheet.add("job", stage.rows / job_s, "rows/s", against=PLAIN)
    read_s = seconds(lambda: read_pages(org, jobs[0], page, stage.rows))
    busy = org.busy_s() - busy
    sheet.add("pages", stage.rows / read_s, "rows/s", against=PLAIN, at_least=LEAST)
    sheet.add("job and pages", stage.rows / (job_s + read_s), "rows/s", against=PLAIN)
    sheet.add("job and pages: in a second of processor time", stage.rows / busy, "rows/s", at_least=LEAST)
    sheet.add("memory that grew", org.memory_mb() - before, "MB", at_most=256.0)
    limited = f"{SELECT} LIMIT {page}"
    one = best_seconds(lambda: read_pages(org, run_job(org, limited), page, page))
    sheet.add(f"job and page of {page:,} rows", page / one, "rows/s", against=PLAIN)
    path = f"{jobs[0]}/results?maxRecords={page}"
    packed = best_seconds(lambda: org.call("GET", path, encoding="gzip"))
    sheet.add("compressed page", page / packed, "rows/s", against="pages")
    org.call("DELETE", jobs[0])


def run_job(org: Org, soql: str) -> str:
    """Run a query job to its end and return its path."""
    made = org.call("POST", "jobs/query", {"operation": "query", "query": soql}).json()
    path = f"jobs/query/{made['id']}"
    org.complete(path)
    return path


def read_pages(org: Org, job: str, page: int, total: int) -> None:
    """Read all pages of a job. Raises RuntimeError when rows are missing."""
    locator, seen = "", 0
    while locator != "null":
        answer = org.call("GET", f"{job}/results?maxRecords={page}" + (f"&locator={locator}" if locator else ""))
        locator = answer.headers["Sforce-Locator"]
        seen += int(answer.headers["Sforce-NumberOfRecords"])
    if seen != total:
        raise RuntimeError(f"{seen} rows instead of {total}")
