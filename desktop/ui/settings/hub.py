"""Where models are downloaded from: the addresses of hubs, one a line."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label
from models.errors import BadInput
from models.hub_addresses import MAIN, checked_addresses

_LINES = 3


class HubAddresses(QWidget):
    """A field for the addresses; `chosen(tuple)` when it is left with others that can be used.

    What can't be used stays in the field, with the reason under it, and changes nothing.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._value: tuple[str, ...] = (MAIN,)
        self.field = _Lines(self)
        self.field.left.connect(self._on_left)
        self.field.textChanged.connect(self._on_text)
        self._problem = plain_label(self, "problem")
        self._problem.setObjectName("hub-problem")
        self._problem.hide()
        self._reset = QPushButton("Use the main hub only", self)
        self._reset.setObjectName("hub-reset")
        self._reset.setProperty("link", True)
        self._reset.clicked.connect(self._on_reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.field)
        column.addWidget(self._problem)
        column.addWidget(self._reset, 0, Qt.AlignmentFlag.AlignLeft)

    def show_value(self, addresses: tuple[str, ...]) -> None:
        """What is set."""
        self._value = addresses
        self.field.setPlainText("\n".join(addresses))
        self._say("")

    def _on_left(self) -> None:
        """Take what was typed, as it is written properly."""
        try:
            addresses = checked_addresses(self.field.toPlainText().splitlines())
        except BadInput as error:
            self._say(f"{error.cause} {error.hint}".strip())
            return
        before = self._value
        self.show_value(addresses)
        if addresses != before:
            self.chosen.emit(addresses)

    def _on_text(self) -> None:
        """A reason that no longer holds goes away at once; a new one waits until the field is left."""
        if self._problem.isHidden():
            return
        try:
            checked_addresses(self.field.toPlainText().splitlines())
        except BadInput as error:
            self._say(f"{error.cause} {error.hint}".strip())
        else:
            self._say("")

    def _on_reset(self) -> None:
        self.field.setPlainText(MAIN)
        self._on_left()

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self._reset.setVisible(bool(problem) or self._value != (MAIN,))
        self.field.setAccessibleDescription(problem)


class _Lines(QPlainTextEdit):
    """A few lines of text; `left` when the keyboard goes elsewhere. Tab moves on."""

    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("hub-addresses")
        self.setAccessibleName("Addresses of hubs, one a line")
        self.setPlaceholderText(MAIN)
        self.setProperty("field", True)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFixedHeight(_LINES * self.fontMetrics().lineSpacing() + 24)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.left.emit()
