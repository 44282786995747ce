"""What the grammar takes and refuses, and how refusals read."""

import pytest

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.parser import parse

PAIRS = [
    (
        "SELECT Id FROM Account WHERE (A = 1 AND B = 2) OR C = 3",
        "SELECT Id FROM Account WHERE A = 1 AND B = 2 OR C = 3",
    ),
    ("SELECT Id FROM Account WHERE NOT A = 1", "SELECT Id FROM Account WHERE NOT A = 1 AND B = 2"),
    ("SELECT Id FROM Account WHERE (NOT A = 1) AND B = 2", "SELECT Id FROM Account WHERE B = 2 AND NOT A = 1"),
    ("SELECT COUNT() FROM Account", "SELECT COUNT() total FROM Account"),
    ("SELECT Id FROM Account LIMIT 1 FOR VIEW", "SELECT Id FROM Account LIMIT 1 FOR UPDATE"),
    ("SELECT Id FROM Account WHERE Name = 'it\\'s'", "SELECT Id FROM Account WHERE Name = 'it's'"),
    ("SELECT Id FROM Account WHERE Name = 'a\\u0041'", "SELECT Id FROM Account WHERE Name = 'a\\x'"),
    ("SELECT Id FROM Account WHERE Name LIKE '100\\%'", "SELECT Id FROM Account WHERE Name LIKE foo"),
    (
        "SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS:3",
        "SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS",
    ),
    ("SELECT Id FROM Account WHERE Amount > USD5000.5", "SELECT Id FROM Account WHERE Amount > US5000"),
    ("SELECT Id FROM Account ORDER BY Name NULLS LAST", "SELECT Id FROM Account ORDER BY Name NULLS"),
    ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "SELECT Id, (SELECT Id FROM Contacts FROM Account"),
    ("SELECT Id FROM Account WHERE Id IN ('a', null)", "SELECT Id FROM Account WHERE Id IN ()"),
    (
        "SELECT TYPEOF What WHEN Account THEN Name END FROM Event",
        "SELECT TYPEOF What WHEN Account THEN Name FROM Event",
    ),
    ("SELECT A, COUNT(Id) n FROM X GROUP BY ROLLUP(A) HAVING COUNT(Id) > 1", "SELECT A FROM X HAVING COUNT(Id) > 1"),
    ("SELECT Id FROM Group", "SELECT Id FROM Where"),
    ("SELECT Id FROM Account a", "SELECT Id FROM Account Like"),
    ("SELECT FIELDS(ALL) FROM Account LIMIT 1", "SELECT * FROM Account"),
    ("SELECT Id FROM Account WHERE Id = '1'", "SELECT Id FROM Account WHERE Id = :bound"),
    ("SELECT Id FROM Account", "SELECT Id FROM Account -- comment"),
    ("SELECT Case, End, Order, View FROM Data", "SELECT By FROM Account"),
    ("SELECT Id FROM Account Count", "SELECT Id FROM Account True"),
    ("SELECT Account.Update, For.Name FROM X", "SELECT Account .Name FROM X"),
    ("SELECT COUNT(Id) n FROM Account", "SELECT COUNT(Id), COUNT() FROM Account"),
    ("SELECT toLabel(A) FROM Account", "SELECT toLabel() FROM Account"),
    ("SELECT A, COUNT(B) FROM X GROUP BY A ORDER BY COUNT(B)", "SELECT A, COUNT(B) FROM X GROUP BY A ORDER BY COUNT()"),
    ("SELECT A FROM X GROUP BY ROLLUP(A, B)", "SELECT A FROM X GROUP BY A, ROLLUP(B)"),
    ("SELECT Id FROM Account FOR REFERENCE UPDATE TRACKING, VIEWSTAT", "SELECT Id FROM Account FOR VIEW, REFERENCE"),
    ("SELECT Id FROM A WHERE At = 2025-01-01T00:00:00.5+0100", "SELECT Id FROM A WHERE At = 2025-01-01T00:00:00"),
    ("SELECT Id FROM A WHERE At = 10:00:00.000Z", "SELECT Id FROM A WHERE At = 10:00:00"),
    ("SELECT Id FROM A WHERE N = -0.5", "SELECT Id FROM A WHERE N = 1e3"),
    ("SELECT Id FROM A WHERE B LIKE 'a\\_'", "SELECT Id FROM A WHERE B = 'a\\_'"),
    ("SELECT Id FROM A WHERE B = 'a\\nb'", "SELECT Id FROM A WHERE B = 'a\nb'"),
    ("SELECT Id FROM A WITH UserId = '1'", "SELECT Id FROM A WITH UserId = 1"),
    ("SELECT Id FROM A WHERE B IN (SELECT C FROM D)", "SELECT Id FROM A WHERE B IN (SELECT C alias FROM D)"),
]


@pytest.mark.parametrize(("accepted", "refused"), PAIRS)
def test_each_form_is_taken_and_its_neighbour_refused(accepted: str, refused: str) -> None:
    parse(accepted)
    with pytest.raises(SoqlError) as caught:
        parse(refused)
    assert caught.value.code == "MALFORMED_QUERY"


def test_a_syntax_error_shows_where_it_is() -> None:
    with pytest.raises(SoqlError) as caught:
        parse("SELECT Id, FROM Account")
    want = "\nSELECT Id, FROM Account\n           ^\nERROR at Row:1:Column:12\nunexpected token: 'FROM'"
    assert caught.value.message == want


def test_rows_and_columns_count_from_the_first_line_that_is_not_blank() -> None:
    with pytest.raises(SoqlError) as caught:
        parse("\n\nSELECT Id\nFROM Account\nWHERE Name ! 'x'")
    assert "ERROR at Row:3:Column:12\n" in caught.value.message


def test_the_window_is_cut_at_words_and_the_caret_stays_under_the_error() -> None:
    statement = (
        "SELECT " + ", ".join(f"Field{number}__c" for number in range(30)) + " FROM Account WHERE Name = Foo LIMIT 5"
    )
    with pytest.raises(SoqlError) as caught:
        parse(statement)
    _, window, caret, place, text = caught.value.message.split("\n")
    assert len(window) <= 100
    assert window[len(caret) - 1 :].startswith("Foo")
    assert place == f"ERROR at Row:1:Column:{statement.index('Foo LIMIT') + 1}"
    assert text == "unexpected token: 'Foo'"


@pytest.mark.parametrize(
    ("statement", "want"), [("invalid", "unexpected token: 'invalid'"), ("SELECT Id FROM", "unexpected token: '<EOF>'")]
)
def test_errors_at_either_end_stand_alone(statement: str, want: str) -> None:
    with pytest.raises(SoqlError) as caught:
        parse(statement)
    assert caught.value.message == want


def test_string_escapes_become_characters_and_like_keeps_its_own() -> None:
    where = parse(r"SELECT Id FROM A WHERE B LIKE 'a\'b\\c\n\u00e9\%\_%'").where
    assert isinstance(where, ast.Compare)
    assert isinstance(where.right, ast.Text)
    assert where.right.value == "a'b\\c\né%_%"
    assert where.right.pattern == "a'b\\\\c\né\\%\\_%"


@pytest.mark.parametrize("opening", ["(", "(NOT "])
def test_conditions_nest_only_so_deep(opening: str) -> None:
    def nested(depth: int) -> str:
        return f"SELECT Id FROM Account WHERE {opening * depth}Name = 'x'{')' * depth}"

    parse(nested(100))
    with pytest.raises(SoqlError) as caught:
        parse(nested(101))
    assert caught.value.code == "QUERY_TOO_COMPLICATED"
