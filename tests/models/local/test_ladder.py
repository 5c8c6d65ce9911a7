"""From what is wanted down to what is still of use, and what is said of it."""

from __future__ import annotations

import pytest

from models.local.ladder import Cache, Rung, contexts_over, rungs, size, told, usable_bytes

GB = 1_000_000_000


def test_first_the_cache_is_halved_and_then_the_context() -> None:
    assert list(rungs(8192)) == [
        Rung(8192),
        Rung(8192, Cache.Q8_0),
        Rung(4096),
        Rung(4096, Cache.Q8_0),
        Rung(2048),
        Rung(2048, Cache.Q8_0),
    ]


def test_an_odd_context_goes_down_to_powers_of_two() -> None:
    assert [rung.context for rung in rungs(40_960)][::2] == [40_960, 32_768, 16_384, 8192, 4096, 2048]
    assert [rung.context for rung in rungs(512)] == [512, 512]


@pytest.mark.parametrize("wanted", [1, 2047, 2048, 2049, 131_072])
def test_every_ladder_ends_and_never_goes_up(wanted: int) -> None:
    contexts = [rung.context for rung in rungs(wanted)]
    assert contexts == sorted(contexts, reverse=True)
    assert contexts[0] == wanted
    assert contexts[-1] == min(wanted, 2048)


def test_something_is_left_for_everybody_else() -> None:
    assert usable_bytes(16 << 30) == (16 << 30) - (512 << 20)
    assert usable_bytes(1 << 30) == 768 << 20
    assert usable_bytes(100 << 20) == 0


def test_what_is_different_is_told_in_one_sentence() -> None:
    assert told(8192, Rung(8192), 3 * GB) == ""
    assert told(32_768, Rung(8192), 3_100_000_000) == (
        "Loaded with an 8k context instead of 32k: 3.1 GB were free."
    )
    assert told(32_768, Rung(16_384, Cache.Q8_0), 3_100_000_000) == (
        "Loaded with a 16k context in 8 bits instead of 32k: 3.1 GB were free."
    )
    assert told(8192, Rung(8192, Cache.Q8_0), GB) == (
        "Loaded with its 8k context in 8 bits instead of 16: 1.0 GB were free."
    )
    assert told(8192, Rung(4096), 9 * GB, after_failure=True) == (
        "Loaded with a 4k context instead of 8k, because memory had run out."
    )


def test_sizes_as_people_say_them() -> None:
    assert [size(tokens) for tokens in (8192, 40_960, 131_072, 1000, 5000)] == [
        "8k",
        "40k",
        "128k",
        "1,000",
        "5,000",
    ]


def test_larger_contexts_to_offer_end_with_the_models_own() -> None:
    assert list(contexts_over(8192, 40_960)) == [16_384, 32_768, 40_960]
    assert list(contexts_over(8192, 8192)) == []
    assert list(contexts_over(3000, 10_000)) == [4096, 8192, 10_000]
