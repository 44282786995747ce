"""Text of quoted values is split into columns as the csv module reads it, or not at all."""

import csv
import io
import json
import random

import pytest

from .conftest import Connection, make_table

PARTS = ("a", '"', ",", "\n", '","', '"\n"', "\r", "ü", "\N{GRINNING FACE}", "")
CODE = "[[json.dumps([split_rows(text, width) for text, width in json.loads(options['texts'])])]]"


def split(db: Connection, texts: list[tuple[str, int]]) -> list[list[list[str | None]] | None]:
    make_table(db, "t", "Literal", "found text", code=f"(lambda json: {CODE})(__import__('json'))",
               texts=json.dumps(texts))
    row = db.execute("SELECT found FROM t").fetchone()
    assert row
    found: list[list[list[str | None]] | None] = json.loads(row[0])
    return found


def test_any_values_come_as_they_were_written(db: Connection) -> None:
    rng = random.Random(3)
    written, want = [], []
    for width in (1, 2, 4) * 40:
        rows = [["".join(rng.choices(PARTS, k=rng.randrange(4))) for _ in range(width)]
                for _ in range(rng.randrange(1, 6))]
        file = io.StringIO()
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
        written.append((file.getvalue(), width))
        want.append([[value or None for value in column] for column in zip(*rows, strict=True)])
    assert split(db, written) == want


@pytest.mark.parametrize(("text", "width"), [
    ('"a","b"\n"c"\n', 2),
    ('"a","b"\n', 1), ('"a","b"', 2), ('"a","b', 2), ('"a",b\n', 2), ('"a"x\n', 1), ('"a""\n', 1),
    ('"a"\r\n', 1), ("\n", 1), ('"', 1), ('"a"\n', 0), ('"a"\n', -1)],
    ids=["too few", "too many", "no line feed", "no end", "unquoted", "behind a quote", "an open quote",
         "carriage return", "empty line", "a quote alone", "no columns", "less than none"])
def test_other_text_is_refused_whole(db: Connection, text: str, width: int) -> None:
    assert split(db, [(text, width), ('"a"\n', 1)]) == [None, [["a"]]]
