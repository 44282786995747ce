"""The token stream the parser walks, with one-token expectations and their refusals."""

from collections.abc import Collection

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.lexer import Token, tokenize
from sffdw.sandbox.soql.messages import SoqlError, unexpected

# Words of the grammar that name nothing, except behind a dot or in front of one. Others that it knows (Order, Group,
# Case, End …) are names where one must be.
_NEVER_NAMES = frozenset(
    [
        *("AND", "AS", "ASC", "BIND", "BY", "CUBE", "DESC", "ELSE", "EXCLUDES", "FALSE", "FIRST", "FOR", "FROM"),
        *("HAVING", "IN", "INCLUDES", "LAST", "LIKE", "LIMIT", "LOOKUP", "NOT", "NULL", "NULLS", "OR", "ROLLUP"),
        *("SELECT", "TRUE", "UPDATE", "USING", "WHERE", "WITH"),
    ]
)
RESERVED = _NEVER_NAMES | {"GROUP"}  # no aliases


class TokenStream:
    """A cursor over the tokens of one statement."""

    def __init__(self, statement: str) -> None:
        self.statement = statement
        self._tokens = tokenize(statement)
        self._index = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return a coming token without taking it."""
        return self._tokens[min(self._index + ahead, len(self._tokens) - 1)]

    def next(self) -> Token:
        """Take the next token."""
        token = self.peek()
        self._index += 1
        return token

    def skip(self, count: int) -> None:
        """Take tokens that `peek` has already looked at."""
        self._index += count

    def accept(self, word: str) -> Token | None:
        """Take the next token if it is this keyword or symbol."""
        token = self.peek()
        if token.word != word or token.kind == "string":
            return None
        return self.next()

    def expect(self, word: str) -> Token:
        """Take this keyword or symbol or refuse the statement."""
        token = self.accept(word)
        if token is None:
            raise self.refuse(self.peek())
        return token

    def expect_one_of(self, words: Collection[str]) -> Token:
        """Take one of these keywords or refuse the statement."""
        token = self.next()
        if token.kind != "name" or token.word not in words:
            raise self.refuse(token)
        return token

    def expect_end(self) -> None:
        """Refuse what stands after the statement's end."""
        if self.peek().kind != "end":
            raise self.refuse(self.peek())

    def name(self) -> Token:
        """Take an identifier."""
        token = self.next()
        if token.kind != "name" or token.word in _NEVER_NAMES:
            raise self.refuse(token)
        return token

    def path(self) -> ast.Path:
        """Take identifiers joined by dots."""
        first = self.next() if _touches(self.peek(), self.peek(1)) else self.name()
        last, parts = first, [first.text]
        while _touches(last, self.peek()):
            self.skip(1)
            last = self.next()
            parts.append(last.text)
            if last.kind != "name":
                raise self.refuse(last)
        if first.kind != "name":
            raise self.refuse(first)
        return ast.Path(tuple(parts), first.pos)

    def refuse(self, token: Token) -> SoqlError:
        """Return the syntax error at a token."""
        return unexpected(token.text, self.statement, token.pos)


def _touches(before: Token, dot: Token) -> bool:
    """Tell whether a dot stands right behind a token."""
    return dot.text == "." and dot.pos == before.pos + len(before.text)
