"""SOQL by recursive descent: a statement becomes a syntax tree or a refusal with its place.

The grammar is that of the SOQL guide as REST takes it: no binds, no comments, no FOR UPDATE, no ALL ROWS;
AND and OR do not mix without parentheses, NOT stands alone at its level.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.conditions import ConditionParser
from sffdw.sandbox.soql.tokens import RESERVED

_Item = TypeVar("_Item")
_USING = {"SCOPE", "LOOKUP"}
_CATEGORY_OPERATORS = {"AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW"}
_MODES = {"SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"}
_AFTER_SELECT = {"FROM"}


class Parser(ConditionParser):
    """Reads the clauses of a query; conditions and expressions are inherited."""

    def statement_query(self) -> ast.Query:
        """Read the whole statement."""
        query = self.query()
        self.expect_end()
        return query

    def query(self) -> ast.Query:
        """Read one SELECT up to what cannot belong to it."""
        start = self.expect("SELECT").pos
        is_count, items = self._select_list()
        self.expect("FROM")
        sources = self._sources()
        scope = self._using()
        where = self.condition() if self.accept("WHERE") else None
        modes = self._with()
        group = self._group()
        having = self.condition() if group is not None and self.accept("HAVING") else None
        order = self._order()
        limit, offset, offset_pos = self._limits()
        self._for_and_update()
        return ast.Query(
            items, is_count, sources, start, scope, where, modes, group, having, order, limit, offset, offset_pos
        )

    def _list(self, item: Callable[[], _Item]) -> tuple[_Item, ...]:
        found = [item()]
        while self.accept(","):
            found.append(item())
        return tuple(found)

    # SELECT list

    def _select_list(self) -> tuple[bool, tuple[ast.SelectItem, ...]]:
        if self.peek().word == "COUNT" and self.peek(1).text == "(" and self.peek(2).text == ")":
            self.skip(3)
            return True, ()
        return False, self._list(self._select_item)

    def _select_item(self) -> ast.SelectItem:
        token = self.peek()
        if token.text == "(":
            return self._child_query()
        if token.word == "TYPEOF" and self.peek(1).kind == "name" and self.peek(1).word not in _AFTER_SELECT:
            return self._typeof()
        if token.word == "FIELDS" and self.peek(1).text == "(":
            return self._fields()
        expression = self.expression()
        return ast.Column(expression, None if self.is_in_semi_join else self._alias(), token.pos)

    def _child_query(self) -> ast.Subquery:
        pos = self.expect("(").pos
        query = self.query()
        self.expect(")")
        return ast.Subquery(query, self._alias(), pos)

    def _fields(self) -> ast.Fields:
        pos = self.next().pos
        self.expect("(")
        group = self.path()
        self.expect(")")
        return ast.Fields(group.parts[-1].upper(), pos)

    def _typeof(self) -> ast.TypeOf:
        if self.is_in_semi_join:
            raise self.refuse(self.peek())
        pos = self.next().pos
        relationship = self.path()
        branches = [self._when()]
        while self.peek().word == "WHEN":
            branches.append(self._when())
        otherwise = self._list(self.path) if self.accept("ELSE") else ()
        self.expect("END")
        return ast.TypeOf(relationship, tuple(branches), otherwise, pos)

    def _when(self) -> ast.When:
        self.expect("WHEN")
        name = self.name()
        self.expect("THEN")
        return ast.When(name.text, self._list(self.path), name.pos)

    def _alias(self) -> str | None:
        token = self.peek()
        if token.kind != "name" or token.word in RESERVED or self._starts_clause():
            return None
        return self.next().text

    def _starts_clause(self) -> bool:
        """Tell clause words that are not reserved from aliases of the same name."""
        word, following = self.peek().word, self.peek(1).word
        if word == "ORDER":
            return following == "BY"
        if word == "OFFSET":
            return self.peek(1).kind in {"number", "symbol", "string"} and self.peek(1).text not in {",", ")"}
        return word == "ALL" and following == "ROWS"

    # FROM, USING, WITH

    def _sources(self) -> tuple[ast.Source, ...]:
        return self._list(self._source)

    def _source(self) -> ast.Source:
        path = self.path()
        if self.accept("AS"):
            return ast.Source(path, self.name().text)
        return ast.Source(path, self._alias())

    def _using(self) -> str | None:
        if not self.accept("USING"):
            return None
        kind = self.expect_one_of(_USING)
        if kind.word == "SCOPE":
            return self.name().text
        self.path()
        if self.accept("BIND"):
            self._list(self._bound)
        return None

    def _bound(self) -> ast.Literal:
        self.path()
        self.expect("=")
        return self.literal()

    def _with(self) -> tuple[str, ...]:
        modes = []
        while self.accept("WITH"):
            if self.accept("DATA"):
                self.expect("CATEGORY")
                self._categories()
                modes.append("DATA CATEGORY")
            else:
                modes.append(self._mode())
        return tuple(modes)

    def _mode(self) -> str:
        """Read a mode, `DIVISION = 'x'` or a named filter with its arguments."""
        token = self.name()
        if token.word in _MODES:
            return token.word
        if self.accept("("):
            self._list(self._bound)
            self.expect(")")
        else:
            self.expect("=")
            value = self.next()
            if value.kind != "string":
                raise self.refuse(value)
        return token.word

    def _categories(self) -> None:
        while True:
            self.name()
            self.expect_one_of(_CATEGORY_OPERATORS)
            if self.accept("("):
                self._list(self.name)
                self.expect(")")
            else:
                self.name()
            if not self.accept("AND"):
                return

    # GROUP BY, ORDER BY, limits

    def _group(self) -> ast.Grouping | None:
        if self.peek().word != "GROUP":
            return None
        pos = self.next().pos
        self.expect("BY")
        if self.peek().word in {"ROLLUP", "CUBE"} and self.peek(1).text == "(":
            kind = self.next().word.lower()
            self.expect("(")
            items = self._list(self.expression)
            self.expect(")")
            return ast.Grouping(kind, items, pos)
        return ast.Grouping("plain", self._list(self.expression), pos)

    def _order(self) -> tuple[ast.Order, ...]:
        if self.peek().word != "ORDER":
            return ()
        self.next()
        self.expect("BY")
        return self._list(self._order_item)

    def _order_item(self) -> ast.Order:
        pos = self.peek().pos
        expression = self.expression()
        is_descending = bool(self.accept("DESC"))
        if not is_descending:
            self.accept("ASC")
        nulls = None
        if self.accept("NULLS"):
            nulls = self.expect_one_of({"FIRST", "LAST"}).word
        return ast.Order(expression, is_descending, nulls, pos)

    def _limits(self) -> tuple[int | None, int | None, int]:
        limit = self._whole_number() if self.accept("LIMIT") else None
        offset_pos = self.peek().pos
        offset = self._signed_number() if self.accept("OFFSET") else None
        return limit, offset, offset_pos

    def _whole_number(self) -> int:
        token = self.next()
        if token.kind != "number" or not token.text.isdigit():
            raise self.refuse(token)
        return int(Decimal(token.text))

    def _signed_number(self) -> int:
        is_negative = bool(self.accept("-"))
        return -self._whole_number() if is_negative else self._whole_number()

    def _for_and_update(self) -> None:
        if self.accept("FOR"):
            self.expect_one_of({"VIEW", "REFERENCE"})
        if self.accept("UPDATE"):
            self._list(lambda: self.expect_one_of({"TRACKING", "VIEWSTAT"}))


def parse(statement: str) -> ast.Query:
    """Return the syntax tree of a statement; raises SoqlError."""
    return Parser(statement).statement_query()
