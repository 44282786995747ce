"""`_bulk_results`: one page of a Bulk job's result, one row a record, values as the text that Salesforce sent.

An object's own live table gives the same page with typed columns: WHERE _job_id = … AND _locator = ….
"""

from collections.abc import Iterator, Mapping

from sffdw.connection import ReadPage
from sffdw.extract import row_limit
from sffdw.system.table import Row, SystemColumn, SystemTable, argument
from sffdw.types import json_text


class BulkResultsTable(SystemTable):
    name = "_bulk_results"
    expected_rows = 10_000
    columns = (argument("job_id"), argument("locator", is_required=False), argument("max_records", is_required=False),
               SystemColumn("record", "jsonb"), SystemColumn("next_locator", "text"))

    def found(self, arguments: Mapping[str, str]) -> Iterator[Row]:
        job_id, locator = arguments["job_id"], arguments.get("locator", "")
        size = row_limit("max_records", arguments.get("max_records"))
        page = self.connection.bulk.page(job_id, locator or None, size)
        for block in page.blocks:
            for values in zip(*block, strict=True):
                record = dict(zip(page.columns, [value or None for value in values], strict=True))
                yield {"record": json_text(record), "next_locator": page.next_locator}
        self.connection.read_pages.append(
            ReadPage(job_id, locator, page.next_locator, page.given.count, page.given.size))


TABLE = BulkResultsTable
