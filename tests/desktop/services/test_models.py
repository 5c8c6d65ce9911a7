"""The list of models while the program runs: what isn't known yet is read beside the window."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.models import ModelService
from models.file_facts import FileFacts, read_facts
from models.library import Library
from models.library_file import Origin
from tests.fixtures.gguf_writer import Gguf, usual_metadata

LONG_MS = 20_000


@pytest.fixture
def background() -> Iterator[Background]:
    async def nothing() -> None: ...

    made = Background()
    yield made
    made.close(nothing)


def shelf(folder: Path, count: int) -> Library:
    library = Library(folder / "models", folder / "starter")
    for number in range(count):
        Gguf(usual_metadata() | {"general.name": f"Model {number}"}).write(folder / f"m{number}.gguf")
        library.add(folder / f"m{number}.gguf")
    return Library(folder / "models", folder / "starter")


def test_a_receipt_tells_a_local_model_from_others(tmp_path: Path) -> None:
    library = shelf(tmp_path, 1)
    service = ModelService(library)
    [model] = library.models()
    origin = Origin("o/r", "c", ("m0.gguf",), ("ab" * 32,))
    service.models = lambda: [replace(model, origin=origin)]  # type: ignore[method-assign]
    facts = service.facts_of(model.id)
    assert facts["sha256"] == ["ab" * 32]
    assert facts["bytes"] == model.size_bytes
    assert facts["name"] == "Model 0"
    assert facts.get("quantisation") == model.quantisation
    assert service.facts_of("another") == {}


def test_the_window_reads_a_few_files_and_the_others_fill_in(
    tmp_path: Path, qtbot: QtBot, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, here, may_read = shelf(tmp_path, 30), threading.current_thread(), threading.Event()
    read_here: list[Path] = []

    def read(path: Path) -> FileFacts:
        if threading.current_thread() is here:
            read_here.append(path)
        else:
            may_read.wait()
        return read_facts(path)

    monkeypatch.setattr("models.library.read_facts", read)
    service = ModelService(library, background=background)
    assert [model.read for model in service.models()] == [True] * 3 + [False] * 27
    assert service.models()[29].name == "m29"
    known = service.named("m29")  # who needs to know all of one gets it
    assert known is not None
    assert (known.read, known.name) == (True, "Model 29")
    with qtbot.waitSignal(service.changed, timeout=LONG_MS):
        may_read.set()
    assert [model.name for model in service.models()] == [f"Model {number}" for number in range(30)]
    assert len(read_here) == 4


def test_a_few_files_need_no_other_thread(tmp_path: Path, background: Background) -> None:
    service = ModelService(shelf(tmp_path, 3), background=background)
    assert all(model.read for model in service.models())
