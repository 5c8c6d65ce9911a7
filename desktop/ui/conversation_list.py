"""The list of conversations, grouped by age, and how a row of it looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.storage.conversations import Conversation, SearchHit
from desktop.storage.export import Form
from desktop.ui.theme import INTERFACE, META, Appearance

_HEADING = Qt.ItemDataRole.UserRole
_SNIPPET = Qt.ItemDataRole.UserRole + 1
_ID = Qt.ItemDataRole.UserRole + 2
_PRIVATE = Qt.ItemDataRole.UserRole + 3
_MESSAGE = Qt.ItemDataRole.UserRole + 4
_ROW, _TALL_ROW, _HEADING_ROW = 34, 52, 30

_EXPORTS = (
    ("Markdown…", Form.MARKDOWN),
    ("Markdown with reasoning…", Form.MARKDOWN_WITH_REASONING),
    ("JSON with everything…", Form.JSON),
)

Index = QModelIndex | QPersistentModelIndex


class _Row(NamedTuple):
    """One row; without an id it is a heading."""

    id: int | None
    text: str
    snippet: str = ""
    private: bool = False
    message: int | None = None


class ConversationModel(QAbstractListModel):
    """Headings (“Today”) and conversations, or the hits of a search."""

    renamed = Signal(int, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []

    def show_conversations(self, conversations: Sequence[Conversation], today: date) -> None:
        """Group by age; the order within a group is kept."""
        rows: list[_Row] = []
        heading = ""
        for conversation in conversations:
            age = age_heading(conversation.updated_at, today)
            if age != heading:
                heading = age
                rows.append(_Row(None, heading))
            rows.append(_Row(conversation.id, conversation.title, private=conversation.private))
        self._show(rows)

    def show_hits(self, hits: Sequence[SearchHit]) -> None:
        """One row for each hit, with the words around it."""
        rows = [_Row(hit.conversation_id, hit.title, hit.snippet, message=hit.message_id) for hit in hits]
        self._show(rows or [_Row(None, "Nothing found")])

    def row_of(self, conversation_id: int | None, message_id: int | None = None) -> int:
        """The row of a message that was found, else the first of its conversation; -1 if there is none."""
        if conversation_id is None:
            return -1
        rows = [row for row, entry in enumerate(self._rows) if entry.id == conversation_id]
        exact = (row for row in rows if self._rows[row].message == message_id)
        return next(exact, rows[0] if rows else -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return row.text
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{row.text}, private" if row.private else row.text
            case _ if role == _HEADING:
                return row.id is None
            case _ if role == _SNIPPET:
                return row.snippet
            case _ if role == _ID:
                return row.id
            case _ if role == _PRIVATE:
                return row.private
            case _ if role == _MESSAGE:
                return row.message
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self._rows[index.row()].id is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        conversation_id = self._rows[index.row()].id
        if conversation_id is None or not str(value).strip():
            return False
        # Once the editor has closed: the list is filled anew by it.
        QTimer.singleShot(0, self, lambda: self.renamed.emit(conversation_id, str(value).strip()))
        return True

    def _show(self, rows: list[_Row]) -> None:
        if rows == self._rows:
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()


def age_heading(when: float, today: date) -> str:
    """The group of a conversation by its last change."""
    days = (today - datetime.fromtimestamp(when).date()).days
    for limit, name in ((0, "Today"), (1, "Yesterday"), (7, "Last 7 days"), (30, "Last 30 days")):
        if days <= limit:
            return name
    return datetime.fromtimestamp(when).strftime("%Y")


class _RowPainter(QStyledItemDelegate):
    """Draws a row: a quiet heading, a title, or a title with the words found below it."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        if index.data(_HEADING):
            return QSize(0, self._look.theme.px(_HEADING_ROW))
        return QSize(0, self._look.theme.px(_TALL_ROW if index.data(_SNIPPET) else _ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_surface(painter, option, index)
        self._paint_words(painter, option, index)
        painter.restore()

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(option.rect)

    def _paint_surface(self, painter: QPainter, option: Any, index: Index) -> None:
        theme = self._look.theme
        rect = option.rect.adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(theme.colour("shore-soft"))
            painter.drawRoundedRect(rect, 6, 6)
        elif option.state & QStyle.StateFlag.State_MouseOver and not index.data(_HEADING):
            painter.setBrush(theme.colour("hover"))
            painter.drawRoundedRect(rect, 6, 6)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("shore"), 2))
            painter.drawRoundedRect(rect, 6, 6)

    def _paint_words(self, painter: QPainter, option: Any, index: Index) -> None:
        theme = self._look.theme
        heading, snippet = index.data(_HEADING), index.data(_SNIPPET)
        rect: QRect = option.rect.adjusted(10, 0, -10, 0)
        if heading:
            rect = rect.adjusted(0, 8, 0, 0)
        if index.data(_PRIVATE):
            side = theme.px(INTERFACE)
            self._look.icon("lock-simple").paint(
                painter, QRect(rect.right() - side, rect.center().y() - side // 2 + 1, side, side)
            )
            rect = rect.adjusted(0, 0, -side - 6, 0)
        font = option.font
        font.setPixelSize(theme.px(META if heading else INTERFACE))
        painter.setFont(font)
        painter.setPen(theme.colour("muted" if heading else "text"))
        upper = (
            rect if not snippet else QRect(rect.left(), rect.top() + 6, rect.width(), rect.height() // 2 - 6)
        )
        title = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, title)
        if snippet:
            font.setPixelSize(theme.px(META))
            painter.setFont(font)
            painter.setPen(theme.colour("muted"))
            lower = QRect(rect.left(), rect.center().y(), rect.width(), rect.height() // 2 - 4)
            words = painter.fontMetrics().elidedText(snippet, Qt.TextElideMode.ElideRight, rect.width())
            painter.drawText(lower, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, words)


class ConversationList(QListView):
    """The list itself: Enter or a click selects, F2 renames, Delete puts into the trash."""

    chosen = Signal(int)
    hit_chosen = Signal(int, int)
    delete_requested = Signal(int)
    export_requested = Signal(int, object)

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("conversation-list")
        self.setAccessibleName("Conversations")
        self.setItemDelegate(_RowPainter(look, self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setFrameShape(self.Shape.NoFrame)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self.open_menu)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Delete and index.isValid() and index.data(_ID) is not None:
            self.delete_requested.emit(index.data(_ID))
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self._choose(index)
            return
        super().keyPressEvent(event)

    def open_menu(self, position: QPoint) -> None:
        """The menu of the row at a position."""
        index = self.indexAt(position)
        if index.isValid() and index.data(_ID) is not None:
            self.menu_of(index).popup(self.viewport().mapToGlobal(position))

    def menu_of(self, index: QModelIndex) -> QMenu:
        """What can be done with a conversation; gone once it is closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Rename").triggered.connect(lambda: self.edit(index))
        conversation_id = index.data(_ID)
        self._add_exports(menu.addMenu("Export"), conversation_id)
        menu.addAction("Delete").triggered.connect(lambda: self.delete_requested.emit(conversation_id))
        return menu

    def _add_exports(self, menu: QMenu, conversation_id: int) -> None:
        for words, form in _EXPORTS:
            action = menu.addAction(words)
            action.triggered.connect(
                lambda _checked, form=form: self.export_requested.emit(conversation_id, form)
            )

    @property
    def editing(self) -> bool:
        """Whether a title is being changed; filling the list would lose it."""
        return self.state() is QAbstractItemView.State.EditingState

    @property
    def current_id(self) -> int | None:
        """The conversation that the keyboard is on."""
        index = self.currentIndex()
        return index.data(_ID) if index.isValid() else None

    @property
    def current_message(self) -> int | None:
        """The message that was found there, if any."""
        index = self.currentIndex()
        return index.data(_MESSAGE) if index.isValid() else None

    def _choose(self, index: QModelIndex) -> None:
        if index.data(_MESSAGE) is not None:
            self.hit_chosen.emit(index.data(_ID), index.data(_MESSAGE))
        elif index.data(_ID) is not None:
            self.chosen.emit(index.data(_ID))
