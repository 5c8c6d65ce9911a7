"""Poses for pictures of the hub: a local one with made-up publishers, searched and downloaded from."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListView, QWidget

from desktop.services.downloads import State
from tests.e2e.driver import Hands, Scenario
from tests.fixtures.gguf_writer import Gguf
from tests.hub_server import HubServer

_SMALL = "harbour-lab/SmolLM2-360M-Instruct-GGUF"
_BYTES = 270_000_000
_PACE = 6_000_000  # bytes a second for each connection
_FOUND: tuple[
    tuple[str, str, float, float, int, str], ...
] = (  # repository, licence, B, GB, downloads, changed
    ("harbour-lab/Qwen3-4B-Instruct-GGUF", "apache-2.0", 4.02, 2.5, 812_000, "2026-09-14"),
    (_SMALL, "apache-2.0", 0.36, 0.27, 402_000, "2026-10-02"),
    ("tide-works/gemma-3-12b-instruct-GGUF", "gemma", 11.8, 7.3, 268_000, "2026-08-21"),
    ("harbour-lab/Llama-4-Scout-17B-16E-Instruct-GGUF", "llama4", 108, 65.4, 91_200, "2026-07-30"),
    ("lighthouse/Phi-4-mini-instruct-GGUF", "mit", 3.84, 2.5, 64_100, "2026-06-11"),
    ("tide-works/Mistral-Large-3-Instruct-GGUF", "mrl", 123, 73.2, 18_400, "2026-05-05"),
    ("night-ferry/roleplay-8b-instruct-GGUF", "", 8.03, 4.9, 7_310, "2026-03-19"),
)


def _filled(server: HubServer) -> None:
    head = Gguf().to_bytes()
    for repo, licence, billions, size_gb, downloads, changed in _FOUND:
        stem = repo.partition("/")[2].removesuffix("-GGUF")
        extra: dict[str, Any] = {
            "tags": ["gguf", f"license:{licence}"] if licence else ["gguf"],
            "downloads": downloads,
            "lastModified": f"{changed}T08:00:00.000Z",
            "gated": "manual" if licence == "mrl" else False,
            "gguf": {
                "architecture": "llama",
                "context_length": 131_072 if billions > 1 else 8_192,
                "total": round(billions * 1e9),
                "totalFileSize": round(size_gb * 1e9),
            },
        }
        content = head + bytes(_BYTES - len(head)) if repo == _SMALL else head
        server.add(repo, {f"{stem}-Q4_K_M.gguf": content}, extra=extra)


def pose_hub(hands: Hands) -> Scenario:
    """Pictures of the hub’s search results, and of a download on its way."""
    folder, theme = os.environ["INSHORE_TEST_PICTURES"], hands.program.settings.values.theme.value
    with HubServer() as server:
        _filled(server)
        hands.program.settings.update(hub_endpoints=(server.url,))
        yield lambda: hands.shows("welcome")
        hands.program._show_page("models")
        yield lambda: hands.program.measures.machine() is not None
        yield from _search(hands)
        hands.picture(f"{folder}/hub-{theme}.png")
        yield from _download(hands, server)
        hands.picture(f"{folder}/download-{theme}.png")
        server.pace_bytes_s = None
        yield lambda: not hands.shows("downloads")


def _search(hands: Hands) -> Scenario:
    QTest.mouseClick(hands.find("tab-hub"), Qt.MouseButton.LeftButton)
    field = hands.find("hub-query", QLineEdit)
    QTest.keyClicks(field, "instruct")
    QTest.keyClick(field, Qt.Key.Key_Return)
    yield lambda: hands.shows("hub-results")
    results: QWidget = hands.find("hub-results")
    yield lambda: results.height() > 0
    yield from _settled(hands)


def _download(hands: Hands, server: HubServer) -> Scenario:
    server.pace_bytes_s = _PACE
    results = hands.find("hub-results", QListView)
    results.setCurrentIndex(results.model().index(1, 0))
    QTest.keyClick(results, Qt.Key.Key_Return)
    yield lambda: hands.shows("start-download")
    QTest.mouseClick(hands.find("start-download"), Qt.MouseButton.LeftButton)
    downloads = hands.program.manager.downloads.bringing.downloads

    def far() -> bool:
        (one,) = downloads.all()
        return one.state is State.RUNNING and one.done_bytes > _BYTES * 0.4 and one.remaining_s is not None

    yield far
    yield from _settled(hands)


def _settled(hands: Hands) -> Scenario:
    """Once the layout has had its say."""
    turns = iter(range(5))
    until: Callable[[], bool] = lambda: next(turns, None) is None  # noqa: E731
    yield until
    assert hands.window.isVisible()
