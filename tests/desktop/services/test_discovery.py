"""Other programs' models, as the window has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.discovery import DiscoveryService
from desktop.services.models import ModelService
from models.discovery import discover
from models.library import Library
from tests.fixtures.gguf_writer import Gguf, usual_metadata
from tests.models.test_importing import split

OLLAMA = '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:%s"}]}'


class Scene:
    """A home in which LM Studio has two models and a searcher, and Ollama one."""

    def __init__(self, home: Path) -> None:
        studio = home / ".lmstudio" / "models" / "owner" / "repo"
        studio.mkdir(parents=True)
        Gguf().write(studio / "one.gguf")
        self.parts = split(studio, "two")
        Gguf(usual_metadata() | {"general.architecture": "bert"}).write(studio / "searcher.gguf")
        store = home / ".ollama" / "models"
        manifest = store / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "1b"
        manifest.parent.mkdir(parents=True)
        manifest.write_text(OLLAMA % ("a" * 64))
        (store / "blobs").mkdir()
        self.blob = Gguf().write(store / "blobs" / f"sha256-{'a' * 64}")
        self.background = Background()
        self.models = ModelService(Library(home / "inshore", home / "starter"))
        self.service = DiscoveryService(lambda: discover(home, {}), self.models, self.background)

    def search(self, qtbot: QtBot) -> list[str]:
        with qtbot.waitSignal(self.service.changed):
            self.service.search()
        return [f"{one.program}: {one.name}" for one in self.service.found()]


@pytest.fixture
def scene(tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene

    async def farewell() -> None:
        return

    scene.background.close(farewell)


def test_what_can_answer_is_found_with_its_size_and_licence(scene: Scene, qtbot: QtBot) -> None:
    assert scene.search(qtbot) == ["LM Studio: one", "LM Studio: two-00001-of-00002", "Ollama: tiny:1b"]
    two = scene.service.found()[1].model
    assert two.size_bytes == sum(path.stat().st_size for path in scene.parts)
    assert two.licence == "mit"


def test_one_that_is_used_is_no_longer_offered_and_lies_where_it_was(scene: Scene, qtbot: QtBot) -> None:
    scene.search(qtbot)
    ollama = scene.service.found()[-1]
    with qtbot.waitSignal(scene.service.changed):
        scene.service.use([ollama])
    assert [one.program for one in scene.service.found()] == ["LM Studio", "LM Studio"]
    (model,) = scene.models.models()
    assert (model.id, model.path) == ("tiny-1b", scene.blob)


def test_all_can_be_used_at_once(scene: Scene, qtbot: QtBot) -> None:
    scene.search(qtbot)
    scene.service.use(scene.service.found())
    assert len(scene.models.models()) == 3
    assert scene.service.found() == []
    assert scene.search(qtbot) == []
