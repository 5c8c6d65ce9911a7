"""S01, the half that runs in the window's process: reading the header of a hostile file.

Whatever the bytes are, the answer comes fast, in little memory, as an AppError or a header, and so does the
judgement of what it would take of this machine.
"""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import AppError, DamagedModel, NotAModel, UnsupportedModel
from models.fit import Machine, fit
from models.gguf import read_header
from models.shapes import of_header
from tests.fixtures.gguf_writer import (
    ARRAY,
    F32,
    F64,
    TEXT,
    U8,
    U32,
    U64,
    Array,
    Gguf,
    Raw,
    Tensor,
    Typed,
    Value,
    text,
    usual_metadata,
)

_ROOT = Path(__file__).parents[2]
_FAST_S = 2.0
_MEMORY_BYTES = 160 << 20

_HUGE = [1 << 31, 1 << 32, 1 << 40, 1 << 60, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]


_SHAPED: dict[str, Value] = {
    "llama.block_count": Typed(U32, 2),
    "llama.embedding_length": Typed(U32, 64),
    "llama.attention.head_count": Typed(U32, 4),
    "llama.attention.head_count_kv": Typed(U32, 2),
    "llama.attention.key_length": Typed(U32, 16),
    "llama.attention.sliding_window": Typed(U32, 8),
    "llama.expert_count": Typed(U32, 8),
    "llama.expert_used_count": Typed(U32, 2),
}


def _with(**changes: Value) -> Gguf:
    return Gguf(usual_metadata() | {key.replace("__", "."): value for key, value in changes.items()})


def _text_of_length(length: int) -> Raw:
    return Raw(TEXT, struct.pack("<Q", length) + b"abc")


def _key_of_length(length: int) -> bytes:
    return b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, length) + b"general"


def _tensor(*shape: int, kind: int = 0, offset: int | None = None) -> Gguf:
    return Gguf(tensors=[Tensor("t", shape, kind, offset, bytes=64)])


