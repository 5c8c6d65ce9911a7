"""The catalogue's rows: a list that draws only what is in sight, however long it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from desktop.ui.manager.offer_row import TICK_PX, OfferPainter
from desktop.ui.manager.tall_list import Index, TallList
from desktop.ui.theme import Appearance
from models.offer import parameters_words, price_words
from models.selection import Choice

CHOICE = Qt.ItemDataRole.UserRole
MOST_COMPARED = 4


class OfferModel(QAbstractListModel):
    """The rows, and which of them are ticked for comparison."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: Sequence[Choice] = ()
        self.ticked: list[str] = []

    def show_rows(self, rows: Sequence[Choice]) -> None:
        """Show these; ticks stay, also those of rows that are not shown."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def toggle(self, index: Index) -> bool:
        """Tick a row or take the tick away; whether there was room for one more."""
        model_id = self._rows[index.row()].offer.id
        if model_id in self.ticked:
            self.ticked.remove(model_id)
        elif len(self.ticked) < MOST_COMPARED:
            self.ticked.append(model_id)
        else:
            return False
        self.dataChanged.emit(index, index)
        return True

    def untick_all(self) -> None:
        """Begin the comparison anew."""
        self.ticked.clear()
        self.dataChanged.emit(self.index(0), self.index(max(0, len(self._rows) - 1)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        choice = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return choice.offer.model.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return spoken(choice, self.ticked)
            case Qt.ItemDataRole.CheckStateRole:
                on = choice.offer.id in self.ticked
                return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.ToolTipRole:
                return choice.reason or None
            case _ if role == CHOICE:
                return choice
        return None


class OfferList(TallList):
    """As high as its rows, so that the page around it scrolls.

    `opened(id)` by a click or Enter; `ticked` after any change of the ticks, `refused` when four are
    ticked already.
    """

    opened = Signal(str)
    ticked = Signal()
    refused = Signal()

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(look, parent)
        self.setObjectName("offers")
        self.setAccessibleName("Models of the catalogue")
        self.setAccessibleDescription("Enter opens a model, Space ticks it for comparison.")
        self.rows = OfferModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(OfferPainter(look, self))

    def show_rows(self, rows: Sequence[Choice]) -> None:
        """Show these rows."""
        self.rows.show_rows(rows)
        self.fit_rows(len(rows))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        place = event.position().toPoint()
        index = self.indexAt(place)
        if event.button() is not Qt.MouseButton.LeftButton or not index.isValid():
            return
        if place.x() < self._look.theme.px(TICK_PX):
            self._toggle(index)
        else:
            self._open(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            self._toggle(index)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self._open(index)
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(CHOICE).offer.id)

    def _toggle(self, index: QModelIndex) -> None:
        (self.ticked if self.rows.toggle(index) else self.refused).emit()


def spoken(choice: Choice, ticked: Collection[str] = ()) -> str:
    """A row as one reads it aloud."""
    offer = choice.offer
    words = [
        offer.model.name,
        "installed" if offer.installed else "",
        parameters_words(offer.model),
        f"licence {offer.label.text}",
        f"{offer.verdict}: {offer.reason}",
        price_words(offer.price) if offer.price else "",
        f"left out: {choice.reason}" if choice.left_out else choice.reason,
        "ticked for comparison" if offer.id in ticked else "",
    ]
    return ", ".join(word for word in words if word)
