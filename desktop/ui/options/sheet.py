"""A sheet at the right of a page: what one conversation has of its own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.system.options import Options
from desktop.ui.check import CheckBox
from desktop.ui.labels import plain_label
from desktop.ui.options.form import OptionsForm
from desktop.ui.theme import Appearance

_WIDTH = 340
_ROOM_BESIDE = 740  # a page this wide keeps the 400 pixels that messages need, beside the sheet
_PRIVATE = (
    "What the model has read here is not kept on disk for a faster start. "
    "The text itself is stored as always, so that you find it again."
)


class OptionsSheet(QFrame):
    """Stands beside a wide page's content, and over a narrow one's. `closed` when the user closes it.

    `private_chosen(bool)` and `options_changed(Options)` as they are set; `shown` whenever it comes
    into sight, for whoever fills it.
    """

    private_chosen = Signal(bool)
    options_changed = Signal(object)
    shown = Signal()
    closed = Signal()

    def __init__(self, look: Appearance, page: QWidget) -> None:
        super().__init__(page)
        self._page, self._look = page, look
        self.setObjectName("options-sheet")
        self.setAccessibleName("Options of this conversation")
        self.private = CheckBox("Private", self)
        self.private.setObjectName("private")
        self.private.setAccessibleDescription(_PRIVATE)
        self.private.clicked.connect(self.private_chosen)
        self.form = OptionsForm(look, self)
        self.form.changed.connect(self.options_changed)
        self._build()
        self.hide()
        page.installEventFilter(self)

    def show_values(self, private: bool, own: Options, inherited: Options) -> None:
        """Show what is set for the conversation, and what holds otherwise."""
        self.private.setChecked(private)
        self.form.show_options(own, inherited)

    def open(self) -> None:
        """Come into sight, with the keyboard."""
        self.show()
        self._place()
        self.raise_()
        self.private.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_sheet(self) -> None:
        """Take what was typed, and go."""
        self.form.flush()
        self.hide()
        self._place()
        self.closed.emit()

    def event(self, event: QEvent) -> bool:
        # Escape is ours here; elsewhere on the page it stops an answer.
        if event.type() is QEvent.Type.ShortcutOverride and _is_escape(event):
            event.accept()
            return True
        if event.type() is QEvent.Type.Show:
            self.shown.emit()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_sheet()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        width = min(_WIDTH, self._page.width())
        beside = self._page.width() >= _ROOM_BESIDE and not self.isHidden()
        layout = self._page.layout()
        if layout is not None:
            layout.setContentsMargins(0, 0, width if beside else 0, 0)
        self.setGeometry(self._page.width() - width, 0, width, self._page.height())

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)  # the line at the left
        column.setSpacing(0)
        column.addLayout(self._head())
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._body())
        column.addWidget(area, 1)

    def _head(self) -> QHBoxLayout:
        title = plain_label(self, "strong")
        title.setText("This conversation")
        close = QToolButton(self)
        close.setObjectName("close-options")
        close.setAccessibleName("Close the options")
        close.setToolTip("Close (Esc)")
        close.setIcon(self._look.icon("x"))
        close.setIconSize(QSize(16, 16))
        close.setFixedSize(28, 28)
        close.clicked.connect(self.close_sheet)
        row = QHBoxLayout()
        row.setContentsMargins(16, 12, 12, 8)
        row.addWidget(title, 1)
        row.addWidget(close)
        return row

    def _body(self) -> QWidget:
        body = QWidget()
        words = plain_label(body, "meta")
        words.setText(_PRIVATE)
        line = QFrame(body)
        line.setProperty("line", True)
        line.setFixedHeight(1)
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 4, 14, 24)
        column.setSpacing(4)
        column.addWidget(self.private)
        column.addWidget(words)
        column.addSpacing(10)
        column.addWidget(line)
        column.addSpacing(10)
        column.addWidget(self.form)
        column.addStretch(1)
        return body


def _is_escape(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
