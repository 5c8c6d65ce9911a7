"""A hub's search results as rows: what decides, on three lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from desktop.ui.manager.row_painter import PAD_PX, RowPainter
from desktop.ui.manager.tall_list import Index, TallList
from desktop.ui.theme import INTERFACE, META, Appearance
from models.hub_values import Gate
from models.repo_offer import FoundModel

FOUND = Qt.ItemDataRole.UserRole


class FoundRows(QAbstractListModel):
    """The results, the hub's first one first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[FoundModel] = []

    def show_rows(self, rows: Sequence[FoundModel]) -> None:
        """Show these."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def add_rows(self, rows: Sequence[FoundModel]) -> None:
        """Show these, too, below; what is there already is not shown twice."""
        known = {one.found.repo for one in self._rows}
        new = [one for one in rows if one.found.repo not in known]
        if new:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(new) - 1)
            self._rows += new
            self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(one)
        return one if role == FOUND else None


class FoundList(TallList):
    """`opened` carries the FoundModel that was clicked, or chosen with Enter."""

    opened = Signal(object)

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(look, parent)
        self.setObjectName("hub-results")
        self.setAccessibleName("Models of the hub")
        self.setAccessibleDescription("Enter opens a model.")
        self.rows = FoundRows(self)
        self.setModel(self.rows)
        self.setItemDelegate(FoundPainter(look, self))

    def show_rows(self, rows: Sequence[FoundModel]) -> None:
        """Show these results."""
        self.rows.show_rows(rows)
        self.fit_rows(len(rows))

    def add_rows(self, rows: Sequence[FoundModel]) -> None:
        """Show these below the others."""
        self.rows.add_rows(rows)
        self.fit_rows(self.rows.rowCount())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and index.isValid():
            self.opened.emit(index.data(FOUND))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.opened.emit(index.data(FOUND))
        else:
            super().keyPressEvent(event)


class FoundPainter(RowPainter):
    """Draws one result."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        one: FoundModel = index.data(FOUND)
        _frame, (first, second, third) = self._lines(painter, option, PAD_PX)
        self._name(painter, first, one)
        verdict, reason = verdict_words(one)
        self._verdict(painter, second, one.fit.verdict if one.fit else None, verdict, reason)
        self._say(painter, third, facts_words(one), "muted", META)
        painter.restore()

    def _name(self, painter: QPainter, line: QRect, one: FoundModel) -> None:
        room = line.adjusted(0, 0, -self._chip(painter, line, one.label) - 12, 0)
        used = self._say(painter, room, one.name, "text", INTERFACE, bold=True) + 10
        self._say(painter, room.adjusted(used, 0, 0, 0), one.owner, "muted", META)


def verdict_words(one: FoundModel) -> tuple[str, str]:
    """The verdict and its reason, with the quantisation they are for."""
    if one.fit is None:
        return "fit not known yet", "Its page tells more."
    if one.fit.tps is None:
        return "too large for this machine", one.fit.reason
    as_what = f"As {one.quantisation}. " if one.quantisation else ""
    return one.fit.verdict.value, f"{as_what}{one.fit.reason}"


def facts_words(one: FoundModel) -> str:
    """What else the hub says, in one line."""
    found = one.found
    parts = [
        parameters(found.parameters) if found.parameters else "",
        f"{found.context_length:,} tokens of context" if found.context_length else "",
        f"{rounded(found.downloads)} downloads" if found.downloads is not None else "",
        f"changed {found.last_modified[:10]}" if found.last_modified else "",
        "its publisher asks for more first" if found.gate is not Gate.OPEN else "",
    ]
    return " · ".join(part for part in parts if part)


def parameters(count: int) -> str:
    """ "8.2 B" or "135 M"."""
    return f"{count / 1e9:.3g} B" if count >= 10**9 else f"{count / 1e6:.0f} M"


def rounded(count: int) -> str:
    """A large number as one says it."""
    if count >= 10**6:
        return f"{count / 1e6:.1f} million"
    return f"{round(count, -3):,}" if count >= 10_000 else f"{count:,}"


def spoken(one: FoundModel) -> str:
    """A row as one reads it aloud."""
    verdict, reason = verdict_words(one)
    words = (
        one.name,
        f"by {one.owner}",
        f"licence {one.label.text}",
        f"{verdict}: {reason}",
        facts_words(one),
    )
    return ", ".join(word for word in words if word)
