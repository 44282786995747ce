"""What a Bulk ingest job is sent and what it answers: the CSV of records, errors of result files."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from sffdw import ingest
from sffdw.errors import ValueRefused
from sffdw.ingest import Sheet, error_of


def uploaded(*records: dict[str, Any]) -> list[dict[str, str]]:
    """What a reader of CSV finds in an upload, '' being a field of which nothing is said."""
    sheet = Sheet()
    for record in records:
        sheet.add(record, 1)
    return list(csv.DictReader(io.StringIO(sheet.text().decode(), newline=""), strict=True))


@pytest.mark.parametrize(("value", "want"), [
    ("Acme", "Acme"), ('a "quoted" one', 'a "quoted" one'), ("a,b", "a,b"), ("two\nlines", "two\nlines"),
    ("two\r\nlines", "two\r\nlines"), ("  spaces ", "  spaces "), ("Zoë 東京 \N{GRINNING FACE}",) * 2,
    ("NULL", "NULL"), ("N/A", "N/A"), ("007", "007"), (None, "#N/A"), ("", "#N/A"), (" ", " "),
    (True, "true"), (False, "false"), (0, "0"), (Decimal("12.50"), "12.50"), (Decimal("1E+3"), "1000"),
    (Decimal("1E-9"), "0.000000001"), ("2026-01-31T12:00:00.000Z",) * 2], ids=repr)
def test_values_arrive_as_they_are_and_null_has_a_mark(value: Any, want: str) -> None:
    assert uploaded({"Id": "1", "Name": value, "Last": "x"}) == [{"Id": "1", "Name": want, "Last": "x"}]


def test_the_header_has_the_fields_of_all_rows_and_says_nothing_of_those_that_a_row_lacks() -> None:
    assert uploaded({"Id": "1", "Name": "a"}, {"id": "2", "Phone": None}, {"Phone": "3", "ID": "3", "Site": ""}) == [
        {"Id": "1", "Name": "a", "Phone": "", "Site": ""}, {"Id": "2", "Name": "", "Phone": "#N/A", "Site": ""},
        {"Id": "3", "Name": "", "Phone": "3", "Site": "#N/A"}]


def test_related_records_are_named_by_their_external_id() -> None:
    assert uploaded({"Account": {"Ext__c": "x"}, "Who": {"attributes": {"type": "Lead"}, "Key__c": 7}}) == [
        {"Account.Ext__c": "x", "Lead:Who.Key__c": "7"}]


@pytest.mark.parametrize("record", [
    {}, {"Name": "#N/A"}, {"Account": {}}, {"Account": {"A__c": 1, "B__c": 2}}, {"Account": {"A__c": {"B": 1}}}],
    ids=repr)
def test_what_a_csv_cannot_say_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueRefused):
        Sheet().add(record, 1)


def test_an_upload_has_a_size_that_it_may_not_exceed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "MAX_UPLOAD_BYTES", 20)
    sheet = Sheet()
    sheet.add({"Name": "0123456789"}, 1)
    with pytest.raises(ValueRefused, match="20 bytes"):
        sheet.add({"Name": "0123456789"}, 1)


def test_rows_of_a_savepoint_that_was_rolled_back_are_not_uploaded() -> None:
    sheet = Sheet()
    for name, level in (("kept", 1), ("lost", 2)):
        sheet.add({"Name": name}, level)
    sheet.undo(2)
    assert sheet.text() == b'"Name"\n"kept"\n'


@pytest.mark.parametrize(("text", "want"), [
    ("REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
     ("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ("LastName",))),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION:a: b:A, B__c --",
     ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "a: b", ("A", "B__c"))),
    ("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access: 001,002:--",
     ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access: 001,002", ())),
    ("strange", ("strange", "", ())), ("", ("UNKNOWN", "", ()))])
def test_errors_of_result_files_have_code_message_and_fields(text: str, want: Any) -> None:
    assert error_of(text) == want
