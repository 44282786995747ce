"""Queries that answer AggregateResult rows: aggregates, GROUP BY, ROLLUP, CUBE, HAVING."""

from __future__ import annotations

from itertools import combinations

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.filters import Filter, expression_text
from sffdw.sandbox.soql.functions import FOLDED, compile_expression, folded_sql, is_aggregate
from sffdw.sandbox.soql.names import Scope, Typed
from sffdw.sandbox.soql.ordering import item_sql
from sffdw.sandbox.soql.plan import Leaf, Plan

MAX_GROUPS = 2000
MAX_ROLLED_UP = 3


def compile_grouped(plan: Plan, query: ast.Query, scope: Scope) -> None:
    """Compile an aggregate query into `plan`."""
    GroupedCompiler(plan, query, scope).compile()


class GroupedCompiler:
    """Builds one SELECT per grouping set and joins them with UNION ALL."""

    def __init__(self, plan: Plan, query: ast.Query, scope: Scope) -> None:
        self.plan = plan
        self.query = query
        self.scope = scope
        self.statement = scope.statement
        self.keys = [self._key(item) for item in (query.group.items if query.group else ())]

    def compile(self) -> None:
        """Write the SQL of the plan and its leaves."""
        query, plan = self.query, self.plan
        if query.limit is not None and query.group is None:
            raise self.statement.error("MALFORMED_QUERY", "Aggregate queries with LIMIT need GROUP BY", None)
        plan.is_grouped = True
        self._check_aliases()
        selects = [self._select(chosen) for chosen in self._grouping_sets()]
        order = self._order()
        sql = " UNION ALL ".join(selects)
        plan.grouped_sql = f"SELECT * FROM ({sql}){order}{plan.range_sql}"

    def _check_aliases(self) -> None:
        """Refuse two columns of the same name: a row of the result could hold only one of them."""
        taken: set[str] = set()
        for item in self.query.items:
            if not isinstance(item, ast.Column):
                continue
            key = item.alias
            if key is None and isinstance(item.expression, ast.Path):
                key = item.expression.parts[-1]
            if key is not None and key.lower() in taken:
                raise self.statement.error("MALFORMED_QUERY", f"duplicate alias: {key}", item.pos)
            taken.add(key.lower() if key is not None else "")

    # Groups

    def _key(self, item: ast.Expression) -> Typed:
        if is_aggregate(item):
            raise self.statement.error("MALFORMED_QUERY", "Aggregates are not allowed in GROUP BY", item.pos)
        if isinstance(item, ast.Distance):
            raise self.statement.error("MALFORMED_QUERY", "DISTANCE is not allowed in GROUP BY", item.pos)
        key = compile_expression(item, self.scope)
        if key.field is not None and not key.field.groupable and isinstance(item, ast.Path):
            raise self.statement.error(
                "MALFORMED_QUERY", f"field '{key.field.name}' can not be grouped in a query call", item.pos
            )
        return key

    def _grouping_sets(self) -> list[tuple[int, ...]]:
        """Return which keys each grouping set groups by."""
        places = tuple(range(len(self.keys)))
        kind = self.query.group.kind if self.query.group else "plain"
        if kind != "plain" and len(places) > MAX_ROLLED_UP:
            assert self.query.group is not None
            raise self.statement.error(
                "MALFORMED_QUERY", f"{kind.upper()} takes at most {MAX_ROLLED_UP} fields", self.query.group.pos
            )
        if kind == "rollup":
            return [places[:size] for size in range(len(places), -1, -1)]
        if kind == "cube":
            return [chosen for size in range(len(places), -1, -1) for chosen in combinations(places, size)]
        return [places]

    def _select(self, chosen: tuple[int, ...]) -> str:
        self.plan.nodes = []
        columns = self._columns(chosen)
        columns += [self._order_column(item, chosen, place) for place, item in enumerate(self.query.order)]
        group = ", ".join(folded_sql(self.keys[place]) for place in chosen)
        having = self._having(chosen)
        sql = f"SELECT {', '.join(columns)} FROM {{source}} WHERE {{where}}"
        if group:
            sql += f" GROUP BY {group}"
        elif self.query.group is not None:
            # The grand total of a rollup over no rows at all is no row.
            having = f"count(*) > 0{' AND ' + having if having else ''}"
        return f"{sql} HAVING {having}" if having else sql

    # Columns

    def _columns(self, chosen: tuple[int, ...]) -> list[str]:
        columns: list[str] = []
        unnamed = 0
        for item in self.query.items:
            if not isinstance(item, ast.Column):
                raise self.statement.error(
                    "MALFORMED_QUERY", "Grouped queries select fields and aggregates only", item.pos
                )
            typed = self._value(item.expression, chosen)
            key = item.alias
            if key is None and isinstance(item.expression, ast.Path):
                key = typed.field.name if typed.field else item.expression.parts[-1]
            if key is None:
                key, unnamed = f"expr{unnamed}", unnamed + 1
            function = None if isinstance(item.expression, ast.Path) else _shown(item.expression)
            self.plan.nodes.append(Leaf(key, len(columns), typed.type, typed.field, function))
            columns.append(f"{typed.sql} AS c{len(columns)}")
        return columns

    def _value(self, expression: ast.Expression, chosen: tuple[int, ...]) -> Typed:
        """Return an item's SQL within a grouping set: keys left out of it are NULL."""
        if isinstance(expression, ast.Call) and expression.name.upper() == "GROUPING":
            place = self._place_of(expression.args[0])
            if place is None:
                raise self.statement.error("MALFORMED_QUERY", "GROUPING takes a field of GROUP BY", expression.pos)
            return Typed("0" if place in chosen else "1", "int")
        if is_aggregate(expression):
            return compile_expression(expression, self.scope)
        place = self._place_of(expression)
        if place is None:
            raise self.statement.error(
                "MALFORMED_QUERY", f"Field must be grouped or aggregated: {expression_text(expression)}", expression.pos
            )
        key = self.keys[place]
        sql = f"min({key.sql})" if key.type in FOLDED else key.sql
        if place not in chosen:
            sql = "NULL"
        return Typed(sql, key.type, key.field, key.sobject, key.through)

    def _place_of(self, expression: ast.Expression) -> int | None:
        wanted = compile_expression(expression, self.scope).sql
        for place, key in enumerate(self.keys):
            if key.sql == wanted or _same_call(expression, self.query, place):
                return place
        return None

    # HAVING and ORDER BY

    def _having(self, chosen: tuple[int, ...]) -> str:
        if self.query.having is None:
            return ""
        return f"ifnull({_GroupedFilter(self, chosen).sql(self.query.having)}, 0)"

    def _order_column(self, item: ast.Order, chosen: tuple[int, ...], place: int) -> str:
        return f"{self._ordered(item, chosen).sql} AS o{place}"

    def _ordered(self, item: ast.Order, chosen: tuple[int, ...]) -> Typed:
        if isinstance(item.expression, ast.Path) and len(item.expression.parts) == 1:
            for column in self.query.items:
                if isinstance(column, ast.Column) and (column.alias or "").lower() == item.expression.parts[0].lower():
                    return self._value(column.expression, chosen)
        return self._value(item.expression, chosen)

    def _order(self) -> str:
        everything = tuple(range(len(self.keys)))
        parts = []
        for place, item in enumerate(self.query.order):
            typed = self._ordered(item, everything)
            parts.append(item_sql(item, Typed(f"o{place}", typed.type, typed.field), self.scope))
        if not parts:
            parts = [f"c{place}" for place, node in enumerate(self.plan.nodes) if self._is_key(place)]
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _is_key(self, place: int) -> bool:
        item = self.query.items[place]
        return isinstance(item, ast.Column) and not is_aggregate(item.expression)


def _shown(expression: ast.Expression) -> str:
    """Return a function as descriptions of columns name it: `avg(Amount)`."""
    if isinstance(expression, ast.Call):
        return f"{expression.name.lower()}({', '.join(_shown(inner) for inner in expression.args)})"
    return expression_text(expression)


def _same_call(expression: ast.Expression, query: ast.Query, place: int) -> bool:
    """Tell whether two date functions say the same (their SQL differs in the names of bound values)."""
    assert query.group is not None
    return expression_text(expression).lower() == expression_text(query.group.items[place]).lower()


class _GroupedFilter(Filter):
    """HAVING: fields must be grouped, and within a grouping set keys left out of it are NULL."""

    def __init__(self, grouped: GroupedCompiler, chosen: tuple[int, ...]) -> None:
        super().__init__(grouped.scope, in_having=True)
        self.grouped = grouped
        self.chosen = chosen

    def _left(self, expression: ast.Expression, pos: int) -> Typed:
        return self.grouped._value(expression, self.chosen)
