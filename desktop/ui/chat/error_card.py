"""A failure, or a question, where the answer would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.ui.chat.ways import Ways
from desktop.ui.check import CheckBox
from desktop.ui.labels import plain_label
from models.errors import NextStep
from models.ways_on import Way

_STEP_WORDS = {
    NextStep.RETRY: "Try again",
    NextStep.CHOOSE_MODEL: "Choose a model",
    NextStep.ADD_MODEL: "Find a model",
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
_SIDE = 16
_QUESTIONS = (NextStep.ALLOW, NextStep.RAISE, NextStep.ACCEPT, NextStep.SEND)
ANSWER_HERE, NOT_NOW, WHAT_EXACTLY = "answer-here", "not-now", "what-exactly"
_REPLIES = {
    NextStep.ALLOW: ((NOT_NOW, "Don’t send"),),
    NextStep.SEND: (
        (ANSWER_HERE, "Answer here"),
        (NOT_NOW, "Don’t send"),
        (WHAT_EXACTLY, "What exactly?"),
    ),
}
"""What else can be done where the user is asked: the step's name, and its words."""


class ErrorCard(QFrame):
    """A failure where the answer would be: title, cause, the next step, details to unfold.

    Where another model could go on, that is the first step, and `take_over_requested(always)` says so.
    """

    take_over_requested = Signal(bool)
    step_requested = Signal(str)
    way_chosen = Signal(object)
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
        self._ways = Ways(self)
        self._ways.chosen.connect(self.way_chosen)
        self._offer = QPushButton(self)
        self._offer.setObjectName("take-over")
        self._offer.setProperty("primary", True)
        self._always = CheckBox("From now on without asking, in this chat", self)
        self._always.setObjectName("take-over-always")
        self._always.setProperty("plain", True)
        self._offer.clicked.connect(lambda: self.take_over_requested.emit(self._always.isChecked()))
        self._step = QPushButton(self)
        self._step.setObjectName("next-step")
        self._more = QPushButton("Details", self)
        self._more.setProperty("link", True)
        self._more.setObjectName("error-details")
        self._more.clicked.connect(self._toggle_details)
        self._step.clicked.connect(lambda: self.step_requested.emit(self._wanted))
        self._replies: list[QPushButton] = []
        self._build()

    def height_for(self, width: int) -> int:
        """Pixels for the whole card at this width. Where there is little, the offer has a line of its own."""
        for layout in (self._others, self._buttons, self._column):
            layout.invalidate()  # they do not hear of buttons that were hidden before the first show
        room = width - 2 * _SIDE
        self._offer.setText(self._fitting(room))
        beside = self._offer.sizeHint().width() + self._others.sizeHint().width() + self._buttons.spacing()
        narrow = self._offer.isVisibleTo(self) and beside > room
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self._buttons.direction() is not way:
            self._buttons.setDirection(way)
        return self._column.totalHeightForWidth(width)

    def show_error(self, error: Mapping[str, str], ways: Sequence[Way] = ()) -> None:
        """Fill in the values of an AppError; `ways` take the place of its one button."""
        self._title.setText(error.get("title", ""))
        hint = "" if ways else error.get("hint")
        self._cause.setText(" ".join(filter(None, (error.get("cause"), hint, error.get("end")))))
        self._ways.show_ways(ways)
        self._show_offer("" if ways else error.get("offer", ""))
        self._details.setText(error.get("details", ""))
        self._more.setVisible(bool(error.get("details")))
        self._wanted = error.get("next_step", NextStep.NONE)
        words = _STEP_WORDS.get(NextStep(self._wanted)) if self._wanted in list(NextStep) else None
        question = self._wanted in _QUESTIONS or ("offer" in error and self._wanted == NextStep.NONE)
        self._look_like("ask" if question else "true")
        self._step.setVisible(words is not None and not ways)
        self._step.setText(words or "")
        self._show_replies(_REPLIES.get(NextStep(self._wanted), ()) if words else ())

    def _fitting(self, room: int) -> str:
        """The offer's words; of a long name the middle gives way."""
        around = self._offer.sizeHint().width() - self._offer.fontMetrics().horizontalAdvance(
            self._offer.text()
        )
        words = self._offer.accessibleName()
        return self._offer.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, room - around)

    def _show_offer(self, words: str) -> None:
        self._offer.setText(words)
        self._offer.setToolTip(words)
        self._offer.setAccessibleName(words)
        for widget in (self._offer, self._always):
            widget.setVisible(bool(words))

    def _build(self) -> None:
        self._others = others = QHBoxLayout()
        others.addWidget(self._step)
        others.addWidget(self._more)
        others.addStretch(1)
        self._links = QHBoxLayout()
        self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._buttons.addWidget(self._offer, 0, Qt.AlignmentFlag.AlignLeft)
        self._buttons.addLayout(others, 1)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(_SIDE, 12, _SIDE, 12)
        column.setSpacing(6)
        for label in (self._title, self._cause, self._ways, self._details):
            column.addWidget(label)
        column.addLayout(self._buttons)
        column.addLayout(self._links)
        column.addWidget(self._always)

    def _show_replies(self, replies: Sequence[tuple[str, str]]) -> None:
        """Show these buttons after the step’s."""
        if [button.objectName() for button in self._replies] == [name for name, _words in replies]:
            return
        for button in self._replies:
            button.hide()
            button.deleteLater()
        self._replies = [self._reply(*one) for one in replies]
        for number, button in enumerate(self._replies):
            if button.property("link"):
                self._links.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            else:
                self._others.insertWidget(number + 1, button)
            button.show()

    def _reply(self, name: str, words: str) -> QPushButton:
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
