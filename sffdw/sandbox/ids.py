"""Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum that survives case folding.

Characters 1-3 are the object's key prefix, 4-6 the instance, the rest a base-62 counter.
"""

import re

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
NULL_ID = "000000000000000AAA"

_ID_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", re.ASCII)
_COUNTER_DIGITS = 9
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def checksum(id15: str) -> str:
    """Return the three characters that turn a 15-character id into its 18-character form."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << position for position in range(5) if "A" <= id15[start + position] <= "Z")
        suffix += CHECKSUM_ALPHABET[bits]
    return suffix


def to18(id15: str) -> str:
    """Append the checksum to a 15-character id."""
    return id15 + checksum(id15)


def normalise(text: object) -> str | None:
    """Return the 18-character id meant by `text`, or None when it is not an id.

    An 18-character id with folded case is repaired from its checksum, as Salesforce does.
    """
    if not isinstance(text, str) or not _ID_FORM.fullmatch(text):
        return None
    if len(text) == 15:
        return to18(text)
    if checksum(text[:15]) == text[15:]:
        return text
    return _repair_case(text)


def _repair_case(id18: str) -> str | None:
    suffix = id18[15:].upper()
    repaired = ""
    for group in range(3):
        bits = CHECKSUM_ALPHABET.find(suffix[group])
        if bits < 0:
            return None
        for position in range(5):
            character = id18[group * 5 + position]
            repaired += character.upper() if bits >> position & 1 else character.lower()
    return repaired + suffix if checksum(repaired) == suffix else None


def compose(key_prefix: str, instance: str, number: int) -> str:
    """Build the 18-character id of the `number`-th record of an object."""
    digits = ""
    for _ in range(_COUNTER_DIGITS):
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    return to18(key_prefix + instance + digits)


def counter(record_id: str) -> int:
    """Return the number that `compose` put into an id."""
    number = 0
    for character in record_id[6:15]:
        number = number * 62 + _VALUES[character]
    return number
