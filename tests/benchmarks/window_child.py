"""What the window benchmarks measure, each in a process of its own: `open` or `stream`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncGenerator

import apsw
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.background import Background
from desktop.services.chat import ChatService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.conversations import ConversationStore, Status
from desktop.storage.database import open_database
from desktop.system.paths import Paths, resources
from desktop.ui.chat.page import ChatPage
from desktop.ui.sidebar import Sidebar
from desktop.ui.theme import Appearance
from desktop.ui.window import Window
from models.chat import (
    Backend,
    ChatEvent,
    ChatRequest,
    Finished,
    FinishReason,
    Role,
    TextDelta,
    Timings,
    Usage,
)
from models.fake import FakeBackend
from models.library import Library

ANSWER = (
    "A paragraph with **bold** words, `code` and a [link](https://example.org), long enough to wrap twice "
    "in a window of the usual width, as answers do.\n\n"
    "1. A first point that is made.\n2. A second one, with *emphasis*.\n\n"
    "```python\ndef add(one: int, other: int) -> int:\n    return one + other\n```\n\n"
)


class Paced:
    """A backend that says a text at 100 tokens a second, a token being four characters."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def stream(self, _request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """The text, piece by piece."""
        for position in range(0, len(self._text), 4):
            yield TextDelta(self._text[position : position + 4])
            await asyncio.sleep(0.01)
        yield Finished(FinishReason.STOP, Usage(), Timings())

    async def aclose(self) -> None:
        """Nothing to close."""


class Scene:
    """The window with everything behind it but a model."""

    def __init__(self, backend: Backend) -> None:
        self.app = QApplication([])
        self.paths = Paths.find(os.environ)
        self.paths.create()
        self.connection: apsw.Connection = open_database(self.paths.database)
        self.store = ConversationStore(self.connection)
        self.background = Background()
        self.look = look = Appearance(self.app, resources() / "themes")
        self.models = models = ModelService(Library(self.paths.models, resources() / "starter"))
        self.settings = settings = SettingsService(self.paths.settings_file)
        self.chat = ChatService(self.store, self.background, lambda _name: backend, models, settings)
        self.page = ChatPage(self.chat, models, look)
        self.window = Window(Sidebar(look), self.page, look)
        self.window.show()
        QTest.qWaitForWindowExposed(self.window)

    def close(self) -> None:
        """End the thread and close the file."""

        async def nothing() -> None:
            return

        self.chat.close()
        self.background.close(nothing)
        self.connection.close()


class FirstPaint(QObject):
    """Notes when the watched viewport has been painted."""

    at: float | None = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and self.at is None:
            QTimer.singleShot(0, self._note)
        return False

    def _note(self) -> None:
        self.at = time.perf_counter()


def open_long_conversation() -> dict[str, float]:
    scene = Scene(FakeBackend())
    conversation = scene.store.create("Long")
    parent = None
    scene.connection.execute("PRAGMA synchronous=OFF")
    for number in range(2_000):
        role = Role.ASSISTANT if number % 2 else Role.USER
        text = ANSWER * (1 + number % 3) if number % 2 else f"Question {number}?"
        message = scene.store.add_message(
            conversation.id, parent_id=parent, role=role, text=text, status=Status.COMPLETE
        )
        parent = message.id
    paint = FirstPaint()
    scene.page.transcript.viewport().installEventFilter(paint)
    begun = time.perf_counter()
    scene.page.open(conversation.id)
    while paint.at is None:
        scene.app.processEvents()
    result = {"open_s": paint.at - begun}
    scene.close()
    return result


def stream_long_answer() -> dict[str, float]:
    text = ANSWER * (10_000 // len(ANSWER) + 1)
    scene = Scene(Paced(text[:10_000]))
    gaps: list[float] = []
    last = [time.perf_counter()]

    def tick() -> None:
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now

    def listen() -> None:
        last[0] = time.perf_counter()
        beat.start()

    scene.chat.turn_finished.connect(lambda _message: scene.app.quit())
    beat = QTimer(interval=1)
    beat.timeout.connect(tick)
    QTimer.singleShot(0, lambda: scene.page._submit("Go"))
    QTimer.singleShot(200, listen)
    scene.app.exec()
    scene.close()
    gaps.sort()
    return {"p99_s": gaps[int(len(gaps) * 0.99)], "max_s": gaps[-1], "count": len(gaps)}


if __name__ == "__main__":
    measures = {"open": open_long_conversation, "stream": stream_long_answer}
    print(json.dumps(measures[sys.argv[1]]()))
