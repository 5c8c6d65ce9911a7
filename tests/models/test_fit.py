"""Verdicts on machines that exist, and the published advice on where models run."""

from __future__ import annotations

import re

import pytest

from models.fit import Card, Fit, Machine, Verdict, best_bits, expected_tps, fit
from models.shapes import estimated

GB = 10**9
PI_5 = Machine(8 * GB, 9e9)
LAPTOP_8 = Machine(8 * GB, 25e9)
LAPTOP_16 = Machine(16 * GB, 40e9)
M4 = Machine(24 * GB, 120e9, (Card("Apple M4", 18 * GB, 120e9),), shared=True)
RTX_4090 = Machine(64 * GB, 60e9, (Card("NVIDIA GeForce RTX 4090", 24 * GB, 1008e9),))
A100S = Machine(512 * GB, 200e9, (Card("NVIDIA A100 80GB", 80 * GB, 2039e9),) * 2)
H100S = Machine(2048 * GB, 300e9, (Card("NVIDIA H100 80GB", 80 * GB, 3350e9),) * 8)
Q4 = 4.85
"""Bits a weight of Q4_K_M, which is what INT4 comes to in a GGUF file."""


def judged(machine: Machine, billions: float, active: float | None = None, *, bits: float = Q4) -> Fit:
    shape = estimated(int(billions * 1e9), int((active or billions) * 1e9), bits, trained_context=131_072)
    return fit(shape, machine)


@pytest.mark.parametrize(
    ("model", "machine", "billions", "active"),
    [
        ("Phi-4 14B on one card", RTX_4090, 14.7, None),
        ("Gemma 3 12B on one card", RTX_4090, 12.2, None),
        ("Qwen3 32B on two", A100S, 32.8, None),
        ("Gemma 3 27B on two", A100S, 27.4, None),
        ("Maverick on eight", H100S, 400, 17),
        ("Qwen3 235B on eight", H100S, 235, 22),
        ("Phi-4-mini on a processor", LAPTOP_8, 3.8, None),
        ("Gemma 3 1B on a processor", LAPTOP_8, 1.0, None),
        ("Gemma 3 4B on a laptop", LAPTOP_16, 4.3, None),
        ("Phi-4-mini on a laptop", LAPTOP_16, 3.8, None),
        ("Phi-4-mini on a Mac", M4, 3.8, None),
    ],
)
def test_the_published_advice_comes_out(
    model: str, machine: Machine, billions: float, active: float | None
) -> None:
    result = judged(machine, billions, active)
    assert result.verdict in (Verdict.WELL, Verdict.SLOWLY), (model, result)


def test_one_billion_runs_on_a_raspberry_pi() -> None:
    assert judged(PI_5, 1.0).verdict is Verdict.WELL
    assert judged(PI_5, 3.8).verdict is Verdict.SLOWLY


@pytest.mark.parametrize(
    ("machine", "billions", "active", "verdict", "words"),
    [
        (Machine(7_500_000_000, 60e9), 8.2, None, Verdict.LESS_CONTEXT, "4,096 tokens fits"),
        (LAPTOP_8, 14.7, None, Verdict.NEEDS_GPU, "a graphics card with 12 GB"),
        (LAPTOP_16, 32.8, None, Verdict.NEEDS_GPU, "a graphics card with 24 GB"),
        (LAPTOP_16, 70.6, None, Verdict.NEEDS_GPU, "a graphics card with 48 GB"),
        (LAPTOP_16, 235, 22, Verdict.GATEWAY, "2 cards with 80 GB each"),
        (LAPTOP_16, 2000, 288, Verdict.GATEWAY, "more than one server has"),
        (Machine(256 * GB, 25e9), 405, None, Verdict.GATEWAY, "less than a word a second"),
    ],
)
def test_what_does_not_run_says_what_would_help(
    machine: Machine, billions: float, active: float | None, verdict: Verdict, words: str
) -> None:
    result = judged(machine, billions, active)
    assert result.verdict is verdict, result
    assert words in result.reason


@pytest.mark.parametrize("bits", [Q4, 8.5])
def test_a_card_that_is_named_holds_what_is_needed_or_is_said_to_take_less_context(bits: float) -> None:
    """No “needs 8.2 GB: a card with 8 GB would hold it”."""
    for tenths in range(40, 3_000, 7):
        result = judged(LAPTOP_8, tenths / 10, bits=bits)
        named = re.search(r"(?:(\d+) cards|card) with (\d+) GB", result.reason)
        if named is not None and "less context" not in result.reason:
            assert result.needed_bytes < int(named[1] or 1) * int(named[2]) * GB, result.reason


def test_arithmetic_is_kinder_than_the_published_48_gb_for_32b() -> None:
    result = judged(RTX_4090, 32.8)
    assert result.verdict is Verdict.WELL
    assert result.needed_bytes < 24 * GB


def test_a_mixture_is_as_fast_as_what_it_reads() -> None:
    dense = expected_tps(estimated(30 * GB, 30 * GB, Q4), M4, 8192, 0.0)
    mixture = expected_tps(estimated(30 * GB, 3 * GB, Q4), M4, 8192, 0.0)
    assert 5 < mixture / dense < 11


def test_what_was_measured_counts_more() -> None:
    shape = estimated(8 * GB, 8 * GB, Q4)
    assert fit(shape, LAPTOP_16, measured_tps=1.5).verdict is Verdict.SLOWLY
    assert fit(shape, LAPTOP_16, measured_tps=30.0).verdict is Verdict.WELL


def test_a_card_takes_what_fits_and_the_machine_the_rest() -> None:
    half = judged(Machine(64 * GB, 60e9, (Card("8 GB", 8 * GB, 400e9),)), 14.7)
    assert 0.5 < half.on_cards < 0.9
    whole, none = judged(RTX_4090, 14.7), judged(Machine(64 * GB, 60e9), 14.7)
    assert whole.on_cards == 1.0
    assert (none.tps or 0) < (half.tps or 0) < (whole.tps or 0)


def test_the_finest_quantisation_that_runs_well_is_proposed() -> None:
    choices = [("Q4_K_M", 4.85), ("Q5_K_M", 5.69), ("Q6_K", 6.56), ("Q8_0", 8.5)]
    small = best_bits(GB, GB, choices, LAPTOP_8)
    assert small is not None
    assert small[0] == "Q8_0"
    middle = best_bits(8 * GB, 8 * GB, choices, LAPTOP_16)
    assert middle is not None
    assert middle[0] == "Q4_K_M"
    assert best_bits(400 * GB, 17 * GB, choices, LAPTOP_16) is None


def test_never_more_context_than_a_model_was_trained_for() -> None:
    assert fit(estimated(GB, GB, Q4, trained_context=4096), LAPTOP_16, 32_768).context == 4096
