"""One message in the transcript: what was said, how it stands, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QGuiApplication, QIcon, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop.storage.conversations import Status, StoredMessage
from desktop.ui.chat import wording
from desktop.ui.chat.markdown import MarkdownStream, parse
from desktop.ui.chat.text import MessageText
from desktop.ui.icons import icon
from desktop.ui.theme import Appearance
from models.chat import Progress
from models.errors import NextStep

ACTION_HEIGHT = 32
_BUBBLE_PADDING = 12
_BUBBLE_SHARE = 0.85
_STEP_WORDS = {
    NextStep.RETRY: "Try again",
    NextStep.CHOOSE_MODEL: "Choose a model",
    NextStep.ADD_MODEL: "Add a model",
    NextStep.NEW_CHAT: "New chat",
}


class ActionRow(QWidget):
    """Buttons that show while the pointer or the keyboard is on their message; they never move anything."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._shown = False
        self._always = False
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)

    def add(self, symbol: str, name: str, words: str) -> QToolButton:
        """A button at the right end of the row."""
        button = QToolButton(self)
        button.setObjectName(name)
        button.setIcon(icon_shown_by(self._look, symbol, lambda: self._shown or self._always))
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setFixedSize(28, 28)
        button.installEventFilter(self)
        self._row.addWidget(button)
        return button

    def add_widget(self, widget: QWidget, stretch: int = 0) -> None:
        """Any other widget in the row."""
        self._row.addWidget(widget, stretch)

    def show_buttons(self, shown: bool) -> None:
        """Draw the icons or leave them out; the buttons stay where they are."""
        if shown != self._shown:
            self._shown = shown
            self._redraw()

    def set_always(self, always: bool) -> None:
        """Draw the icons wherever the pointer is."""
        if always != self._always:
            self._always = always
            self._redraw()

    def _redraw(self) -> None:
        for button in self.findChildren(QToolButton):
            button.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusIn:
            self.show_buttons(True)
        elif event.type() is QEvent.Type.FocusOut:
            self.show_buttons(self.parentWidget().underMouse())
        return False


def icon_shown_by(look: Appearance, name: str, shown: Callable[[], bool]) -> QIcon:
    """An icon that is transparent while `shown()` is false."""
    clear = QColor(Qt.GlobalColor.transparent)
    return icon(name, lambda: look.theme.colour("muted") if shown() else clear)


class MessageView(QWidget):
    """What all messages share. `arrange` lays the parts out and gives the height."""

    copy_requested = Signal()
    edit_requested = Signal(object)
    regenerate_requested = Signal(object)
    resume_requested = Signal(object)
    version_requested = Signal(int)
    step_requested = Signal(str, object)
    link_activated = Signal(str)

    def __init__(self, message: StoredMessage, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.message = message
        self.look = look
        self.actions = ActionRow(look, self)

    def arrange(self, width: int) -> int:
        """Place everything in this width; the height in pixels."""
        raise NotImplementedError

    def show_message(self, message: StoredMessage, progress: Progress | None = None) -> None:
        """Show another state of the same message."""
        raise NotImplementedError

    def set_last(self, last: bool) -> None:
        """The actions of the last message are always in sight."""
        self.actions.set_always(last)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.actions.show_buttons(True)

    def leaveEvent(self, event: QEvent) -> None:
        focused = self.focusWidget()
        self.actions.show_buttons(focused is not None and self.actions.isAncestorOf(focused))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange(self.width())

    def _add_versions(self) -> None:
        versions = self.message.versions
        if len(versions) < 2:
            return
        here = versions.index(self.message.id)
        back = self.actions.add("caret-left", "version-before", "Earlier version")
        label = QLabel(f"{here + 1} / {len(versions)}", self.actions)
        label.setProperty("role", "meta")
        self.actions.add_widget(label)
        forward = self.actions.add("caret-right", "version-after", "Later version")
        back.setEnabled(here > 0)
        forward.setEnabled(here + 1 < len(versions))
        back.clicked.connect(lambda: self.version_requested.emit(versions[here - 1]))
        forward.clicked.connect(lambda: self.version_requested.emit(versions[here + 1]))

    def _add_copy(self) -> None:
        copy = self.actions.add("copy", "copy-message", "Copy the message")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.message.text))


