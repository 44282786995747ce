"""The text of a Bulk job's page: CSV as blocks of columns, parsed while it arrives and never held as a whole.

Salesforce puts every value into quotes. Where a piece of text holds no other quotes than those, it is split at them as
a whole, which takes a third of the time that reading it row by row does; a piece with others is left to the csv module.
A host that can do it faster still is asked first.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from sffdw.errors import UnreadableAnswer

# Old versions give this line instead of a header when no record matches.
NO_RECORDS = "Records not found for this query"
UNSTORABLE_NUL, REPLACEMENT = b"\0", "\N{REPLACEMENT CHARACTER}".encode()
# What csv says of a text that ends inside a value.
UNFINISHED = "unexpected end of data"
# The default refuses fields beyond 131,072 characters; Salesforce's rich text areas hold as many, more with markup.
csv.field_size_limit(2**31 - 1)

# The values of each column, of the same rows; '' or None for NULL.
Block = Sequence[Sequence[str | None]]
Split = Callable[[str, int], Block | None]


class PageText:
    """A page's header and rows, from the pieces of its body. Raises UnreadableAnswer for what is no CSV."""

    def __init__(self, pieces: Iterable[bytes], split: Split = lambda text, width: None) -> None:
        self._split = split
        self._texts = _decoded(pieces)
        self._rest = ""
        self.columns = self._header()

    def _header(self) -> tuple[str, ...]:
        while "\n" not in self._rest and (text := next(self._texts, "")):
            self._rest += text
        # The names of fields hold no line feeds.
        line, _, self._rest = self._rest.partition("\n")
        found = next(iter(_rows(line) or []), [])
        is_empty = not found or found[0].strip() == NO_RECORDS
        return () if is_empty else tuple(found)

    def blocks(self, skipped: int = 0) -> Iterator[Block]:
        """The rows behind the first ones, which were given before."""
        for block in self._blocks():
            count = len(block[0])
            if skipped == 0:
                yield block
            elif skipped < count:
                yield [values[skipped:] for values in block]
            skipped = max(skipped - count, 0)

    def _blocks(self) -> Iterator[Block]:
        width = len(self.columns)
        for text in self._joined():
            # Only a line feed ends a row: texts hold the others that Python would take for one.
            end = text.rfind('"\n"') + 2
            if end == 1:
                end = text.rfind("\n") + 1
            block = self._columns(text[:end], width) if end else None
            # None: the last line feed was one of a value that goes on.
            self._rest = text[end:] if block else text
            if block:
                yield block
        if self._rest:
            block = self._columns(self._rest, width)
            if block is None:
                raise unreadable(UNFINISHED)
            yield block

    def _columns(self, text: str, width: int) -> Block | None:
        """Whole rows by column; None if the text ends inside a value."""
        return self._split(text, width) or _split(text, width) or _read(text, width)

    def _joined(self) -> Iterator[str]:
        if self._rest:
            yield self._rest
        for text in self._texts:
            yield self._rest + text


def unreadable(reason: str) -> UnreadableAnswer:
    return UnreadableAnswer("a page of a Bulk job's result could not be read", detail=f"{reason}.", reason="cut",
                            is_transient=True)


def _decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    for piece in pieces:
        yield decoder.decode(piece.replace(UNSTORABLE_NUL, REPLACEMENT))
    yield decoder.decode(b"", final=True)


def _split(text: str, width: int) -> Block | None:
    """The same of rows in which every quote opens or closes a value; None of others."""
    if not (width and text.startswith('"') and text.endswith('"\n')):
        return None
    # The first value of each row but the first is marked by the line feed before it.
    values = text[1:-2].replace('"\n"', '","\n').split('","')
    # A quote inside a value is written twice, so that the first of the two can begin no separator.
    if text.count('"') != 2 * len(values) or len(values) % width:
        return None
    columns = [values[place::width] for place in range(width)]
    first, *marked = columns[0]
    if {value[:1] for value in marked} - {"\n"} or text.count('"\n"') != len(marked):
        return None
    columns[0] = [first, *(value[1:] for value in marked)]
    return columns


def _read(text: str, width: int) -> Block | None:
    rows = _rows(text)
    if rows is None:
        return None
    if set(map(len, rows)) != {width}:
        raise unreadable("A row has another number of values than the header")
    return [list(values) for values in zip(*rows, strict=True)]


def _rows(text: str) -> list[list[str]] | None:
    try:
        return list(csv.reader(io.StringIO(text, newline="\n"), strict=True))
    except csv.Error as exc:
        if str(exc) == UNFINISHED:
            return None
        raise unreadable(str(exc)) from exc
