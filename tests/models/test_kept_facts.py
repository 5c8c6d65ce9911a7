"""What model files' headers said is kept from one start to the next, and never believed of another file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import models.library
from models.errors import DamagedModel
from models.file_facts import read_facts
from models.library import Library
from tests.fixtures.gguf_writer import U32, Gguf, Typed, Value, usual_metadata

FIRST, SECOND = "m-00001-of-00002.gguf", "m-00002-of-00002.gguf"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose headers were read."""
    paths: list[Path] = []

    def counted(path: Path) -> Any:
        paths.append(path)
        return read_facts(path)

    monkeypatch.setattr(models.library, "read_facts", counted)
    return paths


def started(home: Path) -> Library:
    return Library(home / "models", home / "starter", home / "headers.json")


def with_a_shape(name: str = "Tiny Test", more: Mapping[str, Value] = {}) -> Gguf:
    numbers = {
        "llama.embedding_length": 64,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
    }
    typed = {key: Typed(U32, value) for key, value in numbers.items()}
    return Gguf({**usual_metadata(), "general.name": name, **typed, **more})


def filled(home: Path) -> Path:
    """A file in the library, listed once."""
    path = with_a_shape().write(home / "模型.gguf")
    started(home).add(path)
    started(home).models()
    return path


def test_the_next_start_reads_no_header_and_says_the_same(tmp_path: Path, read: list[Path]) -> None:
    filled(tmp_path)
    before = Library(tmp_path / "models", tmp_path / "starter").models()
    assert before[0].shape is not None
    read.clear()
    assert started(tmp_path).models() == before
    assert read == []


def test_a_file_that_changed_meanwhile_is_read_again(tmp_path: Path, read: list[Path]) -> None:
    path = filled(tmp_path)
    with_a_shape("Another").write(path)
    read.clear()
    assert [model.name for model in started(tmp_path).models()] == ["Another"]
    assert [model.name for model in started(tmp_path).models()] == ["Another"]
    assert read == [path]


def test_a_file_that_went_is_missed(tmp_path: Path) -> None:
    filled(tmp_path).unlink()
    (model,) = started(tmp_path).models()
    assert model.problem is not None


def test_a_problem_is_looked_at_again(tmp_path: Path, read: list[Path]) -> None:
    path = filled(tmp_path)
    path.write_bytes(b"no model")
    assert started(tmp_path).models()[0].problem is not None
    read.clear()
    assert started(tmp_path).models()[0].problem is not None
    assert read == [path]


def _nonsense(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], str]:
    def text(content: dict[str, Any]) -> str:
        change(next(iter(content["files"].values()))["says"])
        return json.dumps(content)

    return text


@pytest.mark.parametrize(
    "damage",
    [
        lambda _content: "",
        lambda _content: "[" * 100_000,
        lambda _content: '{"version": 1, "files": []}',
        lambda content: json.dumps(content | {"version": 0}),
        _nonsense(lambda says: says.update(name=3)),
        _nonsense(lambda says: says.update(size_bytes=None)),
        _nonsense(lambda says: says.update(context_length="long")),
        _nonsense(lambda says: says.update(more=1)),
        _nonsense(lambda says: says["shape"].update(layers=-1)),
        _nonsense(lambda says: says["shape"].update(windows=[])),
        _nonsense(lambda says: says["shape"].update(kv_heads="many")),
        _nonsense(lambda says: says["shape"].update(trained_context=1.5)),
        _nonsense(lambda says: says["shape"].update(keeps_values=1)),
    ],
)
def test_what_makes_no_sense_is_read_from_the_model(
    tmp_path: Path, read: list[Path], damage: Callable[[dict[str, Any]], str]
) -> None:
    path = filled(tmp_path)
    file = tmp_path / "headers.json"
    file.write_text(damage(json.loads(file.read_text())))
    read.clear()
    (model,) = started(tmp_path).models()
    assert (model.problem, model.name, read) == (None, "Tiny Test", [path])


def test_a_disk_that_fails_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "headers.json").mkdir()
    filled(tmp_path)
    assert started(tmp_path).models()[0].problem is None
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_what_is_not_in_the_library_any_more_is_forgotten(tmp_path: Path) -> None:
    filled(tmp_path)
    library = started(tmp_path)
    library.remove(library.models()[0].id)
    library.add(with_a_shape("New").write(tmp_path / "new.gguf"))
    library.models()
    kept = json.loads((tmp_path / "headers.json").read_text())["files"]
    assert list(kept) == [os.fspath(tmp_path / "new.gguf")]


def test_a_part_that_goes_and_comes_back_is_noticed(tmp_path: Path) -> None:
    with_a_shape(more={"split.count": Typed(U32, 2)}).write(tmp_path / FIRST)
    with_a_shape(more={"split.count": Typed(U32, 2), "split.no": Typed(U32, 1)}).write(tmp_path / SECOND)
    library = started(tmp_path)
    library.add(tmp_path / FIRST)
    assert library.models()[0].problem is None
    (tmp_path / SECOND).rename(tmp_path / "elsewhere")
    assert isinstance(library.models()[0].problem, DamagedModel)
    assert isinstance(started(tmp_path).models()[0].problem, DamagedModel)
    (tmp_path / "elsewhere").rename(tmp_path / SECOND)
    assert library.models()[0].problem is None
