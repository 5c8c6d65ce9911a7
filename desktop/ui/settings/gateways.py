"""The settings' card of gateways and servers: which there are, their keys, and how to add one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop.services.keys import Known
from desktop.services.providers import ProviderService, Reply
from desktop.system.providers import Provider
from desktop.ui.labels import plain_label
from desktop.ui.settings.gateway_add import AddGateway, Ask
from desktop.ui.settings.gateway_row import GatewayRow
from desktop.ui.settings.gateway_words import keyring_words
from desktop.ui.settings.questions import confirm_unencrypted
from desktop.ui.settings.server import ConnectServer

_WORDS = (
    "Servers that can answer when you let them. A key is kept in your system’s keyring and nowhere else, "
    "and is never shown again."
)


class GatewaysCard(QFrame):
    """Follows the service. What it knows of keys is asked for when the card is first seen.

    `removed(id, name)` and `keys_removed(id, name)` after it was done, to offer to undo it;
    `link_activated(address)` leaves opening it to others.
    """

    removed = Signal(str, str)
    keys_removed = Signal(str, str)
    link_activated = Signal(str)

    def __init__(
        self, service: ProviderService, parent: QWidget | None = None, ask: Ask = confirm_unencrypted
    ) -> None:
        super().__init__(parent)
        self.setObjectName("gateways")
        self.setProperty("card", True)
        self._service, self._ask = service, ask
        self._rows: dict[str, GatewayRow] = {}
        self._lines: list[QFrame] = []
        self._form: QWidget | None = None
        self._empty = plain_label(self, "muted")
        self._empty.setText("None is set up: everything is answered on this machine.")
        self._warning, self._why = self._make_warning()
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._bottom = QVBoxLayout()
        self._build()
        service.changed.connect(self._refresh)
        service.keys.changed.connect(self._show_key)
        service.tested.connect(self._show_reply)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        for provider_id in self._rows:
            self._service.keys.look(provider_id)

    def _build(self) -> None:
        title = plain_label(self, "strong")
        title.setText("Gateways")
        words = plain_label(self, "muted")
        words.setText(_WORDS)
        self._add = self._button("Add a provider", "open-add-gateway", self._open_add)
        self._connect = self._button("Connect a server", "open-connect-server", self._open_connect)
        self._buttons = QWidget(self)
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 8, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._add)
        row.addWidget(self._connect)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for widget in (title, words, self._warning, self._empty):
            column.addWidget(widget)
        column.addLayout(self._list)
        column.addLayout(self._bottom)
        column.addWidget(self._buttons)

    def _button(self, words: str, name: str, then: Callable[[], object]) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.clicked.connect(then)
        return button

    def _make_warning(self) -> tuple[QFrame, QLabel]:
        frame = QFrame(self)
        frame.setProperty("warning", True)
        words = plain_label(frame, "warn")
        words.setObjectName("keyring-problem")
        again = QPushButton("Ask the keyring again", frame)
        again.setObjectName("ask-keyring-again")
        again.clicked.connect(self._service.keys.look_again)
        column = QVBoxLayout(frame)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        column.addWidget(words)
        column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        return frame, words

    # -- the rows

    def _refresh(self) -> None:
        """Rows of providers that did not change stay, with what is typed in them."""
        providers = self._service.providers()
        for provider_id in [own_id for own_id, row in self._rows.items() if row.provider not in providers]:
            row = self._rows.pop(provider_id)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        for line in self._lines:
            self._list.removeWidget(line)
            line.deleteLater()
        self._lines = [self._line() for _place in range(len(providers) + 1)]
        for line, provider in zip(self._lines, providers, strict=False):
            self._list.addWidget(line)
            row = self._row_of(provider)
            self._list.addWidget(row)
            row.show()
        self._list.addWidget(self._lines[-1])
        self._empty.setVisible(not providers)
        self._warn()
        if self.isVisible():
            for provider in providers:
                self._service.keys.look(provider.id)

    def _row_of(self, provider: Provider) -> GatewayRow:
        if provider.id in self._rows:
            row = self._rows[provider.id]
            self._list.removeWidget(row)
            return row
        row = GatewayRow(provider, self._service, self._ask, self)
        row.remove_requested.connect(lambda: self._remove(provider))
        row.keys_remove_requested.connect(lambda: self._remove_keys(provider))
        row.link_activated.connect(self.link_activated)
        self._rows[provider.id] = row
        return row

    def _line(self) -> QFrame:
        line = QFrame(self)
        line.setProperty("line", True)
        line.setFixedHeight(1)
        return line

    def _show_key(self, provider_id: str) -> None:
        if provider_id in self._rows:
            self._rows[provider_id].show_key()
            self._warn()

    def _warn(self) -> None:
        states = [self._service.keys.state(provider_id) for provider_id in self._rows]
        words = keyring_words(states)
        if not words and any(state.known is Known.LOOKING for state in states):
            return  # what is shown stays until the answer is there
        self._why.setText(words)
        self._warning.setVisible(bool(words))

    def _show_reply(self, provider_id: str, reply: Reply) -> None:
        row = self._rows.get(provider_id)
        if row is None:
            return
        row.show_key()  # it can be tested again
        if reply.base_url in ("", self._service.address_of(row.provider)):  # not of where it was before
            row.show_reply(reply)

    def _remove(self, provider: Provider) -> None:
        self._service.remove(provider.id)
        self.removed.emit(provider.id, provider.name)

    def _remove_keys(self, provider: Provider) -> None:
        self._service.keys.remove(provider.id)
        self.keys_removed.emit(provider.id, provider.name)

    # -- one more

    def _open_add(self) -> None:
        form = AddGateway(self._service, self._ask, self)
        form.added.connect(self._on_added)
        form.closed.connect(self._close_form)
        self._open(form)

    def _open_connect(self) -> None:
        form = ConnectServer(self._service, self._ask, self)
        form.added.connect(lambda _id: self._close_form())
        form.closed.connect(self._close_form)
        self._open(form)

    def _open(self, form: QWidget) -> None:
        self._form = form
        self._bottom.addWidget(form)
        form.show()
        form.setFocus()  # first: what hides with the focus hands it on, and the page scrolls there
        self._buttons.hide()

    def _on_added(self, provider_id: str) -> None:
        self._close_form()
        self._rows[provider_id].unfold(True)

    def _close_form(self) -> None:
        self._buttons.show()
        self._add.setFocus()
        if self._form is not None:
            self._bottom.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
            self._form = None
