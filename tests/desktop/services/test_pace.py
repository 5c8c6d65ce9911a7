"""Whether an answer is too slow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop.services.pace import Pace


def pieces(floor: float, every_s: float, count: int) -> list[bool]:
    clock = Clock()
    pace = Pace(floor, clock)
    told = []
    for _ in range(count):
        told.append(pace.piece())
        clock.now_s += every_s
    return told


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(("floor", "told"), [(5.0, 1), (2.0, 0), (0.0, 0)])
def test_it_is_told_once_and_only_below_the_floor(floor: float, told: int) -> None:
    assert sum(pieces(floor, 0.4, 100)) == told


def test_the_first_seconds_tell_nothing() -> None:
    assert not any(pieces(5.0, 0.4, 20))
    assert any(pieces(5.0, 0.4, 25))


def test_a_single_long_pause_tells_nothing() -> None:
    def slow_start() -> Iterator[bool]:
        clock = Clock()
        pace = Pace(5.0, clock)
        yield pace.piece()
        clock.now_s += 60
        yield pace.piece()

    assert not any(slow_start())
