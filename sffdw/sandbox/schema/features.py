"""Features of an org (several currencies, person accounts): which fields and objects they bring.

What a feature brings is written in the notations of the objects; here it finds its place in objects as they are by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.field import Field
from sffdw.sandbox.schema.sobject import SObject

MULTI_CURRENCY, PERSON_ACCOUNTS = "multi_currency", "person_accounts"
FEATURES = (MULTI_CURRENCY, PERSON_ACCOUNTS)


def check_feature(name: str) -> str:
    """Return the name of a feature; raises SchemaError for an unknown one."""
    if name not in FEATURES:
        raise SchemaError(f'unknown feature "{name}"; features are: {", ".join(FEATURES)}')
    return name


def feature_fields(sobject: SObject, features: frozenset[str]) -> list[tuple[Field, str | None]]:
    """List the fields that features bring to an object and that it lacks, each with the field it stands behind."""
    from sffdw.sandbox.objects import custom_object_fields, standard_objects

    if sobject.name.endswith("__c"):
        name = sobject.name_field.name if sobject.name_field is not None else None
        brought: Iterable[tuple[Field, str | None]] = [(field, name) for field in custom_object_fields(features)]
    else:
        with_them, without = (
            next((known for known in standard_objects(chosen) if known.name == sobject.name), None)
            for chosen in (features, frozenset[str]())
        )
        brought = [] if with_them is None or without is None else _new_in(with_them, without)
    return [(field, place) for field, place in brought if sobject.stored_field(field.name) is None]


def _new_in(with_them: SObject, without: SObject) -> list[tuple[Field, str | None]]:
    fields = with_them.fields
    places: Sequence[str | None] = [None, *(field.name for field in fields[:-1])]
    return [
        (field, place) for field, place in zip(fields, places, strict=True) if without.stored_field(field.name) is None
    ]


def place_fields(sobject: SObject, added: Iterable[tuple[Field, str | None]]) -> tuple[Field, ...]:
    """Return the fields of an object with new ones, each behind the field it is given with, or last."""
    fields = list(sobject.fields)
    for field, behind in added:
        found = [place for place, known in enumerate(fields) if known.name == behind]
        fields.insert(found[0] + 1 if found else len(fields), field)
    return tuple(fields)


def new_objects(features: frozenset[str], known: Iterable[str]) -> list[SObject]:
    """List the standard objects that features bring and that are not known yet."""
    from sffdw.sandbox.objects import standard_objects

    names = {name.lower() for name in known} | {sobject.name.lower() for sobject in standard_objects()}
    return [sobject for sobject in standard_objects(features) if sobject.name.lower() not in names]
