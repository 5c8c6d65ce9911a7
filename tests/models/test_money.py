"""Amounts in words, and words as amounts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadInput
from models.money import Rate, about, convert, exact, parse_nano, short
from models.pricing import FREE, NANO, Cost, CostRange, MixedCurrencies


def yuan(nano: int) -> Cost:
    return Cost(nano, "CNY")


@pytest.mark.parametrize(
    ("nano", "all_digits", "few"),
    [
        (4_200_000, "¥0.0042", "¥0.0042"),
        (4_237_000, "¥0.004237", "¥0.0042"),
        (4_250_000, "¥0.00425", "¥0.0043"),
        (1, "¥0.000000001", "¥0.000000001"),
        (0, "¥0", "¥0.00"),
        (12_345_000_000, "¥12.345", "¥12.35"),
        (1_234_567_890_000, "¥1,234.56789", "¥1,234.57"),
        (99_600_000, "¥0.0996", "¥0.10"),
        (-5_000_000_000, "−¥5", "−¥5.00"),
    ],
)
def test_amounts_are_shown_exactly_and_shortly(nano: int, all_digits: str, few: str) -> None:
    assert (exact(yuan(nano)), short(yuan(nano))) == (all_digits, few)


def test_other_currencies_follow_their_amount() -> None:
    assert exact(Cost(1_500_000_000, "SEK")) == "1.5 SEK"
    assert exact(Cost(NANO, "USD")) == "$1"
    assert exact(FREE) == short(FREE) == about(CostRange(FREE, FREE)) == "free"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (4_230_000, 11_800_000, "≈ ¥0.004–0.012"),
        (400_000, 11_800_000, "≤ ¥0.012"),
        (11_000_001, 11_000_002, "≈ ¥0.011–0.012"),
        (12_000_000, 12_000_000, "≈ ¥0.012"),
        (1_500_000_000, 12_340_000_000, "≈ ¥1–13"),
        (0, 0, "≈ ¥0.00"),
    ],
)
def test_a_range_is_rounded_outwards(low: int, high: int, words: str) -> None:
    assert about(CostRange(yuan(low), yuan(high))) == words


@pytest.mark.parametrize(
    ("text", "nano"),
    [("2", 2 * NANO), (" 0.30 ", 300_000_000), ("0.000000001", 1), ("1.5000000000000", 1_500_000_000)],
)
def test_a_decimal_number_is_read_exactly(text: str, nano: int) -> None:
    assert parse_nano(text) == nano


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "1e3", "0.0000000001", "1,5", "9999999999", "١"])
def test_other_words_are_no_amount(text: str) -> None:
    with pytest.raises(BadInput, match="can’t be used"):
        parse_nano(text)


@given(st.integers(0, 10**18 - 1))
def test_what_is_shown_exactly_is_read_back(nano: int) -> None:
    assert parse_nano(exact(yuan(nano)).lstrip("¥").replace(",", "")) == nano


def test_a_conversion_is_marked_and_no_cost() -> None:
    rate = Rate("USD", "CNY", 7_200_000_000, "2026-11-25")
    seen = convert(yuan(7_200_000_000), rate)
    assert (seen.nano, seen.currency) == (NANO, "USD")
    assert seen.words() == "≈ $1.00 at your rate ($1 = ¥7.2, 2026-11-25)"
    assert convert(Cost(NANO, "USD"), rate).nano == 7_200_000_000
    assert not isinstance(seen, Cost)
    with pytest.raises(MixedCurrencies):
        convert(Cost(1, "EUR"), rate)
