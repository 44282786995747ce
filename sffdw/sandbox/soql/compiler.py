"""From a syntax tree to a plan: checks what Salesforce checks and writes the SQL."""

from __future__ import annotations

from sffdw.sandbox.errors import CUSTOM_OBJECT_HINT
from sffdw.sandbox.schema import Schema, SObject
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.filters import Filter
from sffdw.sandbox.soql.functions import is_aggregate
from sffdw.sandbox.soql.grouped import compile_grouped
from sffdw.sandbox.soql.limits import check_limits, check_required_filter
from sffdw.sandbox.soql.names import Scope, Statement
from sffdw.sandbox.soql.ordering import order_sql
from sffdw.sandbox.soql.parser import parse
from sffdw.sandbox.soql.plan import Children, Plan
from sffdw.sandbox.soql.rows import visible_sql
from sffdw.sandbox.soql.selection import Selection
from sffdw.sandbox.soql.semijoins import check_semi_joins
from sffdw.sandbox.soql.settings import Settings
from sffdw.sandbox.store.tables import column_name, table_name


def compile_soql(text: str, schema: Schema, settings: Settings) -> Plan:
    """Parse, check and compile a statement; raises SoqlError."""
    check_limits(text)
    query = parse(text)
    statement = Statement(text, schema, settings)
    source = query.sources[0].path
    sobject = statement.object(source.text, source.pos)
    return QueryCompiler(statement, query, sobject).plan()


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
        self.unfiltered = unfiltered  # reading by id is no query: nothing must be filtered
        self.plan_ = Plan(sobject, statement.params, alias=self.scope.alias)

    def plan(self) -> Plan:
        """Return the compiled plan."""
        query, plan = self.query, self.plan_
        check_semi_joins(query, self.scope)
        if self.link is None and not self.unfiltered:
            check_required_filter(query, self.scope)
        plan.limit, plan.offset = query.limit, query.offset
        plan.hides_deleted = not self.statement.settings.includes_deleted
        self._check_offset()
        plan.where = self._where()
        if query.is_count:
            plan.is_count = True
        elif query.group is not None or any(self._aggregates(item) for item in query.items):
            compile_grouped(plan, query, self.scope)
        else:
            self._compile_rows()
        plan.source = f"{table_name(plan.sobject)} {plan.alias}{self.scope.joins_sql()}"
        if plan.is_grouped:
            plan.grouped_sql = plan.grouped_sql.replace("{source}", plan.source).replace("{where}", plan.where)
        return plan

    def _where(self) -> str:
        visible = visible_sql(self.scope)
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

    @staticmethod
    def _aggregates(item: ast.SelectItem) -> bool:
        return isinstance(item, ast.Column) and is_aggregate(item.expression)

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
        if query.is_count or query.group is not None:
            raise self.statement.error("MALFORMED_QUERY", "Aggregates are not allowed in child subqueries", item.pos)
        plan = QueryCompiler(self.statement, query, target, link=child.field).plan()
        return Children(item.alias or str(child.relationship_name), 1, plan, place)
