"""Which object a file is about, and which field a column is about.

Names are compared folded: lower case, no underscores. A CSV's name may carry what tools put around an object's name
(`sf_account_data.csv`, `Account_bulk2_test.csv`, `accounts.csv`). A column that is no field of the object becomes a
custom field: `old_name` becomes `old_name__c`, and so does `old_name_c`, as warehouses keep `old_name__c`.
"""

from __future__ import annotations

import re

from sffdw.sandbox.objects import optional_fields, standard_objects
from sffdw.sandbox.schema import Field, Schema, SObject

_LEADING = frozenset({"sf", "sfdc", "salesforce", "stg", "raw", "src", "seed"})
_TRAILING = frozenset(
    {"data", "dataset", "test", "tests", "sample", "samples", "seed", "seeds", "export", "extract", "dump", "import"}
    | {"records", "rows", "bulk", "insert", "upsert", "csv", "final", "new", "part"}
    | {"comma", "semicolon", "tab", "pipe", "caret", "backquote", "wrapped", "values"}
)
_TRAILING_FORM = re.compile(r"(?:bulk|part|v)?\d+")
_CHANGE_TABLES = re.compile(r"(?i)(?:^|[_\s-])(?:history|histories|feed|feeds|changes?|changeevents?)(?:$|[_\s.-])")
_CHANGE_OBJECTS = re.compile(r"(?:__)?(?:History|Feed|ChangeEvent)\Z")
_CUSTOM_SUFFIX = re.compile(r"__(?:c|s|pc)\Z", re.IGNORECASE)


def fold(name: str) -> str:
    """Fold a name for comparison."""
    return re.sub(r"[\W_]", "", name).lower()


def is_change_table(name: str) -> bool:
    """Whether a file or object holds past versions or events rather than records."""
    return bool(_CHANGE_TABLES.search(name) or _CHANGE_OBJECTS.search(name))


def object_of_file(stem: str, header: list[str], schema: Schema) -> str:
    """Name the object that a CSV is about: a known one, else a custom object called after the file.

    A file whose name says nothing (`comma.csv`, `bulkUpsert.csv`) is about the first object that has all its columns.
    """
    words = [word for word in re.split(r"[_\s.-]+", stem) if word]
    suffix = "__c" if stem.lower().endswith("__c") else ""
    if suffix:
        words = words[:-1]
    while len(words) > 1 and words[0].lower() in _LEADING:
        words = words[1:]
    candidates = [words[:length] for length in range(len(words), 0, -1) if _is_noise(words[length:])]
    for candidate in candidates:
        known = find_object("_".join(candidate) + suffix, schema)
        if known is not None:
            return known.name
    if _is_noise(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", " ".join(words)).split()):
        named = _object_of_columns(header, schema)
        if named is not None:
            return named
    return custom_name("_".join(candidates[-1])) + "__c"


def _object_of_columns(header: list[str], schema: Schema) -> str | None:
    columns = [name for name in header if name and not is_metadata(name)]
    for sobject in standard_objects():
        known = schema.get(sobject.name)
        if known is None or len(columns) < 2:
            continue
        finder = FieldFinder(known)
        if all(finder.find(name) for name in columns):
            return known.name
    return None


def _is_noise(words: list[str]) -> bool:
    lowered = [word.lower() for word in words]
    return all(word in _TRAILING or _TRAILING_FORM.fullmatch(word) for word in lowered)


def find_object(name: str, schema: Schema) -> SObject | None:
    """Find an object by API name, by folded name, or by its plural."""
    if name in schema:
        return schema[name]
    wanted = fold(_CUSTOM_SUFFIX.sub("", name))
    for sobject in schema:
        bare = _CUSTOM_SUFFIX.sub("", sobject.name)
        if wanted in (fold(bare), fold(bare) + "s", fold(sobject.label_plural)):
            return sobject
    return None


def object_of_record(kind: str, schema: Schema) -> str:
    """Name the object of a tree's record; an unknown type without `__c` becomes a custom object."""
    known = schema.get(kind)
    if known is not None:
        return known.name
    return kind if _CUSTOM_SUFFIX.search(kind) else f"{custom_name(kind)}__c"


def custom_name(text: str) -> str:
    """Make a developer name of any text: letters, digits and single underscores, a letter first."""
    name = re.sub(r"_+", "_", re.sub(r"\W", "_", text, flags=re.ASCII)).strip("_")
    return name if name[:1].isalpha() else f"X{name}"


def is_metadata(column: str) -> bool:
    """Whether a pipeline put the column there for itself (`_fivetran_synced`, `_sdc_batched_at`)."""
    return column.startswith("_")


class FieldFinder:
    """Finds the field a column means, standard names before custom ones; optional standard fields count."""

    def __init__(self, sobject: SObject) -> None:
        self._sobject = sobject
        self._folded: dict[str, Field] = {}
        for field in (*sobject.fields, *optional_fields(sobject.name)):
            if not field.custom:
                self._folded.setdefault(fold(field.name), field)
        for field in sobject.fields:
            if field.custom:
                self._folded.setdefault(fold(field.name), field)
                self._folded.setdefault(fold(_CUSTOM_SUFFIX.sub("", field.name)), field)

    def find(self, column: str) -> Field | None:
        """Find a field by its API name or by its folded name; a relationship name means its reference field."""
        found = self._sobject.stored_field(column) or self._folded.get(fold(column))
        return found or self._sobject.relationship(column)


def custom_field_name(column: str) -> str:
    """Name the custom field for a column that is no known field."""
    if _CUSTOM_SUFFIX.search(column):
        stem, suffix = column[: column.rindex("__")], column[column.rindex("__") :].lower()
        return stem + suffix
    return custom_name(re.sub(r"_c\Z", "", column)) + "__c"
