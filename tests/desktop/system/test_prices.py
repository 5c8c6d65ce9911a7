"""The user's own prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.system import prices
from models.pricing import Price, Tier

GOOD = """
[[price]]
model = "xidao/one"
input = "0.3"
cached = "0.075"
output = 12
currency = "USD"
as_of = "2026-11"
tiers = [{ above = 128000, input = "0.6", output = 24 }]
"""


def test_a_price_for_a_million_tokens_becomes_an_exact_one_a_token(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(GOOD)
    tier = Tier(128_000, 600, 24_000)
    price = Price(300, 12_000, 75, "USD", "your own price", "2026-11", (tier,))
    assert prices.read(path) == prices.OwnPrices({"xidao/one": price})


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert prices.read(tmp_path / "prices.toml") == prices.OwnPrices()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"0.3"', "0.3", "in quotes"),
        ('"0.3"', '"0.0003"', "three decimals"),
        ('"0.3"', '"-1"', "“input”"),
        ('"USD"', '"dollars"', "three capital letters"),
        ("model", "name", "“model” is missing"),
        ("128000", "-1", "whole number"),
        ("output = 12\n", "", "“output”"),
    ],
)
def test_what_can_t_be_used_is_told_and_never_free(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(GOOD.replace(old, new, 1) + GOOD.replace("xidao/one", "xidao/two"))
    own = prices.read(path)
    assert list(own.prices) == ["xidao/two"]
    [problem] = own.problems
    assert words in problem


@pytest.mark.parametrize("content", [b"[[price", b"\xff", b"price = 3"])
def test_a_broken_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "prices.toml"
    path.write_bytes(content)
    assert len(prices.read(path).problems) == 1
