"""Three crashes in a minute are enough."""

from __future__ import annotations

import pytest

from models.errors import EngineCrashLoop
from models.local.crashes import CrashLimit
from tests.fakes import Clock


def test_three_crashes_within_a_minute_stop_it_until_the_minute_is_over() -> None:
    clock = Clock()
    limit = CrashLimit(clock)
    for _ in range(2):
        limit.record()
        limit.check()
        clock.now += 29.5
    limit.record()
    with pytest.raises(EngineCrashLoop, match="3 times") as caught:
        limit.check()
    assert "in 1 second." in caught.value.hint
    clock.now += 1
    limit.check()


def test_crashes_far_apart_do_not_add_up() -> None:
    clock = Clock()
    limit = CrashLimit(clock)
    for _ in range(4):
        limit.record()
        limit.check()
        clock.now += 40
