"""What the host and a wrapper tell each other: quals, sort keys, columns, tables.

Plain values without behaviour, save that a TableDefinition can write itself as SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from multicorn.literals import quote_identifier, quote_literal


class ListSense(Enum):
    """How an operator is applied to a list: to any element of it, or to all."""

    ANY = "any"
    ALL = "all"


ANY = ListSense.ANY
ALL = ListSense.ALL


@dataclass(slots=True)
class Qual:
    """One condition `field_name operator value`; all quals of a scan hold together.

    A value of None means IS NULL (operator `=`) or IS NOT NULL (`<>`). An operator that is a tuple, `('=', True)` or
    `('<>', False)`, is applied to any (True) or all (False) elements of the list in value.
    """

    field_name: str
    operator: str | tuple[str, bool]
    value: Any

    @property
    def is_list_operator(self) -> bool:
        return isinstance(self.operator, tuple)

    @property
    def list_any_or_all(self) -> ListSense:
        """Say whether the operator means any or all elements; AttributeError for a simple operator."""
        if isinstance(self.operator, tuple):
            return ANY if self.operator[1] else ALL
        raise AttributeError(f'operator "{self.operator}" takes no list')


@dataclass(slots=True, unsafe_hash=True)
class SortKey:
    """One key of a wanted order. collate is the collation's name, None for types that have none."""

    attname: str
    attnum: int
    is_reversed: bool = False
    nulls_first: bool = False
    collate: str | None = None


@dataclass(slots=True)
class ColumnDefinition:
    """A column of a foreign table.

    type_name is what goes into CREATE FOREIGN TABLE ("character varying(80)"), base_type_name the same without its
    modifier and below any domain.
    """

    column_name: str
    type_oid: int = 0
    typmod: int = -1
    type_name: str = ""
    base_type_name: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def to_statement(self) -> str:
        return f"{quote_identifier(self.column_name)} {self.type_name}{options_clause(self.options)}"


@dataclass(slots=True)
class TableDefinition:
    """A foreign table as import_schema offers it."""

    table_name: str
    schema: str | None = None
    columns: Sequence[ColumnDefinition] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def to_statement(self, schema: str, server: str) -> str:
        """Write CREATE FOREIGN TABLE for a local schema and a server."""
        columns = ",\n    ".join(column.to_statement() for column in self.columns)
        return (
            f"CREATE FOREIGN TABLE {quote_identifier(schema)}.{quote_identifier(self.table_name)} (\n    {columns}\n)"
            f" SERVER {quote_identifier(server)}{options_clause(self.options)}"
        )


def options_clause(options: Mapping[str, str] | None) -> str:
    """Write ` OPTIONS (…)`, or nothing when there are none."""
    if not options:
        return ""
    pairs = ", ".join(f"{quote_identifier(name)} {quote_literal(str(value))}" for name, value in options.items())
    return f" OPTIONS ({pairs})"
