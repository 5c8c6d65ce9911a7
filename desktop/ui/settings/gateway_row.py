"""One gateway or server in the settings: where it is, whether there is a key, and what a test said."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop.services.keys import Known
from desktop.services.providers import ProviderService, Reply
from desktop.system.providers import Provider
from desktop.ui.labels import ElidedLabel, plain_label
from desktop.ui.settings.gateway_add import Ask
from desktop.ui.settings.gateway_edit import EditGateway
from desktop.ui.settings.gateway_words import about_words, chip_words, reply_words, state_words
from desktop.ui.settings.key_form import KeyForm
from models.errors import BadInput

_NARROW = 620  # px, below which the links stand under the buttons


class GatewayRow(QFrame):
    """Shows a provider and tells the service what was wanted of its keys.

    `remove_requested`, `keys_remove_requested` and `link_activated(address)` leave the deed to others.
    """

    remove_requested = Signal()
    keys_remove_requested = Signal()
    link_activated = Signal(str)

    def __init__(self, provider: Provider, service: ProviderService, ask: Ask, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"gateway-{provider.id}")
        self._ask_first = ask
        self.provider, self._service = provider, service
        profile = service.profile_of(provider)
        self._needs_key = profile.needs_key if profile else True
        self._key_url = profile.key_url if profile else ""
        self._chip = plain_label(self, "chip-quiet")
        self._chip.setWordWrap(False)
        self._chip.setObjectName(f"key-state-{provider.id}")
        self._state = self._line("state")
        self._reply = self._line("reply")
        self._reply.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._reply.hide()
        self._form = KeyForm(provider.id, provider.name, about_words(profile), self)
        self._form.entered.connect(self._add_key)
        self._form.closed.connect(lambda: self.unfold(False))
        self._form.hide()
        self._make_buttons()
        self._build()
        self.show_key()

    def unfold(self, shown: bool) -> None:
        """Show or hide where a key is entered."""
        self._form.setVisible(shown)
        self._form.clear()
        self._enter.setVisible(not shown)
        self.show_key()
        if shown:
            self._form.field.setFocus()

    def show_key(self) -> None:
        """What is known of its keys now."""
        state = self._service.keys.state(self.provider.id)
        _say(self._chip, *chip_words(state, needs_key=self._needs_key))
        _say(self._state, *state_words(state))
        self._state.setVisible(bool(self._state.text()))
        busy = state.known in (Known.LOOKING, Known.NOT_YET)
        self._enter.setText("Add another key" if state.endings else "Enter a key")
        self._enter.setEnabled(not busy)
        forgettable = bool(state.endings) and self._form.isHidden()
        if self.window().focusWidget() is self._forget and not forgettable:
            self._edit.setFocus()  # its neighbour; else it goes to the window's first button
        self._forget.setVisible(forgettable)
        self._get.setVisible(bool(self._key_url) and not (state.endings and self._form.isHidden()))
        self._allow_test()

    def show_reply(self, reply: Reply) -> None:
        """What a test brought."""
        _say(self._reply, *reply_words(reply))
        self._reply.show()
        self._allow_test()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < _NARROW
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._actions.setDirection(down if narrow else right)

    def _make_buttons(self) -> None:
        name, own_id = self.provider.name, self.provider.id
        self._enter = self._button("Enter a key", f"enter-key-{own_id}", f"Enter a key for {name}")
        self._enter.clicked.connect(lambda: self.unfold(True))
        words = "Test key" if self._needs_key else "Test"
        self._test = self._button(words, f"test-{own_id}", f"Test {name}")
        self._test.clicked.connect(self._ask)
        self._get = self._button(
            "Where to get a key", f"get-key-{own_id}", f"Where to get a key for {name}", link=True
        )
        self._get.setToolTip(self._key_url)
        self._get.clicked.connect(lambda: self.link_activated.emit(self._key_url))
        self._forget = self._button(
            "Remove the key", f"forget-key-{own_id}", f"Remove the key of {name}", link=True
        )
        self._forget.clicked.connect(self.keys_remove_requested)
        self._edit = self._button("Change", f"edit-gateway-{own_id}", f"Change {name}", link=True)
        self._edit.clicked.connect(self._open_edit)
        self._remove = self._button("Remove", f"remove-gateway-{own_id}", f"Remove {name}", link=True)
        self._remove.clicked.connect(self.remove_requested)

    def _build(self) -> None:
        name = plain_label(self, "strong")
        name.setText(self.provider.name)
        address = ElidedLabel(self, "meta")
        urls = self.provider.base_urls or (self._service.address_of(self.provider),)
        address.say(", ".join(filter(None, urls)) or "The address is not known to this version.")
        heading = QHBoxLayout()
        heading.setSpacing(12)
        heading.addWidget(name, 1)
        heading.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignTop)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 12)
        column.setSpacing(4)
        column.addLayout(heading)
        column.addWidget(address)
        column.addWidget(self._state)
        column.addWidget(self._reply)
        column.addWidget(self._form)
        self._actions = self._lay_out_actions()
        column.addWidget(self._below)

    def _lay_out_actions(self) -> QBoxLayout:
        self._below = QWidget(self)
        actions = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._below)
        actions.setContentsMargins(0, 8, 0, 0)
        actions.setSpacing(8)
        for buttons in ((self._enter, self._test), (self._get, self._forget, self._edit, self._remove)):
            row = QHBoxLayout()
            row.setSpacing(8)
            for button in buttons:
                row.addWidget(button)
            row.addStretch(1)
            actions.addLayout(row)
        actions.setStretch(0, 1)
        return actions

    def _open_edit(self) -> None:
        form = EditGateway(self.provider, self._service, self._ask_first, self)
        form.closed.connect(self._below.show)
        form.closed.connect(self._edit.setFocus)
        form.closed.connect(form.hide)
        form.closed.connect(form.deleteLater)
        self._column.addWidget(form)
        form.show()
        form.name.setFocus()  # first: what hides with the focus hands it on, and the page scrolls there
        self._below.hide()

    def _line(self, name: str) -> QLabel:
        label = plain_label(self, "meta")
        label.setObjectName(f"gateway-{name}-{self.provider.id}")
        return label

    def _button(self, words: str, name: str, accessible: str, *, link: bool = False) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setAccessibleName(accessible)
        button.setProperty("link", link)
        return button

    def _add_key(self, text: str) -> None:
        try:
            self._service.keys.add(self.provider.id, text)
        except BadInput as error:
            self._form.refuse(error)
            return
        self._reply.hide()
        self.unfold(False)

    def _ask(self) -> None:
        self._service.test(self.provider.id)
        _say(self._reply, f"Asking {self.provider.name}…", "meta")
        self._reply.show()
        self._allow_test()

    def _allow_test(self) -> None:
        state = self._service.keys.state(self.provider.id)
        usable = bool(state.endings) or not self._needs_key
        self._test.setEnabled(usable and not self._service.testing(self.provider.id))
        self._test.setToolTip("" if usable else "Enter a key first.")


def _say(label: QLabel, words: str, role: str) -> None:
    label.setText(words)
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)
