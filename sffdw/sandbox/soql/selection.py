"""The SELECT list of a query that returns records: fields, parents, child subqueries, TYPEOF, FIELDS()."""

from __future__ import annotations

from collections.abc import Callable

from sffdw.sandbox.schema import Field
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.functions import compile_expression
from sffdw.sandbox.soql.names import Join, Scope, Typed
from sffdw.sandbox.soql.plan import Branches, Children, Compound, Leaf, Node, Parent, Plan

MAX_SUBQUERIES = 20
MAX_BOUNDED = 200  # rows or ids that FIELDS(ALL) and FIELDS(CUSTOM) may ask for
_PARTS = {
    "city": "City",
    "country": "Country",
    "countryCode": "CountryCode",
    "geocodeAccuracy": "GeocodeAccuracy",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "postalCode": "PostalCode",
    "state": "State",
    "stateCode": "StateCode",
    "street": "Street",
}
CompileChild = Callable[[ast.Subquery, int], Children]


class Selection:
    """Turns the items of a SELECT list into nodes, in their order; parents gather at their first mention."""

    def __init__(self, plan: Plan, scope: Scope, query: ast.Query, compile_child: CompileChild) -> None:
        self.plan = plan
        self.scope = scope
        self.query = query
        self.compile_child = compile_child
        self._nodes: list[Node] = []
        self._parents: dict[tuple[str, ...], Parent] = {}
        self._selected: set[str] = set()
        self._typeofs: set[str] = set()  # relationships that a TYPEOF shows
        self._expression_count = 0

    def nodes(self) -> list[Node]:
        """Compile all items."""
        for item in self.query.items:
            match item:
                case ast.Fields():
                    self._fields(item)
                case ast.Column():
                    self._column(item)
                case ast.Subquery():
                    self._subquery(item)
                case ast.TypeOf():
                    self._typeof(item)
        return self._nodes

    # Fields

    def _column(self, item: ast.Column) -> None:
        if item.alias is not None and isinstance(item.expression, ast.Path):
            # A second word after a plain field is an alias, which only grouped queries may give.
            raise self.scope.statement.error(
                "MALFORMED_QUERY", "only aggregate expressions use field aliasing", item.pos
            )
        typed = compile_expression(item.expression, self.scope)
        key = item.alias or self._key(item.expression, typed)
        self._refuse_duplicate(key, typed, item.pos)
        self._place(typed, key)

    def _key(self, expression: ast.Expression, typed: Typed) -> str:
        if isinstance(expression, ast.Path) and typed.field is not None:
            return typed.field.name
        if isinstance(expression, ast.Call) and expression.name.upper() in {"TOLABEL", "FORMAT", "CONVERTCURRENCY"}:
            inner: ast.Expression = expression
            while isinstance(inner, ast.Call):
                inner = inner.args[0]
            found = compile_expression(inner, self.scope).field
            if found is not None:
                return found.name
        key = f"expr{self._expression_count}"
        self._expression_count += 1
        return key

    def _refuse_duplicate(self, name: str, typed: Typed, pos: int) -> None:
        """Refuse what would be the second member of its name: a field in two forms needs an alias for one of them."""
        key = ".".join([*(join.key for join in typed.through), name])
        taken = any(key.lower().startswith(f"{shown}.") for shown in self._typeofs)
        if taken or key.lower() in self._selected:
            raise self.scope.statement.error("INVALID_FIELD", f"duplicate field selected: {key}", pos)
        self._selected.add(key.lower())

    def _place(self, typed: Typed, key: str) -> None:
        self._siblings(typed.through).append(self._leaf(typed, key))

    def _leaf(self, typed: Typed, key: str) -> Node:
        found = typed.field
        if found is not None and found.is_compound:
            return self._compound(typed, key)
        if found is not None and found.is_long_text:
            self.plan.long_texts += 1
        return Leaf(key, self.plan.column(typed.sql), typed.type, found)

    def _compound(self, typed: Typed, key: str) -> Compound:
        assert typed.sobject is not None and typed.field is not None
        alias = typed.through[-1].alias if typed.through else self.scope.alias
        parts, types = [], []
        for component in typed.sobject.components(typed.field.name):
            name = _part_name(component)
            if name is not None and (typed.field.type == "address" or name in {"latitude", "longitude"}):
                from sffdw.sandbox.soql.names import column_sql

                parts.append((name, self.plan.column(column_sql(component, alias))))
                types.append(component.type)
        order = sorted(range(len(parts)), key=lambda place: parts[place][0])
        return Compound(key, tuple(parts[place] for place in order), tuple(types[place] for place in order))

    def _siblings(self, through: tuple[Join, ...]) -> list[Node]:
        """Return the list of nodes below a chain of parents, making them at first mention."""
        nodes = self._nodes
        for depth, join in enumerate(through):
            path = tuple(step.key for step in through[: depth + 1])
            parent = self._parents.get(path)
            if parent is None:
                parent = self._parent(join)
                self._parents[path] = parent
                nodes.append(parent)
            nodes = parent.nodes
        return nodes

    def _parent(self, join: Join) -> Parent:
        name = join.target.name if join.target is not None else "Name"
        parent = Parent(join.key, name, self.plan.column(join.presence_sql), reference=join.reference.name)
        if join.target is None or len(join.targets) > 1:
            parent.type_index = parent.id_index
        return parent

    # FIELDS()

    def _fields(self, item: ast.Fields) -> None:
        if item.group not in {"ALL", "STANDARD", "CUSTOM"}:
            raise self.scope.statement.error("MALFORMED_QUERY", f"unexpected token: '{item.group}'", item.pos)
        if item.group != "STANDARD" and not self._is_bounded():
            raise self.scope.statement.error(
                "MALFORMED_QUERY",
                f"The SOQL FIELDS function must have a LIMIT of at most {MAX_BOUNDED}",
                None,
            )
        for found in self.scope.sobject.visible_fields:
            if item.group != "ALL" and found.custom != (item.group == "CUSTOM"):
                continue
            if self.scope.statement.settings.access.find_field(self.scope.sobject, found.name) is None:
                continue
            path = ast.Path((found.name,), item.pos)
            typed = self.scope.resolve(path)
            self._refuse_duplicate(found.name, typed, item.pos)
            self._place(typed, found.name)

    def _is_bounded(self) -> bool:
        """Tell whether LIMIT or a list of ids keeps the result to what FIELDS() allows."""
        if self.query.limit is not None:
            return self.query.limit <= MAX_BOUNDED
        conditions = self.query.where.parts if isinstance(self.query.where, ast.And) else (self.query.where,)
        return any(_is_by_id(condition) for condition in conditions)

    # Subqueries and TYPEOF

    def _subquery(self, item: ast.Subquery) -> None:
        if len(self.plan.children) >= MAX_SUBQUERIES:
            raise self.scope.statement.error(
                "MALFORMED_QUERY", f"Maximum number of child subqueries exceeded: {MAX_SUBQUERIES}", item.pos
            )
        children = self.compile_child(item, len(self.plan.children))
        if children.key.lower() in self._selected:
            message = f"duplicate field selected: {children.key}"
            raise self.scope.statement.error("INVALID_FIELD", message, item.pos)
        self._selected.add(children.key.lower())
        self.plan.children.append(children)
        self._nodes.append(children)

    def _typeof(self, item: ast.TypeOf) -> None:
        chain, reference = self.scope.reference_of(item.relationship)
        if len(reference.reference.reference_to) < 2:
            raise self.scope.statement.error(
                "INVALID_FIELD",
                f"TYPEOF requires a polymorphic relationship: {item.relationship.text}",
                item.relationship.pos,
            )
        self._refuse_second_typeof(item, chain, reference)
        by_prefix: dict[str, Parent] = {}
        for branch in item.branches:
            target = next(
                (known for known in reference.targets if known.name.lower() == branch.object_name.lower()), None
            )
            if target is None or target.key_prefix is None:
                raise self.scope.statement.error(
                    "INVALID_TYPE", f"sObject type '{branch.object_name}' is not supported.", branch.pos
                )
            if target.key_prefix in by_prefix:
                raise self.scope.statement.error(
                    "MALFORMED_QUERY", f"duplicate WHEN of TYPEOF: {branch.object_name}", branch.pos
                )
            by_prefix[target.key_prefix] = self._branch(chain, reference, branch, target.name)
        otherwise = None
        if item.otherwise:
            otherwise = Parent(reference.key, "Name", self.plan.column(reference.reference_sql))
            otherwise.type_index = otherwise.id_index
            for path in item.otherwise:
                typed = self.scope.resolve(ast.Path((*item.relationship.parts, *path.parts), path.pos))
                otherwise.nodes.append(self._leaf(typed, typed.field.name if typed.field else path.text))
        column = self.plan.column(reference.reference_sql)
        node = Branches(reference.key, column, by_prefix, otherwise, reference.reference.name)
        self._siblings(chain).append(node)

    def _refuse_second_typeof(self, item: ast.TypeOf, chain: tuple[Join, ...], reference: Join) -> None:
        """A relationship is shown by its fields or by one TYPEOF: the record has one member of its name."""
        key = ".".join(join.key for join in (*chain, reference))
        if key.lower() in self._typeofs or any(name.startswith(f"{key.lower()}.") for name in self._selected):
            raise self.scope.statement.error("INVALID_FIELD", f"duplicate field selected: {key}", item.pos)
        self._typeofs.add(key.lower())

    def _branch(self, chain: tuple[Join, ...], reference: Join, branch: ast.When, target_name: str) -> Parent:
        target = next(known for known in reference.targets if known.name == target_name)
        join = self.scope.typeof_join(chain, reference, target)
        parent = Parent(reference.key, target.name, self.plan.column(join.presence_sql))
        steps: dict[tuple[str, ...], Parent] = {}
        for path in branch.columns:
            typed = self.scope.column_of(join, path, chain)
            nodes = parent.nodes
            for depth, step in enumerate(typed.through[len(chain) + 1 :]):
                key = (*path.parts[: depth + 1],)
                if key not in steps:
                    steps[key] = self._parent(step)
                    nodes.append(steps[key])
                nodes = steps[key].nodes
            nodes.append(self._leaf(typed, typed.field.name if typed.field else path.text))
        return parent


def _is_by_id(condition: ast.Condition | None) -> bool:
    match condition:
        case ast.Compare(left=ast.Path(parts=(*_, name)), operator="="):
            return name.lower() == "id"
        case ast.Membership(left=ast.Path(parts=(*_, name)), operator="IN", values=values):
            return name.lower() == "id" and len(values) <= MAX_BOUNDED
    return False


def _part_name(component: Field) -> str | None:
    """Return the JSON name of an address part: `BillingPostalCode` and `Place__Latitude__s` end in it."""
    bare = component.name.removesuffix("__s").removesuffix("__c").removesuffix("__pc")
    matches = [shown for shown, suffix in _PARTS.items() if bare.endswith(suffix)]
    return max(matches, key=len) if matches else None
