"""The functions of SOQL as SQL: parts of dates, labels, formats, conversions, distances."""

from __future__ import annotations

from dataclasses import replace

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.currencies import in_currency, shown_sql
from sffdw.sandbox.soql.names import Scope, Typed

DATE_FUNCTIONS = frozenset(
    [
        "CALENDAR_MONTH",
        "CALENDAR_QUARTER",
        "CALENDAR_YEAR",
        "DAY_IN_MONTH",
        "DAY_IN_WEEK",
        "DAY_IN_YEAR",
        "DAY_ONLY",
        "FISCAL_MONTH",
        "FISCAL_QUARTER",
        "FISCAL_YEAR",
        "HOUR_IN_DAY",
        "WEEK_IN_MONTH",
        "WEEK_IN_YEAR",
    ]
)
AGGREGATES = frozenset(["COUNT", "COUNT_DISTINCT", "AVG", "MIN", "MAX", "SUM"])
NUMERIC = frozenset({"int", "long", "double", "currency", "percent"})
FOLDED = frozenset({"string", "picklist", "email", "phone", "url", "combobox", "textarea"})
_DATES = frozenset({"date", "datetime"})
_LABELLED = frozenset({"picklist", "multipicklist", "combobox"})
_NOT_AGGREGATED = frozenset({"boolean", "base64", "address", "location", "time", "multipicklist", "anyType"})


def compile_expression(expression: ast.Expression, scope: Scope) -> Typed:
    """Return the SQL of a field, a function or a distance; aggregates included."""
    match expression:
        case ast.Path():
            return scope.resolve(expression)
        case ast.Distance():
            return _distance(expression, scope)
    return _call(expression, scope)


def is_aggregate(expression: ast.Expression) -> bool:
    """Tell whether an expression holds an aggregate function."""
    if not isinstance(expression, ast.Call):
        return False
    return expression.name.upper() in AGGREGATES or any(is_aggregate(inner) for inner in expression.args)


def _call(call: ast.Call, scope: Scope) -> Typed:
    name = call.name.upper()
    if name in AGGREGATES:
        return _aggregate(name, call, scope)
    if name in DATE_FUNCTIONS:
        return _date_part(name, call, _date_argument(call.args[0], scope), scope)
    inner = compile_expression(call.args[0], scope)
    match name:
        case "TOLABEL":
            _check_label(call, inner, scope)
            return Typed(label_sql(inner), "string", inner.field, inner.sobject, inner.through)
        case "FORMAT":
            if inner.type == "currency" and scope.statement.settings.currencies is not None:
                return Typed(shown_sql(inner, scope), "string", None, None, inner.through)
            return Typed(f"sf_format({inner.sql}, '{inner.type}')", "string", None, None, inner.through)
        case "CONVERTCURRENCY":
            return _converted(call, inner, scope)
        case "CONVERTTIMEZONE":
            message = "convertTimezone can only be used inside a date function"
            raise scope.statement.error("MALFORMED_QUERY", message, call.pos)
    raise scope.statement.error("MALFORMED_QUERY", f"unknown function: {call.name}", call.pos)


def _converted(call: ast.Call, inner: Typed, scope: Scope) -> Typed:
    """Convert to the user's currency; an org of one currency has nothing to convert."""
    if inner.type != "currency" or is_aggregate(call.args[0]):
        raise _bad_function(call, inner, scope)
    currencies = scope.statement.settings.currencies
    if currencies is None:
        return inner
    sql = in_currency(inner, currencies.user, scope, is_dated=True)
    return replace(inner, sql=sql, currency=currencies.user)


def holds_conversion(expression: ast.Expression) -> bool:
    """Tell whether an expression calls convertCurrency()."""
    if not isinstance(expression, ast.Call):
        return False
    return expression.name.upper() == "CONVERTCURRENCY" or any(holds_conversion(inner) for inner in expression.args)


