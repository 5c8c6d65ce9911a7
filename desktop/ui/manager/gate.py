"""A publisher's gate: why a model isn't given to everyone, where its terms are, and a place for a token."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label


class GateCard(QFrame):
    """`link_activated` with the page of the terms, `token_entered` with what was typed."""

    link_activated = Signal(str)
    token_entered = Signal(str)

    def __init__(self, link: str, host: str, parent: QWidget, *, tried: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("gate")
        self.setProperty("card", True)
        self.setAccessibleName("The publisher’s terms")
        title = plain_label(self, "subtitle")
        title.setText("The publisher gives this model only to those who accept its terms")
        words = plain_label(self)
        words.setText(
            f"Sign in at {host} and accept the terms on the model’s page. Then make an access token of your "
            "account there, one that may only read, and enter it here."
        )
        open_page = QPushButton("Open the model’s page", self)
        open_page.setObjectName("open-gate")
        open_page.setToolTip(link)
        open_page.clicked.connect(lambda: self.link_activated.emit(link))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        for label in (title, words):
            column.addWidget(label)
        if tried:
            refused = plain_label(self, "warn")
            refused.setText("With the token that Inshore has, the hub says no. Check both, then try again.")
            column.addWidget(refused)
        column.addLayout(self._row(open_page, host))

    def _row(self, open_page: QPushButton, host: str) -> QHBoxLayout:
        self._token = QLineEdit(self)
        self._token.setObjectName("hub-token")
        self._token.setAccessibleName(f"Access token for {host}")
        self._token.setPlaceholderText("Access token")
        self._token.setEchoMode(QLineEdit.EchoMode.Password)
        self._token.setMaxLength(500)
        self._token.returnPressed.connect(self._enter)
        self._use = QPushButton("Use it", self)
        self._use.setObjectName("use-token")
        self._use.setEnabled(False)
        self._use.clicked.connect(self._enter)
        self._token.textChanged.connect(lambda text: self._use.setEnabled(bool(text.strip())))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(open_page)
        row.addWidget(self._token, 1)
        row.addWidget(self._use)
        return row

    def _enter(self) -> None:
        token = self._token.text().strip()
        self._token.clear()
        if token:
            self.token_entered.emit(token)
