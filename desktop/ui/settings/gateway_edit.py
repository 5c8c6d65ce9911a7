"""Changing what a gateway is called and where it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.services.providers import ProviderService
from desktop.system.providers import Provider, addresses, unencrypted
from desktop.ui.labels import plain_label
from desktop.ui.settings.gateway_add import Ask
from models.errors import BadInput


class EditGateway(QWidget):
    """`closed` when it is done, or was not wanted after all."""

    closed = Signal()

    def __init__(self, provider: Provider, service: ProviderService, ask: Ask, parent: QWidget) -> None:
        super().__init__(parent)
        self._provider, self._service, self._ask = provider, service, ask
        self.name = self._field("name", "Name", provider.name)
        self.name.setMaxLength(80)
        urls = provider.base_urls or (service.address_of(provider),)
        self._address = self._field("address", "Address", " ".join(urls))
        self._address.setToolTip("Several addresses, with a space between them, are asked in turn.")
        self._problem = plain_label(self, "problem")
        self._problem.setObjectName(f"edit-problem-{provider.id}")
        self._problem.hide()
        self._build()

    def _build(self) -> None:
        save, cancel = QPushButton("Save", self), QPushButton("Cancel", self)
        for button, name, then in (
            (save, "save", self._save),
            (cancel, "cancel", self.closed.emit),
        ):
            button.setObjectName(f"edit-{name}-{self._provider.id}")
            button.clicked.connect(then)
        save.setProperty("primary", True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for row, field in enumerate((self.name, self._address)):
            label = plain_label(self, "muted")
            label.setText(field.placeholderText())
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
        grid.setColumnStretch(1, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(save)
        buttons.addWidget(cancel)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(grid)
        column.addWidget(self._problem)
        column.addLayout(buttons)

    def _field(self, name: str, words: str, value: str) -> QLineEdit:
        field = QLineEdit(value, self)
        field.setObjectName(f"edit-{name}-of-{self._provider.id}")
        field.setAccessibleName(f"{words} of {self._provider.name}")
        field.setPlaceholderText(words)
        field.returnPressed.connect(self._save)
        return field

    def _save(self) -> None:
        try:
            urls = addresses(self._address.text())
            open_ones = list(filter(unencrypted, urls))
            new = [url for url in open_ones if url not in self._provider.confirmed]
            if not all(self._ask(self, url) for url in new):
                return
            self.closed.emit()
            self._service.change(self._provider.id, self.name.text(), " ".join(urls), allowed=bool(open_ones))
        except BadInput as error:
            self._problem.setText(f"{error.cause} {error.hint}".strip())
            self._problem.show()
