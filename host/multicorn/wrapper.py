"""Base classes of foreign data wrappers.

One instance stands for one foreign table in one backend and for one user; the host makes a new one when an option or
a column has changed. Every method runs in the backend's own thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from multicorn.definitions import ColumnDefinition, Qual, SortKey, TableDefinition

Row = Mapping[str, Any] | Sequence[Any]


class ForeignDataWrapper:
    """A foreign table. A subclass needs execute(); the rest is there to be overridden where the remote can do it."""

    # Planner cost of asking the remote at all, in PostgreSQL's cost units.
    _startup_cost = 20

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        """Take the merged options of server, table and user mapping, and the table's columns in order."""

    @classmethod
    def validate_options(cls, options: dict[str, str], context: str) -> None:
        """Raise for an option that is not valid; context is server, user_mapping, table or column."""

    # Reading

    def get_rel_size(self, quals: Sequence[Qual], columns: Sequence[str]) -> tuple[int, int]:
        """Estimate the rows that match quals, and the width of one in bytes."""
        return 10000, 32 * max(len(columns), 1)

    def get_path_keys(self) -> list[tuple[tuple[str, ...], int]]:
        """Name the column sets that make a cheap lookup when all are given by `=`, each with the rows it finds."""
        return []

    def can_sort(self, sortkeys: list[SortKey]) -> list[SortKey]:
        """Give the leading part of sortkeys that execute() can honour."""
        return []

    def can_limit(self, limit: int, offset: int) -> bool:
        """Say whether execute() can stop after limit rows."""
        return False

    def explain(
        self,
        quals: Sequence[Qual],
        columns: Sequence[str],
        sortkeys: Sequence[SortKey] | None = None,
        verbose: bool = False,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Iterable[str]:
        """Give lines for EXPLAIN; `Label: text` is shown under its own label."""
        return []

    def execute(
        self,
        quals: Sequence[Qual],
        columns: Sequence[str],
        sortkeys: Sequence[SortKey] | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Iterable[Row]:
        """Give the rows: sequences of all columns in the table's order, or mappings by column name.

        Rows beyond those that match are allowed (PostgreSQL checks again), missing ones are not.
        """
        raise NotImplementedError("execute")

    def end_scan(self) -> None:
        """A scan has ended, not by an error."""

    # Writing

    @property
    def rowid_column(self) -> str:
        """Name the column that identifies a row to update() and delete()."""
        raise NotImplementedError("rowid_column")

    @property
    def modify_batch_size(self) -> int:
        """Say how many rows bulk_insert() takes at most; 1 means insert()."""
        return 1

    def begin_modify(self) -> None:
        """A DML statement starts on this table: what an earlier, failed one left queued is void."""

    def insert(self, values: dict[str, Any]) -> Mapping[str, Any] | None:
        """Insert a row; may give it back as stored."""
        raise NotImplementedError("insert")

    def bulk_insert(self, all_values: list[dict[str, Any]]) -> Sequence[Mapping[str, Any]] | None:
        """Insert rows; may give them back as stored, in the same order."""
        raise NotImplementedError("bulk_insert")

    def update(self, oldvalues: Any, newvalues: dict[str, Any]) -> Mapping[str, Any] | None:
        """Update the row whose rowid_column has the value oldvalues; may give the row back as stored."""
        raise NotImplementedError("update")

    def delete(self, oldvalues: Any) -> Mapping[str, Any] | None:
        """Delete the row whose rowid_column has the value oldvalues."""
        raise NotImplementedError("delete")

    def end_modify(self) -> None:
        """A DML statement has done all its rows; an exception fails the statement."""

    # Transactions: called for the instances that were read or written in the transaction

    def begin(self, serializable: bool) -> None: ...

    def pre_commit(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def sub_begin(self, level: int) -> None: ...

    def sub_commit(self, level: int) -> None: ...

    def sub_rollback(self, level: int) -> None: ...

    # IMPORT FOREIGN SCHEMA

    @classmethod
    def import_schema(
        cls,
        schema: str,
        srv_options: dict[str, str],
        options: dict[str, str],
        restriction_type: str | None,
        restricts: list[str],
    ) -> list[TableDefinition]:
        """List the tables of a remote schema; restriction_type is 'limit', 'except' or None."""
        raise NotImplementedError("import_schema")


class TransactionAwareForeignDataWrapper(ForeignDataWrapper):
    """A wrapper whose changes wait for pre_commit(), which a subclass writes.

    current_transaction_state holds ('insert', values), ('update', (old, new)) and ('delete', old) in order; a
    savepoint that is rolled back takes its changes with it.
    """

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        super().__init__(fdw_options, fdw_columns)
        self._forget_transaction()

    def _forget_transaction(self) -> None:
        self.current_transaction_state: list[tuple[str, Any]] = []
        self._savepoint_marks: dict[int, int] = {}

    def insert(self, values: dict[str, Any]) -> Mapping[str, Any] | None:
        self.current_transaction_state.append(("insert", values))
        return None

    def update(self, oldvalues: Any, newvalues: dict[str, Any]) -> Mapping[str, Any] | None:
        self.current_transaction_state.append(("update", (oldvalues, newvalues)))
        return None

    def delete(self, oldvalues: Any) -> Mapping[str, Any] | None:
        self.current_transaction_state.append(("delete", oldvalues))
        return None

    def sub_begin(self, level: int) -> None:
        self._savepoint_marks[level] = len(self.current_transaction_state)

    def sub_commit(self, level: int) -> None:
        self._savepoint_marks.pop(level, None)

    def sub_rollback(self, level: int) -> None:
        del self.current_transaction_state[self._savepoint_marks.pop(level, 0) :]

    def pre_commit(self) -> None:
        raise NotImplementedError("pre_commit")

    def commit(self) -> None:
        self._forget_transaction()

    def rollback(self) -> None:
        self._forget_transaction()
