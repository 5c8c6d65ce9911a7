"""Connecting a server of one's own: what stands at its address is shown before it is added."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.services.providers import ProviderService, Reply
from desktop.system.key import Key
from desktop.system.providers import address, unencrypted
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.settings.gateway_add import Ask
from desktop.ui.settings.gateway_words import reply_words, server_words
from desktop.ui.settings.key_form import secret_field
from models.errors import BadInput

_WORDS = (
    "A server that you or somebody near you runs: vLLM, SGLang, TensorRT-LLM, llama-server, or any other "
    "that speaks OpenAI’s protocol."
)


class ConnectServer(QWidget):
    """`added(id)` after the service has it; `closed` when it was not wanted."""

    added = Signal(str)
    closed = Signal()

    def __init__(self, service: ProviderService, ask: Ask, parent: QWidget) -> None:
        super().__init__(parent)
        self._service, self._ask = service, ask
        self._allowed = ""  # the address that may be used without encryption, as the user said
        self._reply: Reply | None = None
        self.address = QLineEdit(self)
        self.setFocusProxy(self.address)
        self.address.setObjectName("server-address")
        self.address.setAccessibleName("Address of the server")
        self.address.setPlaceholderText("192.168.1.20:8000, or https://…")
        self.address.textEdited.connect(lambda _text: self._forget())
        self.address.returnPressed.connect(self._try)
        self._key = secret_field(self, "server-key", "Key of the server, if it wants one")
        self._key.setPlaceholderText("Key, if it wants one")
        self._key.returnPressed.connect(self._try)
        self._kind = self._make_kind()
        self._found = plain_label(self)
        self._found.setObjectName("server-found")
        self._problem = plain_label(self, "problem")
        self._problem.setObjectName("server-problem")
        self._build()
        self._forget()
        service.found.connect(self._show)

    def _make_kind(self) -> Choice:
        kind = Choice(self)
        kind.setObjectName("server-kind")
        kind.setAccessibleName("Kind of server")
        kind.addItem("Find out its kind", "")
        for profile in self._service.profiles.values():
            if profile.self_hosted or not profile.base_url:
                kind.addItem(profile.name, profile.id)
        kind.setMinimumWidth(190)
        return kind

    def _build(self) -> None:
        self._look = self._button("Try the address", "try-server", self._try)
        self._add = self._button("Add this server", "add-server", self._keep)
        self._add.setProperty("primary", True)
        cancel = self._button("Cancel", "cancel-server", self.closed.emit)
        words = plain_label(self, "meta")
        words.setText(_WORDS)
        second, buttons = QHBoxLayout(), QHBoxLayout()
        second.setSpacing(8)
        second.addWidget(self._kind)
        second.addWidget(self._key, 1)
        buttons.setSpacing(8)
        for button in (self._add, self._look, cancel):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(words)
        column.addWidget(self.address)
        column.addLayout(second)
        column.addWidget(self._problem)
        column.addWidget(self._found)
        column.addLayout(buttons)

    def _button(self, words: str, name: str, then: Callable[[], object]) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.clicked.connect(then)
        return button

    def _try(self) -> None:
        """Ask the address, after the user's word where others could read along."""
        self._forget()
        try:
            url = address(self.address.text())
            if unencrypted(url) and url != self._allowed:
                if not self._ask(self, url):
                    return
                self._allowed = url
            self._service.find(
                url, self._key.text(), profile=self._kind.currentData(), allowed=url == self._allowed
            )
        except BadInput as error:
            self._say(f"{error.cause} {error.hint}".strip())
            return
        self.address.setText(url)
        self._found.setText("Asking…")
        self._found.show()
        self._look.setEnabled(False)

    def _show(self, reply: Reply) -> None:
        if not self._found.isHidden():
            self._look.setEnabled(True)
            self._reply = reply
            self._found.setText(server_words(reply))
            self._found.setVisible(reply.ok)
            self._say("" if reply.ok else reply_words(reply)[0])
            self._add.setEnabled(True)
            self._add.setText("Add this server" if reply.ok else "Add it all the same")

    def _keep(self) -> None:
        reply = self._reply
        if reply is None:
            return
        profile = self._kind.currentData() or reply.profile or self._fallback()
        try:
            if self._key.text().strip():
                Key.parse(self._key.text())
            provider = self._service.add(profile, reply.base_url, allowed=reply.base_url == self._allowed)
            if self._key.text().strip():
                self._service.keys.add(provider.id, self._key.text())
        except BadInput as error:
            self._say(f"{error.cause} {error.hint}".strip())
            return
        self._key.setText("")
        self.added.emit(provider.id)

    def _fallback(self) -> str:
        """Of a server that does not say what it is: the kind of which least is assumed, which stands last."""
        return next(reversed(list(self._service.profiles)))

    def _forget(self) -> None:
        self._reply = None
        self._found.hide()
        self._look.setEnabled(True)
        self._add.setEnabled(False)
        self._add.setText("Add this server")
        self._say("")

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
