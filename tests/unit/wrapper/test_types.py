"""Values cross the border without loss."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest

from sffdw import types

IST = dt.timezone(dt.timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(("short", "long"), [
    ("001A0000006Vm9u", "001A0000006Vm9uIAC"), ("000000000000000", "000000000000000AAA"),
    ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555"), ("001A0000006Vm9uIAC", "001A0000006Vm9uIAC"), ("nonsense", "nonsense")])
def test_case_43_ids_of_15_characters_get_their_18(short: str, long: str) -> None:
    assert types.long_id(short) == long


@pytest.mark.parametrize(("sf_type", "length", "precise", "heroku"), [
    ("id", 18, "varchar(18)", "varchar(18)"), ("reference", 18, "varchar(18)", "varchar(18)"),
    ("string", 80, "text", "varchar(80)"), ("picklist", 255, "text", "varchar(255)"),
    ("multipicklist", 4099, "text", "varchar(4099)"), ("textarea", 255, "text", "varchar(255)"),
    ("textarea", 8000, "text", "varchar(8000)"), ("textarea", 32000, "text", "text"),
    ("encryptedstring", 175, "text", "varchar(175)"), ("currency", 0, "numeric", "double precision"),
    ("double", 0, "numeric", "double precision"), ("percent", 0, "numeric", "double precision"),
    ("int", 0, "integer", "integer"), ("boolean", 0, "boolean", "boolean"), ("date", 0, "date", "date"),
    ("datetime", 0, "timestamp with time zone", "timestamp without time zone"),
    ("time", 0, "time without time zone", "time without time zone"), ("anyType", 0, "text", "text"),
    ("address", 0, "jsonb", None), ("location", 0, "jsonb", None), ("base64", 0, "text", None),
    ("combobox", 255, "text", "varchar(255)"), ("string", 0, "text", "text")])
def test_field_types_have_their_sql_types(sf_type: str, length: int, precise: str, heroku: str | None) -> None:
    assert types.precise_type(sf_type) == precise
    assert types.heroku_type(sf_type, length) == heroku


@pytest.mark.parametrize(("sf_type", "json", "want"), [
    ("currency", "99999999999999.99", Decimal("99999999999999.99")), ("double", "2.69E9", Decimal("2.69E9")),
    ("double", "0.1", Decimal("0.1")), ("int", "5.0", 5), ("int", "7", 7), ("time", '"10:00:00.000Z"', "10:00:00.000"),
    ("datetime", '"2025-12-16T13:05:30.000+0000"', "2025-12-16T13:05:30.000+0000"), ("string", '"01234"', "01234"),
    ("string", '"NA"', "NA"), ("boolean", "true", True), ("anyType", "1.50", "1.50"), ("anyType", '"x"', "x"),
    ("address", '{"city":"Köln","latitude":50.9375}', '{"city":"Köln","latitude":50.9375}'), ("address", "null", None),
    ("double", "NaN", Decimal("NaN")), ("base64", '"/services/data/v62.0/x/Body"', "/services/data/v62.0/x/Body")])
def test_case_46_json_values_become_exact_values_or_text(sf_type: str, json: str, want: Any) -> None:
    value = types.parse_json(json)
    convert = types.incoming(sf_type)
    found = convert(value) if convert else value
    assert type(found) is type(want)
    assert str(found) == str(want)


@pytest.mark.parametrize(("sf_type", "value", "want"), [
    ("currency", Decimal("10.10"), "10.10"), ("currency", 0.1, "0.1"), ("int", 3, "3"), ("percent", "12.5", "12.5"),
    ("date", dt.date(1700, 1, 1), '"1700-01-01"'), ("date", "4000-12-31", '"4000-12-31"'),
    ("datetime", dt.datetime(2025, 1, 2, 3, 4, 5, 678_900, dt.UTC), '"2025-01-02T03:04:05.678Z"'),
    ("datetime", dt.datetime(2025, 1, 2, 5, 30, tzinfo=IST), '"2025-01-02T00:00:00.000Z"'),
    ("datetime", dt.datetime(2025, 1, 2), '"2025-01-02T00:00:00.000Z"'), ("time", dt.time(10, 0), '"10:00:00.000Z"'),
    ("boolean", True, "true"), ("boolean", "f", "false"), ("reference", "001A0000006Vm9u", '"001A0000006Vm9uIAC"'),
    ("string", 'a"\n\\', '"a\\"\\n\\\\"'), ("string", uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    ("multipicklist", ["a", "b"], '"a;b"'), ("base64", b"\x00\xff", '"AP8="'), ("string", None, "null")])
def test_values_become_json_as_salesforce_reads_it(sf_type: str, value: Any, want: str) -> None:
    assert types.json_text(types.outgoing(value, sf_type)) == want


@pytest.mark.parametrize(("sf_type", "value"), [
    ("currency", Decimal("NaN")), ("double", float("inf")), ("int", "abc"), ("date", dt.date(1699, 12, 31)),
    ("date", "infinity"), ("datetime", "tomorrow"), ("datetime", dt.datetime(4001, 1, 1)), ("boolean", "perhaps")])
def test_case_33_values_without_a_form_in_salesforce_are_refused(sf_type: str, value: Any) -> None:
    with pytest.raises(types.Unfit):
        types.outgoing(value, sf_type)


@pytest.mark.parametrize("text", [
    '{"a":1.10,"b":[1,2.5E+7,null,true],"c":{"d":"x\\ny"}}', '[]', '"\\u0001"', "12345678901234567890.123456789"])
def test_json_text_gives_back_what_was_parsed(text: str) -> None:
    assert types.parse_json(types.json_text(types.parse_json(text))) == types.parse_json(text)


@pytest.mark.parametrize(("json", "want"), [
    ('"a\\u0000b"', "a\ufffdb"),
    ('"\\ud800x"', "\ufffdx"), ('"\\ud83d\\ude00"', "😀"), ('{"k":["\\u0000"]}', {"k": ["\ufffd"]})])
def test_case_30_what_postgresql_cannot_store_is_replaced(json: str, want: Any) -> None:
    assert types.storable(types.parse_json(json)) == want


def test_case_52_long_names_stay_distinct() -> None:
    one, other = ("ns__" + "x" * 70 + end for end in ("a__c", "b__c"))
    assert len({types.sql_name(one), types.sql_name(other)}) == 2
    assert all(len(types.sql_name(name).encode()) <= 63 for name in (one, other))
    assert types.sql_name(one) == types.sql_name(one)


@pytest.mark.parametrize(("sent", "stored", "want"), [
    ("", None, True), (None, None, True), ("x", None, False), (None, "x", False), (Decimal("1.10"), Decimal("1.1"),
    True),
    ("2025-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000+0000", True), ("20250101", "2025-01-01", False),
    ("2025-01-01T00:00:01.000Z", "2025-01-01T00:00:00.000+0000", False), (False, None, False), (True, True, True)])
def test_values_are_compared_as_salesforce_sees_them(sent: Any, stored: Any, want: bool) -> None:
    assert types.is_same(sent, stored) is want


@pytest.mark.parametrize(("text", "want"), [
    (r'"\u0000"', True), (r'"\ud83d"', True), (r'"\ude00"', True), (r'"\ud83dx"', True), (r'"\uDE00\uD83D"', True),
    (r'"\\\u0000"', True), (r'"\\u0000"', False), (r'"\ud83d\ude00"', False),
    (r'"\uD83D\uDE00\ud83d\ude00"', False), (r'"\u00e9 plain 😀"', False)])
def test_case_30_answers_are_searched_for_what_cannot_be_stored(text: str, want: bool) -> None:
    assert types.may_be_unstorable(text.encode()) is want
    assert (types.storable(types.parse_json(text)) != types.parse_json(text)) is want
