"""The estimate refuses the hopeless and nothing else."""

from __future__ import annotations

from models.local.memory import context_bytes, needed_bytes

LLAMA_8B = {
    "general.architecture": "llama",
    "llama.block_count": 32,
    "llama.embedding_length": 4096,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
}


def test_the_context_of_a_known_model() -> None:
    assert context_bytes(LLAMA_8B, 8192) == 1 << 30


def test_stated_head_sizes_count() -> None:
    kv = LLAMA_8B | {"llama.attention.key_length": 256, "llama.attention.value_length": 256}
    assert context_bytes(kv, 8192) == 2 << 30


def test_the_context_is_made_of_blocks_of_256() -> None:
    assert context_bytes(LLAMA_8B, 1) == context_bytes(LLAMA_8B, 256) > 0


def test_what_the_file_does_not_say_counts_as_nothing() -> None:
    assert context_bytes({}, 8192) == 0
    assert context_bytes(LLAMA_8B | {"llama.attention.head_count_kv": "8"}, 8192) == 0
    assert needed_bytes(1000, {}, 8192) < 200_000_000
