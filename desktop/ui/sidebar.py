"""The conversations, found by date or by what was said in them, and the way to the other pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from time import time as now

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.storage.conversations import Conversation, SearchHit
from desktop.ui.conversation_list import ConversationList, ConversationModel
from desktop.ui.theme import Appearance

_SEARCH_MS = 150


class Sidebar(QWidget):
    """Says what was picked: `conversation_chosen(id)`, `hit_chosen(id, message)`, `new_chat_requested`,
    `page_requested(name)`, `renamed(id, title)`, `delete_requested(id)`, `export_requested(id, Form)`,
    `searched(text)` after a short pause, and whenever the list has to be filled anew.
    """

    conversation_chosen = Signal(int)
    hit_chosen = Signal(int, int)
    new_chat_requested = Signal()
    page_requested = Signal(str)
    renamed = Signal(int, str)
    delete_requested = Signal(int)
    export_requested = Signal(int, object)
    searched = Signal(str)
    today = staticmethod(date.today)

    def __init__(self, look: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._current: int | None = None
        self._hit: int | None = None
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(264)
        self.rows = ConversationModel(self)
        self.list = ConversationList(look, self)
        self.list.setModel(self.rows)
        self._pause = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._late = False  # whether the list was not filled because a title was being changed
        self._day = self.today()
        self._midnight = QTimer(self, singleShot=True)
        self._build()
        self._pause.timeout.connect(self._ask_anew)
        self._midnight.timeout.connect(self._on_midnight)
        self.rows.renamed.connect(self.renamed)
        self.list.chosen.connect(self.conversation_chosen)
        self.list.hit_chosen.connect(self.hit_chosen)
        self.list.delete_requested.connect(self.delete_requested)
        self.list.export_requested.connect(self.export_requested)
        self.list.itemDelegate().closeEditor.connect(self._on_edited)

    def show_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Fill the list, keeping the selection."""
        self._expect_midnight()
        self._fill(lambda: self.rows.show_conversations(conversations, self._day))

    def show_hits(self, hits: Sequence[SearchHit]) -> None:
        """Show what a search found instead."""
        self._fill(lambda: self.rows.show_hits(hits))

    def select(self, conversation_id: int | None, message_id: int | None = None) -> None:
        """Mark the conversation that is shown, by the message that was found if one was."""
        self._current, self._hit = conversation_id, message_id
        row = self.rows.row_of(conversation_id, message_id)
        if row < 0:
            self.list.clearSelection()
            self.list.setCurrentIndex(QModelIndex())
            return
        self.list.setCurrentIndex(self.rows.index(row))

    def show_page(self, name: str) -> None:
        """Mark the page that is shown."""
        for page, button in self._pages.items():
            button.setChecked(page == name)
        if name:
            self.list.clearSelection()
        else:
            self.select(self._current, self._hit)

    def changeEvent(self, event: QEvent) -> None:
        """A machine that slept over midnight is noticed when the window is used again."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange:
            self._on_midnight()

    def _expect_midnight(self) -> None:
        """The list says what was today and yesterday, and may stay as it is for longer than that."""
        self._day = self.today()
        midnight = datetime.combine(self._day + timedelta(days=1), time())
        ahead_s = min(max(midnight.timestamp() - now(), 0) + 1, 25 * 3600)
        self._midnight.start(round(ahead_s * 1000))

    def _on_midnight(self) -> None:
        if self._day != self.today():
            self._ask_anew()

    def _ask_anew(self) -> None:
        self.searched.emit(self.search.text().strip())

    def _on_edited(self) -> None:
        if self._late:
            QTimer.singleShot(0, self, self._ask_anew)  # the list still counts as being edited

    def _fill(self, fill: Callable[[], None]) -> None:
        """Fill the list; whoever walks through it by keyboard stays where they are.

        While a title is being changed the list stays as it is: filling it would lose what was typed.
        """
        self._late = self.list.editing
        if self._late:
            return
        focused = self.list.hasFocus()
        walking = (self.list.current_id, self.list.current_message) if focused else (None, None)
        fill()
        self.select(self._current, self._hit)
        row = self.rows.row_of(*walking)
        if row >= 0:
            self.list.selectionModel().setCurrentIndex(
                self.rows.index(row), QItemSelectionModel.SelectionFlag.NoUpdate
            )

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(4)
        new = self._nav("new-chat", "note-pencil", "New chat")
        new.clicked.connect(self.new_chat_requested)
        self.search = QLineEdit(self)
        self.search.setObjectName("search")
        self.search.setAccessibleName("Search conversations")
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(self._look.icon("magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(lambda _text: self._pause.start())
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.search, self.search.clear)
        leave.setContext(Qt.ShortcutContext.WidgetShortcut)
        column.addWidget(new)
        column.addWidget(self.search)
        column.addSpacing(4)
        column.addWidget(self.list, 1)
        column.addSpacing(4)
        self._pages: dict[str, QPushButton] = {}
        for name, icon, words in (
            ("models", "cube", "Models"),
            ("usage", "chart-bar", "Usage"),
            ("settings", "gear-six", "Settings"),
        ):
            button = self._nav(f"open-{name}", icon, words)
            button.setCheckable(True)
            button.clicked.connect(lambda _checked, page=name: self.page_requested.emit(page))
            self._pages[name] = button
            column.addWidget(button)
        for first, then in pairwise((new, self.search, self.list, *self._pages.values())):
            self.setTabOrder(first, then)

    def _nav(self, name: str, icon: str, words: str) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setProperty("nav", True)
        button.setIcon(self._look.icon(icon, "text"))
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(words)
        return button
