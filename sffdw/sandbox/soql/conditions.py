"""The part of the grammar below WHERE and HAVING: conditions, expressions and literals."""

import re
from decimal import Decimal

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.lexer import Token, unquote
from sffdw.sandbox.soql.messages import SoqlError, too_complicated
from sffdw.sandbox.soql.tokens import TokenStream

MAX_NESTING = 100
_COMPARISONS = {"=", "!=", "<>", "<", "<=", ">", ">="}
_CURRENCY = re.compile(r"([A-Za-z]{3})(\d+)")
_UNITS = "DAYS|WEEKS|MONTHS|QUARTERS|YEARS|FISCAL_QUARTERS|FISCAL_YEARS"
_PERIODS = "WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR"
_DATE_LITERAL = re.compile(f"YESTERDAY|TODAY|TOMORROW|LAST_90_DAYS|NEXT_90_DAYS|(?:LAST|THIS|NEXT)_(?:{_PERIODS})")
_COUNTED_LITERAL = re.compile(f"(?:LAST|NEXT)_N_(?:{_UNITS})|N_(?:{_UNITS})_AGO")


class ConditionParser(TokenStream):
    """Reads conditions; the clauses that hold them are in the subclass."""

    is_in_semi_join = False
    nesting = 0

    def query(self) -> ast.Query:
        """Read an inner query (given by the subclass)."""
        raise NotImplementedError

    def condition(self) -> ast.Condition:
        """Read simple conditions joined by AND only, by OR only, or one behind NOT."""
        not_token = self.accept("NOT")
        if not_token:
            return ast.Not(self._simple(), not_token.pos)
        first = self._simple()
        for word, node in (("AND", ast.And), ("OR", ast.Or)):
            if self.peek().word == word:
                return node(self._chain(first, word))
        return first

    def _chain(self, first: ast.Condition, word: str) -> tuple[ast.Condition, ...]:
        parts = [first]
        while self.accept(word):
            parts.append(self._simple())
        return tuple(parts)

    def _simple(self) -> ast.Condition:
        if self.accept("("):
            self.nesting += 1
            if self.nesting > MAX_NESTING:
                raise too_complicated()
            inner = self.condition()
            self.expect(")")
            self.nesting -= 1
            return inner
        return self._field_condition()

    def _field_condition(self) -> ast.Condition:
        pos = self.peek().pos
        left = self.expression()
        token = self.next()
        if token.text in _COMPARISONS:
            return ast.Compare(left, "!=" if token.text == "<>" else token.text, self.literal(), pos)
        match token.word if token.kind == "name" else "":
            case "LIKE":
                return ast.Compare(left, "LIKE", self.literal(is_pattern=True), pos)
            case "IN":
                return self._in(left, False, pos)
            case "NOT":
                self.expect("IN")
                return self._in(left, True, pos)
            case "INCLUDES" | "EXCLUDES" as operator:
                return ast.Membership(left, operator, self._literals(), pos)
        raise self.refuse(token)

    def _in(self, left: ast.Expression, is_negated: bool, pos: int) -> ast.Condition:
        if self.peek().text == "(" and self.peek(1).word == "SELECT":
            self.skip(1)
            self.is_in_semi_join = True
            query = self.query()
            self.is_in_semi_join = False
            self.expect(")")
            return ast.SemiJoin(left, is_negated, query, pos)
        return ast.Membership(left, "NOT IN" if is_negated else "IN", self._literals(), pos)

    def _literals(self) -> tuple[ast.Literal, ...]:
        self.expect("(")
        values = [self.literal()]
        while self.accept(","):
            values.append(self.literal())
        self.expect(")")
        return tuple(values)

    # expressions

    def expression(self) -> ast.Expression:
        """Read a field path or a function of one."""
        path = self.path()
        if self.peek().text != "(" or len(path.parts) != 1:
            return path
        self.skip(1)
        if path.parts[0].upper() == "DISTANCE":
            return self._distance(path.pos)
        inner = self.expression()
        self.expect(")")
        return ast.Call(path.parts[0], (inner,), path.pos)

    def _distance(self, pos: int) -> ast.Distance:
        location = self.path()
        self.expect(",")
        origin_pos = self.expect("GEOLOCATION").pos
        self.expect("(")
        latitude = self._signed()
        self.expect(",")
        longitude = self._signed()
        self.expect(")")
        self.expect(",")
        unit = self.next()
        if unit.kind != "string":
            raise self.refuse(unit)
        self.expect(")")
        return ast.Distance(
            location, ast.Geolocation(latitude, longitude, origin_pos), ast.Text(unit.text[1:-1], unit.pos), pos
        )

    def _signed(self) -> Decimal:
        sign = -1 if self.accept("-") else 1
        if sign == 1:
            self.accept("+")
        token = self.next()
        if token.kind != "number":
            raise self.refuse(token)
        return Decimal(token.text).copy_sign(sign)

    # literals

    def literal(self, *, is_pattern: bool = False) -> ast.Literal:
        """Read a value to compare with, or a pattern of LIKE."""
        token = self.peek()
        if token.kind == "number" or token.text in {"-", "+"}:
            value = self._signed()
            return ast.Number(value, token.pos, value == value.to_integral_value() and "." not in token.text)
        self.skip(1)
        if token.kind == "string":
            value_text, pattern = unquote(token, self.statement, is_pattern=is_pattern)
            return ast.Text(value_text, token.pos, pattern)
        if token.kind in {"date", "datetime", "time"}:
            return ast.Moment(token.text, token.kind, token.pos)
        if token.kind == "name":
            return self._word_literal(token)
        raise self.refuse(token)

    def _word_literal(self, token: Token) -> ast.Literal:
        if token.word == "NULL":
            return ast.Null(token.pos)
        if token.word in {"TRUE", "FALSE"}:
            return ast.Boolean(token.word == "TRUE", token.pos)
        if _DATE_LITERAL.fullmatch(token.word):
            return ast.DateRange(token.word, None, token.pos)
        if _COUNTED_LITERAL.fullmatch(token.word) and self.accept(":"):
            return ast.DateRange(token.word, self._count(token), token.pos)
        currency = _CURRENCY.fullmatch(token.text)
        if currency:
            return ast.Currency(currency[1].upper(), self._amount(token, currency[2]), token.pos)
        raise self.refuse(token)

    def _count(self, literal: Token) -> int:
        token = self.next()
        if token.kind != "number" or not token.text.isdigit():
            raise self.refuse(token)
        if int(token.text) > 2**31 - 1:
            raise SoqlError(
                "MALFORMED_QUERY", f"invalid count for {literal.word}", statement=self.statement, pos=token.pos
            )
        return int(token.text)

    def _amount(self, token: Token, digits: str) -> Decimal:
        fraction = self.peek()
        if fraction.kind == "number" and fraction.text[0] == "." and fraction.pos == token.pos + len(token.text):
            return Decimal(digits + self.next().text)
        return Decimal(digits)
