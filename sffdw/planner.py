"""Which conditions, sorts and limits Salesforce can apply: exactly, as a superset that PostgreSQL rechecks, or not.

SOQL is not SQL: text compares without case there, NULL and '' are one, `!=` includes NULL, dateTime compares at second
precision. A condition is sent only when it cannot lose a row that PostgreSQL would keep. No network, no clock.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

from sffdw import soql
from sffdw.errors import ArgumentMissing, SoqlRejected
from sffdw.types import IDS, NEWEST_YEAR, NUMBERS, OLDEST_YEAR, TEXTS, is_id, long_id, utc

COMPARISONS = {"=": "=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
# SOQL sees no fraction of a second: a strict bound must let the whole second through.
WIDENED = {"=": "=", "<": "<=", "<=": "<=", ">": ">=", ">=": ">="}
SORTABLE = NUMBERS | {"date", "datetime", "time", "boolean"}
# Collations that order ids as Salesforce does: by the bytes of their characters.
BYTE_COLLATIONS = frozenset(("C", "POSIX", "ucs_basic", "C.UTF-8", "C.utf8"))
MAX_RANGES = 50


class Qual(Protocol):
    field_name: str
    operator: Any
    value: Any


class SortKey(Protocol):
    attname: str
    is_reversed: bool
    nulls_first: bool
    collate: str | None


@dataclass(frozen=True)
class Column:
    """A column of a foreign table: field is its API name, sf_type and the flags come from describe."""

    name: str
    field: str
    sf_type: str
    is_filterable: bool = True
    is_sortable: bool = True


@dataclass(frozen=True)
class Condition:
    """A term of WHERE.

    members: the literals of an IN list, which may be divided among statements. is_never: no row can meet it.
    recheck: operator and value of a widened time bound, for the reader of pages, who must count what will remain.
    """

    text: str
    is_exact: bool = False
    field: str = ""
    members: tuple[str, ...] = ()
    is_never: bool = False
    recheck: tuple[str, dt.datetime] | None = None


NEVER = Condition("", is_exact=True, is_never=True)


@dataclass(frozen=True)
class Keyset:
    """Where a page begins: after (at, record_id) in the order of SystemModstamp and Id, or, without at, of Id alone."""

    at: dt.datetime | None
    record_id: str

    def order_by(self) -> tuple[str, ...]:
        return ("Id ASC NULLS FIRST",) if self.at is None else ("SystemModstamp ASC NULLS FIRST", "Id ASC NULLS FIRST")

    def has_fraction(self) -> bool:
        return self.at is not None and self.at.microsecond != 0

    def is_sayable(self) -> bool:
        """A condition can say it: no two records are told apart by the fraction of a second alone."""
        return not (self.has_fraction() and self.record_id)

    def where(self) -> tuple[str, ...]:
        after = f"Id > {soql.quoted(self.record_id)}"
        if self.at is None:
            return (after,) if self.record_id else ()
        at = soql.moment(self.at)
        # Within one second the fraction decides, which no condition can see: the reader drops what it knows.
        if not self.record_id or self.has_fraction():
            return (f"SystemModstamp >= {at}",)
        return (f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND {after}))",)


def keyset_of(text: str) -> Keyset:
    """Parse `_after`: '<ISO 8601 time>,<id>', ',<id>' or ','."""
    at, comma, record_id = text.rpartition(",")
    try:
        start = utc(dt.datetime.fromisoformat(at)) if at.strip() else None
    except ValueError:
        start = None
        comma = ""
    if not comma or (record_id and not is_id(record_id)):
        raise ArgumentMissing(f'invalid value for "_after": "{text[:100]}"',
                              hint="It is written '<SystemModstamp>,<Id>' or ',<Id>'.")
    return Keyset(start, long_id(record_id))


@dataclass(frozen=True)
class Plan:
    """What will be asked. pushed, superset and local name the conditions for EXPLAIN, as PostgreSQL wrote them."""

    select: soql.Select
    has_deleted: bool = False
    conditions: tuple[Condition, ...] = ()
    keyset: Keyset | None = None
    page_size: int | None = None
    is_empty: bool = False
    pushed: tuple[str, ...] = ()
    superset: tuple[str, ...] = ()
    local: tuple[str, ...] = ()

    def is_exact(self) -> bool:
        """Every condition is applied exactly there: a LIMIT means the same here and there."""
        return not (self.superset or self.local)

    def statements(self) -> Iterator[str]:
        return (select.text() for select in self.selects())

    def selects(self) -> Iterator[soql.Select]:
        """The statement; several where one would exceed the longest that Salesforce takes."""
        if not self.is_divided():
            yield self.select
            return
        yield from (replace(self.select, where=where) for where in self._divided())

    def is_divided(self) -> bool:
        return len(self.select.text()) > soql.MAX_STATEMENT_CHARS

    def _divided(self) -> Iterator[tuple[str, ...]]:
        longest = max(self.conditions, key=lambda condition: sum(map(len, condition.members)), default=NEVER)
        keyset = self.keyset.where() if self.keyset else ()
        rest = tuple(condition.text for condition in self.conditions if condition is not longest) + keyset
        room = soql.MAX_STATEMENT_CHARS - len(replace(self.select, where=(*rest, longest.field + " IN ()")).text())
        if room < max(map(len, longest.members), default=soql.MAX_STATEMENT_CHARS):
            raise SoqlRejected("the statement would exceed 100,000 characters",
                               hint="Select fewer columns or give shorter lists.")
        for part in _parts(longest.members, room):
            yield (*rest, f"{longest.field} IN ({', '.join(part)})")

    def after(self, keyset: Keyset, limit: int | None) -> "Plan":
        """What remains of this plan behind a record."""
        where = (*(condition.text for condition in self.conditions), *keyset.where())
        select = replace(self.select, where=where, limit=limit if keyset.is_sayable() else None)
        return replace(self, keyset=keyset, select=select)


def _parts(members: Sequence[str], room: int) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for member in members:
        if part and size + len(member) + 2 > room:
            yield part
            part, size = [], 0
        part.append(member)
        size += len(member) + 2
    yield part


def plan_scan(sobject: str, columns: Mapping[str, Column], *, needed: Iterable[str], quals: Iterable[Qual],
              sortkeys: Iterable[SortKey] = (), limit: int | None = None, has_deleted: bool = False,
              keyset: Keyset | None = None, page_size: int | None = None, soql_filter: str | None = None) -> Plan:
    """Plan a scan of one object. Quals on columns that are not in `columns` must have been taken out before.

    soql_filter: a condition in SOQL that the rows shall meet besides.
    """
    conditions = [Condition(f"({soql_filter})", is_exact=True)] if soql_filter else []
    pushed: list[str] = []
    superset: list[str] = []
    local: list[str] = []
    for qual in quals:
        column = columns.get(qual.field_name)
        condition = translate(column, qual.operator, qual.value) if column else None
        if condition is None:
            local.append(shown(qual))
            continue
        conditions.append(condition)
        (pushed if condition.is_exact else superset).append(shown(qual))
    fields = [columns[name].field for name in needed if name in columns]
    order = tuple(order_term(columns[key.attname], key) for key in sortkeys)
    if keyset:
        fields += [] if keyset.at is None else ["SystemModstamp"]
        order = keyset.order_by()
    if superset or local:
        limit = None
    if page_size is not None and (keyset is None or keyset.is_sayable()):
        limit = page_size if limit is None else min(limit, page_size)
    where = tuple(condition.text for condition in conditions) + (keyset.where() if keyset else ())
    select = soql.Select(tuple(dict.fromkeys(fields)) or ("Id",), sobject, where, order, limit)
    return Plan(select, has_deleted, tuple(conditions), keyset, page_size, NEVER in conditions, tuple(pushed),
                tuple(superset), tuple(local))


def shown(qual: Qual) -> str:
    """A qual for EXPLAIN."""
    operator = qual.operator
    if isinstance(operator, tuple):
        operator = f"{operator[0]} {'ANY' if operator[1] else 'ALL'}"
    if qual.value is None and operator in ("=", "<>"):
        return f"{qual.field_name} IS {'' if operator == '=' else 'NOT '}NULL"
    text = str(qual.value)
    return f"{qual.field_name} {operator} {text if len(text) <= 100 else text[:99] + '…'}"


def can_sort(column: Column | None, key: SortKey) -> bool:
    """Salesforce would deliver exactly PostgreSQL's order."""
    if column is None or not column.is_sortable:
        return False
    return column.sf_type in SORTABLE or (column.sf_type == "id" and key.collate in BYTE_COLLATIONS)


