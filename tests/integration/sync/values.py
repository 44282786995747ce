"""Values that do not survive careless reading: how each is stored in Salesforce and how it must stand in the columns.

`want` is the text of the column, or a number; times are by types heroku, those of types precise have their zone behind.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

CHOICES = [f"choice number {number:03} of all the choices there are" for number in range(87)]
LONG_TEXT = 'a "quoted", line\n' * 8_500


@dataclass(frozen=True)
class Value:
    """A value of a field of Value__c. raw: what Salesforce's API would trim or refuse, though such records exist."""

    case: int
    field: str
    stored: Any
    want: str | Decimal | None
    raw: bool = False

    @property
    def column(self) -> str:
        return self.field.lower()

    def is_met(self, found: str | None, types: str) -> bool:
        if isinstance(self.want, Decimal):
            return found is not None and Decimal(found) == self.want
        zone = "+00" if types == "precise" and self.want and self.column == "at__c" else ""
        return found == (self.want and self.want + zone)


def field(name: str, sf_type: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": sf_type, **more}


FIELDS = [
    field("Text__c", "string", length=255), field("Area__c", "textarea", length=32_000),
    field("Long__c", "textarea", length=200_000), field("Whole__c", "int", digits=9),
    field("Count__c", "double", precision=18, scale=0), field("Money__c", "currency", precision=18, scale=2),
    field("Rate__c", "percent", precision=18, scale=6), field("Number__c", "double", precision=18, scale=9),
    field("Day__c", "date"), field("At__c", "datetime"), field("Time__c", "time"), field("Flag__c", "boolean"),
    field("Multi__c", "multipicklist", values=CHOICES),
    field("Card__c", "encryptedstring", length=20, maskType="creditCard", mask="X"), field("Any__c", "anyType"),
    field("Json__c", "json"), field("Complex__c", "complexvalue"),
    field("Other__c", "reference", referenceTo=["Account"]), field("Shrunk__c", "string", length=80),
]
ALL = [
    Value(26, "Text__c", "", None),
    Value(26, "Area__c", "", None),
    Value(26, "Text__c", None, None),
    Value(26, "Text__c", "  ", "  ", raw=True),
    Value(26, "Area__c", "\n", "\n", raw=True),
    *[Value(27, name, text, text) for text in ("NA", "N/A", "#N/A", "None", "NULL", "null", "nan", "undefined", "\\N")
      for name in ("Text__c", "Area__c")],
    *[Value(28, "Text__c", text, text) for text in ("01234", "821230000000000001", "1e5", "-0", "0x1F", "true",
                                                    "2020-01-01", "1,234.50")],
    Value(29, "Area__c", "two\nlines", "two\nlines"),
    Value(29, "Area__c", "two\r\nlines", "two\nlines"),
    Value(29, "Area__c", "carriage\r\nreturns\rkept", "carriage\r\nreturns\rkept", raw=True),
    Value(29, "Area__c", 'a,"b",\'c\'\t;""', 'a,"b",\'c\'\t;""'),
    Value(29, "Text__c", '"', '"'),
    Value(29, "Text__c", "a\u2028b\u0085c\vd", "a\u2028b\u0085c\vd", raw=True),
    Value(29, "Text__c", "back\\slash \\u0000 %s {0} \U0001f600", "back\\slash \\u0000 %s {0} \U0001f600"),
    Value(30, "Text__c", "a\0b", "a\ufffdb", raw=True),
    Value(30, "Area__c", "\0", "\ufffd", raw=True),
    Value(31, "Long__c", LONG_TEXT.strip(), LONG_TEXT.strip()),
    Value(32, "Whole__c", 0, "0"),
    Value(32, "Whole__c", -5, "-5"),
    Value(32, "Count__c", 0, Decimal("0")),
    Value(32, "Count__c", 5, Decimal("5")),
    Value(34, "Money__c", 0.1, Decimal("0.1")),
    Value(34, "Money__c", 1234567890123.45, Decimal("1234567890123.45")),
    Value(34, "Money__c", -0.01, Decimal("-0.01")),
    Value(35, "Money__c", 2_690_000_000, Decimal("2690000000")),
    Value(35, "Rate__c", 12.345678, Decimal("12.345678")),
    Value(35, "Number__c", 0.000000001, Decimal("1e-09")),
    Value(35, "Count__c", 123_456_789_012_345, Decimal("123456789012345")),
    Value(36, "Day__c", "1700-01-01", "1700-01-01"),
    Value(36, "Day__c", "4000-12-31", "4000-12-31"),
    Value(36, "At__c", "1700-01-01T00:00:00Z", "1700-01-01 00:00:00"),
    Value(36, "At__c", "4000-12-31T00:00:00Z", "4000-12-31 00:00:00"),
    Value(37, "At__c", "2025-06-18T14:00:00+0200", "2025-06-18 12:00:00"),
    Value(37, "At__c", "2025-06-18T12:00:00.250Z", "2025-06-18 12:00:00"),
    Value(37, "At__c", "1969-12-31T23:59:59Z", "1969-12-31 23:59:59"),
    Value(38, "Time__c", "10:00:00.000Z", "10:00:00"),
    Value(38, "Time__c", "23:59:59.999Z", "23:59:59.999"),
    Value(38, "Time__c", "00:00:00.000Z", "00:00:00"),
    Value(39, "At__c", "2025-03-30T01:30:00Z", "2025-03-30 01:30:00"),
    Value(39, "At__c", "2025-10-26T00:30:00Z", "2025-10-26 00:30:00"),
    Value(39, "Day__c", "2025-10-26", "2025-10-26"),
    Value(42, "Multi__c", ";".join(CHOICES[:3]), ";".join(CHOICES[:3])),
    Value(42, "Multi__c", ";".join(CHOICES), ";".join(CHOICES)),
    Value(45, "Card__c", "4111222233334444", "XXXX XXXX XXXX 4444"),
    Value(46, "Any__c", "1", "1"),
    Value(46, "Json__c", '{"a": [1, null]}', '{"a": [1, null]}'),
    Value(46, "Complex__c", "2", "2"),
    Value(47, "Shrunk__c", "x" * 80, "x" * 80),
]
# By the names that their records have.
VALUES = {f"{value.field} no. {number}": value for number, value in enumerate(ALL)}
