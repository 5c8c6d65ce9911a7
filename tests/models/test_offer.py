"""The catalogue's rows: judged by a machine, priced exactly, filtered and sorted as asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from models.advice import Who
from models.catalogue import load
from models.expected import best_fit, expected_shape
from models.facts import CatalogueModel, StatedPrice, Strength
from models.fit import Machine, Verdict
from models.licences import Tier
from models.offer import Offer, installed_ids, offers, parameters_words, per_million, price_words
from models.selection import Choice, Order, Task, Wish, select

CATALOGUE = load(Path(__file__).parents[2] / "resources" / "catalogue")
LAPTOP = Machine(16 * 10**9, 40e9)
OFFERS = offers(CATALOGUE, LAPTOP)


def model(model_id: str) -> CatalogueModel:
    found = CATALOGUE.get(model_id)
    assert found is not None
    return found


def offer(model_id: str, machine: Machine = LAPTOP) -> Offer:
    return next(one for one in offers(CATALOGUE, machine) if one.id == model_id)


def chosen(wish: Wish) -> list[str]:
    return [one.offer.id for one in select(OFFERS, wish, CATALOGUE) if not one.left_out]


# -- memory from the catalogue's dimensions


def test_known_dimensions_make_the_context_s_part_exact() -> None:
    shape = expected_shape(model("qwen3-8b"), 8.5)
    assert shape is not None
    assert shape.weights_bytes == 8_500_000_000
    # keys and values of 36 layers, 8 heads of 128 numbers of 2 bytes
    assert shape.cache_bytes(1024) == 1024 * 36 * 2 * 8 * 128 * 2


def test_latent_attention_keeps_one_key() -> None:
    shape = expected_shape(model("deepseek-v3"), 4.85)
    assert shape is not None
    known = model("deepseek-v3").shape
    assert known is not None
    assert (shape.kv_heads[0], shape.keeps_values) == (1, False)
    assert shape.key_length == (known.kv_latent or 0) + (known.kv_rope or 0)
    assert shape.active_bytes == int(37e9 * 4.85 / 8)


def test_windows_follow_the_pattern() -> None:
    shape = expected_shape(model("gemma-3-4b"), 4.85)
    known = model("gemma-3-4b").shape
    assert shape is not None
    assert known is not None
    every = known.full_attention_every
    assert every
    assert next(layer for layer, window in enumerate(shape.windows) if not window) == every - 1


def test_without_dimensions_it_is_estimated_and_without_a_size_unknown() -> None:
    bare = replace(model("qwen3-8b"), shape=None)
    assert expected_shape(bare, 4.85) is not None
    unknown = replace(bare, parameters=None)
    assert best_fit(unknown, LAPTOP) is None


def test_the_finest_that_runs_well_is_proposed_of_those_there_are_files_of() -> None:
    assert offer("qwen3-1.7b").quantisation == "Q8_0"
    slow = offer("qwen3-8b")
    assert (slow.quantisation, slow.fit and slow.fit.verdict) == ("Q4_K_M", Verdict.SLOWLY)
    fast = offer("qwen3-8b", Machine(64 * 10**9, 65e9))
    assert fast.quantisation == "Q6_K"  # Q5_K_M has no file, Q8_0 is below six tokens a second
    only = replace(model("qwen3-8b"), files=())
    assert best_fit(only, Machine(64 * 10**9, 400e9)) is not None


# -- one row


def test_a_price_is_exact() -> None:
    assert per_million("CNY", 800) == "¥0.8"
    assert per_million("CNY", 2_000) == "¥2"
    assert per_million("CNY", 10_000) == "¥10"
    assert per_million("JPY", 1) == "0.001 JPY"
    assert price_words(StatedPrice("CNY", 1_500, 4_500)) == "¥1.5 in, ¥4.5 out per million tokens"


def test_sizes_in_words() -> None:
    assert parameters_words(model("qwen3-235b")) == "235 B, 22 B active"
    assert parameters_words(model("smollm2-135m")) == "135 M"
    assert parameters_words(model("llama-4-maverick")).startswith("at least 400 B")
    assert parameters_words(replace(model("qwen3-8b"), parameters=None)) == ""


def test_the_gateway_is_named_only_where_it_has_the_model() -> None:
    assert offer("qwen3-235b").verdict == "use the gateway"
    huge = replace(offer("qwen3-235b"), model=replace(model("qwen3-235b"), remote=None))
    assert huge.verdict == "too large for this machine"


def test_what_no_file_is_known_of_does_not_run_here() -> None:
    one = offer("phi-4-multimodal")
    assert not one.runs
    assert one.verdict == "no file for this machine"
    assert replace(one, installed=True).runs


def test_installed_models_are_recognised_by_their_own_names() -> None:
    @dataclass(frozen=True)
    class File:
        architecture: str
        name: str

    files = [File("qwen3", "Qwen3 8B"), File("qwen3", "Qwen3 8B Funny Tune"), File("llama", "x")]
    found = installed_ids(CATALOGUE, files)
    assert found == {"qwen3-8b"}
    rows = offers(CATALOGUE, LAPTOP, found)
    assert [one.id for one in rows if one.installed] == ["qwen3-8b"]


# -- the choice


def test_nothing_asked_shows_all_the_best_here_first() -> None:
    ids = chosen(Wish())
    assert len(ids) == len(CATALOGUE.models)
    first = offer(ids[0])
    assert first.fit is not None
    assert first.fit.verdict is Verdict.WELL
    assert offer(ids[-1]).fit is not None
    assert not offer(ids[-1]).runs


def test_each_filter() -> None:
    assert all(offer(one).runs for one in chosen(Wish(fits=True)))
    assert "qwen3-235b" not in chosen(Wish(fits=True))
    assert all(one.startswith("qwen3") for one in chosen(Wish(thinking=True)))
    assert set(chosen(Wish(images=True))) >= {"gemma-3-4b", "llama-4-scout"}
    assert "qwen3-8b" not in chosen(Wish(images=True))
    assert chosen(Wish(text="microsoft mini")) == ["phi-4-mini"]
    assert chosen(Wish(text="nothing like it")) == []


@pytest.mark.parametrize("tier", Tier)
def test_a_tier_is_the_widest_that_is_shown(tier: Tier) -> None:
    shown = chosen(Wish(licence=tier))
    assert shown
    expected = {one.id for one in OFFERS if one.label.tier is not None and one.label.tier <= tier}
    assert set(shown) == expected


def test_who_asks_gets_a_reason_for_each_and_those_left_out_last() -> None:
    rows = select(OFFERS, Wish(licence=Who.INDIVIDUAL), CATALOGUE)
    assert all(row.reason for row in rows)
    flags = [row.left_out for row in rows]
    assert flags == sorted(flags)
    assert {row.offer.family for row in rows if row.left_out} == {"llama-4", "gemma-3", "mistral-large-3"}


def test_a_task_leads_with_its_strength_then_with_the_scores() -> None:
    rows = chosen(Wish(task=Task.CHINESE))
    strong = [Strength.CHINESE in model(one).strengths for one in rows]
    assert strong == sorted(strong, reverse=True)
    assert rows[0] == "qwen3-235b"
    assert "phi-4-14b" in rows  # no strength of its, but measured
    assert "gemma-3-1b" not in rows


def test_orders() -> None:
    names = [model(one).name.casefold() for one in chosen(Wish(order=Order.NAME))]
    assert names == sorted(names)
    assert chosen(Wish(order=Order.SMALLEST))[0] == "smollm2-135m"
    assert chosen(Wish(order=Order.FASTEST))[0] == "smollm2-135m"
    assert chosen(Wish(order=Order.CHEAPEST))[:2] == ["phi-4-14b", "deepseek-v3"]


def test_rows_are_values() -> None:
    assert Choice(OFFERS[0]) == Choice(OFFERS[0], "", False)
