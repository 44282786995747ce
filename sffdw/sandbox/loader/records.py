"""Records as the files hold them, before anything is known of their objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TreeReference:
    """`@name` in an sObject tree; names are unique within the files of one plan."""

    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class ParentLookup:
    """A parent given by its own fields, as exports write it: {"attributes": {"type", "url"}, "Name": …}."""

    object_name: str
    values: tuple[tuple[str, Any], ...]
    record_id: str | None


@dataclass(frozen=True, slots=True)
class ParentLink:
    """A record that stands inside its parent: the parent, and the name of the child relationship."""

    parent: RawRecord
    relationship_name: str


@dataclass(slots=True, eq=False)
class RawRecord:
    """One row of a file. `is_typed` tells JSON values (which have types) from text of a CSV."""

    object_name: str
    origin: str
    values: dict[str, Any] = field(default_factory=dict)
    is_typed: bool = False
    reference: TreeReference | None = None
    parent: ParentLink | None = None
    record_id: str = ""
