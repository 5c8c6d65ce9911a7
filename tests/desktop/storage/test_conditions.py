"""How gateways' models did lately: what counts, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.storage.conditions import Condition, HealthBook
from desktop.storage.health import Health
from models.errors import StorageFailed

NOW = 2_000_000_000.0


class Ledger:
    """Gives these, and keeps what it was asked."""

    def __init__(self, *healths: Health) -> None:
        self.healths, self.asked = list(healths), 0

    def __call__(self, _provider: str, _model: str, last: int, since: float) -> Health:
        self.asked += 1
        assert since < NOW - 80_000
        return self.healths.pop(0)


def health(attempts: int, finished: int, ttft_ms: int | None = None, mtps: int | None = None) -> Health:
    return Health(attempts, finished, 0, ttft_ms, mtps)


def book(*healths: Health) -> HealthBook:
    return HealthBook(Ledger(*healths), now=lambda: NOW)


def test_success_is_of_the_last_day_and_the_times_are_of_the_last_month() -> None:
    condition = book(health(10, 9), health(50, 48, 640, 41_300)).of("xidao", "m")
    assert condition == Condition(0.9, 0.64, 41.3)
    assert condition.words() == "Lately: 90 % answered, first word after 0.6 s, 41 tokens/s."
    assert condition.short() == "90 % answered · 0.6 s · 41 tokens/s"


def test_what_is_good_is_said_quietly() -> None:
    assert Condition(1.0, 0.64, 41.3).short() == "0.6 s · 41 tokens/s"
    assert (Condition().short(), Condition().words()) == ("", "")


def test_one_failure_makes_nobody_sick() -> None:
    assert book(health(1, 0), health(1, 0)).of("xidao", "m").success is None


def test_it_is_read_once_until_there_are_newer_attempts() -> None:
    ledger = Ledger(*[health(4, 4)] * 2, *[health(4, 0)] * 2)
    kept = HealthBook(ledger, now=lambda: NOW)
    assert kept.of("xidao", "m").success == kept.of("xidao", "m").success == 1.0
    kept.forget()
    assert kept.of("xidao", "m").success == 0.0
    assert ledger.asked == 4


def test_a_file_that_can_t_be_read_is_no_health(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_words: Any, **_more: Any) -> Health:
        raise StorageFailed("The disk is full.")

    assert HealthBook(broken, now=lambda: NOW).of("xidao", "m") == Condition()