class QuestionView(MessageView):
    """What the user said, on a soft surface at the right edge; shown as it was typed."""

    def __init__(self, message: StoredMessage, look: Appearance, parent: QWidget) -> None:
        super().__init__(message, look, parent)
        self.setObjectName("question")
        self._bubble = QFrame(self)
        self._bubble.setProperty("bubble", True)
        self._text = MessageText(look, self._bubble)
        self._text.setAccessibleName("You said")
        self._text.show_plain(message.text)
        self._text.link_activated.connect(self.link_activated)
        self._add_versions()
        self._add_copy()
        edit = self.actions.add("pencil-simple", "edit-message", "Ask differently")
        edit.clicked.connect(lambda: self.edit_requested.emit(self.message))

    def show_message(self, message: StoredMessage, progress: Progress | None = None) -> None:
        self.message = message
        self._text.show_plain(message.text)

    def arrange(self, width: int) -> int:
        most = int(width * _BUBBLE_SHARE) - 2 * _BUBBLE_PADDING
        text_width = min(max(self._text.natural_width(), 24), most)
        height = self._text.height_for(text_width)
        self._text.setGeometry(_BUBBLE_PADDING, _BUBBLE_PADDING - 3, text_width, height)
        bubble_width = text_width + 2 * _BUBBLE_PADDING
        bubble_height = height + 2 * _BUBBLE_PADDING - 8
        self._bubble.setGeometry(width - bubble_width, 0, bubble_width, bubble_height)
        wanted = self.actions.sizeHint().width()
        self.actions.setGeometry(width - wanted, bubble_height + 2, wanted, ACTION_HEIGHT - 4)
        return bubble_height + ACTION_HEIGHT


class ErrorCard(QFrame):
    """A failure where the answer would be: title, cause, one button, details to unfold."""

    step_requested = Signal(str)
    resized = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("error", True)
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
        self._wanted = ""
        self._build()

    def show_error(self, error: dict[str, str]) -> None:
        """Fill in the values of an AppError."""
        self._title.setText(error.get("title", ""))
        self._cause.setText(" ".join(part for part in (error.get("cause"), error.get("hint")) if part))
        self._details.setText(error.get("details", ""))
        self._more.setVisible(bool(error.get("details")))
        self._wanted = error.get("next_step", NextStep.NONE)
        words = _STEP_WORDS.get(NextStep(self._wanted)) if self._wanted in list(NextStep) else None
        self._step.setVisible(words is not None)
        self._step.setText(words or "")

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self._step)
        buttons.addWidget(self._more)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        for label in (self._title, self._cause, self._details):
            column.addWidget(label)
        column.addLayout(buttons)

    def _toggle_details(self) -> None:
        self._details.setVisible(self._details.isHidden())
        self.resized.emit()


