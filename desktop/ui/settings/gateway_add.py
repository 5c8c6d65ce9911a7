"""Setting up one more gateway: choose its kind, and say where it is if that differs from user to user."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.services.providers import ProviderService
from desktop.system.providers import Profile, address, unencrypted
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.settings.gateway_words import about_words
from models.errors import BadInput

Ask = Callable[[QWidget, str], bool]


class AddGateway(QWidget):
    """`added(id)` after the service has it; `closed` when it was not wanted."""

    added = Signal(str)
    closed = Signal()

    def __init__(self, service: ProviderService, ask: Ask, parent: QWidget) -> None:
        super().__init__(parent)
        self._service, self._ask = service, ask
        self._kind = Choice(self)
        self._kind.setObjectName("gateway-kind")
        self._kind.setAccessibleName("Kind of gateway")
        self._kind.setMinimumWidth(220)
        for profile in service.profiles.values():
            if not profile.self_hosted:
                self._kind.addItem(profile.name, profile.id)
        self._address = QLineEdit(self)
        self._address.setObjectName("gateway-address")
        self._address.setAccessibleName("Address of the gateway")
        self._address.setPlaceholderText("https://…/v1")
        self._address.returnPressed.connect(self._add)
        self._problem = plain_label(self, "problem")
        self._policy = plain_label(self, "meta")
        self._policy.setObjectName("gateway-about")
        self._kind.currentIndexChanged.connect(lambda _index: self._show_kind())
        self.setFocusProxy(self._kind)
        self._build()
        self._show_kind()

    def _build(self) -> None:
        add, cancel = QPushButton("Add", self), QPushButton("Cancel", self)
        add.setObjectName("add-gateway")
        add.setProperty("primary", True)
        add.clicked.connect(self._add)
        cancel.setObjectName("cancel-gateway")
        cancel.clicked.connect(self.closed)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._kind)
        row.addWidget(add)
        row.addWidget(cancel)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        for widget in (self._address, self._problem, self._policy):
            column.addWidget(widget)

    def _profile(self) -> Profile:
        return self._service.profiles[self._kind.currentData()]

    def _show_kind(self) -> None:
        profile = self._profile()
        self._address.setText(profile.base_url)
        if self._address.isVisible() and "{" in profile.base_url:  # what is to be typed over
            start, end = profile.base_url.index("{"), profile.base_url.index("}") + 1
            self._address.setFocus()
            self._address.setSelection(start, end - start)
        self._policy.setText(about_words(profile))
        self._say("")

    def _add(self) -> None:
        profile = self._profile()
        try:
            url = address(self._address.text())
            allowed = unencrypted(url)
            if allowed and not self._ask(self, url):
                return
            provider = self._service.add(profile.id, url, allowed=allowed)
        except BadInput as error:
            self._say(f"{error.cause} {error.hint}".strip())
            self._address.setFocus()
            return
        self.added.emit(provider.id)

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
