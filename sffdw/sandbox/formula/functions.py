"""The functions of formulas, each as SQL of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sffdw.sandbox.formula.syntax import FormulaError, Node

if TYPE_CHECKING:
    from sffdw.sandbox.formula.compiler import FormulaCompiler

Args = tuple[Node, ...]


@dataclass(frozen=True)
class Value:
    """An SQL expression and what it is: number, text, boolean, date, datetime, time or null."""

    sql: str
    kind: str


Compile = Callable[["FormulaCompiler", Args], Value]


def as_text(value: Value) -> str:
    """Return a value as text."""
    if value.kind == "text":
        return value.sql
    if value.kind == "null":
        return "''"
    return f"sf_text({value.sql}, '{value.kind}')"


def as_boolean(value: Value) -> str:
    """Return a condition; blank is false."""
    return f"ifnull({value.sql}, 0)"


def _values(compiler: FormulaCompiler, args: Args, count: int | None = None) -> list[Value]:
    if count is not None and len(args) != count:
        raise FormulaError(f"{count} arguments are expected, not {len(args)}")
    return [compiler.node(arg) for arg in args]


def _simple(template: str, kind: str, kinds: str) -> Compile:
    """Make a function of a template; `kinds` says per argument how it is taken: t(ext), n(umber) or as it is."""

    def compile_it(compiler: FormulaCompiler, args: Args) -> Value:
        values = _values(compiler, args, len(kinds))
        given = [as_text(value) if how == "t" else value.sql for value, how in zip(values, kinds, strict=True)]
        return Value(template.format(*given), kind)

    return compile_it


# Logic


def _if(compiler: FormulaCompiler, args: Args) -> Value:
    condition, yes, no = _values(compiler, args, 3)
    kind = yes.kind if yes.kind != "null" else no.kind
    return Value(f"CASE WHEN {as_boolean(condition)} THEN {yes.sql} ELSE {no.sql} END", kind)


def _case(compiler: FormulaCompiler, args: Args) -> Value:
    if len(args) < 4 or len(args) % 2:
        raise FormulaError("CASE takes an expression, pairs of value and result, and an else")
    from sffdw.sandbox.formula.compiler import compare

    values = _values(compiler, args)
    expression, otherwise = values[0], values[-1]
    pairs = zip(values[1:-1:2], values[2:-1:2], strict=True)
    whens = " ".join(f"WHEN {compare('=', expression, value).sql} THEN {result.sql}" for value, result in pairs)
    kind = next((value.kind for value in (values[2], otherwise) if value.kind != "null"), "text")
    return Value(f"CASE {whens} ELSE {otherwise.sql} END", kind)


def _all_or_any(word: str) -> Compile:
    def compile_it(compiler: FormulaCompiler, args: Args) -> Value:
        return Value("(" + word.join(as_boolean(value) for value in _values(compiler, args)) + ")", "boolean")

    return compile_it


def _not(compiler: FormulaCompiler, args: Args) -> Value:
    return Value(f"(NOT {as_boolean(_values(compiler, args, 1)[0])})", "boolean")


def _is_blank(compiler: FormulaCompiler, args: Args) -> Value:
    if len(args) != 1:
        raise FormulaError("ISBLANK takes one argument")
    return Value(f"(nullif({_bare(compiler, args[0])}, '') IS NULL)", "boolean")


def _bare(compiler: FormulaCompiler, node: Node) -> str:
    """Return a field as it is stored, before blanks become zero."""
    from sffdw.sandbox.formula.syntax import Reference

    return compiler.field(node)[0] if isinstance(node, Reference) else compiler.node(node).sql


def _blank_value(compiler: FormulaCompiler, args: Args) -> Value:
    _, other = _values(compiler, args, 2)
    return Value(f"ifnull(nullif({_bare(compiler, args[0])}, ''), {other.sql})", other.kind)


def _is_picklist_value(compiler: FormulaCompiler, args: Args) -> Value:
    field_sql, _ = compiler.field(args[0])
    wanted = compiler.node(args[1])
    return Value(f"(ifnull({field_sql}, '') COLLATE BINARY = {wanted.sql})", "boolean")


def _includes(compiler: FormulaCompiler, args: Args) -> Value:
    return Value(f"sf_includes({compiler.field(args[0])[0]}, {compiler.node(args[1]).sql})", "boolean")


# What a record was


def _is_new(compiler: FormulaCompiler, args: Args) -> Value:
    return Value(str(int(compiler.prior is not None and compiler.prior.values is None)), "boolean")


def _is_changed(compiler: FormulaCompiler, args: Args) -> Value:
    sql, found = compiler.field(args[0])
    if compiler.prior is None or compiler.prior.values is None:
        return Value("0", "boolean")
    return Value(f"({sql} COLLATE BINARY IS NOT {compiler.bind(compiler.prior.values.get(found.name))})", "boolean")


def _prior_value(compiler: FormulaCompiler, args: Args) -> Value:
    now = compiler.node(args[0])
    _, found = compiler.field(args[0])
    if compiler.prior is None or compiler.prior.values is None:
        return now
    return Value(compiler.bind(compiler.prior.values.get(found.name)), now.kind)


# Text, numbers, dates


def _text(compiler: FormulaCompiler, args: Args) -> Value:
    return Value(as_text(_values(compiler, args, 1)[0]), "text")


def _mid(compiler: FormulaCompiler, args: Args) -> Value:
    text, start, count = _values(compiler, args, 3)
    return Value(f"substr({as_text(text)}, CAST({start.sql} AS INTEGER), CAST({count.sql} AS INTEGER))", "text")


def _find(compiler: FormulaCompiler, args: Args) -> Value:
    values = _values(compiler, args)
    wanted, text = as_text(values[0]), as_text(values[1])
    start = f"CAST({values[2].sql} AS INTEGER)" if len(values) > 2 else "1"
    found = f"instr(substr({text}, {start}), {wanted})"
    return Value(f"CASE WHEN {found} = 0 THEN 0 ELSE {found} + {start} - 1 END", "number")


def _round(compiler: FormulaCompiler, args: Args) -> Value:
    values = _values(compiler, args)
    places = f"CAST({values[1].sql} AS INTEGER)" if len(values) > 1 else "0"
    return Value(f"sf_round({values[0].sql}, {places})", "number")


def _extreme(name: str) -> Compile:
    def compile_it(compiler: FormulaCompiler, args: Args) -> Value:
        values = _values(compiler, args)
        return Value(f"{name}({', '.join(value.sql for value in values)})", "number") if len(values) > 1 else values[0]

    return compile_it


def _today(compiler: FormulaCompiler, args: Args) -> Value:
    return Value(compiler.bind(compiler.scope.statement.settings.today.isoformat()), "date")


def _now(compiler: FormulaCompiler, args: Args) -> Value:
    from sffdw.sandbox import stamps

    return Value(compiler.bind(stamps.to_text(compiler.scope.statement.settings.now)), "datetime")


def _date_value(compiler: FormulaCompiler, args: Args) -> Value:
    return Value(f"substr({_values(compiler, args, 1)[0].sql}, 1, 10)", "date")


def _hyperlink(compiler: FormulaCompiler, args: Args) -> Value:
    url, name = _values(compiler, args[:2], 2)
    return Value(f"('<a href=\"' || {as_text(url)} || '\" target=\"_blank\">' || {as_text(name)} || '</a>')", "text")


FUNCTIONS: dict[str, Compile] = {
    "IF": _if,
    "CASE": _case,
    "AND": _all_or_any(" AND "),
    "OR": _all_or_any(" OR "),
    "NOT": _not,
    "ISBLANK": _is_blank,
    "ISNULL": _is_blank,
    "BLANKVALUE": _blank_value,
    "NULLVALUE": _blank_value,
    "ISPICKVAL": _is_picklist_value,
    "INCLUDES": _includes,
    "ISNEW": _is_new,
    "ISCHANGED": _is_changed,
    "PRIORVALUE": _prior_value,
    "TEXT": _text,
    "VALUE": _simple("sf_number({0})", "number", "t"),
    "LEN": _simple("length({0})", "number", "t"),
    "LEFT": _simple("substr({0}, 1, CAST({1} AS INTEGER))", "text", "tn"),
    "RIGHT": _simple("sf_right({0}, {1})", "text", "tn"),
    "MID": _mid,
    "TRIM": _simple("trim({0})", "text", "t"),
    "UPPER": _simple("sf_upper({0})", "text", "t"),
    "LOWER": _simple("sf_lower({0})", "text", "t"),
    "CONTAINS": _simple("(instr({0}, {1}) > 0)", "boolean", "tt"),
    "BEGINS": _simple("(instr({0}, {1}) = 1)", "boolean", "tt"),
    "FIND": _find,
    "SUBSTITUTE": _simple("replace({0}, {1}, {2})", "text", "ttt"),
    "LPAD": _simple("sf_pad({0}, {1}, {2}, 1)", "text", "tnt"),
    "RPAD": _simple("sf_pad({0}, {1}, {2}, 0)", "text", "tnt"),
    "REGEX": _simple("sf_regex({0}, {1})", "boolean", "tt"),
    "CASESAFEID": _simple("{0}", "text", "t"),
    "HYPERLINK": _hyperlink,
    "ROUND": _round,
    "ABS": _simple("abs({0})", "number", "n"),
    "CEILING": _simple("sf_ceiling({0})", "number", "n"),
    "FLOOR": _simple("sf_floor({0})", "number", "n"),
    "MOD": _simple("sf_mod({0}, {1})", "number", "nn"),
    "SQRT": _simple("sf_power({0}, 0.5)", "number", "n"),
    "EXP": _simple("sf_power(2.718281828459045, {0})", "number", "n"),
    "MAX": _extreme("max"),
    "MIN": _extreme("min"),
    "TODAY": _today,
    "NOW": _now,
    "DATEVALUE": _date_value,
    "DATE": _simple("sf_date({0}, {1}, {2})", "date", "nnn"),
    "YEAR": _simple("CAST(substr({0}, 1, 4) AS INTEGER)", "number", "n"),
    "MONTH": _simple("CAST(substr({0}, 6, 2) AS INTEGER)", "number", "n"),
    "DAY": _simple("CAST(substr({0}, 9, 2) AS INTEGER)", "number", "n"),
    "WEEKDAY": _simple("(CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1)", "number", "n"),
    "ADDMONTHS": _simple("sf_add_months({0}, {1})", "date", "nn"),
}
