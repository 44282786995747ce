"""Changes that `_write` was given: which may share a Collection, and which requests may be on the wire together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sffdw.types import long_id

ID_LENGTHS = (15, 18)
# What most records of an org refer to: a change of one does not wait for that.
COMMON_PARENTS = frozenset(("OwnerId", "RecordTypeId", "CreatedById", "LastModifiedById"))


@dataclass(frozen=True)
class Entry:
    """A change that `_write` was given. record: API names to JSON values; request_size: with so many it may travel.

    text: the record as JSON, where it came as that. is_suspect: servers have failed at it before, so that it shares no
    Composite request and goes while no other does.
    """

    batch_id: str
    position: int
    object_name: str
    operation: str
    external_id_field: str | None
    record: dict[str, Any]
    request_size: int | None = None
    text: str | None = None
    is_suspect: bool = False

    def kind(self) -> tuple[str, str, str | None, int | None, bool]:
        """Entries of one kind may share a Collection."""
        return (self.object_name.lower(), self.operation, (self.external_id_field or "").lower() or None,
                self.request_size, self.is_suspect)

    def key(self) -> str | None:
        """What names the record, so that no request holds it twice; None for a record that is yet to be."""
        name = {"insert": None, "upsert": self.external_id_field}.get(self.operation, "Id")
        value = next((value for field, value in self.record.items() if name and field.lower() == name.lower()), None)
        return None if value is None else str(value).lower()

    def touched(self) -> Iterator[str]:
        """What names the record, and the records that it refers to, by Id or by an external id."""
        key = self.key() if self.operation == "upsert" else None
        if key is not None:
            yield f"{str(self.external_id_field).lower()}={key}"
        for name, value in self.record.items():
            if isinstance(value, str) and len(value) in ID_LENGTHS and value.isalnum() and name not in COMMON_PARENTS:
                # Of the short form upper and lower case matter.
                yield long_id(value).lower()
            elif isinstance(value, dict):
                yield from (f"{field.lower()}={str(item).lower()}" for field, item in value.items())


@dataclass(frozen=True)
class Outcome:
    """What became of an entry. success None: it may have been carried out. is_transient: worth sending again."""

    entry: Entry
    record_id: str | None = None
    success: bool | None = None
    created: bool | None = None
    status_code: str | None = None
    http_status: int | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()
    is_transient: bool = False


# Groups of entries, each a Collection, that share a request.
Bundle = list[list[Entry]]


def requests_of(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    """Divide entries into Collections: neighbours of one kind, at most `size` or what they allow, no record twice."""
    group: list[Entry] = []
    keys: set[str] = set()
    for entry in entries:
        key = entry.key()
        if group and (entry.kind() != group[0].kind() or len(group) >= min(size, entry.request_size or size)
                      or key in keys):
            yield group
            group, keys = [], set()
        group.append(entry)
        keys |= {key} if key is not None else set()
    if group:
        yield group


def bundles_of(groups: Iterable[list[Entry]], size: int) -> Iterator[Bundle]:
    """Divide Collections into requests: so many share a Composite at most; a suspect one goes alone."""
    bundle: Bundle = []
    for group in groups:
        if bundle and (len(bundle) >= size or group[0].is_suspect or bundle[0][0].is_suspect):
            yield bundle
            bundle = []
        bundle.append(group)
    if bundle:
        yield bundle


def waves_of(bundles: Iterable[Bundle], parallel: int) -> Iterator[list[Bundle]]:
    """Gather neighbours that may be on the wire together: of one kind, and none of whose records touch each other."""
    wave: list[Bundle] = []
    kinds: set[Any] = set()
    seen: set[str] = set()
    for bundle in bundles:
        kind = {group[0].kind() for group in bundle}
        # With only one at a time nothing need be known of them.
        touched = {name for entry in chain.from_iterable(bundle) for name in entry.touched()} if parallel > 1 else seen
        limit = 1 if bundle[0][0].is_suspect else parallel
        if wave and (len(wave) >= limit or len(kinds | kind) > 1 or not seen.isdisjoint(touched)):
            yield wave
            wave, kinds, seen = [], set(), set()
        wave.append(bundle)
        kinds |= kind
        seen |= touched
    if wave:
        yield wave
