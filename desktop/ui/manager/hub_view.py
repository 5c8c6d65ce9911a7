"""The hub's view: what is looked for, and what was found. Nothing is asked before the user says so."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.services.hub import HubService
from desktop.ui.labels import plain_label
from desktop.ui.manager.hub_list import FoundList
from desktop.ui.theme import Appearance
from models.errors import AppError
from models.repo_offer import FoundModel

_LONGEST = 200


class HubView(QWidget):
    """`opened` carries the FoundModel that is wanted in full."""

    opened = Signal(object)

    def __init__(self, hub: HubService, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._hub = hub
        self._asked = ""  # what the results in sight, or on their way, are for
        self._field = self._make_field()
        self._search = QPushButton("Search", self)
        self._search.setObjectName("search-hub")
        self._search.setProperty("primary", True)
        self._search.clicked.connect(self._ask)
        self._words = plain_label(self, "meta")
        self._words.setObjectName("hub-words")
        self.list = FoundList(look, self)
        self.list.opened.connect(self.opened)
        self.list.hide()
        self._lay_out()
        self._say_idle()
        self._allow()
        hub.found.connect(self._show_found)
        hub.search_failed.connect(self._show_problem)

    def _make_field(self) -> QLineEdit:
        field = QLineEdit(self)
        field.setObjectName("hub-query")
        field.setAccessibleName("Search the hub")
        field.setPlaceholderText("A model’s or a publisher’s name")
        field.setMaxLength(_LONGEST)
        field.returnPressed.connect(self._ask)
        field.textChanged.connect(self._edited)
        return field

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._field, 1)
        row.addWidget(self._search)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(row)
        column.addWidget(self._words)
        column.addWidget(self.list)

    def _text(self) -> str:
        return " ".join(self._field.text().split())

    def _ask(self) -> None:
        text = self._text()
        if not text:
            return
        self._asked = text
        self._say(f"Searching {self._hub.host} for “{text}”…")
        self._hub.search(text)
        self._allow()

    def _edited(self) -> None:
        """A search that is on its way is for something else now."""
        if self._asked and self._text() != self._asked and self.list.isHidden():
            self._hub.stop_search()
            self._asked = ""
            self._say_idle()
        self._allow()

    def _allow(self) -> None:
        self._search.setEnabled(bool(self._text()))

    def _show_found(self, found: Sequence[FoundModel]) -> None:
        self.list.show_rows(found)
        self.list.setVisible(bool(found))
        if not found:
            self._say(f"Nothing at {self._hub.host} is called “{self._asked}” and has a GGUF file.")
            return
        models = f"{len(found)} repositories" if len(found) > 1 else "1 repository"
        self._say(f"{models} with GGUF files, the most downloaded first. Anyone can publish there.")

    def _show_problem(self, error: AppError) -> None:
        self.list.hide()
        self._asked = ""
        self._say(f"{error.title} {error.cause} {error.hint}".strip(), "warn")

    def _say_idle(self) -> None:
        self._say(
            f"Models that others have published at {self._hub.host}. What you type is sent there when you "
            "press Enter or Search, and not before."
        )

    def _say(self, words: str, role: str = "meta") -> None:
        self._words.setText(words)
        self._words.setProperty("role", role)
        self._words.style().polish(self._words)
