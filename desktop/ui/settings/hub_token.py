"""Which hub has an access token in the keyring, and the way to be rid of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label


class HubToken(QWidget):
    """Shows while there is one. `removed` when it is not wanted any more."""

    removed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = plain_label(self)
        self._words.setObjectName("hub-token-kept")
        self._remove = QPushButton("Remove the token", self)
        self._remove.setObjectName("remove-hub-token")
        self._remove.setProperty("link", True)
        self._remove.clicked.connect(self.removed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._words)
        column.addWidget(self._remove, 0, Qt.AlignmentFlag.AlignLeft)

    def show_host(self, host: str) -> None:
        """The hub that it is for; "" if there is none."""
        self._words.setText(f"An access token for {host} is kept.")
        self._remove.setAccessibleName(f"Remove the access token for {host}")
        self.setVisible(bool(host))
