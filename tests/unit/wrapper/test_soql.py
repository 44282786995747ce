"""Literals cannot break out of their place, whatever they hold."""

import datetime as dt
import random
import re
from decimal import Decimal

import pytest

from sffdw import soql

PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def read_literal(text: str) -> tuple[str, str]:
    """Read one string literal as Salesforce's grammar does; its value and what follows it."""
    assert text[0] == "'"
    value, place = "", 1
    while text[place] != "'":
        char = text[place]
        assert char >= " ", "a control character stands in a literal"
        if char == "\\":
            escape = text[place + 1]
            if escape == "u":
                value += chr(int(text[place + 2:place + 6], 16))
                place += 6
                continue
            value += PLAIN[escape]
            place += 2
            continue
        value += char
        place += 1
    return value, text[place + 1:]


NASTY = ["", "'", "''", "\\", "\\'", "\\\\'", "' OR Id != null OR Name = '", "a\nb\rc\td", "\x01\x1f\x7f", "%_\\%",
         "\\u0027", "日本語 😀", "') LIMIT 1 --", '"', "\\n", "null", "\u2028"]


@pytest.mark.parametrize("text", NASTY)
def test_nasty_strings_stay_inside_their_literal(text: str) -> None:
    assert read_literal(soql.quoted(text) + " LIMIT 1") == (text, " LIMIT 1")


def test_random_strings_stay_inside_their_literal() -> None:
    chance = random.Random(1)
    alphabet = "'\\\"nrtbfu0027%_ \n\r\t\b\f\x00\x1bä😀AND()"
    for _ in range(1000):
        text = "".join(chance.choices(alphabet, k=chance.randrange(20)))
        assert read_literal(soql.quoted(text) + ")") == (text, ")")


def like_regex(pattern: str, escape: str = "\\") -> re.Pattern[str]:
    """PostgreSQL's LIKE as a regular expression."""
    parts, chars = [], iter(pattern)
    for char in chars:
        if char in "%_":
            parts.append(".*" if char == "%" else ".")
            continue
        parts.append(re.escape(next(chars) if char == escape else char))
    return re.compile("".join(parts), re.DOTALL)


def soql_like_regex(literal: str) -> re.Pattern[str]:
    """SOQL's LIKE literal as a regular expression, without case."""
    body = literal[1:-1]
    parts, place = [], 0
    while place < len(body):
        char = body[place]
        if char == "\\":
            escape = body[place + 1]
            if escape == "u":
                parts.append(re.escape(chr(int(body[place + 2:place + 6], 16))))
                place += 6
                continue
            parts.append(re.escape(escape if escape in "%_" else PLAIN[escape]))
            place += 2
            continue
        parts.append(".*" if char == "%" else "." if char == "_" else re.escape(char))
        place += 1
    return re.compile("".join(parts), re.DOTALL | re.IGNORECASE)


def test_like_patterns_match_at_least_what_postgresql_matches() -> None:
    chance = random.Random(2)
    for _ in range(1000):
        pattern = "".join(chance.choices("ab%_\\'\n", k=chance.randrange(8)))
        literal = soql.like_literal(pattern)
        if literal is None:
            assert pattern.endswith("\\")
            continue
        here, there = like_regex(pattern), soql_like_regex(literal)
        for _ in range(5):
            text = "".join(chance.choices("ab%_\\'\n", k=chance.randrange(6)))
            if here.fullmatch(text):
                assert there.fullmatch(text), (pattern, literal, text)


@pytest.mark.parametrize(("pattern", "want"), [
    ("A%", "'A%'"), ("a_c", "'a_c'"), ("100\\%", "'100\\%'"), ("a\\_b", "'a\\_b'"), ("it's", "'it\\'s'"),
    ("a\\\\b", "'a_b'"),
    ("end\\", None), ("x" * 4001, None)])
def test_like_patterns_are_written_for_soql(pattern: str, want: str | None) -> None:
    assert soql.like_literal(pattern) == want


@pytest.mark.parametrize(("value", "want"), [
    (5, "5"), (Decimal("300.0"), "300"), (Decimal("1.5E+7"), "15000000"), (Decimal("0.000"), "0"), (-3, "-3"),
    (Decimal("123456789012345"), "123456789012345"), (Decimal("0.1"), "0.1"), (Decimal("1234567890123456"), None),
    (Decimal("NaN"), None), (Decimal("Infinity"), None), (Decimal("1E+30"), None)])
def test_numbers_are_written_only_when_they_compare_as_written(value: int | Decimal, want: str | None) -> None:
    assert soql.number(value) == want


def test_moments_are_written_in_utc_and_whole_seconds() -> None:
    zone = dt.timezone(dt.timedelta(hours=-8))
    assert soql.moment(dt.datetime(2025, 1, 1, 23, 0, 0, 999_999, zone)) == "2025-01-02T07:00:00Z"
    assert soql.moment(dt.datetime(2025, 1, 1)) == "2025-01-01T00:00:00Z"