def _bad_function(call: ast.Call, inner: Typed, scope: Scope) -> Exception:
    shown = inner.field.name if inner.field else "expression"
    return scope.statement.error("INVALID_FIELD", f"field {shown} does not support function {call.name}", call.pos)


def _check_label(call: ast.Call, inner: Typed, scope: Scope) -> None:
    """Only picklists and the names of record types have labels in other languages."""
    is_name = inner.sobject is not None and inner.sobject.name == "RecordType"
    if inner.type not in _LABELLED and not is_name:
        raise _bad_function(call, inner, scope)


# Aggregates


def _aggregate(name: str, call: ast.Call, scope: Scope) -> Typed:
    if is_aggregate(call.args[0]):
        raise scope.statement.error("MALFORMED_QUERY", "Aggregate functions cannot be nested", call.pos)
    inner = compile_expression(call.args[0], scope)
    _check_aggregate(name, call, inner, scope)
    if name == "COUNT":
        return Typed(f"count({inner.sql})", "int", through=inner.through)
    if name == "COUNT_DISTINCT":
        return Typed(f"count(DISTINCT {folded_sql(inner)})", "int", through=inner.through)
    if name != "COUNT_DISTINCT":
        inner = _in_one_currency(inner, scope)
    if name == "AVG":
        return _total(f"avg({inner.sql})", "double", inner)
    if name == "SUM":
        kind = inner.type if inner.type in {"int", "long"} else "double"
        return _total(f"sum({inner.sql})", kind, inner)
    return replace(inner, sql=f"{name.lower()}({inner.sql})")


def _in_one_currency(inner: Typed, scope: Scope) -> Typed:
    """Convert amounts to the corporate currency before they are put together."""
    currencies = scope.statement.settings.currencies
    if currencies is None or inner.type != "currency" or inner.currency:
        return inner
    return replace(inner, sql=in_currency(inner, currencies.corporate, scope), currency=currencies.corporate)


def _total(sql: str, kind: str, inner: Typed) -> Typed:
    """A total of amounts is an amount only where it has a currency; elsewhere it is a number."""
    return Typed(sql, "currency" if inner.currency else kind, through=inner.through, currency=inner.currency)


def folded_sql(typed: Typed) -> str:
    """Return the expression by which values are the same: text without regard to case."""
    is_exact = typed.type not in FOLDED or (typed.field is not None and typed.field.case_sensitive)
    return typed.sql if is_exact else f"sf_upper({typed.sql})"


def _check_aggregate(name: str, call: ast.Call, inner: Typed, scope: Scope) -> None:
    kind = inner.type
    allowed = inner.field is None or inner.field.aggregatable or (name in {"COUNT", "COUNT_DISTINCT"} and kind == "id")
    if kind in _NOT_AGGREGATED or not allowed or (name in {"AVG", "SUM"} and kind not in NUMERIC):
        shown = inner.field.name if inner.field else call.name
        message = f"field {shown} does not support aggregate operator {name}"
        raise scope.statement.error("MALFORMED_QUERY", message, call.pos)


# Dates


def is_date_function(expression: ast.Expression) -> bool:
    """Tell whether an expression is a part of a date."""
    return isinstance(expression, ast.Call) and expression.name.upper() in DATE_FUNCTIONS


def _date_argument(expression: ast.Expression, scope: Scope) -> Typed:
    """Return what a date function works on: a field, or convertTimezone of one."""
    if not isinstance(expression, ast.Call) or expression.name.upper() != "CONVERTTIMEZONE":
        return compile_expression(expression, scope)
    inner = compile_expression(expression.args[0], scope)
    if inner.type != "datetime":
        raise _bad_function(expression, inner, scope)
    zone = scope.statement.bind(scope.statement.settings.zone)
    return Typed(f"sf_local({inner.sql}, {zone})", "datetime", inner.field, inner.sobject, inner.through)


