"""A statement compiled: SQL to run and a tree that says how a row becomes JSON. Plans hold no rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.soql.settings import Settings


@dataclass(frozen=True)
class Leaf:
    """A value: key in the answer, column of the SQL row, Salesforce type; base64 fields show a path instead."""

    key: str
    index: int
    type: str
    source: Field | None = None
    function: str | None = None  # the function it comes from, as a grouped query's columns name it


@dataclass(frozen=True)
class Compound:
    """An address or geolocation: its parts by JSON name."""

    key: str
    parts: tuple[tuple[str, int], ...]
    types: tuple[str, ...]


@dataclass
class Parent:
    """A parent record; null when the column `id_index` is NULL."""

    key: str
    object_name: str
    id_index: int
    nodes: list[Node] = field(default_factory=list)
    type_index: int | None = None  # polymorphic parents: where the concrete object's name stands
    reference: str = ""  # the field that points to it


@dataclass(frozen=True)
class Branches:
    """A TYPEOF: for each key prefix the record to show, else `otherwise`."""

    key: str
    id_index: int
    by_prefix: dict[str, Parent]
    otherwise: Parent | None
    reference: str = ""


@dataclass(frozen=True)
class Children:
    """A child subquery: its own plan, matched to the row by the id in column `id_index`."""

    key: str
    id_index: int
    plan: Plan
    place: int  # which of the row's subqueries this is


Node = Leaf | Compound | Parent | Branches | Children


@dataclass
class Plan:
    """SQL and shape of one SELECT. Columns 0 and 1 are always `_row` and Id, except in grouped plans."""

    sobject: SObject
    params: dict[str, object]
    nodes: list[Node] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    source: str = ""  # FROM … with joins; alias of the main table in `alias`
    alias: str = ""
    where: str = "1"
    order: str = ""
    limit: int | None = None
    offset: int | None = None
    is_count: bool = False
    is_grouped: bool = False
    grouped_sql: str = ""
    hides_deleted: bool = True
    long_texts: int = 0
    link: str = ""  # of a child plan: the column that holds the parent's id
    children: list[Children] = field(default_factory=list)
    # Where the plan comes from: the statement, its settings, and which child subquery (of which) it is.
    text: str = ""
    settings: Settings | None = None
    place: tuple[int, ...] = ()

    def come_from(self, text: str, settings: Settings, place: tuple[int, ...] = ()) -> Plan:
        """Note what this plan and its child plans were compiled from; return it."""
        self.text, self.settings, self.place = text, settings, place
        for number, child in enumerate(self.children):
            child.plan.come_from(text, settings, (*place, number))
        return self

    def column(self, sql: str) -> int:
        """Add a column (or find it) and return its index."""
        if sql in self.columns:
            return self.columns.index(sql)
        self.columns.append(sql)
        return len(self.columns) - 1

    @property
    def select_list(self) -> str:
        """The columns as SQL."""
        return ", ".join(self.columns)

    @property
    def range_sql(self) -> str:
        """LIMIT and OFFSET as SQL."""
        if self.limit is None and not self.offset:
            return ""
        return f" LIMIT {-1 if self.limit is None else self.limit}" + (f" OFFSET {self.offset}" if self.offset else "")

    @property
    def is_unfiltered(self) -> bool:
        """Whether it shows every record that is not deleted."""
        return self.where == f"+{self.alias}._deleted = 0"

    def rows_sql(self) -> str:
        """Return the statement that gives all rows."""
        return f"SELECT {self.select_list} FROM {self.source} WHERE {self.where} ORDER BY {self.order}{self.range_sql}"

    def numbers_sql(self) -> str:
        """Return the statement that gives the row numbers of the whole result, in order."""
        return f"SELECT {self.alias}._row FROM {self.source} WHERE {self.where} ORDER BY {self.order}{self.range_sql}"

    def page_sql(self, visible: str, columns: str | None = None) -> str:
        """Return the statement that gives rows by number (`:page`, a JSON array), in that order."""
        return (
            f"SELECT {columns or self.select_list} FROM json_each(:page) AS page CROSS JOIN {self.source} "
            f"WHERE {self.alias}._row = page.value AND {visible} ORDER BY page.key"
        )
