"""The article's deployment and edge tables beside our arithmetic, on the recorded machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.advised import Comparison, compared, meets, sold_gb
from models.catalogue import load
from models.facts import Advised, CatalogueModel
from models.fit import Card, Machine
from models.sources import YOURS

GB = 10**9
SHIPPED = load(Path(__file__).parents[2] / "resources" / "catalogue")
MACHINES = {
    "Raspberry Pi 5": Machine(int(8.2 * GB), 9e9),
    "8 GB laptop": Machine(int(8.0 * GB), 25e9),
    "16 GB laptop": Machine(int(16.4 * GB), 40e9),
    "M4": Machine(int(25.8 * GB), 120e9, (Card("Apple M4", 18 * GB, 120e9),), shared=True),
    "RTX 4090": Machine(64 * GB, 60e9, (Card("NVIDIA GeForce RTX 4090", 24564 << 20, 1008e9),)),
    "2 A100": Machine(512 * GB, 200e9, (Card("NVIDIA A100 80GB", 81920 << 20, 2039e9),) * 2),
    "8 H100": Machine(2048 * GB, 300e9, (Card("NVIDIA H100 80GB", 81559 << 20, 3350e9),) * 8),
}
TABLE = {
    "single GPU": ({"phi-4-14b", "gemma-3-12b"}, 24, None),
    "multi-GPU": ({"qwen3-32b", "gemma-3-27b"}, 48, None),
    "cluster": ({"llama-4-maverick", "qwen3-235b"}, 640, None),
    "CPU": ({"phi-4-mini", "gemma-3-1b"}, None, 8),
    "PC": ({"gemma-3-4b", "phi-4-mini"}, None, 16),
}
ADVISED = sorted(set().union(*(models for models, _, _ in TABLE.values())))


def model(model_id: str) -> CatalogueModel:
    found = SHIPPED.get(model_id)
    assert found is not None
    return found


@pytest.mark.parametrize("row", TABLE)
def test_the_articles_tables_are_in_the_catalogue(row: str) -> None:
    models, card_gb, memory_gb = TABLE[row]
    found = {
        one.id
        for one in SHIPPED.models
        for advised in one.hardware
        if (advised.card_gb, advised.memory_gb) == (card_gb, memory_gb)
    }
    assert found == models


def test_advice_has_its_source_and_models_without_any_have_none() -> None:
    assert sorted(one.id for one in SHIPPED.models if one.hardware) == ADVISED
    assert all(model(one).sources["hardware"].id == "article" for one in ADVISED)
    assert compared(model("deepseek-v3"), MACHINES["8 H100"]) is None
    places = {advised.place for advised in model("gemma-3-1b").hardware}
    assert places == {"a processor", "a phone", "a small board"}


RUNS_WHERE_ADVISED = [
    ("RTX 4090", "phi-4-14b"), ("RTX 4090", "gemma-3-12b"), ("2 A100", "qwen3-32b"),
    ("2 A100", "gemma-3-27b"),
    ("8 H100", "llama-4-maverick"), ("8 H100", "qwen3-235b"), ("8 GB laptop", "phi-4-mini"),
    ("8 GB laptop", "gemma-3-1b"), ("Raspberry Pi 5", "gemma-3-1b"), ("16 GB laptop", "gemma-3-4b"),
    ("16 GB laptop", "phi-4-mini"), ("M4", "phi-4-mini"),
]  # fmt: skip


@pytest.mark.parametrize(("machine", "model_id"), RUNS_WHERE_ADVISED)
def test_what_is_advised_runs(machine: str, model_id: str) -> None:
    found = compared(model(model_id), MACHINES[machine])
    assert found is not None
    assert (found.met, found.comparison) == (True, Comparison.AGREES)
    assert "which this machine has; by our arithmetic, too, it runs" in found.words


KINDER = [
    ("16 GB laptop", "gemma-3-12b", "a 24 GB card at INT4", "with 16 GB of memory, slowly."),
    ("16 GB laptop", "phi-4-14b", "a 24 GB card at INT4", "with 16 GB of memory, slowly."),
    ("M4", "gemma-3-12b", "a 24 GB card at INT4", "with 24 GB of memory."),
    ("M4", "qwen3-32b", "48 GB of graphics memory", "with 24 GB of memory, slowly."),
    ("RTX 4090", "qwen3-32b", "48 GB of graphics memory", "with a card of 24 GB and 64 GB of memory."),
    ("8 GB laptop", "gemma-3-4b", "16 GB of memory", "with 8 GB of memory."),
    ("2 A100", "qwen3-235b", "eight A100 cards with 80 GB each", "2 cards of 80 GB and 512 GB of memory."),
]


@pytest.mark.parametrize(("machine", "model_id", "least", "has"), KINDER)
def test_where_arithmetic_is_kinder_both_are_said(machine: str, model_id: str, least: str, has: str) -> None:
    found = compared(model(model_id), MACHINES[machine])
    assert found is not None
    assert (found.met, found.comparison) == (False, Comparison.KINDER)
    assert found.words.startswith(f"The article advises {least}; by our arithmetic it also runs here ")
    assert found.words.endswith(has)


def test_where_arithmetic_is_harsher_both_are_said() -> None:
    bold = replace(model("gemma-3-27b"), hardware=(Advised("a laptop", "8 GB of memory", memory_gb=8),))
    found = compared(bold, MACHINES["8 GB laptop"])
    assert found is not None
    assert (found.met, found.comparison) == (True, Comparison.HARSHER)
    assert "which this machine has; but by our arithmetic it needs 20.8 GB" in found.words


def test_where_neither_side_has_it_running_both_numbers_are_said() -> None:
    found = compared(model("qwen3-32b"), MACHINES["8 GB laptop"])
    assert found is not None
    assert found.comparison is Comparison.AGREES
    assert found.words == (
        "The article advises 48 GB of graphics memory; by our arithmetic it needs 21.9 GB: "
        "a graphics card with 24 GB would hold it."
    )


def test_every_sentence_is_whole() -> None:
    for machine in MACHINES.values():
        for model_id in ADVISED:
            found = compared(model(model_id), machine)
            assert found is not None
            assert found.words.endswith(".")
            assert ".." not in found.words


def test_your_own_advice_is_called_yours() -> None:
    own = replace(model("gemma-3-4b"), sources={"hardware": YOURS})
    found = compared(own, MACHINES["M4"])
    assert found is not None
    assert found.words.startswith("Your entry advises")


def test_memory_that_is_shared_is_no_cards_own() -> None:
    card = Advised("a card", "16 GB", card_gb=16)
    assert not meets(card, MACHINES["M4"])
    assert meets(card, MACHINES["RTX 4090"])
    assert not meets(Advised("a phone", "a flagship phone"), MACHINES["8 H100"])


@pytest.mark.parametrize(
    ("memory", "sold"), [(int(8.2 * GB), 8), (24564 << 20, 24), (81920 << 20, 80), (int(13.9 * GB), 13.9)]
)
def test_memory_is_told_as_it_is_sold(memory: int, sold: float) -> None:
    assert sold_gb(memory) == sold
