"""Flat rows as JSON text that SQLite itself writes: a row costs Python one string.

Only for plans whose nodes are values of the row; what has parents, children or compounds goes through `render`.
"""

from __future__ import annotations

from sffdw.sandbox.soql.plan import Leaf, Plan
from sffdw.sandbox.soql.render import DOUBLES, INTEGERS, Renderer

_CHUNK = 50


def rows_sql(plan: Plan, renderer: Renderer) -> str | None:
    """Return the SQL expression that writes a row as the renderer would; None for plans that are not flat."""
    leaves = [node for node in plan.nodes if isinstance(node, Leaf) and node.type != "base64"]
    if plan.is_grouped or len(leaves) != len(plan.nodes):
        return None
    cells = [plan.columns[1], *(_cell(plan.columns[leaf.index], leaf.type) for leaf in leaves)]
    parts = ["'" + text.replace("'", "''") + "'" for text in renderer.template(plan.nodes).split("%s")]
    pieces = [f"{text} || {cell}" for text, cell in zip(parts, cells, strict=False)]
    # Chunks in parentheses keep the expression from nesting too deeply for SQLite.
    chunks = [" || ".join(pieces[start : start + _CHUNK]) for start in range(0, len(pieces), _CHUNK)]
    return " || ".join([*(f"({chunk})" for chunk in chunks), parts[-1]])


def _cell(sql: str, kind: str) -> str:
    if kind in DOUBLES:
        return double_sql(sql, "'null'")
    if kind in INTEGERS:
        return f"ifnull(CAST({sql} AS INTEGER), 'null')"
    if kind == "boolean":
        return f"CASE WHEN {sql} IS NULL THEN 'null' WHEN {sql} THEN 'true' ELSE 'false' END"
    return f"json_quote({sql})"


def double_sql(sql: str, null: str) -> str:
    """Return the SQL expression that writes a double in Java's form, and `null` for NULL.

    SQLite writes 15 digits; where that, or the plain form, is not what Java would write, Python makes Java's form.
    """
    plain = f"CAST({sql} AS TEXT)"
    is_plain = f"({sql} = 0 OR abs({sql}) BETWEEN 0.001 AND 9999999.0) AND CAST({plain} AS REAL) = {sql}"
    return f"CASE WHEN {sql} IS NULL THEN {null} WHEN {is_plain} THEN {plain} ELSE sf_double({sql}) END"
