"""Pages of Bulk jobs have as many rows as fit into bulk_page_bytes, whatever lies in a long text."""

import re
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, set_options

Session = psycopg.Connection[Any]
COUNT = 900
KB = 1024


def page_sizes(org: Org, since: int) -> list[int]:
    found = [re.search(r"maxRecords=(\d+)", call["path"]) for call in org.calls("bulk_result", since)]
    return [int(match[1]) for match in found if match]


@pytest.mark.parametrize(("length", "want"), [
    # The first page is chosen by what the text may hold, the second is on its way before the first is read.
    (2000, range(90, 103)), (10, range(1000, 2001))],
    ids=["long texts", "short texts"])
def test_pages_of_long_texts_have_fewer_rows(org: Org, owner: Session, length: int, want: range) -> None:
    org.sandbox.call("PUT", "/clock", {"rate": 50})
    org.create("Account", *[{"Name": f"A {number:03}", "Description": "x" * length} for number in range(COUNT)])
    owner.execute("SELECT sffdw.create_mapping('Account', fields => '{Name,Description}')")
    set_options(owner, bulk_load_threshold=50, bulk_pause_ms=10, bulk_page_bytes=200 * KB)
    before = org.last_call()
    poll(owner)
    assert one(owner, "SELECT count(*) FROM salesforce.account WHERE length(description) = %s", length) == COUNT
    sizes = page_sizes(org, before)
    assert sizes[:2] == [200, 200]
    assert {size in want for size in sizes[2:]} == {True}


def test_an_object_without_long_texts_has_large_pages_at_once(org: Org, owner: Session) -> None:
    org.sandbox.call("PUT", "/clock", {"rate": 50})
    org.create("Account", *[{"Name": f"A {number:03}"} for number in range(60)])
    owner.execute("SELECT sffdw.create_mapping('Account', fields => '{Name,Phone}')")
    set_options(owner, bulk_load_threshold=50, bulk_pause_ms=10, bulk_page_bytes=200 * KB)
    before = org.last_call()
    poll(owner)
    assert page_sizes(org, before) == [50_000]
