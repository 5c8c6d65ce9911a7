"""What the manager's benchmarks measure, each in a process of its own: `open`, `scroll` or `results`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtTest import QTest

from desktop.services.catalogue import CatalogueService
from desktop.system.paths import Paths, resources
from desktop.ui.manager.hub_list import FoundList
from desktop.ui.manager.page import ModelsPage
from desktop.ui.page import Page
from models.catalogue import Catalogue, load
from models.fake import FakeBackend
from models.fit import Machine
from models.hub_values import Found, Gate
from models.library import Library
from models.licences import Licences, label_of
from models.repo_offer import FoundModel
from tests.benchmarks.window_child import FirstPaint, Scene
from tests.fixtures.gguf_writer import Gguf, usual_metadata

MODELS, OFFERS, FRAMES = 500, 1_000, 600
MACHINE = Machine(16 * 10**9, 40e9)


def fill_library(paths: Paths, count: int) -> None:
    """So many small models of our own, each in a file of its own."""
    paths.create()
    library = Library(paths.models, resources() / "starter")
    for number in range(count):
        values = usual_metadata() | {"general.name": f"Model {number}"}
        library.add(Gguf(values).write(paths.models / f"model-{number}.gguf"))


def shipped() -> Catalogue:
    return load(resources() / "catalogue")


def many(count: int) -> Catalogue:
    """The shipped catalogue over and over, under other names, until there are so many."""
    catalogue = shipped()
    models = [
        replace(model, id=f"{model.id}-{number}", name=f"{model.name} ({number})", remote=None, header=None)
        for number in range(count // len(catalogue.models) + 1)
        for model in catalogue.models
    ]
    return Catalogue(models[:count], catalogue.licences, catalogue.tables)


def page_of(scene: Scene, read: Callable[[], Catalogue]) -> ModelsPage:
    service = CatalogueService(read, lambda: MACHINE, scene.models)
    return ModelsPage(scene.models, scene.settings, service, scene.look)


def painted(scene: Scene, page: ModelsPage, act: Callable[[], None]) -> float:
    """Seconds from before the deed to the page's first paint after it."""
    paint = FirstPaint()
    page.viewport().installEventFilter(paint)
    act()
    while paint.at is None:
        scene.app.processEvents()
    page.viewport().removeEventFilter(paint)
    return paint.at


def open_page() -> dict[str, float]:
    """From the click on “Models” to its first paint, then from the click on “Catalogue” to its."""
    fill_library(Paths.find(os.environ), MODELS)
    scene = Scene(FakeBackend())
    begun = time.perf_counter()
    page = page_of(scene, shipped)
    page_s = painted(scene, page, lambda: scene.window.show_page(page)) - begun
    QTest.qWait(200)
    begun = time.perf_counter()
    catalogue_s = painted(scene, page, page.show_catalogue) - begun
    scene.close()
    return {"page_s": page_s, "catalogue_s": catalogue_s, "models": len(scene.models.models())}


def scroll() -> dict[str, float]:
    """The frames of one flight over all rows."""
    scene = Scene(FakeBackend())
    page = page_of(scene, lambda: many(OFFERS))
    scene.window.show_page(page)
    page.show_catalogue()
    QTest.qWait(300)
    frames = flight(scene, page)
    rows = page.browse.list.rows.rowCount() if page.browse is not None else 0
    scene.close()
    return {"p99_s": frames[int(len(frames) * 0.99)], "max_s": frames[-1], "rows": rows}


def results() -> dict[str, float]:
    """The same flight over as many results of a hub’s search."""
    scene = Scene(FakeBackend())
    page = Page("Hub", "")
    found = FoundList(scene.look, page)
    page.column.addWidget(found)
    scene.window.show_page(page)
    licences = shipped().licences
    found.show_rows([_result(number, licences) for number in range(OFFERS)])
    QTest.qWait(300)
    frames = flight(scene, page)
    rows = found.rows.rowCount()
    scene.close()
    return {"p99_s": frames[int(len(frames) * 0.99)], "max_s": frames[-1], "rows": rows}


def _result(number: int, licences: Licences) -> FoundModel:
    stated = ("apache-2.0", "llama4", "")[number % 3]
    found = Found(
        f"publisher-{number % 40}/A-Model-{number}-GGUF",
        stated,
        Gate.OPEN,
        1_000_000 - number * 7,
        number,
        "2026-10-01",
        None,
        "llama",
        8192,
        (1 + number % 70) * 10**9,
    )
    return FoundModel(found, label_of(licences.by_name(stated), stated))


def flight(scene: Scene, page: Page) -> Sequence[float]:
    """Seconds of each frame, from moving the bar to the end of painting; the shortest first."""
    bar = page.verticalScrollBar()
    frames = []
    for number in range(1, FRAMES + 1):
        begun = time.perf_counter()
        bar.setValue(bar.maximum() * number // FRAMES)
        scene.app.processEvents()
        frames.append(time.perf_counter() - begun)
    return sorted(frames)


if __name__ == "__main__":
    measures = {"open": open_page, "scroll": scroll, "results": results}
    print(json.dumps(measures[sys.argv[1]]()))
