"""CSV files in any of the dialects Bulk API knows: six delimiters, LF or CRLF, quotes, byte order marks.

Normalised here: an empty value and `#N/A` are null; a row shorter than the header is filled up with nulls.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from sffdw.sandbox.loader.plan import LoadError
from sffdw.sandbox.loader.records import RawRecord

DELIMITERS = (",", ";", "\t", "|", "^", "`")
_PROBED_ROWS = 50
_NULL = "#N/A"
csv.field_size_limit(2**31 - 1)


def read_header(path: Path) -> list[str]:
    """Read the column names of a CSV. Raises LoadError when there are none."""
    text = decode(path, [])
    header = [name.strip() for name in next(_rows(text, find_delimiter(text), path), (0, []))[1]]
    _refuse_bad_header(header, path)
    return header


def read_csv(path: Path, object_name: str, notes: list[str]) -> list[RawRecord]:
    """Read the rows of a CSV; rows with more values than the header has names are skipped aloud."""
    text = decode(path, notes)
    delimiter = find_delimiter(text)
    rows = _rows(text, delimiter, path)
    header = [name.strip() for name in next(rows, (0, []))[1]]
    records = []
    for line, row in rows:
        if not any(row):
            continue
        if len(row) > len(header) and any(row[len(header) :]):
            notes.append(f"{path.name} line {line}: skipped, {len(row)} values under {len(header)} column names")
            continue
        values = {name: value for name, value in zip(header, row, strict=False) if name}
        nulled = {name: None if value in ("", _NULL) else value for name, value in values.items()}
        records.append(RawRecord(object_name, f"{path.name} line {line}", nulled))
    return records


def decode(path: Path, notes: list[str]) -> str:
    """Read a text file as UTF-8 (or UTF-16 with a byte order mark); anything else is taken for Windows-1252, aloud."""
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append(f"{path.name}: not UTF-8, read as Windows-1252")
        return content.decode("cp1252", errors="replace")


def find_delimiter(text: str) -> str:
    """Choose the delimiter that cuts the first rows into equally many values, the most of them."""
    best, best_width = ",", 1
    for delimiter in DELIMITERS:
        widths = _widths(text, delimiter)
        if widths and widths[0] > best_width and all(width == widths[0] for width in widths):
            best, best_width = delimiter, widths[0]
    if best_width > 1:
        return best
    header = text.split("\n", 1)[0]
    return max(DELIMITERS, key=lambda delimiter: (header.count(delimiter), delimiter == ","))


def _widths(text: str, delimiter: str) -> list[int]:
    """Count the values of the first rows; a dialect that breaks on them gives none."""
    widths: list[int] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if row:
                widths.append(len(row))
            if len(widths) == _PROBED_ROWS:
                break
    except csv.Error:
        return []
    return widths


def _rows(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values); blank lines are no rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as broken:
        raise LoadError(f"{path.name} line {reader.line_num}: {broken}") from None


def _refuse_bad_header(header: list[str], path: Path) -> None:
    if not any(header):
        raise LoadError(f"{path.name}: no column names in the first line")
    folded = [name.lower() for name in header if name]
    for name in header:
        if name and folded.count(name.lower()) > 1:
            raise LoadError(f'{path.name}: two columns are named "{name}"')
