"""What a model file's header says, read without llama.cpp."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.errors import DamagedModel, NotAModel, UnsupportedModel
from models.gguf import read_header
from models.gguf_types import FILE_TYPES, TENSOR_TYPES
from models.plain import plain, shown
from tests.fixtures.gguf_writer import (
    F32,
    I32,
    TEXT,
    U8,
    U32,
    Array,
    Gguf,
    Raw,
    Tensor,
    Typed,
    usual_metadata,
)

STARTER = Path(__file__).parents[2] / "resources/starter/SmolLM2-135M-Instruct.Q4_1.gguf"


def test_a_header_says_what_the_model_is(tmp_path: Path) -> None:
    path = Gguf().write(tmp_path / "tiny.gguf")

    header = read_header(path)

    assert header.version == 3
    assert header.architecture == "llama"
    assert header.name == "Tiny Test"
    assert header.licence == "mit"
    assert header.parameters_label == "1M"
    assert header.quantisation == "Q4_K_M"
    assert header.context_length == 2048
    assert header.layers == 2
    assert header.has_chat_template
    assert header.weights_bytes == 32 * 4 * 4
    assert header.file_bytes == path.stat().st_size
    assert header.kv["general.architecture"] == "llama"
    assert "tokenizer.ggml.tokens" not in header.kv


@pytest.mark.parametrize("version", [2, 3])
def test_versions_two_and_three_are_read(tmp_path: Path, version: int) -> None:
    assert read_header(Gguf(version=version).write(tmp_path / "m.gguf")).version == version


@pytest.mark.parametrize(
    ("version", "words"),
    [(1, "first version"), (4, "version 4"), (3 << 24, "big-endian"), (2 << 24, "big")],
)
def test_other_versions_are_named(tmp_path: Path, version: int, words: str) -> None:
    with pytest.raises(UnsupportedModel, match=words):
        read_header(Gguf(version=version).write(tmp_path / "m.gguf"))


def test_every_scalar_type_is_read(tmp_path: Path) -> None:
    values = dict.fromkeys((0, 1, 2, 3, 4, 5, 10, 11), 1) | {6: 1.5, 7: True, 12: 2.5}
    metadata = usual_metadata() | {f"x.{kind}": Typed(kind, value) for kind, value in values.items()}

    kv = read_header(Gguf(metadata).write(tmp_path / "m.gguf")).kv

    assert {kind: kv[f"x.{kind}"] for kind in values} == values


def test_arrays_are_stepped_over_wherever_they_end(tmp_path: Path) -> None:
    words = [("x" * (number % 90)) for number in range(30_000)]  # more than one block, more than one read
    metadata = usual_metadata() | {
        "a.words": Array(TEXT, words),
        "a.numbers": Array(F32, [1.0] * 50_000),
        "a.bytes": Array(U8, [1] * 3),
        "a.none": Array(TEXT, []),
        "z.after": Typed(U32, 77),
    }

    path = Gguf(metadata).write(tmp_path / "m.gguf")

    assert path.stat().st_size > 1 << 20
    assert read_header(path).kv["z.after"] == 77


def test_a_text_in_an_array_may_be_longer_than_a_read(tmp_path: Path) -> None:
    metadata = usual_metadata() | {"a": Array(TEXT, ["a", "b" * (3 << 20), "c"]), "z": Typed(U32, 5)}
    assert read_header(Gguf(metadata).write(tmp_path / "m.gguf")).kv["z"] == 5


@pytest.mark.parametrize("length", [0, 1, 10, 63, 64, 255, 256, 70_000])
@pytest.mark.parametrize("at", [0, 1, 255, 256, 511])
def test_every_length_of_text_is_stepped_over(tmp_path: Path, length: int, at: int) -> None:
    texts = [["", "\n", "\0\0", "天" * (number % 20), "x" * 63][number % 5] for number in range(512)]
    texts[at] = "\n" * length
    values = usual_metadata() | {"tokenizer.ggml.tokens": Array(TEXT, texts), "last": "reached"}
    header = read_header(Gguf(values).write(tmp_path / "m.gguf"))
    assert (header.vocabulary, header.kv["last"]) == (512, "reached")


def test_very_long_texts_are_left_out(tmp_path: Path) -> None:
    metadata = usual_metadata() | {"long": "x" * ((1 << 20) + 1), "short": "y"}

    kv = read_header(Gguf(metadata).write(tmp_path / "m.gguf")).kv

    assert "long" not in kv
    assert kv["short"] == "y"


def test_no_more_than_eight_megabytes_of_text_are_kept(tmp_path: Path) -> None:
    metadata = usual_metadata() | {f"text.{number}": "x" * (1 << 20) for number in range(20)}

    kv = read_header(Gguf(metadata).write(tmp_path / "m.gguf")).kv

    assert sum(len(value) for value in kv.values() if isinstance(value, str)) < 9 << 20


@pytest.mark.parametrize(
    ("file_type", "name"), [(0, "F32"), (3, "Q4_1"), (17, "Q5_K_M"), (1024 + 7, "Q8_0"), (38, "MXFP4_MOE")]
)
def test_the_mixture_has_llama_cpps_name(tmp_path: Path, file_type: int, name: str) -> None:
    metadata = usual_metadata() | {"general.file_type": Typed(U32, file_type)}
    assert read_header(Gguf(metadata).write(tmp_path / "m.gguf")).quantisation == name


@pytest.mark.parametrize("file_type", [None, 9999])
def test_without_a_known_mixture_most_bytes_decide(tmp_path: Path, file_type: int | None) -> None:
    metadata = usual_metadata() | {"general.file_type": Typed(U32, file_type or 0)}
    if file_type is None:
        del metadata["general.file_type"]
    tensors = [Tensor("norm", (32,), 0), Tensor("big", (256, 64), 12, bytes=256 * 64 // 256 * 144)]
    assert read_header(Gguf(metadata, tensors).write(tmp_path / "m.gguf")).quantisation == "Q4_K"


def test_weights_are_summed_by_block(tmp_path: Path) -> None:
    tensors = [
        Tensor("a", (256, 2), 14, bytes=2 * 210),
        Tensor("b", (64, 3), 2, bytes=6 * 18),
        Tensor("c", (10,), 1, bytes=20),
    ]
    header = read_header(Gguf(tensors=tensors).write(tmp_path / "m.gguf"))
    assert header.weights_bytes == 2 * 210 + 6 * 18 + 20


def test_an_unknown_tensor_type_is_no_obstacle(tmp_path: Path) -> None:
    gguf = Gguf(tensors=[Tensor("a", (64,), 99, bytes=4096)])
    assert read_header(gguf.write(tmp_path / "m.gguf")).weights_bytes == 4096


def test_parameters_are_counted_where_the_file_does_not_say(tmp_path: Path) -> None:
    metadata = usual_metadata()
    del metadata["general.size_label"]
    gguf = Gguf(metadata, [Tensor("a", (1000, 1500), 99, bytes=0)])
    assert read_header(gguf.write(tmp_path / "m.gguf")).parameters_label == "1.5M"


def test_what_the_file_does_not_say_is_empty(tmp_path: Path) -> None:
    header = read_header(Gguf({"x": 1}, []).write(tmp_path / "m.gguf"))

    assert (header.architecture, header.name, header.licence, header.quantisation) == ("", "", "", "")
    assert (header.context_length, header.layers) == (None, None)
    assert not header.has_chat_template
    assert header.weights_bytes == 0


def test_values_of_a_wrong_type_count_as_absent(tmp_path: Path) -> None:
    metadata = usual_metadata() | {
        "general.name": Typed(U32, 7),
        "llama.context_length": "long",
        "llama.block_count": True,
    }
    header = read_header(Gguf(metadata).write(tmp_path / "m.gguf"))
    assert (header.name, header.context_length, header.layers) == ("", None, None)


def test_names_are_fit_for_a_line(tmp_path: Path) -> None:
    metadata = usual_metadata() | {"general.name": "\x1b]0;x\x07 Nice\n\u202emodel\u200b " + "y" * 500}
    name = read_header(Gguf(metadata).write(tmp_path / "m.gguf")).name
    assert name.startswith("]0;x Nice model")
    assert len(name) == 120
    assert name.isprintable()


def test_bytes_that_are_no_text_become_replacement_characters(tmp_path: Path) -> None:
    metadata = usual_metadata() | {"general.name": Raw(TEXT, b"\x03\0\0\0\0\0\0\0a\xffb")}
    assert read_header(Gguf(metadata).write(tmp_path / "m.gguf")).name == "a\ufffdb"


@pytest.mark.parametrize("alignment", [1, 32, 64, 4096])
def test_the_alignment_is_honoured(tmp_path: Path, alignment: int) -> None:
    metadata = usual_metadata() | {"general.alignment": Typed(U32, alignment)}
    path = Gguf(metadata, alignment=alignment).write(tmp_path / "m.gguf")
    read_header(path)

    path.write_bytes(path.read_bytes()[: -alignment if alignment > 1 else -1])
    with pytest.raises(DamagedModel, match="ends early"):
        read_header(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n\n  <html lang=en>", "web page"),
        (b'{"error": "Access denied"}', "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\x1f\x8b\x08\x00", "archive"),
        (b"tjgg\x03\0\0\0", "older than GGUF"),
        (b"\x10\0\0\0\0\0\0\0{...", "Safetensors"),
        (b"GG", "does not begin"),
        (bytes(100), "does not begin"),
    ],
)
def test_another_file_is_named_for_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(NotAModel, match=words):
        read_header(path)


def test_a_large_vocabulary_is_read_quickly(tmp_path: Path) -> None:
    """150,000 tokens and as many merges: 16 ms where this was written. The limit only tells a slow way."""
    words = ["x" * (number % 13 + 1) for number in range(150_000)]
    metadata = usual_metadata() | {
        "tokenizer.ggml.tokens": Array(TEXT, words),
        "tokenizer.ggml.token_type": Array(I32, [1] * len(words)),
        "tokenizer.ggml.merges": Array(TEXT, words),
    }
    path = Gguf(metadata).write(tmp_path / "m.gguf")

    assert min(_seconds(path) for _ in range(5)) < 0.15


def _seconds(path: Path) -> float:
    begun = time.perf_counter()
    read_header(path)
    return time.perf_counter() - begun


def test_the_tables_are_those_of_the_built_engine() -> None:
    """Asked in a process of its own: this one must not load llama.cpp."""
    engine = json.loads(subprocess.check_output([sys.executable, "-c", _ASK_GGML], text=True))

    ours = {str(kind): list(facts) for kind, facts in TENSOR_TYPES.items()}
    assert ours == engine["tensors"]
    assert {int(kind): name for kind, name in engine["files"].items()} == FILE_TYPES


_ASK_GGML = """
import ctypes, json, pathlib, re
import llama_cpp
import llama_cpp.llama_cpp as llama
folder = pathlib.Path(llama_cpp.__file__).parent / "lib"
ggml = ctypes.CDLL(str(next(path for path in folder.iterdir() if "ggml-base" in path.name)))
ggml.ggml_type_name.restype = ctypes.c_char_p
ggml.ggml_type_size.restype = ctypes.c_size_t
ggml.ggml_blck_size.restype = ctypes.c_int64
tensors = {}
header = folder.parents[1] / "include" / "ggml.h"  # asking beyond the last type aborts
text = header.read_text() if header.exists() else "GGML_TYPE_COUNT = 43"
for kind in range(int(re.search(r"GGML_TYPE_COUNT\\s*=\\s*(\\d+)", text)[1])):
    block = ggml.ggml_blck_size(kind)
    if block:
        tensors[kind] = [ggml.ggml_type_name(kind).decode().upper(), block, ggml.ggml_type_size(kind)]
prefix = "LLAMA_FTYPE_"
files = {
    value: name.removeprefix(prefix).removeprefix("MOSTLY_").removeprefix("ALL_")
    for name, value in vars(llama).items()
    if name.startswith(prefix) and value != 1024
}
print(json.dumps({"tensors": tensors, "files": files}))
"""


@pytest.mark.model
def test_the_starter() -> None:
    header = read_header(STARTER)

    assert header.architecture == "llama"
    assert header.quantisation == "Q4_1"
    assert header.parameters_label == "135M"
    assert (header.context_length, header.layers) == (8192, 30)
    assert header.has_chat_template
    assert header.file_bytes == 98_362_432
    assert 96_000_000 < header.weights_bytes < header.file_bytes


def test_plain_and_shown() -> None:
    assert plain(" a\tb\n c\x00 ", 4) == "a b "
    assert shown(Path("/tmp/\udcff\n\x1b[31mx")) == "/tmp/? [31mx"
