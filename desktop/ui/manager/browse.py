"""The catalogue's view: filters above, rows below, and what to do when nothing is like that."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.services.catalogue import CatalogueService
from desktop.ui.labels import plain_label
from desktop.ui.manager.filters import Filters
from desktop.ui.manager.offer_list import MOST_COMPARED, OfferList
from desktop.ui.page import card
from desktop.ui.theme import Appearance


class Browse(QWidget):
    """`opened(id)` when a model is wanted in full, `compared(ids)` when some are to be compared."""

    opened = Signal(str)
    compared = Signal(list)

    def __init__(self, catalogue: CatalogueService, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._catalogue = catalogue
        self.filters = Filters(self)
        self.filters.changed.connect(self.refresh)
        self.list = OfferList(look, self)
        self.list.opened.connect(self.opened)
        self.list.ticked.connect(self._show_ticks)
        self.list.refused.connect(self._refuse)
        self._count = plain_label(self, "meta")
        self._count.setObjectName("offer-count")
        self._compare = QPushButton("Compare", self)
        self._compare.setObjectName("compare-models")
        self._compare.clicked.connect(lambda: self.compared.emit(list(self.list.rows.ticked)))
        self._untick = QPushButton("Untick all", self)
        self._untick.setObjectName("untick-models")
        self._untick.setProperty("link", True)
        self._untick.clicked.connect(self._untick_all)
        self._empty = self._make_empty()
        self._problems = plain_label(self, "warn")
        self._notes = plain_label(self, "meta")
        self._notes.setObjectName("machine-notes")
        self._lay_out()
        catalogue.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what the filters ask for, judged as it is now."""
        rows = self._catalogue.select(self.filters.wish())
        left_out = sum(row.left_out for row in rows)
        self.list.show_rows(rows)
        self.list.setVisible(bool(rows))
        self._empty.setVisible(not rows)
        shown = len(rows) - left_out
        words = f"{shown} model{'' if shown == 1 else 's'}"
        words += f", {left_out} left out for their licence" if left_out else ""
        if not self._catalogue.measured:
            words += ". Speeds are those of an ordinary computer until yours is measured"
        self._count.setText(f"{words}." if rows else "")
        self._problems.setText("\n".join(self._catalogue.catalogue.problems))
        self._problems.setVisible(bool(self._catalogue.catalogue.problems))
        self._notes.setText("\n".join(self._catalogue.notes))
        self._notes.setVisible(bool(self._catalogue.notes))
        self._show_ticks()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self._count, 1)
        line.addWidget(self._untick)
        line.addWidget(self._compare)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.filters)
        column.addWidget(self._problems)
        column.addLayout(line)
        column.addWidget(self._notes)
        column.addWidget(self.list)
        column.addWidget(self._empty)

    def _show_ticks(self) -> None:
        count = len(self.list.rows.ticked)
        self._compare.setText(f"Compare {count} models" if count > 1 else "Compare")
        self._compare.setEnabled(count > 1)
        self._compare.setToolTip("" if count > 1 else f"Tick two to {MOST_COMPARED} models to compare them.")
        self._untick.setVisible(count > 0)

    def _refuse(self) -> None:
        self._count.setText(f"{MOST_COMPARED} models are ticked; untick one to take another.")

    def _untick_all(self) -> None:
        self.list.rows.untick_all()
        self.refresh()

    def _make_empty(self) -> QFrame:
        frame = card(self)
        frame.setObjectName("no-offers")
        words = plain_label(frame, "strong")
        words.setText("No model in the catalogue is like that.")
        hint = plain_label(frame, "muted")
        hint.setText("Take away a filter, or add a model file of your own under “On this machine”.")
        clear = QPushButton("Show all models", frame)
        clear.setObjectName("clear-filters")
        clear.clicked.connect(self.filters.clear)
        column = QVBoxLayout(frame)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addWidget(words)
        column.addWidget(hint)
        column.addWidget(clear, 0, Qt.AlignmentFlag.AlignLeft)
        return frame
