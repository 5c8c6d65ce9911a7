"""The hub's view: what is looked for, and what was found. Nothing is asked before the user says so."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.services.hub import HubService
from desktop.ui.labels import plain_label
from desktop.ui.manager.hub_list import FoundList
from desktop.ui.theme import Appearance
from models.errors import AppError
from models.repo_offer import FoundModel

_LONGEST = 200
_MORE = "Show more"


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
        self._more = QPushButton(_MORE, self)
        self._more.setObjectName("more-of-hub")
        self._more.clicked.connect(self._ask_on)
        self._more.hide()
        self._more_words = plain_label(self, "warn")
        self._more_words.setObjectName("hub-more-words")
        self._more_words.hide()
        self._lay_out()
        self._say_idle()
        self._allow()
        hub.found.connect(self._show_found)
        hub.found_more.connect(self._show_more)
        hub.search_failed.connect(self._show_problem)
        hub.more_failed.connect(self._show_no_more)

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
        column.addWidget(self._more_words)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignHCenter)

    def _text(self) -> str:
        return " ".join(self._field.text().split())

    def _ask(self) -> None:
        text = self._text()
        if not text:
            return
        self._asked = text
        self._say(f"Searching {self._hub.host} for “{text}”…")
        self._offer_more(False)
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
            self._offer_more(False)
            self._say(f"Nothing at {self._hub.host} is called “{self._asked}” and has a GGUF file.")
            return
        self._count()

    def _ask_on(self) -> None:
        self._more.setEnabled(False)
        self._more.setText("Asking for more…")
        self._more_words.hide()
        self._hub.search_on()

    def _show_more(self, found: Sequence[FoundModel]) -> None:
        """The keyboard goes on where it was: at the first of the new ones."""
        first, asked = self.list.rows.rowCount(), self._more.hasFocus()
        self.list.add_rows(found)
        self._count()
        if asked or not self._more.isVisible():
            self.list.setFocus()
            self.list.setCurrentIndex(self.list.rows.index(min(first, self.list.rows.rowCount() - 1)))

    def _show_no_more(self, error: AppError) -> None:
        self._offer_more(True)
        self._more_words.setText(f"{error.title} {error.cause} {error.hint}".strip())
        self._more_words.show()

    def _count(self) -> None:
        number, more = self.list.rows.rowCount(), self._hub.has_more
        models = f"{number:,} repositories" if number > 1 else "1 repository"
        said = f"The first {models}" if more else models
        self._say(f"{said} with GGUF files, the most downloaded first. Anyone can publish there.")
        self._offer_more(more)

    def _offer_more(self, offered: bool) -> None:
        self._more.setVisible(offered)
        self._more.setEnabled(True)
        self._more.setText(_MORE)
        self._more_words.hide()

    def _show_problem(self, error: AppError) -> None:
        self.list.hide()
        self._offer_more(False)
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
