"""Formulas as SQL: blank numbers are zero or null as the field says, blank text is empty, comparison is exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sffdw.sandbox.formula.functions import FUNCTIONS, Value, as_boolean, as_text
from sffdw.sandbox.formula.syntax import (
    Constant,
    FormulaError,
    Function,
    Node,
    Number,
    Operation,
    Reference,
    Text,
    parse_formula,
)
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.currencies import in_own_currency
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.names import Scope, Statement, column_sql
from sffdw.sandbox.store.tables import table_name

MAX_DEPTH = 10
_KINDS = {
    "int": "number",
    "long": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
}


@dataclass(frozen=True)
class Prior:
    """What a record was before the change that is being judged; None for a new record."""

    values: Mapping[str, object] | None


class FormulaCompiler:
    """Compiles the formulas of one record, the one that `scope` stands for."""

    def __init__(self, scope: Scope, *, blank_is_zero: bool, prior: Prior | None = None, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise FormulaError("formulas refer to each other too deeply")
        self.scope = scope
        self.blank_is_zero = blank_is_zero
        self.prior = prior
        self.depth = depth

    def compile(self, text: str) -> Value:
        """Return the SQL and kind of a formula; raises FormulaError."""
        return self.node(parse_formula(text))

    def node(self, node: Node) -> Value:
        """Compile one node."""
        match node:
            case Number(text):
                return Value(text if "." in text else f"{text}.0", "number")
            case Text(value):
                return Value(self.bind(value), "text")
            case Constant(value):
                return Value("NULL", "null") if value is None else Value(str(int(value)), "boolean")
            case Reference():
                return self.reference(node)
            case Operation():
                return self.operation(node)
            case Function(name, args):
                function = FUNCTIONS.get(name)
                if function is None:
                    raise FormulaError(f"unknown function {name}")
                return function(self, args)

    def bind(self, value: object) -> str:
        """Register a value and return its placeholder."""
        return self.scope.statement.bind(value)

    # Fields

    def field(self, node: Node) -> tuple[str, Field]:
        """Return the bare SQL and the field of a reference."""
        if not isinstance(node, Reference):
            raise FormulaError("a field is expected")
        parts = tuple(_relationship_of(self.scope.sobject, part) for part in node.parts[:-1])
        try:
            typed = self.scope.resolve(ast.Path((*parts, node.parts[-1]), 0))
        except SoqlError as error:
            raise FormulaError(error.text) from None
        if typed.field is None:
            raise FormulaError(f"{'.'.join(node.parts)} is not a field")
        return in_own_currency(typed, self.scope), typed.field

    def reference(self, node: Reference) -> Value:
        """Return a field's value, blanks as formulas see them."""
        sql, found = self.field(node)
        kind = _KINDS.get(found.type, "text")
        if kind == "number" and self.blank_is_zero:
            return Value(f"ifnull({sql}, 0.0)", kind)
        if kind == "text":
            return Value(f"ifnull({sql}, '')", kind)
        return Value(f"ifnull({sql}, 0)" if kind == "boolean" else sql, kind)

    # Operators

    def operation(self, node: Operation) -> Value:
        """Compile an operator."""
        values = [self.node(operand) for operand in node.operands]
        match node.operator:
            case "negate":
                return Value(f"(-{values[0].sql})", "number")
            case "not":
                return Value(f"(NOT {as_boolean(values[0])})", "boolean")
            case "&&" | "||" as operator:
                word = " AND " if operator == "&&" else " OR "
                return Value("(" + word.join(as_boolean(value) for value in values) + ")", "boolean")
            case "&":
                return Value(f"({as_text(values[0])} || {as_text(values[1])})", "text")
            case "=" | "<>" | "<" | "<=" | ">" | ">=" as operator:
                return compare(operator, values[0], values[1])
        return arithmetic(node.operator, values[0], values[1])


def compare(operator: str, left: Value, right: Value) -> Value:
    """Compare two values; blanks are equal to blanks and to nothing else."""
    if operator in {"=", "<>"} or "null" in {left.kind, right.kind}:
        same = f"({_exact(left)} IS {'NOT ' if operator == '<>' else ''}{_exact(right)})"
        return Value(same, "boolean")
    return Value(f"ifnull({_exact(left)} {operator} {_exact(right)}, 0)", "boolean")


def _exact(value: Value) -> str:
    if value.kind == "null":
        return "NULL"
    return f"nullif({value.sql}, '') COLLATE BINARY" if value.kind == "text" else value.sql


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """Add, subtract, multiply, divide; days to dates, dates from dates, text to text."""
    kinds = (left.kind, right.kind)
    if operator == "+" and "text" in kinds:
        return Value(f"({as_text(left)} || {as_text(right)})", "text")
    if operator in {"+", "-"} and kinds[0] in {"date", "datetime"}:
        return _moments(operator, left, right)
    if operator == "+" and kinds[1] in {"date", "datetime"}:
        return _moments(operator, right, left)
    if operator == "/":
        return Value(f"(1.0 * {left.sql} / nullif({right.sql}, 0))", "number")
    if operator == "^":
        return Value(f"sf_power({left.sql}, {right.sql})", "number")
    return Value(f"({left.sql} {operator} {right.sql})", "number")


def _moments(operator: str, left: Value, right: Value) -> Value:
    if right.kind in {"date", "datetime"}:
        return Value(f"(sf_days({left.sql}) - sf_days({right.sql}))", "number")
    return Value(f"sf_shift({left.sql}, {operator}{right.sql})", left.kind)


def _relationship_of(sobject: SObject, part: str) -> str:
    """Formulas may name a lookup field where SOQL names its relationship."""
    found = sobject.stored_field(part)
    return str(found.relationship_name) if found is not None and found.relationship_name else part


# Entry points


def formula_sql(statement: Statement, sobject: SObject, found: Field, alias: str, depth: int = 0) -> str:
    """Return the expression that computes a formula field of the row that `alias` stands for."""
    scope = Scope(statement, sobject, (), depth=depth + 1)
    compiler = FormulaCompiler(scope, blank_is_zero=found.formula_treat_null_number_as_zero, depth=depth + 1)
    value = compiler.compile(str(found.calculated_formula))
    return _subselect(scope, as_field(value, found), alias)


def copied_sql(statement: Statement, sobject: SObject, found: Field, alias: str, depth: int = 0) -> str:
    """Return the expression that reads a field which only shows a parent's value.

    Nobody can write such a field, so its own column is empty, except in a loaded record whose file states a value: that
    one counts, for the parent may not have been loaded.
    """
    scope = Scope(statement, sobject, (), depth=depth + 1)
    value = scope.resolve(ast.Path(tuple(str(found.derived_from).split(".")), 0)).sql
    return f"ifnull({column_sql(found, alias)}, {_subselect(scope, value, alias)})"


def _subselect(scope: Scope, sql: str, alias: str) -> str:
    table = table_name(scope.sobject)
    return f"(SELECT {sql} FROM {table} {scope.alias}{scope.joins_sql()} WHERE {scope.alias}._row = {alias}._row)"


def as_field(value: Value, found: Field) -> str:
    """Return a value in the form the field stores: numbers to scale, blank text null, booleans never null."""
    kind = _KINDS.get(found.type, "text")
    if kind == "number":
        return f"round({value.sql}, {found.scale})"
    if kind == "boolean":
        return f"ifnull({as_boolean(value)}, 0)"
    return f"nullif({as_text(value)}, '')" if kind == "text" else value.sql
