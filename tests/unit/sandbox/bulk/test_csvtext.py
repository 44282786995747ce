"""CSV coming in: what is read, and what is refused."""

import pytest

from sffdw.sandbox.bulk.csvtext import BadCsv, read_rows, write_row

READ = [
    ("a,b\n1,2\n", ",", "LF", [["a", "b"], ["1", "2"]]),
    ("a,b\n1,2", ",", "LF", [["a", "b"], ["1", "2"]]),
    ("a,b\n1,", ",", "LF", [["a", "b"], ["1", ""]]),
    ('"a"\r\n"x\ny"\r\n', ",", "CRLF", [["a"], ["x\ny"]]),
    ('a\n"x ""y"" z"\n', ",", "LF", [["a"], ['x "y" z']]),
    ("a|b\n 1 |, \n", "|", "LF", [["a", "b"], [" 1 ", ", "]]),
    ("a\tb\n1\t2\n", "\t", "LF", [["a", "b"], ["1", "2"]]),
    ("a^b\n^\n", "^", "LF", [["a", "b"], ["", ""]]),
    ('a\n\n""\n\nb\n', ",", "LF", [["a"], [""], ["b"]]),
    ("", ",", "LF", []),
]
REFUSED = [
    ("a,b\r\n1,2\r\n", ",", "LF", "LineEnding is invalid on user data. Current LineEnding setting is LF"),
    ("a,b\n1,2\n", ",", "CRLF", "LineEnding is invalid on user data. Current LineEnding setting is CRLF"),
    ('a,b\n"1" ,2\n', ",", "LF", "invalid CSV"),
    ('a,b\n1, "2"\n', ",", "LF", "invalid CSV"),
    ('a,b\n"1,2\n', ",", "LF", "invalid CSV"),
    ('a,b\nx"1",2\n', ",", "LF", "invalid CSV"),
]


@pytest.mark.parametrize(("text", "delimiter", "ending", "want"), READ)
def test_rows_are_read(text: str, delimiter: str, ending: str, want: list[list[str]]) -> None:
    assert list(read_rows(text, delimiter, ending)) == want


@pytest.mark.parametrize(("text", "delimiter", "ending", "want"), REFUSED)
def test_other_text_is_refused(text: str, delimiter: str, ending: str, want: str) -> None:
    with pytest.raises(BadCsv, match=want):
        list(read_rows(text, delimiter, ending))


def test_what_is_written_is_read_again() -> None:
    values = ["", 'q"q', "a,b", "x\ny", "x\r\ny", " z ", "é😀"]
    assert list(read_rows(write_row(values, ";", "\r\n").decode(), ";", "CRLF")) == [values]
