"""S14: whatever a message holds, showing it opens no file and no connection (stream and history)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.storage.conversations import Status, StoredMessage
from desktop.system.paths import resources
from desktop.ui.chat.answer import AnswerView
from desktop.ui.chat.text import MessageText
from desktop.ui.chat.transcript import Transcript
from desktop.ui.theme import Appearance
from models.chat import Progress, Role
from tests.desktop.ui.messages import stored

CORPUS = (
    "![x](http://{host}/a.png)",
    "![x][1]\n\n[1]: http://{host}/b.png",
    "<img src='http://{host}/c.png'>",
    "<img src=x onerror='fetch(\"http://{host}/d\")'>",
    "![x](file://{file})",
    "![x]({file})",
    "<img src='{file}'>",
    "![x](data:image/png;base64,iVBORw0KGgo=)",
    "![x](\\\\\\\\{host}\\\\share\\\\e.png)",
    "<svg><image href='http://{host}/f.png'/></svg>",
    "<style>@import url(http://{host}/g.css);</style>",
    "<base href='http://{host}/'><link rel=stylesheet href=h.css>",
    '![" onerror="x](http://{host}/i.png "t")',
    "[![nested](http://{host}/j.png)](http://{host}/k)",
    "| ![x](http://{host}/l.png) |\n|---|\n| ![y](file://{file}) |",
    "> - ![x](http://{host}/m.png)",
    "```\n![x](http://{host}/n.png)\n```",
)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def hits(listener: socket.socket) -> int:
    try:
        connection, _address = listener.accept()
    except BlockingIOError:
        return 0
    connection.close()
    return 1


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that a text or its document was asked to load."""
    asked: list[str] = []
    load = MessageText.loadResource

    def note(self: MessageText, kind: int, name: QUrl | str) -> object:
        asked.append(str(name))
        return load(self, kind, name)

    monkeypatch.setattr(MessageText, "loadResource", note)
    return asked


def images(document: QTextDocument) -> int:
    """How many images a document holds."""
    count, block = 0, document.begin()
    while block.isValid():
        count += sum(1 for form in block.textFormats() if form.format.isImageFormat())
        block = block.next()
    return count


@pytest.mark.parametrize("live", [False, True], ids=["history", "stream"])
def test_s14_showing_a_message_loads_nothing(
    live: bool, listener: socket.socket, loaded: list[str], qtbot: QtBot, qapp: object, tmp_path: Path
) -> None:
    canary = tmp_path / "canary.png"
    canary.write_bytes(b"\x89PNG\r\n\x1a\n")
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    source = "\n\n".join(CORPUS).replace("{host}", host).replace("{file}", str(canary))
    answer = stored(Role.ASSISTANT, source, reasoning=source)
    state: dict[int, StoredMessage] = {}

    def latest(message: StoredMessage) -> tuple[StoredMessage, Progress | None]:
        return state.get(message.id, message), None

    transcript = Transcript(Appearance(qapp, resources() / "themes"), latest)  # type: ignore[arg-type]
    qtbot.addWidget(transcript)
    transcript.resize(900, 4_000)
    transcript.show()
    question = stored(Role.USER, source)
    if live:
        state[answer.id] = replace(answer, text="", status=Status.RUNNING)
    transcript.show_thread([question, answer])
    if live:
        for end in range(0, len(source), 7):
            state[answer.id] = replace(answer, text=source[:end], status=Status.RUNNING)
            transcript.refresh(answer.id)
            transcript._repaint_dirty()
        del state[answer.id]
        transcript.replace(answer)
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    view._toggle_thought()
    transcript.grab()
    texts = transcript.findChildren(MessageText)
    assert len(texts) >= 3
    assert [images(text.document()) for text in texts] == [0] * len(texts)
    assert loaded == []
    assert hits(listener) == 0


def test_s14_the_listener_would_notice(listener: socket.socket) -> None:
    socket.create_connection(listener.getsockname()).close()
    assert hits(listener) == 1


def test_s16_errors_and_questions_are_shown_literally(qtbot: QtBot, qapp: object) -> None:
    hostile = "<img src='file:///etc/passwd'><b>bold</b>"
    error = {"title": hostile, "cause": hostile, "hint": hostile, "details": hostile, "next_step": "retry"}
    transcript = Transcript(
        Appearance(qapp, resources() / "themes"),  # type: ignore[arg-type]
        lambda message: (message, None),
    )
    qtbot.addWidget(transcript)
    transcript.resize(900, 900)
    transcript.show()
    failed = stored(Role.ASSISTANT, "", status=Status.FAILED, error=error)
    transcript.show_thread([stored(Role.USER, hostile), failed])
    shown = [label for label in transcript.findChildren(QLabel) if hostile in label.text()]
    assert shown
    assert {label.textFormat() for label in shown} == {QLabel().textFormat().PlainText}
    assert transcript.findChildren(MessageText)[0].document().toPlainText() == hostile
