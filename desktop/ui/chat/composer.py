"""Where one writes: a card that grows with its text, with Send that becomes Stop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QInputMethodEvent, QKeyEvent, QResizeEvent, QTextOption
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.chat.document import LINE_ENDS, LONGEST_RUN
from desktop.ui.chat.meter import ContextMeter
from desktop.ui.chat.mode import ModeSwitch
from desktop.ui.chat.privacy import PrivacySwitch
from desktop.ui.chat.thinking import ThinkingSwitch
from desktop.ui.chat.tray import PictureLine, Tray
from desktop.ui.drop import pictures_among
from desktop.ui.labels import ElidedLabel
from desktop.ui.theme import Appearance

_MOST_LINES = 10
_DRAFT_MS = 400
_NARROW, _CLOSE = 520, 640
_WRAPPING = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere


class ComposerEdit(QPlainTextEdit):
    """Plain text in which Enter submits and Shift+Enter breaks the line.

    While an input method composes, its Enter only takes what it composed. Ctrl+Enter submits too.
    `complete` says whether it had something to complete, and did.
    Pictures that are pasted are told as `pictures_given`: a list of paths and QImages.
    """

    submitted = Signal()
    pictures_given = Signal(list)
    height_changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._composing = False
        self.complete: Callable[[], bool] = lambda: False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(_WRAPPING)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(2)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.document().contentsChange.connect(self._choose_wrapping)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not enter or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            super().keyPressEvent(event)
        elif not self._composing and not event.isAutoRepeat():
            self.submitted.emit()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasImage() or super().canInsertFromMimeData(source)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab first completes what can be, then goes on."""
        return (next and self.complete()) or super().focusNextPrevChild(next)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Office programs add a picture of the text that was copied: the text is what is wanted then."""
        if files := pictures_among(source):
            self.pictures_given.emit(files)
        elif source.hasImage() and not source.text().strip():
            picture = source.imageData()
            self.pictures_given.emit([picture if isinstance(picture, QImage) else QImage()])
        else:
            self.insertPlainText(source.text())

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(200, self.height_wanted())

    def height_wanted(self) -> int:
        """Pixels for the text, between one line and ten."""
        line = self.fontMetrics().lineSpacing()
        lines = max(int(self.document().size().height()), 1)
        return min(lines, _MOST_LINES) * line + 8

    def _choose_wrapping(self, _position: int, _removed: int, added: int) -> None:
        """Qt seeks a place to break in quadratic time (0.8 s for 100k characters without one)."""
        if added < LONGEST_RUN:
            return
        endless = max(map(len, self.toPlainText().split()), default=0) > LONGEST_RUN
        mode = QTextOption.WrapMode.WrapAnywhere if endless else _WRAPPING
        if self.wordWrapMode() is not mode:
            self.setWordWrapMode(mode)

    def _fit(self) -> None:
        wanted = self.height_wanted()
        if wanted != self.height():
            self.setFixedHeight(wanted)
            self.height_changed.emit()
        overflows = self.document().size().height() > _MOST_LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if overflows else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)


class Composer(QWidget):
    """Says what the user wrote: `submitted(text)`, `stop_requested`, `draft_changed(text)` after a pause.

    The text stays until `clear` is called, so that a message that could not be sent is not lost. It may be
    empty where there are pictures in the `tray`.
    """

    submitted = Signal(str)
    attach_requested = Signal()
    stop_requested = Signal()
    draft_changed = Signal(str)

    def __init__(self, look: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._running = False
        self._editing = False
        self._pause = QTimer(self, singleShot=True, interval=_DRAFT_MS)
        self._pause.timeout.connect(lambda: self.draft_changed.emit(self.text()))
        self._build()
        self.edit.textChanged.connect(self._on_text)
        self.edit.submitted.connect(self._submit)
        self.edit.installEventFilter(self)
        self.send.setEnabled(False)

    def text(self) -> str:
        """What is written, with its no-break spaces: Qt's plain text has none."""
        return self.edit.document().toRawText().translate(LINE_ENDS)

    def set_text(self, text: str) -> None:
        """Replace what is written; the cursor goes to its end."""
        self.edit.setPlainText(text)
        self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)
        self._pause.stop()

    def clear(self) -> None:
        """The message was taken."""
        self.set_text("")

    def set_running(self, running: bool) -> None:
        """Show Stop instead of Send."""
        self._running = running
        self.stop.setVisible(running)
        self.send.setVisible(not running)

    def set_note(self, words: str, shorter: str = "") -> None:
        """A quiet line below the text; the shorter words are for where there is little room."""
        self._note.say(words, shorter)
        self._note.setToolTip(words)

    def flush(self) -> None:
        """Report a draft that waits for its pause, now."""
        if self._pause.isActive():
            self._pause.stop()
            self.draft_changed.emit(self.text())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.meter.set_brief(self.width() < _NARROW)
        self.mode.set_brief(self.width() < _NARROW)
        self.privacy.set_brief(self.width() < _CLOSE)
        self.thinking.set_brief(self.width() < _NARROW)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._card.setProperty("focused", event.type() is QEvent.Type.FocusIn)
            self._card.style().unpolish(self._card)
            self._card.style().polish(self._card)
        return False

    def _build(self) -> None:
        self._card = QFrame(self)
        self._card.setObjectName("composer-card")
        self.edit = ComposerEdit(self._card)
        self.edit.setObjectName("composer")
        self.edit.setAccessibleName("Message")
        self.edit.setPlaceholderText("Ask anything…")
        self.tray = Tray(self._look, self.edit, self._card)
        self.picture_line = PictureLine(self._card)
        self.attach = QToolButton(self._card)
        self.attach.setObjectName("attach")
        self.attach.setIcon(self._look.icon("image"))
        self.attach.setIconSize(QSize(18, 18))
        self.attach.setAccessibleName("Add pictures")
        self.attach.setToolTip("Add pictures; you can paste or drop them, too")
        self.attach.clicked.connect(self.attach_requested)
        self.mode = ModeSwitch(self._look, self._card)
        self.privacy = PrivacySwitch(self._look, self._card)
        self.thinking = ThinkingSwitch(self._look, self._card)
        self._note = ElidedLabel(self._card, "meta")
        self._note.setObjectName("composer-note")
        self.meter = ContextMeter(self._card)
        self.send = self._button("send", "arrow-up", "Send", "Send (Enter)")
        self.stop = self._button("stop", "stop-fill", "Stop", "Stop (Esc)")
        self.send.clicked.connect(self._submit)
        self.stop.clicked.connect(self.stop_requested)
        self.stop.hide()
        foot = QWidget(self._card)  # its parts become shorter once it is narrow: they must not keep it wide
        foot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.attach)
        row.addWidget(self.mode)
        row.addWidget(self.privacy)
        row.addWidget(self.thinking)
        row.addWidget(self._note, 1)
        row.addWidget(self.meter)
        row.addWidget(self.send)
        row.addWidget(self.stop)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(14, 12, 10, 10)
        column.setSpacing(6)
        column.addWidget(self.tray)
        column.addWidget(self.edit)
        column.addWidget(self.picture_line)
        column.addWidget(foot)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._card)

    def _button(self, name: str, icon: str, words: str, hint: str) -> QToolButton:
        button = QToolButton(self._card)
        button.setObjectName(name)
        button.setIcon(self._look.icon(icon, "on-shore"))
        button.setIconSize(QSize(18, 18))
        button.setFixedSize(34, 34)
        button.setAccessibleName(words)
        button.setToolTip(hint)
        return button

    def _on_text(self) -> None:
        self.show_sendable()
        self._pause.start()

    def show_sendable(self) -> None:
        """Offer Send where there is something to be sent; also to be called when pictures came or went."""
        self.send.setEnabled(self._has_content())

    def _has_content(self) -> bool:
        return bool(self.text().strip() or self.tray.pictures())

    def _submit(self) -> None:
        if self._has_content() and not self._running:
            self.submitted.emit(self.text().strip())
