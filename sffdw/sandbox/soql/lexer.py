"""Tokens of SOQL. Text outside the grammar (comments, braces, binds) is refused here."""

import re
from dataclasses import dataclass

from sffdw.sandbox.jsontext import mend_text
from sffdw.sandbox.soql.messages import SoqlError, unexpected

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)
      | (?P<time>\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<number>\d+\.\d+|\.\d+|\d+)
      | (?P<name>[A-Za-z][A-Za-z0-9_]*)
      | (?P<string>'(?:[^'\\\r\n]|\\.)*')
      | (?P<symbol><=|>=|!=|<>|[=<>(),.:+\-])
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the statement; `word` is its upper-case form for comparing with keywords."""

    kind: str
    text: str
    pos: int
    word: str


def tokenize(statement: str) -> list[Token]:
    """Split a statement into tokens, ending with one of kind `end`."""
    tokens, pos = [], 0
    while pos < len(statement):
        match = _TOKEN.match(statement, pos)
        if match is None or match.lastgroup is None:
            raise unexpected(statement[pos], statement, pos)
        if match.lastgroup != "space":
            text = match[0]
            tokens.append(Token(match.lastgroup, text, pos, text.upper() if match.lastgroup == "name" else text))
        pos = match.end()
    tokens.append(Token("end", "<EOF>", len(statement.rstrip()), "<EOF>"))
    return tokens


def unquote(token: Token, statement: str, *, is_pattern: bool) -> tuple[str, str]:
    r"""Return a string literal's value and its LIKE pattern, in which (and only there) `\%` and `\_` may stand."""
    value, pattern = [], []
    body, index = token.text[1:-1], 0
    while index < len(body):
        character = body[index]
        if character != "\\":
            value.append(character)
            pattern.append("\\\\" if character == "\\" else character)
            index += 1
            continue
        plain, escaped, length = _escape(body, index, token, statement, is_pattern)
        value.append(plain)
        pattern.append(escaped)
        index += length
    return mend_text("".join(value)), mend_text("".join(pattern))


def _escape(body: str, index: int, token: Token, statement: str, is_pattern: bool) -> tuple[str, str, int]:
    mark = body[index + 1]
    if is_pattern and mark in "%_":
        return mark, "\\" + mark, 2
    if mark in "uU" and re.fullmatch(r"[0-9A-Fa-f]{4}", body[index + 2 : index + 6]):
        character = chr(int(body[index + 2 : index + 6], 16))
        return character, character, 6
    plain = _ESCAPES.get(mark.lower() if mark.isalpha() else mark)
    if plain is None:
        raise SoqlError(
            "MALFORMED_QUERY", f"Illegal string sequence '\\{mark}'", statement=statement, pos=token.pos + 1 + index
        )
    return plain, "\\\\" if plain == "\\" else plain, 2
