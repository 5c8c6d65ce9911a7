"""Where a key is pasted: it never shows one, stored or typed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label
from models.errors import AppError

_LONGEST = 16_384  # characters of a paste; what is longer is cut before anything reads it


def secret_field(parent: QWidget, name: str, accessible: str) -> QLineEdit:
    """A line whose text is shown as dots and can't be copied."""
    field = QLineEdit(parent)
    field.setObjectName(name)
    field.setAccessibleName(accessible)
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setInputMethodHints(
        Qt.InputMethodHint.ImhSensitiveData
        | Qt.InputMethodHint.ImhNoPredictiveText
        | Qt.InputMethodHint.ImhNoAutoUppercase
    )
    field.setMaxLength(_LONGEST)
    return field


class KeyForm(QWidget):
    """Asks for one key. `entered(text)` as it was pasted; `closed` when it was not wanted.

    The text is gone from the field, its history included, as soon as `clear` is called.
    """

    entered = Signal(str)
    closed = Signal()

    def __init__(self, provider_id: str, name: str, policy: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = secret_field(self, f"key-{provider_id}", f"Key for {name}")
        self.field.setPlaceholderText("Paste your key")
        self.field.returnPressed.connect(self._enter)
        self.field.textChanged.connect(self._allow)
        self._keep = QPushButton("Keep this key", self)
        self._keep.setObjectName(f"keep-key-{provider_id}")
        self._keep.setProperty("primary", True)
        self._keep.clicked.connect(self._enter)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setObjectName(f"cancel-key-{provider_id}")
        self._cancel.clicked.connect(self._close)
        self._problem = plain_label(self, "problem")
        self._problem.setObjectName(f"key-problem-{provider_id}")
        self._problem.hide()
        self._build(policy)
        self._allow()

    def clear(self) -> None:
        """Empty the field; nothing of what was in it can be brought back."""
        self.field.setText("")
        self._say("")

    def refuse(self, error: AppError) -> None:
        """Say why what was pasted can't be used. It stays, to be corrected or pasted over."""
        self._say(f"{error.cause} {error.hint}".strip())
        self.field.selectAll()
        self.field.setFocus()

    def _build(self, policy: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self._keep)
        row.addWidget(self._cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self._problem)
        if policy:
            note = plain_label(self, "meta")
            note.setText(policy)
            column.addWidget(note)

    def _allow(self) -> None:
        self._keep.setEnabled(bool(self.field.text().strip()))

    def _enter(self) -> None:
        if self._keep.isEnabled():
            self.entered.emit(self.field.text())

    def _close(self) -> None:
        self.clear()
        self.closed.emit()

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
