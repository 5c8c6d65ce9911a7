"""What is known of the size that is nearest."""

from __future__ import annotations

import pytest

from models.likest import likest


@pytest.mark.parametrize(
    ("size", "found"),
    [(100, "small"), (250, "small"), (700, "large"), (3_999, "large"), (4_001, None), (0, None)],
)
def test_the_nearest_by_its_factor_within_four(size: int, found: str | None) -> None:
    assert likest(size, [(1_000, "large"), (100, "small")]) == found


def test_nothing_is_known_of_nothing() -> None:
    assert likest(100, []) is None
