"""What random statements are about: two objects, and records full of nulls, repetitions and awkward text."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

NAMES = [
    "Acme",
    "acme",
    "ACME Two",
    "Ärger",
    "ärger",
    "Zebra",
    "100% _x_",
    "it's",
    "a\\b",
    "emoji 🎈",
    "Apple",
    "apple pie",
    None,
]
PARENT, CHILD = "Parent__c", "Child__c"
# Field → kind, and the values records take.
FIELDS: dict[str, str] = {
    "Name": "text",
    "Text__c": "text",
    "Pick__c": "text",
    "Number__c": "number",
    "Whole__c": "int",
    "Money__c": "currency",
    "On__c": "boolean",
    "Day__c": "date",
    "At__c": "datetime",
    "Multi__c": "multi",
    "Clock__c": "time",
    "Id": "id",
    "Code__c": "exact",
}
PICKS = ["Low", "Mid", "High"]
LABELS = {"Low": "Niedrig", "Mid": "Mid", "High": "Hoch"}
TIMES = ["00:00:00", "12:30:15", "23:59:59"]
MULTI = ["red", "green", "blue"]
TODAY = date(2025, 6, 18)
OPERATORS = ["=", "!=", "<", "<=", ">", ">="]
UNITS = ["WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"]
DATE_LITERALS = ["TODAY", "YESTERDAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"]
DATE_LITERALS += [f"{which}_{unit}" for unit in UNITS for which in ("LAST", "THIS", "NEXT")]
COUNTED = [form.format(f"{unit}S") for unit in ["DAY", *UNITS] for form in ("LAST_N_{}", "NEXT_N_{}", "N_{}_AGO")]
PARTS = ["CALENDAR_YEAR", "CALENDAR_MONTH", "CALENDAR_QUARTER", "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR"]
PARTS += ["WEEK_IN_MONTH", "WEEK_IN_YEAR", "DAY_ONLY", "FISCAL_YEAR", "FISCAL_QUARTER", "FISCAL_MONTH"]
# The user's time zone, in which date literals are meant, and the month in which the fiscal year begins.
ZONE, FISCAL_START = "America/Los_Angeles", 4
MODES = ["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"]

DEFINITIONS: list[dict[str, Any]] = [
    {
        "name": name,
        "fields": [
            {"name": "Text__c", "type": "string", "length": 80},
            {
                "name": "Pick__c",
                "type": "picklist",
                "picklistValues": [{"value": v, "label": LABELS[v]} for v in PICKS],
            },
            {"name": "Clock__c", "type": "time"},
            {"name": "Code__c", "type": "string", "length": 20, "caseSensitive": True, "externalId": True},
            {"name": "Number__c", "type": "double", "scale": 2},
            {"name": "Whole__c", "type": "int"},
            {"name": "Money__c", "type": "currency"},
            {"name": "On__c", "type": "boolean"},
            {"name": "Day__c", "type": "date"},
            {"name": "At__c", "type": "datetime"},
            {"name": "Multi__c", "type": "multipicklist", "values": MULTI},
            {"name": "Place__c", "type": "location"},
            {"name": "Place__Latitude__s", "type": "double", "scale": 6, "compoundFieldName": "Place__c"},
            {"name": "Place__Longitude__s", "type": "double", "scale": 6, "compoundFieldName": "Place__c"},
            *links,
        ],
    }
    for name, links in (
        (
            PARENT,
            [{"name": "Above__c", "type": "reference", "referenceTo": [PARENT], "childRelationshipName": "Below__r"}],
        ),
        (
            CHILD,
            [
                {
                    "name": "Parent__c",
                    "type": "reference",
                    "referenceTo": [PARENT],
                    "childRelationshipName": "Children__r",
                }
            ],
        ),
    )
]
LINKS = {PARENT: "Above__c", CHILD: "Parent__c"}


def random_values(dice: random.Random) -> dict[str, Any]:
    """Return the values of one record; nulls and repetitions abound."""

    def maybe(make: Callable[[], Any]) -> Any:
        return None if dice.random() < 0.2 else make()

    day = TODAY + timedelta(days=dice.choice([0, -1, 1, -6, 8, -30, 40, -100, 200, -400]))
    time = dice.choice(["00:00:00", "12:30:15", "23:59:59"])
    at = f"{TODAY + timedelta(days=dice.choice([0, -1, 1, -20, 70, -365]))}T{time}.000+0000"
    place = dice.random() < 0.7
    return {
        "Name": dice.choice(NAMES[:-1]),
        "Text__c": dice.choice(NAMES),
        "Pick__c": maybe(lambda: dice.choice(PICKS)),
        "Number__c": maybe(lambda: dice.choice([0.0, 1.5, -2.25, 1000000.0, 3.0])),
        "Whole__c": maybe(lambda: dice.choice([0, 1, 7, -3])),
        "Money__c": maybe(lambda: dice.choice([0.0, 99.99, 2.5e7, -10.0])),
        "On__c": dice.random() < 0.5,
        "Day__c": maybe(lambda: day.isoformat()),
        "At__c": maybe(lambda: at),
        "Multi__c": maybe(lambda: ";".join(sorted(dice.sample(MULTI, dice.randint(1, 3)), key=MULTI.index))),
        "Code__c": maybe(lambda: dice.choice(["ab", "AB", "aB", "b"])),
        "Clock__c": maybe(lambda: dice.choice(TIMES)),
        "Place__Latitude__s": round(dice.uniform(-60, 60), 6) if place else None,
        "Place__Longitude__s": round(dice.uniform(-170, 170), 6) if place else None,
    }
