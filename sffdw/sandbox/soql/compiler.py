"""From a syntax tree to a plan: checks what Salesforce checks and writes the SQL."""

from __future__ import annotations

from sffdw.sandbox.errors import CUSTOM_OBJECT_HINT
from sffdw.sandbox.schema import Schema, SObject
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.filters import Filter
from sffdw.sandbox.soql.functions import is_aggregate, is_date_function
from sffdw.sandbox.soql.grouped import compile_grouped
from sffdw.sandbox.soql.limits import check_categories, check_limits, check_required_filter
from sffdw.sandbox.soql.names import Scope, Statement
from sffdw.sandbox.soql.ordering import order_sql
from sffdw.sandbox.soql.parser import parse
from sffdw.sandbox.soql.plan import Children, Plan
from sffdw.sandbox.soql.rows import visible_sql
from sffdw.sandbox.soql.selection import Selection
from sffdw.sandbox.soql.semijoins import check_semi_joins
from sffdw.sandbox.soql.settings import Settings
from sffdw.sandbox.store.tables import column_name, table_name

# Filter scopes, and whether they show the user's own records only.
_SCOPES = {
    "everything": False,
    "allprivate": False,
    "mru": False,
    "scopingrule": False,
    "team": False,
    "delegated": True,
    "mine": True,
    "mine_and_my_groups": True,
    "mineandmygroups": True,
    "my_territory": True,
    "my_team_territory": True,
}
MAX_CHILD_DEPTH, CHILD_DEPTH_SINCE = 5, 58.0


def compile_soql(text: str, schema: Schema, settings: Settings) -> Plan:
    """Parse, check and compile a statement; raises SoqlError."""
    check_limits(text)
    query = parse(text)
    statement = Statement(text, schema, settings)
    source = query.sources[0].path
    sobject = statement.object(source.text, source.pos)
    return QueryCompiler(statement, query, sobject).plan().come_from(text, settings)


def using_scope(name: str | None, statement: Statement) -> bool:
    """Tell whether USING SCOPE limits a query to the user's own records; raises for an unknown scope."""
    if name is None:
        return False
    if name.lower() not in _SCOPES:
        raise statement.error("MALFORMED_QUERY", f"unexpected token: '{name}'", None)
    return _SCOPES[name.lower()]


class QueryCompiler:
    """Compiles one SELECT, outer or child."""

    def __init__(
        self,
        statement: Statement,
        query: ast.Query,
        sobject: SObject,
        link: str | None = None,
        *,
        unfiltered: bool = False,
    ) -> None:
        self.statement = statement
        self.query = query
        self.scope = Scope(statement, sobject, query.sources)
        self.link = link
        self.level = 0  # how many child subqueries this one is in
        self.unfiltered = unfiltered  # reading by id is no query: nothing must be filtered
        self.plan_ = Plan(sobject, statement.params, alias=self.scope.alias)

    def plan(self) -> Plan:
        """Return the compiled plan."""
        query, plan = self.query, self.plan_
        check_semi_joins(query, self.scope)
        check_categories(query, self.scope)
        if self.link is None and not self.unfiltered:
            check_required_filter(query, self.scope)
        self.scope.limits_to_own = using_scope(query.scope, self.statement)
        plan.limit, plan.offset = query.limit, query.offset
        plan.hides_deleted = not self.statement.settings.includes_deleted
        self._check_offset()
        plan.where = self._where()
        if query.is_count:
            self._check_count()
            plan.is_count = True
        elif self._is_grouped():
            compile_grouped(plan, query, self.scope)
        else:
            self._compile_rows()
        plan.source = f"{table_name(plan.sobject)} {plan.alias}{self.scope.joins_sql()}"
        if plan.is_grouped:
            plan.grouped_sql = plan.grouped_sql.replace("{source}", plan.source).replace("{where}", plan.where)
        return plan

    def _where(self) -> str:
        visible = visible_sql(self.scope, archived_too=self.unfiltered)
        if self.query.where is None:
            return visible
        return f"{visible} AND {Filter(self.scope).sql(self.query.where)}"

    def _check_offset(self) -> None:
        offset = self.query.offset
        if offset is not None and offset < 0:
            raise self.statement.error("NUMBER_OUTSIDE_VALID_RANGE", "OFFSET cannot be negative", self.query.offset_pos)
        if offset is not None and offset > 2000:
            raise self.statement.error(
                "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000", self.query.offset_pos
            )

    def _check_count(self) -> None:
        """COUNT() stands alone; COUNT(field) is what sorts and groups."""
        first = next(iter(self.query.order), None) or self.query.group
        if first is not None:
            clause = "ORDER BY" if self.query.order else "GROUP BY"
            text = f"{clause} is not allowed with COUNT(), use COUNT(fieldName)"
            raise self.statement.error("MALFORMED_QUERY", text, first.pos)

    def _is_grouped(self) -> bool:
        """Aggregates anywhere, or parts of dates in the SELECT list, make a query a grouped one."""
        columns = [item.expression for item in self.query.items if isinstance(item, ast.Column)]
        return (
            self.query.group is not None
            or any(is_aggregate(column) or is_date_function(column) for column in columns)
            or any(is_aggregate(item.expression) for item in self.query.order)
        )

    def _compile_rows(self) -> None:
        plan, alias = self.plan_, self.plan_.alias
        plan.columns = [f"{alias}._row", f'{alias}."Id"']
        if self.link is not None:
            plan.link = f"{alias}.{column_name(self.link)}"
        selection = Selection(plan, self.scope, self.query, self._compile_child)
        plan.nodes = selection.nodes()
        plan.order = order_sql(self.query.order, self.scope)

    def _compile_child(self, item: ast.Subquery, place: int) -> Children:
        query, parent = item.query, self.scope.sobject
        parts = query.sources[0].path.parts
        child = self.statement.schema.child(parent.name, parts[-1])
        target = self.statement.schema.get(child.child_object) if child else None
        if child is None or target is None or not self.statement.settings.access.can_see(target):
            hint = CUSTOM_OBJECT_HINT.replace("custom object", "custom relationship").replace("'__c'", "'__r'")
            hint = hint.replace("entity name", "custom relationship name")
            message = f"Didn't understand relationship '{parts[-1]}' in FROM part of query call. {hint}"
            raise self.statement.error("INVALID_TYPE", message, query.sources[0].path.pos)
        compiler = QueryCompiler(self.statement, query, target, link=child.field)
        if query.is_count or compiler._is_grouped():
            raise self.statement.error("MALFORMED_QUERY", "Aggregates are not allowed in child subqueries", item.pos)
        self._check_child(query, item.pos)
        compiler.level = self.level + 1
        plan = compiler.plan()
        return Children(item.alias or str(child.relationship_name), 1, plan, place)

    def _check_child(self, query: ast.Query, pos: int) -> None:
        """Refuse child subqueries nested too deeply and offsets where they are not allowed."""
        version = self.statement.settings.api_version
        deepest = MAX_CHILD_DEPTH if version >= CHILD_DEPTH_SINCE else 1
        if self.level + 1 > deepest:
            text = f"Maximum depth of child subqueries exceeded: {deepest}"
            raise self.statement.error("MALFORMED_QUERY", text, pos)
        if query.offset is not None and self.query.limit != 1:
            text = "OFFSET is allowed in a subquery only when the parent query has LIMIT 1"
            raise self.statement.error("MALFORMED_QUERY", text, query.offset_pos)
