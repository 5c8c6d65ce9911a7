"""Exact money: products of whole numbers, currencies apart, unknown never zero."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import load
from models.chat import Usage
from models.pricing import (
    FREE,
    MOST_TOKENS,
    Cost,
    MixedCurrencies,
    Price,
    Tier,
    absurdity,
    catalogue_price,
    cost_of,
    draft_range,
    longest_answer,
    totals,
    worst_case,
    would_have_cost,
)

CATALOGUE = load(Path(__file__).parents[2] / "resources" / "catalogue")
PRICE = Price(1_500, 4_500, None, "CNY", "a list", "2026-05")

tokens = st.integers(0, MOST_TOKENS)
rates = st.integers(0, 10**7)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    tiers = draw(st.lists(st.builds(Tier, tokens, rates, rates, st.none() | rates), max_size=3))
    return Price(
        draw(rates), draw(rates), draw(st.none() | rates), draw(st.sampled_from(["CNY", "USD"])), "", "",
        tuple(tiers),
    )  # fmt: skip


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    prompt, completion = draw(tokens), draw(tokens)
    cached = draw(st.none() | st.integers(0, prompt))
    return Usage(prompt, cached, draw(st.none() | st.integers(0, completion)), completion)


# Worked by hand from the price list, yuan for a million tokens: 12,345 tokens in and 678 out, so for the
# first one 12,345 × 2.0 + 678 × 6.0 = 24,690 + 4,068 = 28,758 millionths of a yuan.
@pytest.mark.parametrize(
    ("remote", "nano"),
    [
        ("xidao/llama-4-maverick", 28_758_000),  # 24,690 + 4,068
        ("xidao/qwen3-235b", 21_568_500),  # 18,517.5 + 3,051
        ("xidao/qwen3-32b", 11_503_200),  # 9,876 + 1,627.2
        ("xidao/mistral-large-3", 25_882_200),  # 22,221 + 3,661.2
        ("xidao/deepseek-v3", 7_189_500),  # 6,172.5 + 1,017
        ("xidao/gemma-3-27b", 8_627_400),  # 7,407 + 1,220.4
        ("xidao/phi-4-14b", 4_313_700),  # 3,703.5 + 610.2
    ],
)
def test_the_seven_known_prices_worked_by_hand(remote: str, nano: int) -> None:
    model = CATALOGUE.by_remote(remote)
    assert model is not None
    price = catalogue_price(model)
    assert price is not None
    assert cost_of(Usage(12_345, 0, 100, 678), price) == Cost(nano, "CNY")
    assert (price.source, price.as_of) == ("the XiDao team’s overview of open models", "2026-05")


def test_a_yuan_for_a_million_tokens_is_a_thousand_nano_a_token() -> None:
    price = Price(1_000, 0, None, "CNY", "", "")
    assert cost_of(Usage(1_000_000, 0, 0, 0), price) == Cost(10**9, "CNY")


def test_cached_tokens_are_paid_once_at_their_own_price() -> None:
    price = Price(1_000, 2_000, 100, "CNY", "", "")
    assert cost_of(Usage(10, 4, 0, 1), price) == Cost(6 * 1_000 + 4 * 100 + 2_000, "CNY")


def test_cached_tokens_without_a_price_cost_what_others_do() -> None:
    assert cost_of(Usage(10, 4, 0, 1), PRICE) == cost_of(Usage(10, 0, 0, 1), PRICE)


def test_reasoning_is_part_of_the_completion() -> None:
    assert cost_of(Usage(10, 0, 7, 9), PRICE) == cost_of(Usage(10, 0, 0, 9), PRICE)


@pytest.mark.parametrize("usage", [Usage(), Usage(5), Usage(None, None, None, 5)])
def test_unknown_tokens_cost_an_unknown_amount(usage: Usage) -> None:
    assert cost_of(usage, PRICE) is None


def test_a_model_without_a_price_has_none() -> None:
    unpriced = [model for model in CATALOGUE.models if model.remote is None]
    assert unpriced
    assert all(catalogue_price(model) is None for model in unpriced)


def test_a_long_prompt_is_paid_at_its_tier() -> None:
    price = Price(10, 20, None, "CNY", "", "", (Tier(100, 30, 40), Tier(1_000, 50, 60)))
    assert cost_of(Usage(100, 0, 0, 1), price) == Cost(1_020, "CNY")
    assert cost_of(Usage(101, 0, 0, 1), price) == Cost(101 * 30 + 40, "CNY")
    assert cost_of(Usage(1_001, 0, 0, 1), price) == Cost(1_001 * 50 + 60, "CNY")


def test_two_currencies_are_never_added_or_compared() -> None:
    yuan, dollars = Cost(1, "CNY"), Cost(1, "USD")
    for mix in (
        lambda: yuan + dollars,
        lambda: yuan - dollars,
        lambda: yuan < dollars,
        lambda: yuan <= dollars,
    ):
        with pytest.raises(MixedCurrencies):
            mix()
    assert totals([yuan, dollars, yuan, FREE]) == {"CNY": Cost(2, "CNY"), "USD": dollars}
    assert yuan + FREE == yuan == FREE + yuan


@pytest.mark.parametrize("nano", [1.0, "1", True])
def test_an_amount_is_a_whole_number(nano: Any) -> None:
    with pytest.raises(TypeError):
        Cost(nano, "CNY")
    with pytest.raises(TypeError):
        Price(nano, 1, None, "CNY", "", "")


def test_a_price_that_can_t_be_is_refused() -> None:
    for bad in (lambda: Price(-1, 0, None, "CNY", "", ""), lambda: Price(0, 10**8, None, "CNY", "", "")):
        with pytest.raises(ValueError):
            bad()
    with pytest.raises(ValueError):
        Price(1, 1, None, "", "", "")


@pytest.mark.parametrize("wrong", [-1, 10**12, float("nan"), "12", 1.5, True])
@pytest.mark.parametrize("name", [one.name for one in fields(Usage) if one.name.endswith("_tokens")])
def test_s29_a_usage_that_can_t_be_true_is_found(name: str, wrong: Any) -> None:
    usage = Usage(**{name: wrong})
    assert absurdity(usage)
    with pytest.raises(ValueError):
        cost_of(usage, PRICE)


def test_s29_more_cached_than_sent_or_more_thought_than_written_is_found() -> None:
    assert absurdity(Usage(5, 6, 0, 1))
    assert absurdity(Usage(5, 0, 2, 1))
    assert not absurdity(Usage(5, 5, 1, 1))
    assert not absurdity(Usage())


@given(usages(), prices())
def test_a_cost_is_whole_and_never_above_the_worst_case(usage: Usage, price: Price) -> None:
    cost = cost_of(usage, price)
    assert cost is not None
    assert type(cost.nano) is int
    assert cost <= worst_case(usage.prompt_tokens or 0, usage.completion_tokens or 0, price)


@given(prices(), tokens, tokens, tokens, tokens)
def test_a_shorter_request_never_costs_more_than_the_worst_case(
    price: Price, prompt: int, completion: int, less: int, fewer: int
) -> None:
    cost = cost_of(Usage(prompt - less % (prompt + 1), 0, 0, completion - fewer % (completion + 1)), price)
    assert cost is not None
    assert cost <= worst_case(prompt, completion, price)


@given(prices(), tokens, st.integers(0, 10**12))
def test_the_longest_answer_fits_into_what_is_left(price: Price, prompt: int, left: int) -> None:
    longest = longest_answer(Cost(left, price.currency), prompt, price)
    if longest:
        assert worst_case(prompt, longest, price) <= Cost(left, price.currency)


@given(st.lists(usages(), max_size=8), rates, rates)
def test_what_local_answers_would_have_cost_is_the_sum_of_each(
    listed: list[Usage], input_nano: int, output_nano: int
) -> None:
    price = Price(input_nano, output_nano, None, "CNY", "", "")
    each = [cost_of(Usage(one.prompt_tokens, 0, 0, one.completion_tokens), price) for one in listed]
    prompt = sum(one.prompt_tokens or 0 for one in listed)
    completion = sum(one.completion_tokens or 0 for one in listed)
    assert would_have_cost(prompt, completion, price).nano == sum(one.nano for one in each if one)


@given(prices(), tokens, tokens, tokens)
def test_a_draft_s_range_holds_what_it_can_cost(price: Price, a: int, b: int, limit: int) -> None:
    low, high = sorted((a, b))
    costs = draft_range(low, high, limit, price)
    assert costs.low <= costs.high
    assert costs.high == worst_case(high, max(limit, 1), price)
