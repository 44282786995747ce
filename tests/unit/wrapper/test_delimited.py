"""Pages' text: what is split at its quotes as a whole gives what the csv module gives, wherever pieces are cut."""

import csv
import io
import random
from collections.abc import Iterator

import pytest

from sffdw import delimited
from sffdw.delimited import PageText
from sffdw.errors import UnreadableAnswer

PARTS = ("a", '"', ",", "\n", '","', '"\n"', "\r", "ü", "")


def written(rows: list[list[str]]) -> str:
    """The rows as Salesforce writes them, all in quotes."""
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return file.getvalue()


def pieces(text: str, size: int) -> Iterator[bytes]:
    encoded = text.encode()
    return (encoded[start:start + size] for start in range(0, len(encoded), size))


def rows_of(page: PageText, skipped: int = 0) -> list[list[str]]:
    return [list(row) for block in page.blocks(skipped) for row in zip(*block, strict=True)]


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_any_texts_in_any_pieces_are_the_rows_that_were_written(width: int, size: int) -> None:
    rng = random.Random(width * 31 + size)
    names = [f"F{number}" for number in range(width)]
    for _ in range(60):
        rows = [["".join(rng.choices(PARTS, k=rng.randrange(4))) for _ in range(width)]
                for _ in range(rng.randrange(1, 6))]
        page = PageText(pieces(written([names, *rows]), size))
        assert page.columns == tuple(names)
        assert rows_of(page) == rows


@pytest.mark.parametrize(("rows", "is_split"), [
    ([["a", "b"], ["", ""]], True), ([["a", " b, c "], ["a\nb", "\n c"]], True), ([["\nx", "y"], ["\n\n", "z"]], True),
    ([["a", 'b "c"'], ["d", "e"]], False), ([["a", "\n"], ["b", "c"]], False), ([["a", '","'], ["b", "c"]], False),
    ([['"\n"', "b"], ["", ""]], False)],
    ids=["empty values", "commas and line feeds", "line feed first", "quotes", "a line feed alone", "a separator",
         "an end of a row"])
def test_only_rows_without_quotes_of_their_own_are_split(rows: list[list[str]], is_split: bool) -> None:
    found = delimited._split(written(rows), 2)
    assert found == ([list(values) for values in zip(*rows, strict=True)] if is_split else None)


@pytest.mark.parametrize(("text", "width"), [
    ('"a","b"\n"c"\n', 2), ('"a"\n"b","c"\n"d","e"\n"f"\n', 2), ('"a","b"\n"c","d",\n', 2), ('"a"x\n', 1)],
    ids=["too few", "as many in all", "one more", "text behind a quote"])
def test_rows_of_another_width_are_unreadable(text: str, width: int) -> None:
    header = ",".join(f'"F{number}"' for number in range(width))
    with pytest.raises(UnreadableAnswer) as caught:
        rows_of(PageText(pieces(f"{header}\n{text}", 10_000)))
    assert caught.value.is_transient


@pytest.mark.parametrize("skipped", range(6))
def test_rows_given_before_are_left_out(skipped: int) -> None:
    rows = [[str(number), "x"] for number in range(5)]
    page = PageText(pieces(written([["A", "B"], *rows]), 30))
    assert rows_of(page, skipped) == rows[skipped:]


@pytest.mark.parametrize(("found", "want"), [([["1"], [None]], [["1", None]]), (None, [["a", "b"]])],
                         ids=["taken", "refused"])
def test_a_host_that_splits_rows_is_asked_first(found: list[list[str | None]] | None, want: list[list[str]]) -> None:
    asked = []

    def split(text: str, width: int) -> list[list[str | None]] | None:
        asked.append((text, width))
        return found

    page = PageText(pieces('"A","B"\n"a","b"\n', 10_000), split)
    assert [list(row) for block in page.blocks() for row in zip(*block, strict=True)] == want
    assert asked == [('"a","b"\n', 2)]
