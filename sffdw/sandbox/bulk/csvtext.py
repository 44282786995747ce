"""CSV as the Bulk APIs write and read it: every value quoted going out, one delimiter and line ending coming in.

Coming in, a field is quoted as a whole or not at all, quotes inside are doubled, and nothing is trimmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


class BadCsv(Exception):
    """The text is not CSV of the announced form; the message is what the job shows."""


def write_row(values: Sequence[str], delimiter: str, ending: str) -> bytes:
    """Return one row, every value quoted."""
    body = f'"{delimiter}"'.join(value.replace('"', '""') for value in values)
    return f'"{body}"{ending}'.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=16)
def _field(delimiter: str) -> re.Pattern[str]:
    return re.compile(f'"((?:[^"]|"")*)"|([^"{re.escape(delimiter)}\r\n]*)')


def read_rows(text: str, delimiter: str, ending_name: str) -> Iterator[list[str]]:
    """Give the rows of a text, blank lines left out; raises BadCsv at the row that cannot be read."""
    match_field = _field(delimiter).match
    ending = LINE_ENDINGS[ending_name]
    position, end, row = 0, len(text), list[str]()
    while position < end or row:
        found = match_field(text, position)
        assert found is not None  # the second alternative matches nothing at all as well
        quoted = found[1]
        row.append(found[2] if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if text.startswith(delimiter, position):
            position += 1
            continue
        if position < end and not text.startswith(ending, position):
            raise _refuse(text[position], ending_name)
        position += len(ending)
        if row != [""] or quoted is not None:
            yield row
        row = []


def _refuse(character: str, ending_name: str) -> BadCsv:
    if character in "\r\n":
        return BadCsv(
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {ending_name}"
        )
    return BadCsv("InvalidBatch : Failed to parse CSV. Found invalid CSV: a quote must be next to a delimiter")
