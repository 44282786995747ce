"""Record ids: checksum, case repair, counters."""

import pytest

from sffdw.sandbox import ids


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ("001D000000IRFma", "001D000000IRFmaIAH"),
        ("001D000000IRFmaIAH", "001D000000IRFmaIAH"),
        ("001d000000irfmaiah", "001D000000IRFmaIAH"),
        ("001D000000IRFMAIAH", "001D000000IRFmaIAH"),
        ("000000000000000", ids.NULL_ID),
    ],
)
def test_an_id_is_known_in_both_lengths_and_any_case_of_the_long_one(given: str, want: str) -> None:
    assert ids.normalise(given) == want


@pytest.mark.parametrize(
    "given", ["", "abc", "001D000000IRFm", "001D000000IRFmaIA", "001D000000IRF-a", "001D000000IRFma9ZZ", None, 1]
)
def test_what_is_not_an_id_is_none(given: object) -> None:
    assert ids.normalise(given) is None


def test_numbers_go_in_and_come_out_in_order() -> None:
    made = [ids.compose("a0X", "AB0", number) for number in (0, 1, 61, 62, 3843, 10**9)]
    assert [ids.counter(record_id) for record_id in made] == [0, 1, 61, 62, 3843, 10**9]
    assert made == sorted(made)
    assert all(len(record_id) == 18 and ids.normalise(record_id[:15]) == record_id for record_id in made)