CORPUS: dict[str, tuple[type[AppError], bytes]] = {
    "empty": (DamagedModel, b""),
    "html": (NotAModel, b"<!DOCTYPE html><html><body>404</body></html>"),
    "random": (NotAModel, random.Random(1).randbytes(5000)),
    "magic only": (DamagedModel, b"GGUF"),
    "magic and version": (DamagedModel, b"GGUF\x03\0\0\0"),
    "no keys": (DamagedModel, b"GGUF" + struct.pack("<IQ", 3, 1)),
    "version 0": (DamagedModel, Gguf(version=0).to_bytes()),
    "version 2^32-1": (UnsupportedModel, Gguf(version=2**32 - 1).to_bytes()),
    "big-endian": (UnsupportedModel, Gguf(version=3 << 24).to_bytes()),
    **{f"n_kv {n:#x}": (DamagedModel, Gguf(key_count=n).to_bytes()) for n in _HUGE},
    **{f"n_tensors {n:#x}": (DamagedModel, Gguf(tensor_count=n).to_bytes()) for n in _HUGE},
    **{f"string {n:#x}": (DamagedModel, _with(evil=_text_of_length(n)).to_bytes()) for n in _HUGE},
    **{f"key {n:#x}": (DamagedModel, _key_of_length(n)) for n in _HUGE},
    **{f"array {n:#x}": (DamagedModel, _with(evil=Array(F32, [], n)).to_bytes()) for n in _HUGE},
    **{f"bytes {n:#x}": (DamagedModel, _with(evil=Array(U8, [], n)).to_bytes()) for n in _HUGE},
    **{f"texts {n:#x}": (DamagedModel, _with(evil=Array(TEXT, ["a"], n)).to_bytes()) for n in _HUGE},
    **{
        f"text in array {n:#x}": (
            DamagedModel,
            _with(evil=Raw(ARRAY, struct.pack("<IQQ", TEXT, 2, n) + b"abc")).to_bytes(),
        )
        for n in _HUGE
    },
    "nested array": (
        DamagedModel,
        _with(evil=Raw(ARRAY, struct.pack("<IQ", ARRAY, 1) + struct.pack("<IQ", U8, 0))).to_bytes(),
    ),
    "deeply nested array": (
        DamagedModel,
        _with(evil=Raw(ARRAY, struct.pack("<IQ", ARRAY, 1) * 100_000)).to_bytes(),
    ),
    "bad type": (DamagedModel, _with(evil=Raw(13, b"12345678")).to_bytes()),
    "bad type 2^32-1": (DamagedModel, _with(evil=Raw(2**32 - 1, b"12345678")).to_bytes()),
    "bad array type": (DamagedModel, _with(evil=Array(99, [], 1)).to_bytes()),
    "alignment 0": (DamagedModel, _with(general__alignment=Typed(U32, 0)).to_bytes()),
    "alignment 3": (DamagedModel, _with(general__alignment=Typed(U32, 3)).to_bytes()),
    "alignment 2^31": (DamagedModel, _with(general__alignment=Typed(U32, 1 << 31)).to_bytes()),
    "alignment 2^63": (DamagedModel, _with(general__alignment=Typed(U64, 1 << 63)).to_bytes()),
    "alignment is a text": (DamagedModel, _with(general__alignment="32").to_bytes()),
    "too many dimensions": (DamagedModel, Gguf(tensors=[Tensor(dimensions=5)]).to_bytes()),
    "2^32-1 dimensions": (DamagedModel, Gguf(tensors=[Tensor(dimensions=2**32 - 1)]).to_bytes()),
    "dimensions overflow": (DamagedModel, _tensor(2**32, 2**32).to_bytes()),
    "dimensions overflow to 0": (DamagedModel, _tensor(2**32, 2**32, 2**32, 2**32).to_bytes()),
    "dimension 2^63": (DamagedModel, _tensor(2**63).to_bytes()),
    "dimension 2^64-1 beside 0": (DamagedModel, _tensor(2**64 - 1, 0).to_bytes()),
    "data beyond the end": (DamagedModel, _tensor(1 << 40).to_bytes()),
    "offset beyond the end": (DamagedModel, _tensor(4, offset=1 << 40).to_bytes()),
    "offset 2^64-1": (DamagedModel, _tensor(4, offset=2**64 - 1).to_bytes()),
    **{
        f"tensor name {n:#x}": (
            DamagedModel,
            Gguf(tensors=[], tensor_count=1).to_bytes().rstrip(b"\0") + struct.pack("<Q", n) + bytes(64),
        )
        for n in _HUGE
    },
    "cut in the header": (DamagedModel, Gguf().to_bytes()[:200]),
    "cut by one byte": (DamagedModel, Gguf().to_bytes()[:-1]),
}


def _outcome(path: Path) -> AppError | None:
    """What reading says; anything but an AppError, and any slowness, fails the test."""
    begun = time.perf_counter()
    outcome = None
    try:
        shape = of_header(read_header(path))
        if shape is not None:
            fit(shape, Machine(16 * 10**9, 40e9))
    except AppError as error:
        outcome = error
    assert time.perf_counter() - begun < _FAST_S
    assert outcome is None or outcome.cause
    return outcome


@pytest.mark.parametrize("name", CORPUS)
def test_s01_a_hostile_header_is_refused_in_plain_words(tmp_path: Path, name: str) -> None:
    kind, content = CORPUS[name]
    path = tmp_path / "evil.gguf"
    path.write_bytes(content)
    assert type(_outcome(path)) is kind


def test_s01_odd_but_lawful_headers_are_read(tmp_path: Path) -> None:
    for gguf in (
        _tensor(0),
        _tensor(4, 0),
        Gguf(tensors=[Tensor("", (), 0, bytes=64)]),
        _tensor(4, kind=2**32 - 1),
        Gguf({"": 1}, []),
        _with(evil=Array(TEXT, [])),
    ):
        assert _outcome(gguf.write(tmp_path / "odd.gguf")) is None


