"""An answer in the transcript, from the first sign of progress to its last word."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QProgressBar, QPushButton, QToolButton, QWidget

from desktop.services.turns import receipt_text
from desktop.storage.conversations import Status, StoredMessage
from desktop.ui.chat import wording
from desktop.ui.chat.error_card import ErrorCard
from desktop.ui.chat.markdown import parse
from desktop.ui.chat.message import ACTION_HEIGHT, MessageView
from desktop.ui.chat.seam import SeamedStream, whole
from desktop.ui.chat.text import MessageText
from desktop.ui.labels import ElidedLabel, Picture, plain_label
from desktop.ui.theme import Appearance
from models.chat import Progress
from models.ways_on import read

_ASKED_AGAIN = "A gateway can’t be hurried: it is stopped, and asked again without thinking"


class AnswerView(MessageView):
    """What the model said: reasoning folded away, the answer, and one line on how it came about."""

    grown = Signal()
    answer_now_requested = Signal()

    def __init__(self, message: StoredMessage, look: Appearance, parent: QWidget) -> None:
        super().__init__(message, look, parent)
        self.setObjectName("answer")
        self._stream = SeamedStream()
        self._unfolded = False
        self._thought = QPushButton(self)
        self._thought.setObjectName("thought")
        self._thought.setProperty("link", True)
        self._thought.clicked.connect(self._toggle_thought)
        self._now = QPushButton("Answer now", self)
        self._now.setObjectName("answer-now")
        self._now.setProperty("link", True)
        self._now.clicked.connect(self.answer_now_requested)
        self._copy_thought = QPushButton("Copy reasoning", self)
        self._copy_thought.setObjectName("copy-reasoning")
        self._copy_thought.setProperty("link", True)
        self._copy_thought.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.message.reasoning)
        )
        self._reasoning = MessageText(look, self)
        self._reasoning.setAccessibleName("Reasoning")
        self._text = MessageText(look, self)
        self._text.setAccessibleName("Answer")
        self._error = ErrorCard(self)
        self._error.step_requested.connect(lambda step: self.step_requested.emit(step, self.message))
        self._error.way_chosen.connect(lambda way: self.way_chosen.emit(way, self.message))
        self._error.take_over_requested.connect(
            lambda always: self.take_over_requested.emit(self.message, always)
        )
        self._error.resized.connect(self.grown)
        self._remarks = plain_label(self, "meta")
        self._remarks.setObjectName("remarks")
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._status = ElidedLabel(self.action_row, "meta")
        self._status.setObjectName("status-line")
        for text in (self._text, self._reasoning):
            text.link_activated.connect(self.link_activated)
        self._build_actions()
        self.show_message(message)

    def show_message(self, message: StoredMessage, progress: Progress | None = None) -> None:
        running = message.status is Status.RUNNING
        was_running = self.message.status is Status.RUNNING
        self.message = message
        parts = wording.parts(message)
        if running:
            self._text.show_blocks(self._stream.update(message.text, parts))
        elif was_running:
            self._text.show_blocks(self._stream.finish(message.text, parts))
        else:
            self._text.show_blocks(whole(message.text, parts))
        self._show_reasoning(running)
        self._show_error()
        self._show_remarks()
        self._show_pin()
        self._show_state(running, progress)

    def arrange(self, width: int) -> int:
        y = 0
        if self._thought.isVisibleTo(self):
            thought = min(self._thought.sizeHint().width(), width)
            self._thought.setGeometry(-6, y, thought, 28)
            x = thought + 2
            for button in (self._now, self._copy_thought):
                if button.isVisibleTo(self):
                    button.setGeometry(x, y, button.sizeHint().width(), 28)
                    x += button.width() + 8
            y += 34
        if self._reasoning.isVisibleTo(self):
            height = self._reasoning.height_for(width - 16)
            self._reasoning.setGeometry(16, y, width - 16, height)
            y += height + 12
        if self.message.text:
            height = self._text.height_for(width)
            self._text.setGeometry(0, y, width, height)
            y += height + 4
        if self._error.isVisibleTo(self):
            height = self._error.height_for(width)
            self._error.setGeometry(0, y + 4, width, height)
            y += height + 8
        if self._remarks.isVisibleTo(self):
            height = self._remarks.heightForWidth(width)
            self._remarks.setGeometry(0, y + 4, width, height)
            y += height + 8
        if self._bar.isVisibleTo(self):
            self._bar.setGeometry(0, y + 6, min(width, 240), 4)
            y += 12
        self.action_row.setGeometry(0, y, width, ACTION_HEIGHT - 4)
        return y + ACTION_HEIGHT

    def _build_actions(self) -> None:
        self._dot = Picture(self.look, "circle-fill", 8, self.action_row)
        self.action_row.add_widget(self._dot)
        self.action_row.add_widget(self._status)
        self._resume = QPushButton("Continue", self.action_row)
        self._resume.setObjectName("continue")
        self._resume.setProperty("link", True)
        self._resume.clicked.connect(lambda: self.resume_requested.emit(self.message))
        self.action_row.add_widget(self._resume)
        spring = QWidget(self.action_row)
        self.action_row.add_widget(spring, 1)
        self._add_versions()
        self._add_copy()
        receipt = self.action_row.add("receipt", "copy-receipt", "Copy how this answer came about (JSON)")
        receipt.clicked.connect(lambda: QGuiApplication.clipboard().setText(receipt_text(self.message)))
        sent = self.action_row.add("paper-plane-tilt", "what-was-sent", "What exactly was sent")
        sent.clicked.connect(lambda: self.sent_requested.emit(self.message))
        again = self.action_row.add("arrow-clockwise", "regenerate", "Answer again")
        again.clicked.connect(lambda: self.regenerate_requested.emit(self.message))
        self._add_pin()

    def _toggle_thought(self) -> None:
        self._unfolded = not self._unfolded
        self._show_reasoning(self.message.status is Status.RUNNING)
        self.grown.emit()

    def _show_reasoning(self, running: bool) -> None:
        thought = bool(self.message.reasoning)
        self._thought.setVisible(thought)
        self._now.setVisible(thought and running and not self.message.text)
        self._now.setToolTip(_ASKED_AGAIN if wording.is_remote(self.message) else "")
        self._reasoning.setVisible(thought and self._unfolded)
        self._copy_thought.setVisible(thought and self._unfolded)
        if thought:
            arrow = "caret-down" if self._unfolded else "caret-right"
            self._thought.setIcon(self.look.icon(arrow))
            self._thought.setText(wording.thought_line(self.message, running=running))
        if thought and self._unfolded:
            self._reasoning.show_blocks(parse(self.message.reasoning))

    def _show_error(self) -> None:
        error = self.message.error
        self._error.setVisible(error is not None)
        if error is not None:
            self._error.show_error(error, read((self.message.receipt or {}).get("ways")))

    def _show_remarks(self) -> None:
        remarks = wording.remarks(self.message)
        self._remarks.setText("\n".join(remarks))
        self._remarks.setVisible(bool(remarks))

    def _show_state(self, running: bool, progress: Progress | None) -> None:
        waiting = running and not self.message.text and not self.message.reasoning
        known = progress is not None and progress.total > 0
        self._bar.setVisible(waiting and known)
        if waiting and progress is not None and known:
            self._bar.setRange(0, progress.total)
            self._bar.setValue(progress.done)
        failed = self.message.status is Status.FAILED
        line = "" if failed and not self.message.text else wording.status_line(self.message)
        self._status.setText(
            wording.progress_line(progress)
            if waiting
            else wording.running_line(self.message)
            if running
            else line
        )
        self._status.setToolTip("" if running else wording.details(self.message))
        self._dot.setVisible(bool(self._status.text()))
        self._dot.set_colour(wording.tint(self.message))
        self._resume.setVisible(
            self.message.status in (Status.STOPPED, Status.INTERRUPTED) or self._was_cut()
        )
        for button in self.action_row.findChildren(QToolButton):
            button.setVisible(not running)
        self._pin.setVisible(not running and bool(self.message.text))

    def _was_cut(self) -> bool:
        return (self.message.receipt or {}).get("reason") == "length"
