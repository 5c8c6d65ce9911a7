"""What exactly was sent for one answer, word for word; or would be, before it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QSizePolicy, QWidget

from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.page import Page
from desktop.ui.theme import Appearance, code_font

_NOTHING = "Nothing was sent: this answer was written on this machine."
_GONE = (
    "What was sent is not kept any more. It is kept for 90 days, and goes with its conversation; requests of "
    "before Inshore kept it are not here either."
)
_LONGEST = 200_000
_KEY = "The key goes with a request, and is never kept or shown."


@dataclass(frozen=True, slots=True)
class Shown:
    """One request: a line `about` it, and its `text` exactly."""

    about: str
    text: str


def about_sent(at: float, host: str, count: int, sha256: str) -> str:
    """When, to whom, how much."""
    return (
        f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S} to {host}: {count:,} bytes, SHA-256 {sha256[:12]}…"
    )


class SentPage(Page):
    """`back_requested` leads to the conversation."""

    back_requested = Signal()

    def __init__(self, look: Appearance, parent: QWidget | None = None) -> None:
        super().__init__("What exactly was sent", "", parent)
        self._requests: Sequence[Shown] = ()
        self.words = plain_label(self, "muted")
        self.words.setObjectName("sent-words")
        self.which = Choice(self)
        self.which.setObjectName("sent-which")
        self.which.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # its lines are long
        self.which.setAccessibleName("Which request")
        self.which.activated.connect(self._show_one)
        self.text = QPlainTextEdit(self)
        self.text.setObjectName("sent-text")
        self.text.setAccessibleName("What was sent, word for word")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFont(code_font(look.theme))
        self.text.setMinimumHeight(420)
        self.column.addWidget(self.words)
        self.column.addWidget(self.which)
        self.column.addWidget(self.text, 1)
        self.column.addLayout(self._buttons())

    def show_requests(self, requests: Sequence[Shown], *, remote: bool) -> None:
        """All requests of an answer; `remote` is whether it was written elsewhere."""
        several = f" It took {len(requests)} requests." if len(requests) > 1 else ""
        nothing = _GONE if remote else _NOTHING
        self._show("What exactly was sent", requests, f"{_KEY}{several}" if requests else nothing)

    def show_draft(self, request: Shown) -> None:
        """What would be sent, if the user says yes."""
        words = f"Nothing of this has been sent yet. {_KEY}"
        self._show("What exactly would be sent", (request,), words)

    def _show(self, title: str, requests: Sequence[Shown], words: str) -> None:
        if isinstance(self.title, QLabel):
            self.title.setText(title)
        self.setAccessibleName(title)
        self._requests = requests
        self.words.setText(words)
        self.which.clear()
        self.which.addItems([one.about for one in requests])
        for part in (self.which, self.text, self._copy):
            part.setVisible(bool(requests))
        if requests:
            self.which.setCurrentIndex(len(requests) - 1)
            self._show_one(len(requests) - 1)

    def _show_one(self, number: int) -> None:
        self.text.setPlainText(readable(self._requests[number].text))

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self._requests[self.which.currentIndex()].text)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        back = QPushButton("Back to the conversation", self)
        back.setObjectName("back-to-conversation")
        back.clicked.connect(self.back_requested)
        self._copy = QPushButton("Copy it exactly", self)
        self._copy.setObjectName("copy-sent")
        self._copy.clicked.connect(self._copy_text)
        row.addWidget(back)
        row.addWidget(self._copy)
        row.addStretch(1)
        return row


def readable(text: str) -> str:
    """JSON on lines of its own, anything else as it is; of very long ones the beginning."""
    try:
        lines = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        lines = text
    if len(lines) <= _LONGEST:
        return lines
    return f"{lines[:_LONGEST]}\n… and {len(lines) - _LONGEST:,} more characters; copying takes all of them."