def order_term(column: Column, key: SortKey) -> str:
    return (f"{column.field} {'DESC' if key.is_reversed else 'ASC'} "
            f"NULLS {'FIRST' if key.nulls_first else 'LAST'}")


# --- conditions ---

def translate(column: Column, operator: Any, value: Any) -> Condition | None:
    """The SOQL condition that keeps at least the rows of `column operator value`; None when there is none."""
    if not column.is_filterable:
        return None
    if value is None:
        return _null_test(column, operator)
    rule = RULES.get(column.sf_type)
    if rule is None:
        return None
    if isinstance(operator, tuple):
        return _in_list(column, rule, value) if operator == ("=", True) else None
    return rule(column, operator, value)


def _null_test(column: Column, operator: Any) -> Condition | None:
    # An empty checkbox is false there, never null.
    if column.sf_type in ("boolean", "address", "location") or operator not in ("=", "<>"):
        return None
    return Condition(f"{column.field} {COMPARISONS[operator]} null", is_exact=True)


Rule = Callable[[Column, str, Any], Condition | None]


def _in_list(column: Column, rule: Rule, values: Any) -> Condition | None:
    """IN: each member by the rule for `=`. One that cannot be said keeps the whole list here."""
    found = [rule(column, "=", value) for value in dict.fromkeys(values) if value is not None]
    terms = [condition for condition in found if condition is not None]
    if len(terms) < len(found):
        return None
    terms = [condition for condition in terms if not condition.is_never]
    if not terms:
        return NEVER
    is_exact = all(condition.is_exact for condition in terms)
    if all(condition.members for condition in terms):
        members = tuple(dict.fromkeys(condition.members[0] for condition in terms))
        return Condition(f"{column.field} IN ({', '.join(members)})", is_exact, column.field, members)
    if len(terms) > MAX_RANGES:
        return None
    return Condition("(" + " OR ".join(condition.text for condition in terms) + ")", is_exact)


