"""Finding and reading what lies below the paths: describes, plans, sObject trees, CSVs, in any mix.

A plan's files are read once, in the plan's order, and share their @references; a CSV of an object that a plan brings
is skipped, and so are histories, feeds and change tables: each with a note.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sffdw.sandbox.loader import names
from sffdw.sandbox.loader.csvfiles import decode, read_csv, read_header
from sffdw.sandbox.loader.plan import LoadError
from sffdw.sandbox.loader.records import RawRecord
from sffdw.sandbox.loader.trees import has_types, read_tree
from sffdw.sandbox.schema import Schema
from sffdw.sandbox.schema.definition import is_describe

_CSV_SUFFIXES = (".csv", ".tsv")


@dataclass(slots=True)
class Sources:
    """What was found, before it is understood."""

    describes: list[Mapping[str, Any]] = field(default_factory=list)
    records: list[RawRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_paths(paths: Iterable[Path], schema: Schema) -> Sources:
    """Read files and folders. Raises LoadError for a path that is missing, broken or nothing that can be loaded."""
    sources = Sources()
    for path in paths:
        if not path.exists():
            raise LoadError(f"{path}: no such file or folder")
        reading = _Reading(sources, schema)
        if path.is_dir():
            reading.read_folder(path)
        else:
            reading.read_file(path)
    return sources


@dataclass(slots=True)
class _Reading:
    """One --load path being read."""

    sources: Sources
    schema: Schema
    documents: dict[Path, Any] = field(default_factory=dict)
    planned: set[str] = field(default_factory=set)

    def read_folder(self, folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder))
        tables = [path for path in files if path.suffix.lower() in _CSV_SUFFIXES]
        for path in files:
            if path.suffix.lower() == ".json":
                self._open(path)
            elif path not in tables:
                self.sources.notes.append(f"{path.name}: skipped, neither JSON nor CSV")
        self._read_documents()
        for path in tables:
            self._read_table(path)

    def read_file(self, path: Path) -> None:
        if path.suffix.lower() in _CSV_SUFFIXES:
            self._read_table(path)
            return
        self._open(path)
        if _kind(self.documents[path]) is None:
            raise LoadError(f"{path.name}: no describe, plan, sObject tree or CSV")
        self._read_documents()

    def _open(self, path: Path) -> None:
        try:
            self.documents[path] = json.loads(decode(path, self.sources.notes))
        except json.JSONDecodeError as broken:
            raise LoadError(f"{path.name} line {broken.lineno}: not JSON: {broken.msg}") from None

    def _read_documents(self) -> None:
        """Take describes, then plans with their files, then the trees that no plan names."""
        by_kind: dict[str | None, list[Path]] = {}
        for path, document in list(self.documents.items()):
            by_kind.setdefault(_kind(document), []).append(path)
        for path in by_kind.get("describe", []):
            self.sources.describes.append(self.documents[path])
        taken = self._read_plans(by_kind.get("plan", []))
        for path in by_kind.get("tree", []):
            if path.resolve() not in taken:
                self._read_tree(path, scope=str(path))
        for path in by_kind.get(None, []):
            self.sources.notes.append(f"{path.name}: skipped, no describe, plan or sObject tree")

    def _read_plans(self, plans: list[Path]) -> set[Path]:
        """Read the files of all plans once; plans that share a file share their references."""
        members = {plan: [file.resolve() for file in _files_of(plan, self.documents[plan])] for plan in plans}
        scopes = _connected(members)
        taken: set[Path] = set()
        for plan in sorted(plans, key=lambda plan: (-len(members[plan]), plan)):
            for file in members[plan]:
                if file in taken:
                    continue
                taken.add(file)
                self._read_planned_file(plan, file, scopes[file])
        return taken

    def _read_planned_file(self, plan: Path, file: Path, scope: str) -> None:
        if not file.is_file():
            raise LoadError(f"{plan.name}: the file {file.name} that it names is missing")
        if file not in self.documents:
            self._open(file)
        if _kind(self.documents[file]) != "tree":
            raise LoadError(f"{plan.name}: the file {file.name} is no sObject tree")
        first = len(self.sources.records)
        self._read_tree(file, scope=scope)
        brought = (record.object_name for record in self.sources.records[first:])
        self.planned |= {names.fold(names.object_of_record(name, self.schema)) for name in brought}

    def _read_tree(self, path: Path, *, scope: str) -> None:
        document = self.documents[path]
        records = document["records"] if isinstance(document, Mapping) else document
        found = read_tree(records, scope, path.name, self.sources.notes)
        kept = [record for record in found if not names.is_change_table(record.object_name)]
        for record in found:
            if record not in kept:
                self.sources.notes.append(f"{record.origin}: skipped, {record.object_name} holds past versions")
        self.sources.records += kept

    def _read_table(self, path: Path) -> None:
        if names.is_change_table(path.stem):
            self.sources.notes.append(f"{path.name}: skipped, it holds past versions")
            return
        object_name = names.object_of_file(path.stem, read_header(path), self.schema)
        if names.fold(object_name) in self.planned:
            self.sources.notes.append(f"{path.name}: skipped, a plan brings {object_name}")
            return
        self.sources.records += read_csv(path, object_name, self.sources.notes)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _kind(document: Any) -> str | None:
    if isinstance(document, Mapping):
        if isinstance(document.get("name"), str) and isinstance(document.get("fields"), list):
            return "describe" if is_describe(document) or _has_typed_fields(document) else None
        return "tree" if has_types(document.get("records")) else None
    if isinstance(document, list) and document:
        if all(isinstance(step, Mapping) and "sobject" in step and "files" in step for step in document):
            return "plan"
        return "tree" if has_types(document) else None
    return None


def _has_typed_fields(document: Mapping[str, Any]) -> bool:
    return all(isinstance(item, Mapping) and "name" in item and "type" in item for item in document["fields"])


def _files_of(plan: Path, steps: list[Mapping[str, Any]]) -> list[Path]:
    """List a plan's files in its order; an entry is a name or {"file": name, …}."""
    found = []
    for step in steps:
        for entry in step["files"]:
            name = entry.get("file") if isinstance(entry, Mapping) else entry
            if not isinstance(name, str):
                raise LoadError(f"{plan.name}: a file of {step['sobject']} has no name")
            found.append(plan.parent / name)
    return found


def _connected(members: Mapping[Path, list[Path]]) -> dict[Path, str]:
    """Give all files that plans connect the same scope for their references."""
    scope_of: dict[Path, str] = {}
    for plan, files in members.items():
        old = {scope_of[file] for file in files if file in scope_of}
        scope = min(old, default=str(plan))
        for file, known in scope_of.items():
            if known in old:
                scope_of[file] = scope
        scope_of |= dict.fromkeys(files, scope)
    return scope_of
