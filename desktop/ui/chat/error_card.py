"""A failure, or a question, where the answer would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label
from models.errors import NextStep

_STEP_WORDS = {
    NextStep.RETRY: "Try again",
    NextStep.CHOOSE_MODEL: "Choose a model",
    NextStep.ADD_MODEL: "Add a model",
    NextStep.NEW_CHAT: "New chat",
    NextStep.SHORTEN: "Edit the message",
    NextStep.LARGER_CONTEXT: "Use a larger context",
    NextStep.CHECK_KEY: "Open the gateways",
    NextStep.CONTINUE: "Continue",
    NextStep.ALLOW: "Allow and send",
    NextStep.RAISE: "Send it this once",
    NextStep.ACCEPT: "Read its licence",
    NextStep.SEND: "Send it",
}
_QUESTIONS = (NextStep.ALLOW, NextStep.RAISE, NextStep.ACCEPT, NextStep.SEND)
ANSWER_HERE, NOT_NOW, WHAT_EXACTLY = "answer-here", "not-now", "what-exactly"
_OTHERS = {
    NextStep.SEND: (
        (ANSWER_HERE, "Answer here"),
        (NOT_NOW, "Don’t send"),
        (WHAT_EXACTLY, "What exactly?"),
    )
}
"""What else can be done where the user is asked: the step's name, and its words."""


class ErrorCard(QFrame):
    """A failure where the answer would be: title, cause, one button, details to unfold."""

    step_requested = Signal(str)
    resized = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._wanted = ""
        self.setProperty("error", "true")
        self.setObjectName("error-card")
        self._title = plain_label(self, "danger")
        self._cause = plain_label(self)
        self._details = plain_label(self, "meta")
        self._details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details.hide()
        self._step = QPushButton(self)
        self._step.setObjectName("next-step")
        self._more = QPushButton("Details", self)
        self._more.setProperty("link", True)
        self._more.setObjectName("error-details")
        self._more.clicked.connect(self._toggle_details)
        self._step.clicked.connect(lambda: self.step_requested.emit(self._wanted))
        self._others: list[QPushButton] = []
        self._build()

    def height_for(self, width: int) -> int:
        """Pixels for the whole card at this width."""
        return self._column.totalHeightForWidth(width)

    def show_error(self, error: Mapping[str, str]) -> None:
        """Fill in the values of an AppError."""
        self._title.setText(error.get("title", ""))
        self._cause.setText(" ".join(part for part in (error.get("cause"), error.get("hint")) if part))
        self._details.setText(error.get("details", ""))
        self._more.setVisible(bool(error.get("details")))
        self._wanted = error.get("next_step", NextStep.NONE)
        words = _STEP_WORDS.get(NextStep(self._wanted)) if self._wanted in list(NextStep) else None
        self._look_like("ask" if self._wanted in _QUESTIONS else "true")
        self._step.setVisible(words is not None)
        self._step.setText(words or "")
        self._offer(_OTHERS.get(NextStep(self._wanted), ()) if words else ())

    def _build(self) -> None:
        buttons = self._buttons = QHBoxLayout()
        buttons.addWidget(self._step)
        buttons.addWidget(self._more)
        buttons.addStretch(1)
        self._links = QHBoxLayout()
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        for label in (self._title, self._cause, self._details):
            column.addWidget(label)
        column.addLayout(buttons)
        column.addLayout(self._links)

    def _offer(self, others: Sequence[tuple[str, str]]) -> None:
        """Show these buttons after the step’s."""
        if [button.objectName() for button in self._others] == [name for name, _words in others]:
            return
        for button in self._others:
            button.hide()
            button.deleteLater()
        self._others = [self._other(*one) for one in others]
        for number, button in enumerate(self._others):
            if button.property("link"):
                self._links.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            else:
                self._buttons.insertWidget(number + 1, button)
            button.show()

    def _other(self, name: str, words: str) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setProperty("link", name == WHAT_EXACTLY)
        button.clicked.connect(lambda: self.step_requested.emit(name))
        return button

    def _look_like(self, kind: str) -> None:
        """A question is no failure, and does not look like one."""
        if self.property("error") != kind:
            self.setProperty("error", kind)
            for widget in (self, self._title):
                widget.style().unpolish(widget)
                widget.style().polish(widget)

    def _toggle_details(self) -> None:
        self._details.setVisible(self._details.isHidden())
        self.resized.emit()
