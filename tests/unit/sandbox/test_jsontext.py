"""JSON as Salesforce writes it."""

import json
import math

import pytest

from sffdw.sandbox.jsontext import dumps, java_double


@pytest.mark.parametrize(
    ("number", "want"),
    [
        (300.0, "300.0"),
        (0.0, "0.0"),
        (9999999.0, "9999999.0"),
        (15000000.0, "1.5E7"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (-123456789.25, "-1.2345678925E8"),
        (1e22, "1.0E22"),
        (2.5e-7, "2.5E-7"),
        (12345678901234567.0, "1.2345678901234568E16"),
    ],
)
def test_doubles_are_written_as_java_does(number: float, want: str) -> None:
    assert java_double(number) == want
    assert math.isclose(float(want), number)


def test_pretty_printing_has_the_shape_of_real_answers() -> None:
    value = {"totalSize": 1, "records": [{"a": None}, {"b": []}], "none": {}}
    want = '{\n  "totalSize" : 1,\n  "records" : [ {\n    "a" : null\n  }, {\n    "b" : [ ]\n  } ],\n  "none" : { }\n}'
    assert dumps(value, pretty=True) == want


def test_compact_text_is_the_same_value() -> None:
    value = {"text": 'line\n"quoted" € 🎈', "list": [1, 2.5, True, None], "inner": {"x": "y"}}
    assert json.loads(dumps(value)) == value
    assert dumps(value) == dumps(value).strip()
