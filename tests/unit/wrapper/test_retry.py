"""The table of retries is the one that the documentation shows, and each of its rules can be met."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sffdw.errors import RequestError
from sffdw.retry import MAX_PAUSES_S, RECORD_RULES, RETRY_RULES, RetryRule, rule_for
from sffdw.system.retry_rules import RetryRulesTable

DOCS = Path(__file__).parents[3] / "docs" / "errors.md"


def documented() -> list[tuple[str, int, float, bool, str]]:
    section = DOCS.read_text(encoding="utf-8").partition("## What is tried again")[2].partition("\n## ")[0]
    found = re.findall(r"^\| ([a-z ]+) \| ([0-9]+) \| ([0-9.]+) s \| (.+) \| (yes|no) \|$", section, re.MULTILINE)
    return [(name, int(attempts), float(pause), is_for_writes == "yes", when)
            for name, attempts, pause, when, is_for_writes in found]


def test_the_documentation_shows_every_rule_as_it_is() -> None:
    assert [row[:4] for row in documented()] == [
        (rule.name, rule.attempts, rule.delay_s, rule.is_for_writes) for rule in RETRY_RULES]
    for rule, (_, _, _, _, when) in zip(RETRY_RULES, documented(), strict=True):
        for mark in (*map(str, rule.statuses), *rule.codes):
            assert mark in when, rule


def test_the_system_table_shows_the_same() -> None:
    connection: Any = SimpleNamespace()
    shown = list(RetryRulesTable(connection, ("rule_name", "attempts", "first_pause_s", "for_writes")).rows(
        [], [], [], None, None))
    assert [tuple(row) for row in shown] == [row[:4] for row in documented()] + [
        (rule.name, rule.attempts, rule.delay_s, True) for rule in RECORD_RULES]


@pytest.mark.parametrize("rule", RETRY_RULES, ids=lambda rule: rule.name)
def test_the_pauses_of_a_rule_fit_into_a_statement(rule: RetryRule) -> None:
    assert sum(rule.delay_s * 2**number * 1.2 for number in range(rule.attempts - 1)) <= MAX_PAUSES_S


@pytest.mark.parametrize(("error", "want"), [
    ({"status": 503}, "server error"), ({"status": 503, "reason": "unreadable"}, "server error"),
    ({"status": 420, "reason": "unreadable"}, "refused at the edge"), ({"reason": "timeout"}, "no answer"),
    ({"status": 200, "reason": "unreadable"}, "page instead of an answer"),
    ({"status": 403, "code": "REQUEST_LIMIT_EXCEEDED"}, "too many at once"),
    ({"status": 403, "code": "REQUEST_LIMIT_EXCEEDED", "is_transient": False}, None),
    ({"status": 400, "code": "MALFORMED_QUERY", "is_transient": False}, None)])
def test_an_error_finds_its_rule(error: dict[str, Any], want: str | None) -> None:
    found = rule_for(RequestError("x", **{"is_transient": True} | error), is_read=True)
    assert (found.name if found else None) == want
