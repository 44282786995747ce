"""SOQL errors in Salesforce's shape: a window of the statement, a caret, row and column, the text."""

from sffdw.sandbox.errors import ApiError

_REACH = 50


class SoqlError(ApiError):
    """A statement is refused; `pos` is where (None: the message stands alone)."""

    def __init__(self, code: str, text: str, *, statement: str = "", pos: int | None = None) -> None:
        super().__init__(code, text if pos is None else _located(statement, pos, text))
        self.text = text
        self.pos = pos


def unexpected(token: str, statement: str, pos: int) -> SoqlError:
    """Return the syntax error at a token; at the very start or end it has no window."""
    text = f"unexpected token: '{token}'"
    bare = token == "<EOF>" or not statement[:pos].strip()
    return SoqlError("MALFORMED_QUERY", text, statement=statement, pos=None if bare else pos)


def too_complicated() -> SoqlError:
    """Return the error for a statement that is well formed and beyond what the server can carry out."""
    return SoqlError(
        "QUERY_TOO_COMPLICATED",
        "Query is either selecting too many fields or the filter conditions are too complicated.",
    )


def _located(statement: str, pos: int, text: str) -> str:
    row, column = _row_and_column(statement, pos)
    window, caret = _window(statement, pos)
    return f"\n{window}\n{' ' * caret}^\nERROR at Row:{row}:Column:{column}\n{text}"


def _row_and_column(statement: str, pos: int) -> tuple[int, int]:
    """Count from the first non-blank line, both from 1."""
    leading = len(statement) - len(statement.lstrip())
    first = statement.rfind("\n", 0, leading) + 1
    line = statement.rfind("\n", 0, pos) + 1
    return statement.count("\n", first, pos) + 1, pos - line + 1


def _window(statement: str, pos: int) -> tuple[str, int]:
    """Cut the statement around `pos` at word boundaries; return it and the caret's place in it."""
    start, end = max(0, pos - _REACH), min(len(statement), pos + _REACH)
    if start > 0:
        space = statement.find(" ", start - 1, pos)
        start = space + 1 if space >= 0 else start
    if end < len(statement):
        space = statement.rfind(" ", pos + 1, end + 1)
        end = space if space > pos else end
    shown = statement[start:end]
    stripped = shown.lstrip()
    start += len(shown) - len(stripped)
    return stripped.rstrip().replace("\n", " ").replace("\r", " ").replace("\t", " "), max(0, pos - start)
