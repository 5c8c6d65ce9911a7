"""Memory by formula, against llama.cpp's own numbers and against models that are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.gguf import GgufHeader, read_header
from models.local.engine.log import Log
from models.local.engine.rehearsal import Rehearsal
from models.local.ladder import Cache, Rung
from models.shapes import F16, Q8_0, Shape, estimated, of_header
from tests.fakes import ROOT, STARTER
from tests.fixtures.tiny_gguf import write_tiny

THINKER = ROOT / "tests" / "fixtures" / "thinker" / "thinker.gguf"
BYTES = {Cache.F16: F16, Cache.Q8_0: Q8_0}


def shape_of(path: Path) -> Shape:
    shape = of_header(read_header(path))
    assert shape is not None
    return shape


@pytest.mark.model
@pytest.mark.parametrize("context", [2048, 4096, 8192])
@pytest.mark.parametrize("cache", list(Cache))
@pytest.mark.parametrize("model", ["starter", "thinker", "tiny"])
def test_the_formula_says_what_llama_cpp_says(model: str, cache: Cache, context: int, tmp_path: Path) -> None:
    path = {"starter": STARTER, "thinker": THINKER, "tiny": tmp_path / "m.gguf"}[model]
    if model == "tiny":
        write_tiny(path, context=8192)
    shape = shape_of(path)
    with Rehearsal(str(path), Log()) as rehearsal:
        needs = rehearsal.needs(Rung(context, cache))
    assert needs is not None
    assert shape.weights_bytes == pytest.approx(needs.weights, rel=0.01)
    assert shape.cache_bytes(context, BYTES[cache]) == pytest.approx(needs.cache, rel=0.01, abs=10_000)
    assert shape.process_bytes() == needs.process
    total = shape.total_bytes(context, BYTES[cache], flash=cache is Cache.Q8_0)
    assert total == pytest.approx(needs.total, rel=0.05, abs=5 << 20)


Arrays = dict[str, tuple[float, ...]]


def header(architecture: str, values: dict[str, int], arrays: Arrays | None = None) -> GgufHeader:
    kv = {f"{architecture}.{name.replace('__', '.')}": value for name, value in values.items()}
    named = {f"{architecture}.{name}": array for name, array in (arrays or {}).items()}
    return GgufHeader(
        3,
        architecture,
        "",
        "",
        "",
        "",
        131_072,
        values["block_count"],
        True,
        10**9,
        10**9,
        kv,
        named,
        100_000,
    )


LLAMA_8B = {
    "block_count": 32,
    "embedding_length": 4096,
    "attention__head_count": 32,
    "attention__head_count_kv": 8,
}


def test_a_model_of_eight_billions_keeps_128_kib_for_a_token() -> None:
    shape = of_header(header("llama", LLAMA_8B))
    assert shape is not None
    assert shape.cache_bytes(8192) == 1 << 30
    assert shape.cache_bytes(8192, Q8_0) == (1 << 29) * 34 // 32
    assert shape.cache_bytes(1) == shape.cache_bytes(256)


def test_layers_may_have_heads_of_their_own() -> None:
    values = {name: value for name, value in LLAMA_8B.items() if name != "attention__head_count_kv"}
    shape = of_header(header("deci", values, {"attention.head_count_kv": (8, 0) * 16}))
    assert shape is not None
    assert shape.cache_bytes(8192) == 1 << 29


def test_windows_count_where_they_are_used() -> None:
    values = LLAMA_8B | {"block_count": 12, "attention__sliding_window": 1024}
    shape = of_header(header("gemma3", values))
    assert shape is not None
    assert shape.windows == (1024,) * 5 + (0,) + (1024,) * 5 + (0,)
    whole, short = shape.cache_bytes(8192), shape.cache_bytes(8192, whole=False)
    assert short * 12 == whole * 2 + whole * 10 * 1536 // 8192
    own = of_header(header("gpt-oss", values, {"attention.sliding_window_pattern": (1, 0) * 6}))
    assert own is not None
    assert own.windows == (1024, 0) * 6


def test_latent_attention_keeps_keys_only() -> None:
    values = {"block_count": 61, "embedding_length": 7168, "attention__head_count": 128}
    values |= {"attention__kv_lora_rank": 512, "rope__dimension_count": 64}
    shape = of_header(header("deepseek2", values))
    assert shape is not None
    assert shape.cache_bytes(1024) == 1024 * 61 * 576 * 2


def test_of_a_mixture_only_some_experts_are_read() -> None:
    mixture = replace(
        header("qwen3moe", LLAMA_8B | {"expert_count": 128, "expert_used_count": 8}), expert_bytes=960_000_000
    )
    shape = of_header(mixture)
    assert shape is not None
    assert shape.active_bytes == 10**9 - 900_000_000


@pytest.mark.parametrize(
    "values", [{"block_count": 0}, {"block_count": 5}, {"block_count": 5, "embedding_length": 8}]
)
def test_a_header_that_does_not_tell_has_no_shape(values: dict[str, int]) -> None:
    assert of_header(header("llama", values)) is None


@pytest.mark.parametrize(
    ("billions", "kib"),
    [(8.2, 144), (32.8, 256), (1.0, 26), (3.8, 128), (14.7, 200), (12.2, 192), (70.6, 320)],
)
def test_what_is_estimated_is_near_what_is_known(billions: float, kib: float) -> None:
    """Qwen3 8B and 32B, Gemma 3 1B, Phi-4-mini, Phi-4, Gemma 3 12B (half of it windowed), Llama 3 70B."""
    parameters = int(billions * 1e9)
    found = estimated(parameters, parameters, 4.85).cache_bytes(1024) / 1024 / 1024
    assert kib / 2 <= found <= kib * 2