def _date_part(name: str, call: ast.Call, inner: Typed, scope: Scope) -> Typed:
    if inner.type not in _DATES or (name == "HOUR_IN_DAY" and inner.type != "datetime"):
        raise _bad_function(call, inner, scope)
    day = f"substr({inner.sql}, 1, 10)"
    month, year = f"CAST(substr({inner.sql}, 6, 2) AS INTEGER)", f"CAST(substr({inner.sql}, 1, 4) AS INTEGER)"
    start = scope.statement.settings.fiscal_start_month
    fiscal_month = f"(({month} - {start} + 12) % 12 + 1)"
    whole = {
        "CALENDAR_MONTH": month,
        "CALENDAR_QUARTER": f"(({month} + 2) / 3)",
        "CALENDAR_YEAR": year,
        "DAY_IN_MONTH": f"CAST(substr({inner.sql}, 9, 2) AS INTEGER)",
        "DAY_IN_WEEK": f"(CAST(strftime('%w', {day}) AS INTEGER) + 1)",
        "DAY_IN_YEAR": f"CAST(strftime('%j', {day}) AS INTEGER)",
        "FISCAL_MONTH": fiscal_month,
        "FISCAL_QUARTER": f"(({fiscal_month} + 2) / 3)",
        "FISCAL_YEAR": year if start == 1 else f"({year} + ({month} >= {start}))",
        "HOUR_IN_DAY": f"CAST(substr({inner.sql}, 12, 2) AS INTEGER)",
        "WEEK_IN_MONTH": f"((CAST(substr({inner.sql}, 9, 2) AS INTEGER) + 6) / 7)",
        "WEEK_IN_YEAR": f"((CAST(strftime('%j', {day}) AS INTEGER) + 6) / 7)",
    }
    if name == "DAY_ONLY":
        return Typed(day, "date", None, None, inner.through)
    return Typed(f"CASE WHEN {inner.sql} IS NOT NULL THEN {whole[name]} END", "int", None, None, inner.through)


# Labels and places


def label_sql(inner: Typed) -> str:
    """Return the expression that shows a picklist value's label."""
    values = inner.field.picklist_values if inner.field else ()
    different = [known for known in values if known.label != known.value]
    if not different:
        return inner.sql
    whens = " ".join(f"WHEN {_quoted(known.value)} THEN {_quoted(known.label)}" for known in different)
    return f"CASE {inner.sql} {whens} ELSE {inner.sql} END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _distance(expression: ast.Distance, scope: Scope) -> Typed:
    location = scope.resolve(expression.location)
    if location.type not in {"address", "location"} or location.field is None:
        raise scope.statement.error(
            "INVALID_FIELD", f"field {expression.location.text} does not support function DISTANCE", expression.pos
        )
    unit = expression.unit.value.lower()
    if unit not in {"mi", "km"}:
        raise scope.statement.error(
            "MALFORMED_QUERY", f"invalid unit in DISTANCE: {expression.unit.value}", expression.pos
        )
    if abs(expression.origin.latitude) > 90 or abs(expression.origin.longitude) > 180:
        raise scope.statement.error("MALFORMED_QUERY", "invalid GEOLOCATION in DISTANCE", expression.origin.pos)
    latitude, longitude = component_paths(expression.location, location)
    points = f"{scope.resolve(latitude).sql}, {scope.resolve(longitude).sql}"
    bind = scope.statement.bind
    origin = f"{bind(float(expression.origin.latitude))}, {bind(float(expression.origin.longitude))}"
    return Typed(f"sf_distance({points}, {origin}, {bind(unit)})", "double", None, None, location.through)


def component_paths(path: ast.Path, location: Typed) -> tuple[ast.Path, ast.Path]:
    """Return the paths of a compound field's latitude and longitude."""
    assert location.sobject is not None and location.field is not None
    found = {}
    for component in location.sobject.components(location.field.name):
        for part in ("latitude", "longitude"):
            if component.name.lower().endswith((part, f"{part}__s", f"{part}__pc")):
                found[part] = ast.Path((*path.parts[:-1], component.name), path.pos)
    return found["latitude"], found["longitude"]