def plain_label(parent: QWidget, role: str = "") -> QLabel:
    """A label that shows any text literally, and wraps."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label


class AnswerView(MessageView):
    """What the model said: reasoning folded away, the answer, and one line on how it came about."""

    grown = Signal()

    def __init__(self, message: StoredMessage, look: Appearance, parent: QWidget) -> None:
        super().__init__(message, look, parent)
        self.setObjectName("answer")
        self._stream = MarkdownStream()
        self._unfolded = False
        self._thought = QPushButton(self)
        self._thought.setObjectName("thought")
        self._thought.setProperty("link", True)
        self._thought.clicked.connect(self._toggle_thought)
        self._reasoning = MessageText(look, self)
        self._reasoning.setAccessibleName("Reasoning")
        self._text = MessageText(look, self)
        self._text.setAccessibleName("Answer")
        self._error = ErrorCard(self)
        self._error.step_requested.connect(lambda step: self.step_requested.emit(step, self.message))
        self._error.resized.connect(self.grown)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._status = QLabel(self.actions)
        self._status.setObjectName("status-line")
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        self._status.setProperty("role", "meta")
        for text in (self._text, self._reasoning):
            text.link_activated.connect(self.link_activated)
        self._build_actions()
        self.show_message(message)

    def show_message(self, message: StoredMessage, progress: Progress | None = None) -> None:
        running = message.status is Status.RUNNING
        was_running = self.message.status is Status.RUNNING
        self.message = message
        if running:
            self._text.show_blocks(self._stream.update(message.text))
        elif was_running:
            self._text.show_blocks(self._stream.finish(message.text))
        else:
            self._text.show_blocks(parse(message.text))
        self._show_reasoning(running)
        self._show_error()
        self._show_state(running, progress)

    def arrange(self, width: int) -> int:
        y = 0
        if self._thought.isVisibleTo(self):
            self._thought.setGeometry(-6, y, min(self._thought.sizeHint().width(), width), 28)
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
            height = self._error.layout().totalHeightForWidth(width)
            self._error.setGeometry(0, y + 4, width, height)
            y += height + 8
        if self._bar.isVisibleTo(self):
            self._bar.setGeometry(0, y + 6, min(width, 240), 4)
            y += 12
        self.actions.setGeometry(0, y, width, ACTION_HEIGHT - 4)
        return y + ACTION_HEIGHT

    def _build_actions(self) -> None:
        self._dot = QLabel(self.actions)
        self._dot.setFixedSize(16, 16)
        self.actions.add_widget(self._dot)
        self.actions.add_widget(self._status)
        self._resume = QPushButton("Continue", self.actions)
        self._resume.setObjectName("continue")
        self._resume.setProperty("link", True)
        self._resume.clicked.connect(lambda: self.resume_requested.emit(self.message))
        self.actions.add_widget(self._resume)
        spring = QWidget(self.actions)
        self.actions.add_widget(spring, 1)
        self._add_versions()
        self._add_copy()
        again = self.actions.add("arrow-clockwise", "regenerate", "Answer again")
        again.clicked.connect(lambda: self.regenerate_requested.emit(self.message))

    def _toggle_thought(self) -> None:
        self._unfolded = not self._unfolded
        self._show_reasoning(self.message.status is Status.RUNNING)
        self.grown.emit()

    def _show_reasoning(self, running: bool) -> None:
        thought = bool(self.message.reasoning)
        self._thought.setVisible(thought)
        self._reasoning.setVisible(thought and self._unfolded)
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
            self._error.show_error(dict(error))

    def _show_state(self, running: bool, progress: Progress | None) -> None:
        waiting = running and not self.message.text and not self.message.reasoning
        known = progress is not None and progress.total > 0
        self._bar.setVisible(waiting and known)
        if waiting and progress is not None and known:
            self._bar.setRange(0, progress.total)
            self._bar.setValue(progress.done)
        failed = self.message.status is Status.FAILED
        line = "" if failed and not self.message.text else wording.status_line(self.message)
        self._status.setText(wording.progress_line(progress) if waiting else "Writing…" if running else line)
        self._status.setToolTip("" if running else wording.details(self.message))
        self._dot.setVisible(not failed)
        self._dot.setPixmap(self.look.icon("circle-fill", "shore").pixmap(8, 8))
        self._resume.setVisible(self.message.status in (Status.STOPPED, Status.INTERRUPTED) or self._was_cut())
        self.actions.setEnabled(True)
        for button in self.actions.findChildren(QToolButton):
            button.setVisible(not running)

    def _was_cut(self) -> bool:
        return (self.message.receipt or {}).get("reason") == "length"
