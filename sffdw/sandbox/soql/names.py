"""Names of a statement resolved against the schema: paths become columns, relationships become joins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sffdw.sandbox.errors import CUSTOM_FIELD_HINT, CUSTOM_OBJECT_HINT
from sffdw.sandbox.schema import Field, PicklistValue, Schema, SObject, make_field
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.settings import Settings
from sffdw.sandbox.store.tables import column_name, table_name

MAX_LEVELS = 5
_CHANGE_EVENT = "ChangeEvent"
MAX_RELATIONSHIPS = 55
_RELATION_HINT = (
    "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship "
    "name. Please reference your WSDL or the describe call for the appropriate names."
)
# Fields that a polymorphic relationship shows, whatever record it points to (the object Name of the reference).
_NAME_FIELDS = [
    "Id",
    "Name",
    "Type",
    "FirstName",
    "LastName",
    "Title",
    "Phone",
    "Email",
    "Alias",
    "Username",
    "IsActive",
    "UserRoleId",
    "ProfileId",
    "LastViewedDate",
    "LastReferencedDate",
]


@dataclass(frozen=True)
class Typed:
    """An SQL expression with the Salesforce type of its value and, where it is one, the field behind it."""

    sql: str
    type: str
    field: Field | None = None
    sobject: SObject | None = None
    through: tuple[Join, ...] = ()
    currency: str = ""  # of an amount that was converted; else it is in that of its record


@dataclass(frozen=True)
class Join:
    """One parent relationship taken: the SQL alias of the parent's table, or none when it is polymorphic."""

    alias: str
    key: str  # canonical relationship name
    reference: Field
    reference_sql: str
    target: SObject | None
    targets: tuple[SObject, ...] = ()

    @property
    def presence_sql(self) -> str:
        """An expression that is NULL exactly when there is no such parent."""
        return f'{self.alias}."Id"' if self.target is not None else self.reference_sql


@dataclass
class Statement:
    """What all levels of one statement share: text, schema, settings, bound values and alias numbers."""

    text: str
    schema: Schema
    settings: Settings
    params: dict[str, object] = field(default_factory=dict)
    aliases: int = 0

    def bind(self, value: object) -> str:
        """Register a value and return its placeholder."""
        name = f"v{len(self.params)}"
        self.params[name] = value
        return f":{name}"

    def alias(self) -> str:
        """Return a fresh table alias."""
        self.aliases += 1
        return f"t{self.aliases}"

    def error(self, code: str, text: str, pos: int | None) -> SoqlError:
        """Return a refusal located in this statement."""
        return SoqlError(code, text, statement=self.text, pos=pos)

    def object(self, name: str, pos: int) -> SObject:
        """Find the object a FROM clause names."""
        found = self.schema.get(name)
        self._refuse_change_event(name)
        if found is None or not self.settings.access.can_see(found):
            raise self.error("INVALID_TYPE", f"sObject type '{name}' is not supported. {CUSTOM_OBJECT_HINT}", pos)
        if not found.queryable:
            raise SoqlError("INVALID_TYPE_FOR_OPERATION", f"entity type {found.name} does not support query")
        return found

    def _refuse_change_event(self, name: str) -> None:
        """Each object has its events, which are objects that can be subscribed to and not read."""
        stem = name[: -len(_CHANGE_EVENT)]
        if not name.lower().endswith(_CHANGE_EVENT.lower()):
            return
        source = self.schema.get(f"{stem}c" if stem.endswith("__") else stem)
        if source is not None and self.settings.access.can_see(source):
            shown = f"{source.name[:-1] if stem.endswith('__') else source.name}{_CHANGE_EVENT}"
            raise SoqlError("INVALID_TYPE_FOR_OPERATION", f"entity type {shown} does not support query")


