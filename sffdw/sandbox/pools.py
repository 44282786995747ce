"""Pools of ready values for a field: plausible ones, and among them what breaks careless programs.

A pool's length is a prime that belongs to the field, so that columns cut from pools do not move together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from sffdw.sandbox.schema import Field

_PRIMES = (1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049, 1051, 1061, 1063, 1069, 1087, 1091, 1093, 1097, 1103, 1109)
_FEW_PRIMES = (61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113)
_FEW = 500  # rows up to which small pools do
_NASTY_SHARE = 0.03
_NULL_SHARE = 0.25
NASTY = (
    *("NA", "NULL", "null", "None", "N/A", "#N/A", "NaN", "true", "0", "-1", "01234", "1e10", "123456789012345678"),
    *("O'Brien", '"quoted"', "back\\slash", "a,b;c|d^e`f", "100%", "_underscore_", "tab\there", "'; DROP TABLE x; --"),
    *(
        "Żółć",
        "Ünïcödé",
        "日本語テキスト",
        "עברית",
        "😀🎉",
        "👩‍👩‍👧‍👦",
        "\\u0000",
        "\\0",
        "&lt;b&gt;",
        "<b>bold</b>",
        "{}",
        "[]",
        "@ref",
    ),
    *("  leading", "trailing   ", "2020-02-30", "001000000000000AAA", "%LIKE_", "\ufeffBOM", "non\u00a0breaking"),
)
_FIRST = (
    *("Anna", "Ben", "Chloe", "David", "Elif", "Frank", "Grace", "Hiro", "Ines", "Jakub", "Kofi", "Lena", "Mateo"),
    *("Nora", "Omar", "Priya", "Quentin", "Rosa", "Sven", "Tanisha", "Uma", "Viktor", "Wei", "Ximena", "Yusuf", "Zoë"),
)
_LAST = (
    *("Smith", "Müller", "Garcia", "Nguyen", "Kowalski", "Tanaka", "O'Neill", "van der Berg", "Silva", "Ivanova"),
    *(
        "Andersson",
        "Kim",
        "Okafor",
        "Rossi",
        "Dubois",
        "Novák",
        "Haddad",
        "Singh",
        "Lopez",
        "Cohen",
        "Jensen",
        "Papadopoulos",
    ),
)
_WORDS = (
    *("Acme", "Blue", "Cedar", "Delta", "Eagle", "Falcon", "Granite", "Harbor", "Indigo", "Juniper", "Keystone"),
    *(
        "Lumen",
        "Maple",
        "Nimbus",
        "Orchid",
        "Pioneer",
        "Quartz",
        "River",
        "Summit",
        "Titan",
        "Umber",
        "Vertex",
        "Willow",
    ),
)
_KINDS = ("Group", "Holdings", "Industries", "Labs", "Logistics", "Partners", "Systems", "Trading", "Works", "& Sons")
_CITIES = (
    "Boston",
    "Berlin",
    "Lyon",
    "Osaka",
    "São Paulo",
    "Kraków",
    "Austin",
    "Leeds",
    "Pune",
    "Zürich",
    "Oslo",
    "Accra",
)
_STREETS = ("Main St", "Elm Avenue", "Hauptstraße", "Rue de la Paix", "King's Road", "Via Roma", "Market Square")
_COUNTRIES = ("USA", "Germany", "France", "Japan", "Brazil", "Poland", "United Kingdom", "India", "Switzerland")
_DOMAINS = ("example.com", "example.org", "mail.example.net")
_DIGITS = (("Quantity", 3), ("Price", 6))
_FIRST_DAY, _LAST_DAY = date(1700, 1, 1), date(4000, 12, 31)


def words(dice: random.Random, *, rows: int) -> list[str]:
    """Make second words of names, enough of them that names hardly repeat."""
    size = 127 if rows <= _FEW else 7919
    return [f"{dice.choice(_WORDS)} {dice.choice(_KINDS)} {dice.randrange(1, 10_000)}" for _ in range(size)]


def pool(field: Field, dice: random.Random, *, rows: int) -> list[Any]:
    """Make the pool of a field for that many rows; every value is in stored form and valid."""
    size = dice.choice(_FEW_PRIMES if rows <= _FEW else _PRIMES)
    make = _maker(field)
    values = [_fitted(field, make(dice)) for _ in range(size)]
    if field.type in ("string", "textarea") and field.compound_field_name != "Name":
        for place in dice.sample(range(size), int(size * _NASTY_SHARE)):
            values[place] = _fitted(field, _nasty(field, dice))
    if field.nillable and field.type != "boolean" and field.name != "StageName":
        values = [None if dice.random() < _NULL_SHARE else value for value in values]
    return values if field.nillable else [value if value is not None else _fitted(field, "x") for value in values]


def _fitted(field: Field, value: Any) -> Any:
    """Cut text to the field and trim it as Salesforce does."""
    if not isinstance(value, str) or not field.is_text:
        return value
    text = value if field.type == "textarea" else value.replace("\n", " ")
    text = text[: field.length] if field.length else text
    return text.strip(" \t\n\v\f") or None


def _nasty(field: Field, dice: random.Random) -> str:
    if field.type == "textarea" and dice.random() < 0.5:
        paragraph = 'line one\nline "two"\n\nline four, after an empty one\n'
        return paragraph * (1 + min(field.length, 6000) // len(paragraph)) if dice.random() < 0.3 else paragraph
    if dice.random() < 0.05:
        return "x" * field.length
    return dice.choice(NASTY)


def _maker(field: Field) -> Callable[[random.Random], Any]:
    named = _BY_NAME.get(field.name.lower()) or next((make for end, make in _BY_END if field.name.endswith(end)), None)
    if field.type in ("string", "textarea") and named is not None:
        return named
    if field.type in ("picklist", "combobox", "multipicklist"):
        return lambda dice: _choice(field, dice)
    if field.type in ("double", "currency", "percent", "int", "long"):
        return lambda dice: _number(field, dice)
    return _BY_TYPE.get(field.type, _phrase)


def _choice(field: Field, dice: random.Random) -> str | None:
    active = [entry.value for entry in field.picklist_values if entry.active]
    if not active:
        return None
    if field.type == "multipicklist":
        chosen = set(dice.sample(active, min(len(active), dice.randrange(1, 4))))
        return ";".join(value for value in active if value in chosen)
    return dice.choice(active)


def _number(field: Field, dice: random.Random) -> float | int:
    if field.type in ("int", "long"):
        return dice.choice((0, 1, dice.randrange(10**4), dice.randrange(10 ** min(field.digits or 8, 8))))
    if field.type == "percent" or "probability" in field.name.lower():
        return round(dice.uniform(0, 100), field.scale)
    if field.name.endswith(("Latitude", "Latitude__s")):
        return round(dice.uniform(-90, 90), 6)
    if field.name.endswith(("Longitude", "Longitude__s")):
        return round(dice.uniform(-180, 180), 6)
    # Quantities and prices are multiplied with each other: their product must fit a currency field.
    digits = next((size for part, size in _DIGITS if part in field.name), 9)
    largest = 10 ** max(1, min(field.precision - field.scale, digits)) - 1
    return round(dice.choice((1.0, dice.uniform(1, min(largest, 10**4)), dice.uniform(0, largest))), field.scale)


def _day(dice: random.Random) -> str:
    if dice.random() < 0.01:
        return dice.choice((_FIRST_DAY, _LAST_DAY)).isoformat()
    return (date(2019, 1, 1) + timedelta(days=dice.randrange(3200))).isoformat()


def _moment(dice: random.Random) -> str:
    seconds = dice.randrange(86_400)
    return f"{_day(dice)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000+0000"


def _time(dice: random.Random) -> str:
    return f"{dice.randrange(24):02}:{dice.randrange(60):02}:00.000Z"


def _phrase(dice: random.Random) -> str:
    return " ".join(dice.choices(_WORDS, k=dice.randrange(1, 5)))


def _email(dice: random.Random) -> str:
    return f"{dice.choice(_WORDS).lower()}.{dice.randrange(10**6)}@{dice.choice(_DOMAINS)}"


def _phone(dice: random.Random) -> str:
    return f"+{dice.randrange(1, 99)} {dice.randrange(100, 999)} {dice.randrange(10**6, 10**7)}"


def _url(dice: random.Random) -> str:
    return f"https://www.{dice.choice(_WORDS).lower()}.example.com/{dice.randrange(10**4)}"


def _street(dice: random.Random) -> str:
    street = f"{dice.randrange(1, 999)} {dice.choice(_STREETS)}"
    return f"{street}\n{dice.choice(('Suite', 'Floor'))} {dice.randrange(1, 40)}" if dice.random() < 0.2 else street


def _zip(dice: random.Random) -> str:
    return dice.choice((f"{dice.randrange(10**5):05}", "01234", f"{dice.randrange(10**4):04}", "SW1A 1AA"))


def _company(dice: random.Random) -> str:
    return f"{dice.choice(_WORDS)} {dice.choice(_KINDS)}"


def _one_of(values: Sequence[str]) -> Callable[[random.Random], str]:
    return lambda dice: dice.choice(values)


_BY_NAME: dict[str, Callable[[random.Random], Any]] = {
    "firstname": _one_of(_FIRST),
    "lastname": _one_of(_LAST),
    "company": _company,
    "name": _company,
    "title": _one_of(("CEO", "CFO", "Engineer", "Director of Sales", "Buyer", "VP, Operations")),
}
_BY_END = (
    ("Street", _street),
    ("City", _one_of(_CITIES)),
    ("State", _one_of(("MA", "CA", "NY", "TX", "Bayern", "Île-de-France"))),
    ("PostalCode", _zip),
    ("Country", _one_of(_COUNTRIES)),
)
_BY_TYPE: dict[str, Callable[[random.Random], Any]] = {
    "boolean": lambda dice: dice.randrange(2),
    "date": _day,
    "datetime": _moment,
    "time": _time,
    "email": _email,
    "phone": _phone,
    "url": _url,
}
