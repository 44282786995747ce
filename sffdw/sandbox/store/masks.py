"""How encrypted text looks to who may not view encrypted data: the mask types of Setup, by a describe's `maskType`."""

import re

_CLEAR = 4  # characters at the end that some types show
_SHOWING_END = frozenset({"creditCard", "lastFour", "sin", "ssn"})
# Where separators are put in: lengths of the groups, the last one repeated.
_GROUPS: dict[str, tuple[str, tuple[int, ...]]] = {
    "creditCard": (" ", (4,)),
    "nino": (" ", (2,)),
    "sin": ("-", (3, 3, 255)),
    "ssn": ("-", (3, 2, 255)),
}


def masked(text: str | None, mask_type: str, character: str) -> str | None:
    """Hide a value behind its mask; types that group characters drop the separators it was entered with."""
    if text is None:
        return None
    if mask_type in _GROUPS:
        text = re.sub(r"[\s-]", "", text)
    hidden = max(0, len(text) - _CLEAR) if mask_type in _SHOWING_END else len(text)
    shown = character * hidden + text[hidden:]
    return _grouped(shown, *_GROUPS[mask_type]) if mask_type in _GROUPS else shown


def _grouped(text: str, separator: str, sizes: tuple[int, ...]) -> str:
    parts: list[str] = []
    start = 0
    while start < len(text):
        size = sizes[min(len(parts), len(sizes) - 1)]
        parts.append(text[start : start + size])
        start += size
    return separator.join(parts)
