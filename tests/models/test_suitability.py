"""Which model files can chat."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from models.errors import DamagedModel, UnsupportedModel
from models.gguf import read_header
from models.suitability import check_chat_model, parts, size_bytes
from tests.fixtures.gguf_writer import U16, Gguf, Typed, Value, usual_metadata


def _check(path: Path, changes: Mapping[str, Value], gguf: Gguf | None = None) -> None:
    file = gguf or Gguf({**usual_metadata(), **changes})
    check_chat_model(path, read_header(file.write(path)))


def _split(number: int, count: int) -> dict[str, Value]:
    return {"split.no": Typed(U16, number), "split.count": Typed(U16, count)}


def test_a_usual_model_can_chat(tmp_path: Path) -> None:
    _check(tmp_path / "m.gguf", {})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"general.type": "adapter"}, "LoRA"),
        ({"general.type": "mmproj"}, "sees images"),
        ({"general.architecture": "clip"}, "sees images"),
        ({"general.architecture": "bert"}, "embedding"),
        ({"general.architecture": ""}, "which architecture"),
        (_split(1, 3), "part 2"),
    ],
)
def test_other_kinds_are_refused(tmp_path: Path, changes: Mapping[str, Value], words: str) -> None:
    with pytest.raises(UnsupportedModel, match=words):
        _check(tmp_path / "m.gguf", changes)


def test_a_vocabulary_alone_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(DamagedModel, match="no weights"):
        _check(tmp_path / "m.gguf", {}, Gguf(tensors=[]))


def test_a_model_in_parts_needs_them_all(tmp_path: Path) -> None:
    first = tmp_path / "big-00001-of-00003.gguf"
    (tmp_path / "big-00002-of-00003.gguf").write_bytes(bytes(10))

    with pytest.raises(DamagedModel, match=r"part 3 is missing.*big-00003-of-00003"):
        _check(first, _split(0, 3))

    (tmp_path / "big-00003-of-00003.gguf").write_bytes(bytes(20))
    _check(first, _split(0, 3))
    header = read_header(first)
    assert [path.name[4:9] for path in parts(first, header)] == ["00001", "00002", "00003"]
    assert size_bytes(first, header) == first.stat().st_size + 30


@pytest.mark.parametrize("name", ["big.gguf", "big-00001-of-00002.gguf", "big-00002-of-00003.gguf"])
def test_parts_are_found_by_their_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedModel, match="not named so"):
        _check(tmp_path / name, _split(0, 3))
