"""Models of other programs: one line that unfolds into rows, each of which can be used where it lies."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop.services.catalogue import CatalogueService
from desktop.services.discovery import DiscoveryService
from desktop.ui.labels import ElidedLabel, plain_label
from desktop.ui.manager.licence import LicenceChip
from desktop.ui.manager.units import size_words
from desktop.ui.theme import Appearance
from models.found import Found

_FEW, _MOST = 3, 40  # shown without being asked; rows at once


class FoundCard(QFrame):
    """Shows what a DiscoveryService has, and nothing where it has nothing. `used(list of Found)`."""

    used = Signal(list)

    def __init__(
        self, discovery: DiscoveryService, catalogue: CatalogueService, look: Appearance, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._discovery, self._catalogue, self._look = discovery, catalogue, look
        self._unfolded: bool | None = None  # None until the user says
        self.setObjectName("found-models")
        self.setProperty("card", True)
        self._title = plain_label(self, "strong")
        self._words = plain_label(self, "muted")
        self._all = self._button("Use all", "use-all-found", self._use_all)
        self._fold = self._button("", "show-found", self._toggle)
        self._fold.setProperty("link", True)
        self._again = self._make_again()
        self._rows: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._lay_out()
        discovery.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is now."""
        found = self._discovery.found()
        self.setVisible(bool(found))
        if self._rows is not None:
            self._column.removeWidget(self._rows)
            self._rows.deleteLater()
            self._rows = None
        if not found:
            return
        unfolded = len(found) <= _FEW if self._unfolded is None else self._unfolded
        count = f"{len(found)} models" if len(found) > 1 else "1 model"
        self._title.setText(f"Found on this machine: {count} of {_programs(found)}")
        self._words.setText("Used where they are, nothing is copied.")
        self._all.setVisible(len(found) > 1)
        self._fold.setText("Hide them" if unfolded else "Show them")
        self._fold.setVisible(len(found) > _FEW or not unfolded)
        if unfolded:
            self._rows = self._make_rows(found)
            self._column.addWidget(self._rows)

    def _lay_out(self) -> None:
        self._column.setContentsMargins(16, 12, 16, 12)
        self._column.setSpacing(8)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._title)
        texts.addWidget(self._words)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addLayout(texts, 1)
        for button in (self._fold, self._all, self._again):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self._column.addLayout(row)

    def _make_rows(self, found: list[Found]) -> QWidget:
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for number, one in enumerate(found[:_MOST]):
            column.addWidget(self._line(box))
            column.addLayout(self._row(box, number, one))
        if len(found) > _MOST:
            more = plain_label(box, "meta")
            more.setText(f"{len(found) - _MOST} more are shown when some of these are used.")
            column.addWidget(more)
        return box

    def _row(self, parent: QWidget, number: int, one: Found) -> QHBoxLayout:
        name = ElidedLabel(parent)
        name.setText(one.name)
        name.setToolTip(_escaped(str(one.model.path)))
        facts = ElidedLabel(parent, "meta")
        model = one.model
        words = (one.program, model.parameters, model.quantisation, size_words(model.size_bytes))
        facts.setText(" · ".join(text for text in words if text))
        use = self._button("Use", f"use-found-{number}", partial(self.used.emit, [one]))
        use.setAccessibleName(f"Use {one.name}")
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(name)
        texts.addWidget(facts)
        row = QHBoxLayout()
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(12)
        row.addLayout(texts, 1)
        chip = LicenceChip(self._catalogue.label_of(model), parent)
        row.addWidget(chip, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(use)
        return row

    def _line(self, parent: QWidget) -> QFrame:
        line = QFrame(parent)
        line.setProperty("line", True)
        line.setFixedHeight(1)
        return line

    def _make_again(self) -> QToolButton:
        again = QToolButton(self)
        again.setObjectName("search-found-again")
        again.setAccessibleName("Look again for models of other programs")
        again.setToolTip("Look again")
        again.setIcon(self._look.icon("arrow-clockwise"))
        again.setIconSize(QSize(16, 16))
        again.setFixedSize(30, 30)
        again.clicked.connect(self._discovery.search)
        return again

    def _button(self, words: str, name: str, then: object) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.clicked.connect(then)
        return button

    def _use_all(self) -> None:
        self.used.emit(self._discovery.found())

    def _toggle(self) -> None:
        self._unfolded = self._rows is None
        self.refresh()


def _programs(found: list[Found]) -> str:
    names = sorted({one.program for one in found})
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
