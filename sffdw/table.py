"""What every foreign table of ours can be asked, by the host's names for it. A table that cannot be written says so."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sffdw.errors import ReadOnlyTable
from sffdw.planner import Qual, SortKey

DEFAULT_ROWS = 1_000
COLUMN_BYTES = 32


class Table:
    """A foreign table; rows are lists in the order of all its columns."""

    name = ""
    # What asking costs the planner: as much as reading some thousand rows, so that one scan of a large object is
    # better than a call for each of many outer rows.
    call_cost = 500

    def rel_size(self, quals: Sequence[Qual], columns: Iterable[str]) -> tuple[int, int]:
        """Rows and bytes a row, for the planner. Never asks Salesforce."""
        return DEFAULT_ROWS, COLUMN_BYTES * max(len(list(columns)), 1)

    def path_keys(self) -> list[tuple[tuple[str, ...], int]]:
        return []

    def sorted_count(self, sortkeys: Sequence[SortKey]) -> int:
        """How many of the leading sort keys rows() honours."""
        return 0

    def can_limit(self, limit: int | None, offset: int | None) -> bool:
        return False

    def explain(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[SortKey],
                limit: int | None) -> Iterable[str]:
        return []

    def rows(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[SortKey], limit: int | None,
             offset: int | None) -> Iterator[Sequence[Any]]:
        raise NotImplementedError

    # --- changes; a batch size of 1 means that inserted rows come one by one ---

    batch_size = 1

    def rowid(self) -> str:
        raise self._read_only()

    # The savepoint level that a change belongs to: 1 is the transaction itself.
    level = 1

    def begin(self) -> None:
        """A statement begins: what an earlier one left when it failed is void."""

    def undo(self, level: int) -> None:
        """What was queued at this savepoint level or above it is void."""

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        raise self._read_only()

    def update(self, rowid: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
        raise self._read_only()

    def delete(self, rowid: Any) -> None:
        raise self._read_only()

    def end(self) -> None:
        """The statement has given all its rows."""

    def _read_only(self) -> ReadOnlyTable:
        return ReadOnlyTable(f'table "{self.name}" cannot be written',
                             hint="Of the system tables only _write, _sync_write, _intents, _bulk_jobs and "
                                  "_ingest_records take changes.")
