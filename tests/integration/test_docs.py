"""Every SQL example of the documentation runs, and every link leads somewhere."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tools.state import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
SQL_BLOCK = re.compile(r"^```sql\n(.*?)^```", re.DOTALL | re.MULTILINE)


def statements(page: Path) -> list[str]:
    """The statements of a page's SQL blocks, one by one; no example has a semicolon at a line's end inside one."""
    blocks = SQL_BLOCK.findall(page.read_text(encoding="utf-8"))
    return [statement for block in blocks for statement in re.split(r";\n", block) if statement.strip()]


@pytest.mark.parametrize("page", [page for page in PAGES if statements(page)], ids=lambda page: page.stem)
def test_examples_run(live: psycopg.Connection[Any], page: Path) -> None:
    for statement in statements(page):
        assert live.execute(statement.encode()).statusmessage, statement


def test_an_example_that_is_wrong_would_be_noticed(live: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.UndefinedFunction):
        live.execute("SELECT sffdw.no_such_function()")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
