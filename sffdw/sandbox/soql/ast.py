"""The syntax tree of a SOQL statement.

Every node that can be refused later carries `pos`, its offset in the statement, for the caret of the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Path:
    """A field reference: `Name`, `Account.Owner.Name`, `c.Name`."""

    parts: tuple[str, ...]
    pos: int

    @property
    def text(self) -> str:
        """The path as it was written."""
        return ".".join(self.parts)


@dataclass(frozen=True)
class Text:
    """A quoted string; `like` keeps `%`, `_` escapes apart from plain text."""

    value: str
    pos: int
    pattern: str = ""


@dataclass(frozen=True)
class Number:
    """An integer or decimal."""

    value: Decimal
    pos: int
    is_integer: bool = False


@dataclass(frozen=True)
class Currency:
    """An amount with its ISO code, `USD5000`."""

    code: str
    amount: Decimal
    pos: int


@dataclass(frozen=True)
class Boolean:
    """TRUE or FALSE."""

    value: bool
    pos: int


@dataclass(frozen=True)
class Null:
    """NULL."""

    pos: int


@dataclass(frozen=True)
class Moment:
    """A date, dateTime or time literal; `kind` says which."""

    text: str
    kind: str
    pos: int


@dataclass(frozen=True)
class DateRange:
    """A date literal such as TODAY or LAST_N_DAYS:7."""

    name: str
    count: int | None
    pos: int


Literal = Text | Number | Currency | Boolean | Null | Moment | DateRange


@dataclass(frozen=True)
class Geolocation:
    """GEOLOCATION(latitude, longitude)."""

    latitude: Decimal
    longitude: Decimal
    pos: int


@dataclass(frozen=True)
class Call:
    """A function of a field or of another function."""

    name: str
    args: tuple[Expression, ...]
    pos: int


@dataclass(frozen=True)
class Distance:
    """DISTANCE(field, GEOLOCATION(…), 'mi'|'km')."""

    location: Path
    origin: Geolocation
    unit: Text
    pos: int


Expression = Path | Call | Distance


@dataclass(frozen=True)
class Column:
    """One item of the SELECT list."""

    expression: Expression
    alias: str | None
    pos: int


@dataclass(frozen=True)
class Fields:
    """FIELDS(ALL|STANDARD|CUSTOM)."""

    group: str
    pos: int


@dataclass(frozen=True)
class When:
    """One branch of a TYPEOF."""

    object_name: str
    columns: tuple[Path, ...]
    pos: int


@dataclass(frozen=True)
class TypeOf:
    """TYPEOF relationship WHEN … ELSE … END."""

    relationship: Path
    branches: tuple[When, ...]
    otherwise: tuple[Path, ...]
    pos: int


@dataclass(frozen=True)
class Subquery:
    """A child subquery of the SELECT list."""

    query: Query
    alias: str | None
    pos: int


SelectItem = Column | Fields | TypeOf | Subquery


@dataclass(frozen=True)
class Compare:
    """`field op literal`, op one of = != < <= > >= LIKE."""

    left: Expression
    operator: str
    right: Literal
    pos: int


@dataclass(frozen=True)
class Membership:
    """`field [NOT] IN (…)`, INCLUDES or EXCLUDES."""

    left: Expression
    operator: str
    values: tuple[Literal, ...]
    pos: int


@dataclass(frozen=True)
class SemiJoin:
    """`field [NOT] IN (SELECT …)`."""

    left: Expression
    is_negated: bool
    query: Query
    pos: int


@dataclass(frozen=True)
class And:
    """Conditions that must all hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    """Conditions of which one must hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """A negated condition."""

    part: Condition
    pos: int


Condition = Compare | Membership | SemiJoin | And | Or | Not


@dataclass(frozen=True)
class Source:
    """One entry of FROM: an object, or a relationship path with its alias."""

    path: Path
    alias: str | None


@dataclass(frozen=True)
class Order:
    """One item of ORDER BY; `nulls` is FIRST, LAST or None."""

    expression: Expression
    is_descending: bool
    nulls: str | None
    pos: int


@dataclass(frozen=True)
class Grouping:
    """GROUP BY; `kind` is plain, rollup or cube."""

    kind: str
    items: tuple[Expression, ...]
    pos: int


@dataclass(frozen=True)
class Query:
    """A whole SELECT, outer or inner."""

    items: tuple[SelectItem, ...]
    is_count: bool
    sources: tuple[Source, ...]
    pos: int
    scope: str | None = None
    where: Condition | None = None
    modes: tuple[str, ...] = ()
    group: Grouping | None = None
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    offset_pos: int = 0