@pytest.mark.parametrize("number", [float("inf"), float("nan"), -1e300, 1e300, 0.5])
@pytest.mark.parametrize("key", ["head_count", "head_count_kv", "sliding_window_pattern"])
def test_s01_numbers_that_no_model_has_are_not_believed(tmp_path: Path, key: str, number: float) -> None:
    values = _SHAPED | {f"llama.attention.{key}": Array(F64, [number, number])}
    assert _outcome(Gguf(usual_metadata() | values).write(tmp_path / "odd.gguf")) is None


@pytest.mark.parametrize("key", [key for key in _SHAPED if key.startswith("llama")])
@pytest.mark.parametrize("number", _HUGE)
def test_s01_no_dimension_costs_memory(tmp_path: Path, key: str, number: int) -> None:
    values = _SHAPED | {key: Typed(U64, number)}
    assert _outcome(Gguf(usual_metadata() | values).write(tmp_path / "odd.gguf")) is None


def test_s01_cut_anywhere(tmp_path: Path) -> None:
    whole, path = Gguf().to_bytes(), tmp_path / "cut.gguf"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        assert isinstance(_outcome(path), DamagedModel | NotAModel)


@pytest.mark.parametrize("seed", range(8))
def test_s01_random_damage(tmp_path: Path, seed: int) -> None:
    """Bytes flipped, numbers replaced by large ones, pieces doubled or lost."""
    dice, whole, path = random.Random(seed), Gguf().to_bytes(), tmp_path / "fuzz.gguf"
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            dice.choice(_DAMAGES)(data, dice)
        path.write_bytes(data)
        _outcome(path)


def _flip(data: bytearray, dice: random.Random) -> None:
    if data:
        data[dice.randrange(len(data))] = dice.randrange(256)


def _enlarge(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data) + 1)
    data[at : at + 8] = struct.pack("<Q", dice.choice(_HUGE))


def _drop(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data) + 1)
    del data[at : at + dice.randrange(64)]


def _double(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data) + 1)
    data[at:at] = data[at : at + dice.randrange(512)]


_DAMAGES: list[Callable[[bytearray, random.Random], None]] = [_flip, _enlarge, _drop, _double]


def _head(tensors: int = 0, keys: int = 1) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys)


_LONG_TEXT = struct.pack("<I", TEXT) + text("\x00" * (1 << 20))

VAST: dict[str, bytes] = {
    # Beginnings of files of 100 GB, the rest of them zeros: every length fits into the file.
    "texts without end": _head() + text("k") + struct.pack("<IIQ", ARRAY, TEXT, 10**9),
    "a text of 50 GB": _head() + text("k") + struct.pack("<IQ", TEXT, 50 * 10**9),
    "a key of 50 GB": _head() + struct.pack("<Q", 50 * 10**9),
    "an array of 50 GB": _head() + text("k") + struct.pack("<IIQ", ARRAY, U8, 50 * 10**9),
    "10,000 empty keys": _head(keys=10_000),
    "20,000 empty tensors": _head(tensors=20_000, keys=0),
    "3,000,000 texts": _head() + text("k") + struct.pack("<IIQ", ARRAY, TEXT, 3_000_000),
    "a tensor's name of 50 GB": _head(tensors=1, keys=0) + struct.pack("<Q", 50 * 10**9),
    "texts of 60 MB": _head(keys=60) + b"".join(text(f"k{n}") + _LONG_TEXT for n in range(60)),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc for the peak of memory")
@pytest.mark.parametrize("name", VAST)
def test_s01_a_vast_file_costs_neither_time_nor_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "vast.gguf"
    with path.open("wb") as file:
        file.write(VAST[name])
        file.truncate(100 * 10**9)  # a hole: it takes no space
    run = subprocess.run([sys.executable, "-c", _MEASURE, path], cwd=_ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    seconds, grown = map(float, run.stdout.split())
    assert seconds < _FAST_S
    assert grown < _MEMORY_BYTES


_MEASURE = """
import re, sys, time
from pathlib import Path
from models.errors import AppError
from models.gguf import read_header

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

before, begun = peak(), time.perf_counter()
try:
    read_header(Path(sys.argv[1]))
except AppError:
    pass
print(time.perf_counter() - begun, peak() - before)
"""
