"""What a store was made with, and refusing to go on with something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sffdw.sandbox.org import Options
    from sffdw.sandbox.store.store import Store

FORMAT = 1
_SETTING = "made_with"
_SHOWN = {"seed": "--seed", "load": "--load", "rows": "--rows", "org_id": "the org_id"}


def stated_by(options: Options) -> dict[str, Any]:
    """Return what options state about the content of an org; None and nothing are no statement."""
    content = {"load": list(options.load), "rows": dict(options.rows)}
    stated = {"seed": options.seed, "org_id": options.org_id, **content}
    return {name: value for name, value in stated.items() if value not in (None, [], {})}


def note_origin(store: Store, stated: Mapping[str, Any]) -> None:
    """Write down what a new store is made with."""
    store.save_setting(_SETTING, {"format": FORMAT, **stated})


def origin_of(store: Store) -> dict[str, Any]:
    """Return what a store was made with."""
    return dict(store.setting(_SETTING) or {})


def check_origin(store: Store, options: Options) -> None:
    """Refuse options that a store was not made with; what is left out is taken from the store. Raises ValueError."""
    saved, path = origin_of(store), options.store
    if saved.get("format") != FORMAT:
        raise ValueError(f"{path} was made by another version of the sandbox; begin with another file")
    for name, value in stated_by(options).items():
        known = saved.get(name, 0 if name == "seed" else None)
        if value != known:
            advice = f"leave {_SHOWN[name]} out to go on with it, or name another file"
            raise ValueError(f"{path} was made with {_shown(name, known)}, not {_shown(name, value)}; {advice}")


def _shown(name: str, value: Any) -> str:
    if value in (None, [], {}):
        return f"no {_SHOWN[name].removeprefix('the ')}"
    if isinstance(value, dict):
        return " ".join(f"{_SHOWN[name]} {key}={number}" for key, number in value.items())
    if isinstance(value, list):
        return " ".join(f"{_SHOWN[name]} {path}" for path in value)
    return f"{_SHOWN[name]} {value}"
