"""The compact form in which this package writes down objects, and its reader.

    object Case 500 "Case" "Cases"             name, key prefix ("-" for none), label, plural label
    with feedEnabled mruEnabled                flags of the object that are on, as a describe names them
    without undeletable                        flags that are off
    scopes everything mine                     supportedScopes
    filter ContentDocumentId                   a query must filter by one of these
    needs multi_currency                       only orgs with this feature have the object
    Id id "Case ID"                            a field: name, type(length) or type(precision,scale), label, marks
    @stamps                                    a group of fields that many objects share
    ParentId reference "Parent" > Case Parent/Cases     targets, parent relationship / child relationship
    Status picklist "Status" : New* | Closed = Done     values; "*" marks the default, "=" gives another label
    optional                                   fields below exist only in orgs with the feature that brings them

A line that begins with ">", ":" or "|" continues the one before. Lower-case targets and values name sets in `groups`.

Marks: readonly createonly updateonly required defaulted perm noperm restricted name lookup unique external prefilter
noprefilter cascade restrict hidden masterdetail; with a value: in= extra= default= digits= use= (letters of afsg:
aggregatable, filterable, sortable, groupable) bytes= from= relation= auto= when= (only orgs with that feature have it).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from sffdw.sandbox.objects import groups
from sffdw.sandbox.schema.definition import read_definition
from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.field import Field, make_field
from sffdw.sandbox.schema.sobject import SObject

_FIELD = re.compile(
    r"(?P<name>\w+) (?P<type>\w+)(?:\((?P<size>\d+)(?:,(?P<scale>\d+))?\))?"
    r'(?: "(?P<label>[^"]*)")?(?P<marks>(?: [a-z]+(?:=\S+)?)*)'
    r"(?: > (?P<targets>\w+(?:,\w+)*)(?: (?P<parent>\w+|-))?(?:/(?P<children>\w+))?)?"
    r"(?: : (?P<values>.+))?\Z"
)
_OPTIONAL = "\noptional\n"
_NEEDS = re.compile(r"^needs (\w+)$", re.MULTILINE)
_CONTINUED = re.compile(r"\n\s*(?=[>:|])")
_OBJECT = re.compile(r'object (?P<name>\w+) (?P<prefix>\w{3}|-) "(?P<label>[^"]*)" "(?P<plural>[^"]*)"\Z')
_MARKS: dict[str, dict[str, Any]] = {
    "readonly": {"createable": False, "updateable": False},
    "createonly": {"updateable": False},
    "updateonly": {"createable": False, "updateable": True},
    "required": {"nillable": False},
    "defaulted": {"defaultedOnCreate": True},
    "perm": {"permissionable": True},
    "noperm": {"permissionable": False},
    "restricted": {"restrictedPicklist": True},
    "name": {"nameField": True},
    "lookup": {"idLookup": True},
    "unique": {"unique": True},
    "external": {"externalId": True},
    "prefilter": {"searchPrefilterable": True},
    "noprefilter": {"searchPrefilterable": False},
    "cascade": {"childCascadeDelete": True},
    "restrict": {"childRestrictedDelete": True},
    "hidden": {"hidden": True},
    "masterdetail": {"masterDetail": True},
}
_VALUED = {"in": "compoundFieldName", "extra": "extraTypeInfo", "default": "defaultValue"}
_VALUED |= {"from": "derivedFrom", "relation": "relationshipName", "when": "when"}
_USES = {"a": "aggregatable", "f": "filterable", "s": "sortable", "g": "groupable"}
_SCOPE_LABELS = {
    "everything": "All {}",
    "mine": "My {}",
    "team": "My team's {}",
    "delegated": "My delegated {}",
    "genericteam": "My case teams {}",
    "team_by_role": "My role-based team's {}",
    "queue_owned": "Queue owned {}",
    "user_owned": "User owned {}",
    "scopingRule": "Filter by scope",
}


def read_object(text: str, features: Collection[str] = ()) -> SObject:
    """Read one object as orgs with these features have it. Raises SchemaError naming the line that cannot be read."""
    definition: dict[str, Any] = {"fields": [], "childRelationships": None, "supportedScopes": []}
    for line in _lines(text.partition(_OPTIONAL)[0]):
        _read_line(definition, line)
    definition["fields"] = [item for item in definition["fields"] if item.pop("when", None) in (None, *features)]
    plural = definition["labelPlural"].lower()
    definition["supportedScopes"] = [
        {"name": scope, "label": _SCOPE_LABELS[scope].format(plural)} for scope in definition["supportedScopes"]
    ]
    return read_definition(definition)


def read_optional_fields(text: str) -> tuple[Field, ...]:
    """Read the fields that only orgs with some feature have."""
    body, _, optional = text.partition(_OPTIONAL)
    stated = [read_field(line) for line in _lines(body) if " when=" in line]
    stated += [read_field(line) for line in _lines(optional)]
    return tuple(make_field({name: value for name, value in item.items() if name != "when"}) for item in stated)


def needed_feature(text: str) -> str | None:
    """Name the feature without which an org does not have the object."""
    found = _NEEDS.search(text)
    return found[1] if found else None


def _lines(text: str) -> Iterator[str]:
    for raw in _CONTINUED.sub(" ", text).splitlines():
        line = " ".join(raw.split())
        if line.startswith("@"):
            yield from _lines(groups.expand(line))
        elif line and not line.startswith("#"):
            yield line


def _read_line(definition: dict[str, Any], line: str) -> None:
    word, _, rest = line.partition(" ")
    match word:
        case "object":
            definition |= _read_object_line(line)
        case "with" | "without":
            definition |= dict.fromkeys(rest.split(), word == "with")
        case "scopes":
            definition["supportedScopes"] = rest.split()
        case "filter":
            definition["requiredFilter"] = rest.split()
        case "needs":
            pass
        case "recordtypes":
            definition["recordTypeInfos"] = []
        case _:
            definition["fields"].append(read_field(line))


def _read_object_line(line: str) -> dict[str, Any]:
    match = _OBJECT.match(line)
    if match is None:
        raise SchemaError(f"could not read the object line: {line}")
    prefix = None if match["prefix"] == "-" else match["prefix"]
    return {"name": match["name"], "keyPrefix": prefix, "label": match["label"], "labelPlural": match["plural"]}


def read_field(line: str) -> dict[str, Any]:
    """Read one field line into attributes as a describe names them."""
    match = _FIELD.match(line)
    if match is None:
        raise SchemaError(f"could not read the field line: {line}")
    stated: dict[str, Any] = {"name": match["name"], "type": match["type"]}
    if match["label"] is not None:
        stated["label"] = match["label"]
    stated |= _size(match["type"], match["size"], match["scale"])
    for mark in match["marks"].split():
        stated |= _read_mark(mark)
    if match["targets"]:
        stated |= _target(match["targets"], match["parent"], match["children"])
    if match["values"]:
        values = groups.VALUES.get(match["values"], match["values"])
        stated["picklistValues"] = [_picklist_value(text.strip()) for text in values.split("|")]
    return stated


def _size(kind: str, size: str | None, scale: str | None) -> dict[str, int]:
    if size is None:
        return {}
    if scale is not None:
        return {"precision": int(size), "scale": int(scale)}
    return {"digits": int(size)} if kind == "int" else {"length": int(size)}


def _read_mark(mark: str) -> dict[str, Any]:
    word, equals, value = mark.partition("=")
    if not equals and word in _MARKS:
        return _MARKS[word]
    if equals and word in _VALUED:
        return {_VALUED[word]: value.replace("_", " ") if word == "default" else value}
    if equals and word == "use":
        return {attribute: letter in value for letter, attribute in _USES.items()}
    if equals and word == "bytes":
        return {"byteLength": int(value)}
    if equals and word == "auto":
        return {"autoNumber": True, "displayFormat": value}
    raise SchemaError(f'unknown mark "{mark}"')


def _target(targets: str, parent: str | None, children: str | None) -> dict[str, Any]:
    listed = [target for name in targets.split(",") for target in groups.TARGETS.get(name, (name,))]
    stated: dict[str, Any] = {"referenceTo": sorted(listed)}
    if parent is not None:
        stated["relationshipName"] = None if parent == "-" else parent
    if children is not None:
        stated["childRelationshipName"] = children
    return stated


def _picklist_value(text: str) -> dict[str, Any]:
    is_default = text.endswith("*")
    value, _, label = text.removesuffix("*").partition(" = ")
    return {"value": value, "label": label or value, "defaultValue": is_default}
