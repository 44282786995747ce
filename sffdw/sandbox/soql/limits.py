"""Limits on statements as a whole, and objects that insist on a filter."""

from __future__ import annotations

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.names import Scope

MAX_STATEMENT = 100_000


def check_limits(text: str) -> None:
    """Refuse a statement that is empty or too long."""
    if not text.strip():
        raise SoqlError("MALFORMED_QUERY", "A query string has to be specified")
    if len(text) > MAX_STATEMENT:
        raise SoqlError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_STATEMENT} characters")


def check_categories(query: ast.Query, scope: Scope) -> None:
    """Only articles and questions are in categories."""
    name = scope.sobject.name
    has_categories = name.startswith(("Knowledge", "Question")) or name.endswith("__kav")
    if "DATA CATEGORY" in query.modes and not has_categories:
        raise SoqlError("MALFORMED_QUERY", f"DATA CATEGORY is not supported for {name}")


def check_required_filter(query: ast.Query, scope: Scope) -> None:
    """Refuse a query of an object such as ContentDocumentLink without equality on one of its key fields."""
    wanted = scope.sobject.required_filter
    if not wanted or _filters_by(query.where, {name.lower() for name in wanted}):
        return
    names = " or ".join(name for name in wanted if name != "Id")
    raise SoqlError(
        "MALFORMED_QUERY",
        f"Implementation restriction: {scope.sobject.name} requires a filter by a single Id on {names} using the "
        "equals operator or multiple Id's using the IN operator.",
    )


def _filters_by(condition: ast.Condition | None, names: set[str]) -> bool:
    match condition:
        case ast.And():
            return any(_filters_by(part, names) for part in condition.parts)
        case ast.Compare(left=ast.Path(parts=parts), operator="=", right=ast.Text()):
            return parts[-1].lower() in names
        case ast.Membership(left=ast.Path(parts=parts), operator="IN"):
            return parts[-1].lower() in names
        case ast.SemiJoin(left=ast.Path(parts=parts), is_negated=False):
            return parts[-1].lower() in names
    return False
