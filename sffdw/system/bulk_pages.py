"""`_bulk_pages`: the last pages of Bulk jobs that this session has read to their end. Calls nothing in Salesforce.

An INSERT … SELECT from a live table tells no locator; this does, and how many rows the page had, and bytes of text.
"""

from collections.abc import Iterator, Mapping

from sffdw.system.table import Row, SystemColumn, SystemTable, argument


class BulkPagesTable(SystemTable):
    name = "_bulk_pages"
    expected_rows = 1
    columns = (argument("job_id"), argument("locator", is_required=False), SystemColumn("next_locator", "text"),
               SystemColumn("record_count", "integer"), SystemColumn("byte_count", "bigint"))

    def found(self, arguments: Mapping[str, str]) -> Iterator[Row]:
        latest = {page.locator: page for page in self.connection.read_pages if page.job_id == arguments["job_id"]}
        for page in latest.values():
            if arguments.get("locator", page.locator) == page.locator:
                yield {"locator": page.locator, "next_locator": page.next_locator, "record_count": page.record_count,
                       "byte_count": page.byte_count}


TABLE = BulkPagesTable
