"""Formula text to a syntax tree: literals, field paths, operators, function calls."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s+ | /\*.*?\*/
      | (?P<number>\d+(?:\.\d+)?|\.\d+)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>\$?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<symbol><=|>=|<>|!=|==|&&|\|\||[-+*/^&=<>(),!])
    """,
    re.VERBOSE | re.DOTALL,
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("=", "==", "<>", "!=", "<", "<=", ">", ">="),
    ("+", "-", "&"),
    ("*", "/"),
)
_SAME = {"==": "=", "!=": "<>"}


class FormulaError(ValueError):
    """A formula cannot be read or makes no sense; the message says where."""


@dataclass(frozen=True)
class Number:
    """A numeric literal, as written."""

    text: str


@dataclass(frozen=True)
class Text:
    """A quoted text."""

    value: str


@dataclass(frozen=True)
class Constant:
    """TRUE, FALSE or NULL."""

    value: bool | None


@dataclass(frozen=True)
class Reference:
    """A field, or a path to one through parents."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """An operator with one or two operands."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Function:
    """A function call; the name is upper case."""

    name: str
    args: tuple[Node, ...]


Node = Number | Text | Constant | Reference | Operation | Function
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}


def parse_formula(text: str) -> Node:
    """Return the syntax tree of a formula; raises FormulaError."""
    reader = _Reader(text)
    node = reader.expression(0)
    reader.end()
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.place = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def take(self, symbol: str) -> bool:
        if self.peek() != ("symbol", symbol):
            return False
        self.place += 1
        return True

    def end(self) -> None:
        if self.peek()[0] != "end":
            raise FormulaError(f"unexpected {self.peek()[1]}")

    def expression(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.power()
        left = self.expression(level + 1)
        while self.peek()[0] == "symbol" and self.peek()[1] in _LEVELS[level]:
            operator = self.peek()[1]
            self.place += 1
            left = Operation(_SAME.get(operator, operator), (left, self.expression(level + 1)))
        return left

    def power(self) -> Node:
        base = self.unary()
        return Operation("^", (base, self.power())) if self.take("^") else base

    def unary(self) -> Node:
        for symbol, operator in (("-", "negate"), ("!", "not"), ("+", "plus")):
            if self.take(symbol):
                operand = self.unary()
                return operand if operator == "plus" else Operation(operator, (operand,))
        return self.primary()

    def primary(self) -> Node:
        kind, text = self.peek()
        self.place += 1
        if kind == "number":
            return Number(text)
        if kind == "text":
            return Text(re.sub(r"\\(.)", r"\1", text[1:-1]))
        if kind == "name":
            return self.named(text)
        if (kind, text) == ("symbol", "("):
            inner = self.expression(0)
            self.close()
            return inner
        raise FormulaError(f"unexpected {text or 'end of formula'}")

    def named(self, text: str) -> Node:
        if self.take("("):
            return Function(text.upper(), self.arguments())
        if text.upper() in _CONSTANTS:
            return Constant(_CONSTANTS[text.upper()])
        return Reference(tuple(text.split(".")))

    def arguments(self) -> tuple[Node, ...]:
        if self.take(")"):
            return ()
        found = [self.expression(0)]
        while self.take(","):
            found.append(self.expression(0))
        self.close()
        return tuple(found)

    def close(self) -> None:
        if not self.take(")"):
            raise FormulaError(f"expected ) before {self.peek()[1] or 'end of formula'}")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise FormulaError(f"unexpected {text[place]}")
        if match.lastgroup is not None:
            found.append((match.lastgroup, match[0]))
        place = match.end()
    return found