def _compared(column: Column, operator: str, literal: str, *, is_exact: bool) -> Condition:
    members = (literal,) if operator == "=" else ()
    return Condition(f"{column.field} {operator} {literal}", is_exact, column.field, members)


def _text(column: Column, operator: str, value: Any) -> Condition | None:
    if not isinstance(value, str):
        return None
    if operator in ("~~", "~~*"):
        pattern = soql.like_literal(value)
        return Condition(f"{column.field} LIKE {pattern}") if pattern else None
    if operator != "=":
        return None
    if not value:
        return NEVER
    return _compared(column, "=", soql.quoted(value), is_exact=False) if len(value) <= soql.MAX_LITERAL_CHARS else None


def _multipicklist(column: Column, operator: str, value: Any) -> Condition | None:
    if operator != "=" or not isinstance(value, str) or len(value) > soql.MAX_LITERAL_CHARS:
        return None
    return Condition(f"{column.field} INCLUDES ({soql.quoted(value)})") if value else NEVER


def _id(column: Column, operator: str, value: Any) -> Condition | None:
    if not isinstance(value, str) or operator not in ("=", "<>"):
        return None
    is_canonical = is_id(value) and long_id(value[:15]) == value
    if operator == "<>":
        # `!=` keeps nulls there, which the recheck drops.
        return _compared(column, "!=", soql.quoted(value), is_exact=column.sf_type == "id") if is_canonical else None
    if not is_id(value):
        return NEVER
    return _compared(column, "=", soql.quoted(long_id(value)), is_exact=is_canonical)


def _number(column: Column, operator: str, value: Any) -> Condition | None:
    if isinstance(value, float):
        return _float(column, operator, value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or operator not in COMPARISONS:
        return None
    literal = soql.number(value)
    is_whole = column.sf_type in ("int", "long")
    if literal is None or (is_whole and (literal != str(int(value)) or abs(int(value)) >= 2**31)):
        return None
    return _compared(column, COMPARISONS[operator], literal, is_exact=operator != "<>")


def _float(column: Column, operator: str, value: float) -> Condition | None:
    """A float8 column shows a rounded number: bounds one step wider keep what rounds to the value."""
    if not math.isfinite(value) or operator not in WIDENED:
        return None
    low = soql.number(_wider(math.nextafter(value, -math.inf), down=True))
    high = soql.number(_wider(math.nextafter(value, math.inf), down=False))
    if low is None or high is None:
        return None
    if operator == "=":
        return Condition(f"({column.field} >= {low} AND {column.field} <= {high})")
    bound = high if operator in ("<", "<=") else low
    return Condition(f"{column.field} {WIDENED[operator]} {bound}")


def _wider(value: float, *, down: bool) -> Decimal:
    """The number moved outwards to 14 digits and 18 places, a literal that Salesforce compares as written."""
    exact = Decimal(value)
    unit = Decimal(1).scaleb(max(exact.adjusted() - 13, -18))
    return (exact / unit).to_integral_value("ROUND_FLOOR" if down else "ROUND_CEILING") * unit


def _boolean(column: Column, operator: str, value: Any) -> Condition | None:
    if not isinstance(value, bool) or operator not in ("=", "<>"):
        return None
    return _compared(column, COMPARISONS[operator], soql.boolean(value), is_exact=True)


def _date(column: Column, operator: str, value: Any) -> Condition | None:
    if type(value) is not dt.date or operator not in COMPARISONS or not OLDEST_YEAR <= value.year < NEWEST_YEAR:
        return None
    return _compared(column, COMPARISONS[operator], soql.date(value), is_exact=operator != "<>")


def _datetime(column: Column, operator: str, value: Any) -> Condition | None:
    if not isinstance(value, dt.datetime) or operator not in WIDENED or not OLDEST_YEAR < value.year < NEWEST_YEAR:
        return None
    condition = _compared(column, WIDENED[operator], soql.moment(value), is_exact=False)
    return replace(condition, recheck=(operator, utc(value)))


def _time(column: Column, operator: str, value: Any) -> Condition | None:
    if not isinstance(value, dt.time) or operator not in WIDENED:
        return None
    return _compared(column, WIDENED[operator], soql.clock_time(value), is_exact=False)


RULES: dict[str, Rule] = {
    **dict.fromkeys(TEXTS, _text), **dict.fromkeys(IDS, _id), **dict.fromkeys(NUMBERS, _number),
    "multipicklist": _multipicklist, "boolean": _boolean, "date": _date, "datetime": _datetime, "time": _time}