class Scope:
    """The names one SELECT knows: its object, its aliases, the parents it has joined so far."""

    def __init__(
        self, statement: Statement, sobject: SObject, sources: tuple[ast.Source, ...], *, depth: int = 0
    ) -> None:
        self.statement = statement
        self.sobject = sobject
        self.alias = statement.alias()
        self.depth = depth  # of formulas within formulas
        self.limits_to_own = False  # USING SCOPE mine and its like
        self._joins: dict[tuple[str, ...], Join] = {}
        self._own_names = {sobject.name.lower()} | {source.alias.lower() for source in sources[:1] if source.alias}
        self._aliases: dict[str, tuple[str, ...]] = {}
        for source in sources[1:]:
            self._add_source(source)

    def _add_source(self, source: ast.Source) -> None:
        parts = self._without_own_name(source.path.parts)
        self._join_chain(parts, source.path)
        if source.alias:
            self._aliases[source.alias.lower()] = parts

    # Paths

    def _without_own_name(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Drop the object's own name or alias from the front of a path, and expand aliases of relationships."""
        head = parts[0].lower()
        if len(parts) < 2:
            return parts
        if head in self._aliases_of_sources():
            return (*self._aliases[head], *parts[1:])
        if head in self._own_names and self._relationship(self.sobject, parts[0]) is None:
            return parts[1:]
        return parts

    def _aliases_of_sources(self) -> dict[str, tuple[str, ...]]:
        return self._aliases

    def resolve(self, path: ast.Path) -> Typed:
        """Return the column a path means; raises INVALID_FIELD."""
        parts = self._without_own_name(path.parts)
        joins = self._join_chain(parts[:-1], path)
        if not joins:
            return self._column(self.sobject, self.alias, parts[-1], path, ())
        last = joins[-1]
        if last.target is None:
            return self._name_column(last, parts[-1], path, joins)
        return self._column(last.target, last.alias, parts[-1], path, joins)

    def _column(self, sobject: SObject, alias: str, name: str, path: ast.Path, joins: tuple[Join, ...]) -> Typed:
        found = self.statement.settings.access.find_field(sobject, name)
        if found is None:
            raise self._no_such_column(path.text if not joins else name, sobject, path)
        return Typed(self.value_sql(sobject, found, alias), found.type, found, sobject, joins)

    def value_sql(self, sobject: SObject, found: Field, alias: str) -> str:
        """Return what reads a field: its column, or the computation of a formula or a parent's value."""
        if not found.calculated_formula and not found.derived_from:
            return self._readable_sql(found, column_sql(found, alias))
        from sffdw.sandbox.formula.compiler import copied_sql, formula_sql

        compute = copied_sql if found.derived_from else formula_sql
        return compute(self.statement, sobject, found, alias, self.depth)

    def _readable_sql(self, found: Field, sql: str) -> str:
        """Put the mask over encrypted text unless the user has the permission View Encrypted Data."""
        if found.type != "encryptedstring" or self.statement.settings.access.views_encrypted:
            return sql
        return f"sf_masked({sql}, {self.statement.bind(found.mask_type)}, {self.statement.bind(found.mask)})"

    def _no_such_column(self, name: str, sobject: SObject, path: ast.Path) -> SoqlError:
        return self.statement.error(
            "INVALID_FIELD", f"No such column '{name}' on entity '{sobject.name}'. {CUSTOM_FIELD_HINT}", path.pos
        )

    # Joins

    def _relationship(self, sobject: SObject, name: str) -> tuple[Field, tuple[SObject, ...]] | None:
        found = self.statement.schema.parent(sobject.name, name)
        if found is None or self.statement.settings.access.find_field(sobject, found[0].name) is None:
            return None
        return found

    def _join_chain(self, names: tuple[str, ...], path: ast.Path) -> tuple[Join, ...]:
        if len(names) > MAX_LEVELS:
            raise self.statement.error(
                "MALFORMED_QUERY", "Maximum child-to-parent relationship levels exceeded: 5", path.pos
            )
        joins: tuple[Join, ...] = ()
        for depth, name in enumerate(names):
            key = tuple(part.lower() for part in names[: depth + 1])
            if key not in self._joins:
                if len(self._joins) >= MAX_RELATIONSHIPS:
                    text = f"Maximum number of relationships exceeded: {MAX_RELATIONSHIPS}"
                    raise self.statement.error("MALFORMED_QUERY", text, path.pos)
                self._joins[key] = self._make_join(joins, name, path, needs_more=depth + 1 < len(names), names=names)
            joins = (*joins, self._joins[key])
        return joins

    def _make_join(
        self, so_far: tuple[Join, ...], name: str, path: ast.Path, *, needs_more: bool, names: tuple[str, ...]
    ) -> Join:
        parent, alias = (so_far[-1].target, so_far[-1].alias) if so_far else (self.sobject, self.alias)
        found = self._relationship(parent, name) if parent is not None else None
        if found is None:
            message = f"Didn't understand relationship '{name}' in field path. {_RELATION_HINT}"
            raise self.statement.error("INVALID_FIELD", message, path.pos)
        reference, targets = found
        key = str(reference.relationship_name)
        sql = f"{alias}.{column_name(reference)}"
        if len(reference.reference_to) > 1:
            # A path that goes on through a polymorphic reference follows the one target that knows the next step.
            target = self._target_with(targets, names[len(so_far) + 1]) if needs_more else None
            return Join(self.statement.alias() if target else "", key, reference, sql, target, targets)
        if not targets:
            message = f"Didn't understand relationship '{name}' in field path. {_RELATION_HINT}"
            raise self.statement.error("INVALID_FIELD", message, path.pos)
        return Join(self.statement.alias(), key, reference, sql, targets[0], targets)

    def _target_with(self, targets: tuple[SObject, ...], name: str) -> SObject | None:
        return next((target for target in targets if self._relationship(target, name) is not None), None)

    def typeof_join(self, chain: tuple[Join, ...], reference: Join, target: SObject) -> Join:
        """Join one concrete object behind a polymorphic reference, for a branch of TYPEOF."""
        key = (*(join.key.lower() for join in chain), f"{reference.key.lower()} as {target.name.lower()}")
        if key not in self._joins:
            self._joins[key] = Join(
                self.statement.alias(), reference.key, reference.reference, reference.reference_sql, target, (target,)
            )
        return self._joins[key]

    def reference_of(self, path: ast.Path) -> tuple[tuple[Join, ...], Join]:
        """Resolve the relationship a TYPEOF names: the joins before it and itself."""
        parts = self._without_own_name((*path.parts, ""))[:-1]
        chain = self._join_chain(parts, path)
        return chain[:-1], chain[-1]

    def column_of(self, join: Join, path: ast.Path, chain: tuple[Join, ...]) -> Typed:
        """Resolve a path relative to a joined object."""
        assert join.target is not None
        target, alias, parents = join.target, join.alias, (*chain, join)
        for name in path.parts[:-1]:
            found = self._relationship(target, name)
            if found is None or len(found[0].reference_to) > 1:
                message = f"Didn't understand relationship '{name}' in field path. {_RELATION_HINT}"
                raise self.statement.error("INVALID_FIELD", message, path.pos)
            key = (alias, name.lower())
            if key not in self._joins:
                sql = f"{alias}.{column_name(found[0])}"
                self._joins[key] = Join(
                    self.statement.alias(), str(found[0].relationship_name), found[0], sql, found[1][0], found[1]
                )
            step = self._joins[key]
            target, alias, parents = found[1][0], step.alias, (*parents, step)
        return self._column(target, alias, path.parts[-1], path, parents)

    def joins_sql(self) -> str:
        """Return the LEFT JOINs of all parents taken so far."""
        return "".join(
            f' LEFT JOIN {table_name(join.target)} {join.alias} ON {join.alias}."Id" = {join.reference_sql}'
            for join in self._joins.values()
            if join.target is not None
        )

    @property
    def joins(self) -> Iterator[Join]:
        """The parents taken so far."""
        return iter(self._joins.values())

    # Polymorphic references

    def _name_column(self, join: Join, name: str, path: ast.Path, joins: tuple[Join, ...]) -> Typed:
        wanted = next((known for known in _NAME_FIELDS if known.lower() == name.lower()), None)
        if wanted is None:
            raise self.statement.error(
                "INVALID_FIELD", f"No such column '{name}' on entity 'Name'. {CUSTOM_FIELD_HINT}", path.pos
            )
        shown = _name_field(wanted, join)
        if wanted == "Id":
            return Typed(join.reference_sql, "id", shown, None, joins)
        whens = [f"WHEN '{target.key_prefix}' THEN {sql}" for target, sql in self._sources_of(join, wanted)]
        sql = f"CASE substr({join.reference_sql}, 1, 3) {' '.join(whens)} END" if whens else "NULL"
        return Typed(sql, shown.type, shown, None, joins)

    def _sources_of(self, join: Join, wanted: str) -> Iterator[tuple[SObject, str]]:
        for target in join.targets:
            if target.key_prefix is None:
                continue
            if wanted == "Type":
                yield target, f"'{target.name}'"
                continue
            found = target.name_field if wanted == "Name" else target.field(wanted)
            if found is not None and found.has_column:
                column = f"n.{column_name(found)}"
                yield target, f'(SELECT {column} FROM {table_name(target)} n WHERE n."Id" = {join.reference_sql})'


def _name_field(name: str, join: Join) -> Field:
    """Describe a field of the object Name as a reference sees it."""
    if name == "Type":
        values = tuple(PicklistValue(value=target.name, label=target.label) for target in join.targets)
        return make_field({"name": name, "type": "picklist", "picklistValues": values})
    kinds = {
        "Id": "id",
        "IsActive": "boolean",
        "UserRoleId": "id",
        "ProfileId": "id",
        "Email": "email",
        "Phone": "phone",
    }
    kind = "datetime" if name.endswith("Date") else kinds.get(name, "string")
    return make_field({"name": name, "type": kind})


def column_sql(found: Field, alias: str) -> str:
    """Return the expression that reads a field of a table."""
    if not found.has_column and found.name != "IsDeleted":
        return "NULL"
    return f"{alias}.{column_name(found)}"
