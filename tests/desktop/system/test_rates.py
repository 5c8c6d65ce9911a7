"""The user's own rate in the settings file: exact, and refused where it is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.system.rates import read, written
from desktop.system.settings import Settings, load, save
from models.money import Rate


@pytest.mark.parametrize("nano", [1, 140_000_000, 7_200_000_000, 10**9])
def test_a_rate_comes_back_exactly(tmp_path: Path, nano: int) -> None:
    rate = Rate("CNY", "USD", nano, "2026-11-25")
    save(tmp_path / "settings.json", Settings(rate=rate))
    assert load(tmp_path / "settings.json") == (Settings(rate=rate), [])


@pytest.mark.parametrize(
    "change",
    [{"rate": 0.14}, {"rate": "0"}, {"rate": "x"}, {"from": "yuan"}, {"to": "CNY"}, {"as_of": "now"}],
)
def test_what_is_no_rate_is_refused(change: dict[str, object]) -> None:
    good: dict[str, object] = dict(written(Rate("CNY", "USD", 140_000_000)))
    assert read(good).nano == 140_000_000
    with pytest.raises(ValueError, match="rate"):
        read({**good, **change})
