"""The class that the server option `wrapper` names: the host's calls become calls of a Table, our errors the host's.

It imports nothing that talks to Salesforce: the validator runs in pg_restore too.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from threading import Event
from typing import Any

from multicorn import ColumnDefinition, ForeignDataWrapper, SortKey, TableDefinition
from multicorn import utils as multicorn_utils

from sffdw import options as option_table
from sffdw.ereport import HOST_FEATURES, reporting, reporting_rows, warn
from sffdw.host import Host
from sffdw.options import import_options_of, table_options_of
from sffdw.planner import Qual
from sffdw.table import Table

PAUSE_PIECE_S = 0.1


def _run(work: Any, stop: Any) -> Any:
    if "worker_threads" in HOST_FEATURES:
        return multicorn_utils.run_in_worker(work, on_cancel=stop)
    return work()


def _pause(seconds: float) -> None:
    if "worker_threads" in HOST_FEATURES:
        over = Event()
        multicorn_utils.run_in_worker(lambda: over.wait(seconds), on_cancel=over.set)
        return
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        multicorn_utils.check_interrupts()
        time.sleep(min(left, PAUSE_PIECE_S))


def _database() -> int:
    return int(multicorn_utils.database_oid()) if "database_oid" in HOST_FEATURES else 0


def _split(text: str, width: int) -> list[list[str | None]] | None:
    return multicorn_utils.split_rows(text, width) if "split_rows" in HOST_FEATURES else None


HOST = Host(_run, _pause, warn, _database, "worker_threads" in HOST_FEATURES, _split)


class SalesforceFdw(ForeignDataWrapper):
    """A Salesforce object, or a system table, as a foreign table."""

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        super().__init__(fdw_options, fdw_columns)
        self._options = dict(fdw_options)
        self._columns = fdw_columns
        self._level = 1

    @classmethod
    @reporting
    def validate_options(cls, options: Mapping[str, str], context: str) -> None:
        option_table.validate(options, context, is_superuser=multicorn_utils.is_superuser,
                              has_role=multicorn_utils.has_role)

    @cached_property
    def _table(self) -> Table:
        from sffdw.connection import connect
        from sffdw.live import ObjectTable
        from sffdw.system import open_table

        table_options = table_options_of(self._options)
        connection = connect(self._options, HOST)
        found = open_table(table_options.object, connection, tuple(self._columns)) if \
            table_options.object.startswith("_") else ObjectTable(
                connection, table_options, self._columns, gives_assigned_only="assigned_columns" in HOST_FEATURES)
        # The host reads it after get_rel_size().
        self._startup_cost = found.call_cost
        found.level = self._level
        return found

    # --- planning and reading ---

    @reporting
    def get_rel_size(self, quals: Sequence[Qual], columns: Iterable[str]) -> tuple[int, int]:
        return self._table.rel_size(quals, columns)

    @reporting
    def get_path_keys(self) -> list[tuple[tuple[str, ...], int]]:
        return self._table.path_keys()

    @reporting
    def can_sort(self, sortkeys: Sequence[SortKey]) -> list[SortKey]:
        return list(sortkeys[: self._table.sorted_count(sortkeys)])

    @reporting
    def can_limit(self, limit: int | None, offset: int | None) -> bool:
        return self._table.can_limit(limit, offset)

    @reporting
    def explain(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[SortKey] | None = None,
                verbose: bool = False, limit: int | None = None, offset: int | None = None) -> list[str]:
        until = None if limit is None else limit + (offset or 0)
        return list(self._table.explain(quals, columns, sortkeys or (), until))

    @reporting
    def execute(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[SortKey] | None = None,
                limit: int | None = None, offset: int | None = None) -> Iterator[Sequence[Any]]:
        return reporting_rows(self._table.rows(quals, columns, sortkeys or (), limit, offset))

    # --- writing ---

    @property
    def rowid_column(self) -> str:
        return reporting(self._table.rowid)()

    @property
    def modify_batch_size(self) -> int:
        # multicorn2 gives no rows back from batches, and does not say whether somebody wants them.
        return self._table.batch_size if HOST_FEATURES else 1

    @reporting
    def begin_modify(self) -> None:
        self._table.begin()

    @reporting
    def insert(self, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return next(iter(self._table.insert([values])), None)

    @reporting
    def bulk_insert(self, all_values: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        return self._table.insert(all_values)

    @reporting
    def update(self, oldvalues: Any, newvalues: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._table.update(self._rowid_of(oldvalues), newvalues)

    @reporting
    def delete(self, oldvalues: Any) -> Mapping[str, Any] | None:
        self._table.delete(self._rowid_of(oldvalues))
        return None

    def _rowid_of(self, oldvalues: Any) -> Any:
        return oldvalues.get(self._table.rowid()) if isinstance(oldvalues, Mapping) else oldvalues

    @reporting
    def end_modify(self) -> None:
        self._table.end()

    # What a savepoint or the transaction takes back before it was sent is never sent. Levels matter: a function that
    # the statement calls may roll back savepoints of its own.

    def begin(self, serializable: bool) -> None:
        self._enter(1)

    def sub_begin(self, level: int) -> None:
        self._enter(level)

    def sub_commit(self, level: int) -> None:
        self._enter(level - 1)

    def sub_rollback(self, level: int) -> None:
        self._undo(level)
        self._enter(level - 1)

    def rollback(self) -> None:
        self._undo(0)

    def _enter(self, level: int) -> None:
        self._level = level
        if "_table" in self.__dict__:
            self._table.level = level

    def _undo(self, level: int) -> None:
        if "_table" in self.__dict__:
            self._table.undo(level)

    # --- IMPORT FOREIGN SCHEMA ---

    @classmethod
    @reporting
    def import_schema(cls, schema: str, srv_options: Mapping[str, str], options: Mapping[str, str],
                      restriction_type: str | None, restricts: Sequence[str]) -> list[TableDefinition]:
        from sffdw.connection import connect
        from sffdw.imports import tables_of

        wanted = import_options_of(options)
        tables = tables_of(schema, connect(srv_options, HOST), wanted, restriction_type, list(restricts or ()))
        return [TableDefinition(
            table.name, schema=None, options=table.options,
            columns=[ColumnDefinition(name, type_name=type_name, options=column_options)
                     for name, type_name, column_options in table.columns]) for table in tables]
