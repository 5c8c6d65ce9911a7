"""Which of the files and folders somebody points at can become models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.importing import gather
from tests.fixtures.gguf_writer import U32, Gguf, Typed, usual_metadata


def split(folder: Path, stem: str = "big", count: int = 2) -> list[Path]:
    """A model in several files."""
    paths = []
    for number in range(count):
        facts = usual_metadata() | {"split.no": Typed(U32, number), "split.count": Typed(U32, count)}
        paths.append(folder / f"{stem}-{number + 1:05}-of-{count:05}.gguf")
        Gguf(facts).write(paths[-1])
    return paths


def test_several_files_are_several_models_and_the_same_file_is_one(tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        Gguf().write(tmp_path / name)

    found = gather([tmp_path / "b.gguf", tmp_path / "a.gguf", tmp_path / "b.gguf"])

    assert [model.path.name for model in found.candidates] == ["b.gguf", "a.gguf"]
    assert found.candidates[0].name == "Tiny Test"
    assert found.candidates[0].size_bytes == (tmp_path / "b.gguf").stat().st_size
    assert found.refused == ()


@pytest.mark.parametrize("dropped", [(0,), (1,), (1, 0)])
def test_any_part_of_a_split_model_stands_for_all_of_it(tmp_path: Path, dropped: tuple[int, ...]) -> None:
    paths = split(tmp_path)

    found = gather([paths[index] for index in dropped])

    assert [model.files for model in found.candidates] == [tuple(paths)]
    assert found.candidates[0].size_bytes == sum(path.stat().st_size for path in paths)


def test_a_split_model_that_lacks_a_part_is_refused_with_its_name(tmp_path: Path) -> None:
    first, second = split(tmp_path)
    second.unlink()

    (refused,) = gather([first]).refused

    assert "part 2 is missing" in refused.words
    assert second.name in refused.words


def test_a_folder_is_searched_one_level_deep(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    Gguf().write(tmp_path / "a.GGUF")
    Gguf().write(tmp_path / "deeper" / "b.gguf")
    (tmp_path / "notes.txt").write_text("x")

    found = gather([tmp_path])

    assert [model.path.name for model in found.candidates] == ["a.GGUF"]
    assert found.refused == ()


def test_what_is_no_model_is_refused_with_a_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / "fake.gguf").write_bytes(b"no model at all")
    (tmp_path / "empty").mkdir()
    Gguf(usual_metadata() | {"general.type": "mmproj"}).write(tmp_path / "eyes.gguf")

    found = gather(
        [tmp_path / name for name in ("photo.png", "fake.gguf", "empty", "eyes.gguf", "gone.gguf")]
    )

    words = {refused.path.name: refused.words for refused in found.refused}
    assert found.candidates == ()
    assert words["photo.png"] == "It is not a model. A model’s file ends in “.gguf”."
    assert words["fake.gguf"].startswith("This file is not a model.")
    assert "Folders within it are not searched" in words["empty"]
    assert "sees images" in words["eyes.gguf"]
    assert words["gone.gguf"] == "There is no such file any more."


def test_a_model_without_the_usual_ending_is_known_by_what_it_holds(tmp_path: Path) -> None:
    Gguf().write(tmp_path / "sha256-abc")
    assert [model.path.name for model in gather([tmp_path / "sha256-abc"]).candidates] == ["sha256-abc"]


def test_a_link_is_told_from_a_file(tmp_path: Path) -> None:
    Gguf().write(tmp_path / "blob")
    (tmp_path / "m.gguf").symlink_to("blob")
    (model,) = gather([tmp_path / "m.gguf"]).candidates
    assert model.linked
    assert model.path == tmp_path / "m.gguf"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.gguf")
    assert len(gather([tmp_path / "m.gguf", tmp_path]).refused) == 2
