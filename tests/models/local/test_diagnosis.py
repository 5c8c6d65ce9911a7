"""Causes are told in plain words, from llama.cpp's log or from how the process ended."""

from __future__ import annotations

import signal

import pytest

from models.errors import (
    DamagedModel,
    ModelError,
    ModelFileMissing,
    ModelTooLarge,
    NotAModel,
    UnsupportedModel,
)
from models.local import diagnosis

# Lines as llama.cpp writes them.
LOGS = [
    ("gguf_init_from_reader: invalid magic characters: '<!DO', expected 'GGUF'", NotAModel, "web page"),
    ("gguf_init_from_reader: invalid magic characters: 'PK??', expected 'GGUF'", NotAModel, "ZIP"),
    ("gguf_init_from_reader: invalid magic characters: 'tjgg', expected 'GGUF'", NotAModel, "GGUF"),
    ("gguf_init_from_reader: failed to read magic", NotAModel, "empty"),
    (
        "gguf_init_from_reader: this GGUF file is version 99 but this software only supports up to version 3",
        UnsupportedModel,
        "version 99",
    ),
    ("gguf_init_from_reader: GGUFv1 is no longer supported, please use", UnsupportedModel, "first version"),
    (
        "failed to load model: this GGUF file version 50331648 is extremely large, is there a mismatch "
        "between the host and model endianness?",
        UnsupportedModel,
        "byte order",
    ),
    (
        "llama_model_load: error loading model: unknown model architecture: 'frobnicator9'",
        UnsupportedModel,
        "“frobnicator9”",
    ),
    ("error loading model: unknown model architecture: ''", DamagedModel, "kind of model"),
    (
        "error loading model: CLIP cannot be used as main model, use it with --mmproj instead",
        UnsupportedModel,
        "clip",
    ),
    (
        "error loading model: error loading model vocabulary: unknown pre-tokenizer type: 'new-one'",
        UnsupportedModel,
        "“new-one”",
    ),
    ("tensor 't' has invalid ggml type 77. should be in [0, 43)", UnsupportedModel, "type 77"),
    ("gguf_init_from_reader: failed to read key-value pairs", DamagedModel, "cut off"),
    (
        "error loading model: tensor 'output_norm.weight' data is not within the file bounds, model is "
        "corrupted or incomplete",
        DamagedModel,
        "end of the file is missing",
    ),
    ("key not found in model: llama.context_length", DamagedModel, "llama.context_length"),
    ("error loading model: missing tensor 'blk.0.attn_q.weight'", DamagedModel, "fit together"),
    ("alloc_buffer: failed to allocate buffer of size 99", ModelTooLarge, "memory"),
    ("error loading model: unable to allocate CPU buffer", ModelTooLarge, "memory"),
    ("mmap failed: Cannot allocate memory", ModelTooLarge, "memory"),
    ("gguf_init_from_file: failed to open GGUF file '/x' (No such file)", ModelFileMissing, "not there"),
    ("gguf_init_from_file: failed to open GGUF file '/x' (Permission denied)", ModelFileMissing, "may not"),
    ("llama_model_load: error loading model: something quite new", UnsupportedModel, "something quite new"),
    ("", UnsupportedModel, "does not accept"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind", "word"), LOGS)
def test_the_log_tells_the_cause(line: str, kind: type[ModelError], word: str) -> None:
    error = diagnosis.load_failure("/models/my model.gguf", [line, "failed to load model"])
    assert type(error) is kind
    assert "my model.gguf" in error.cause
    assert word in error.cause
    assert "failed to load" not in f"{error.title} {error.cause} {error.hint}".lower()
    assert line in error.details


def test_memory_is_told_in_numbers() -> None:
    error = diagnosis.too_large("a.gguf", 5_200_000_000, 3_100_000_000)
    assert "5.2 GB" in error.cause
    assert "3.1 GB" in error.cause


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals are POSIX")
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (-4, ["processor", "CPU not supported"]),
        (-6, ["checks"]),
        (-7, ["file was changed"]),
        (-8, ["calculation"]),
        (-9, ["memory", "smaller model"]),
        (-11, ["memory that it may not touch"]),
        (0, ["before it had answered"]),
        (3, ["exit code 3"]),
        (-60, ["-60"]),
        (0xC000001D, ["processor"]),
        (0xC0000005, ["may not touch"]),
        (None, ["None"]),
    ],
)
def test_the_way_it_ended_tells_the_cause(number: int | None, words: list[str]) -> None:
    error = diagnosis.crash(number, "last words", loading="/x/big.gguf")
    assert all(word in f"{error.cause} {error.hint}" for word in words)
    assert "“big.gguf”" in error.cause
    assert str(number) in error.details
    assert "last words" in error.details


def test_a_file_name_that_is_no_text_can_be_told() -> None:
    error = diagnosis.unreadable("/x/a\udcff.gguf", FileNotFoundError(2, "No such file"))
    error.cause.encode()
    assert "not there" in error.cause
