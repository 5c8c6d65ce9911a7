"""What is told of one model: facts under their names, in cards with a heading."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label
from desktop.ui.page import card
from models.licences import Passport


class FactsPage(QWidget):
    """Cards in a column. `link_activated(address)` leaves the deed to others."""

    link_activated = Signal(str)

    def __init__(self, model_id: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.model_id = model_id
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)

    def _section(self, heading: str, name: str) -> tuple[QFrame, QVBoxLayout]:
        """A card at the end, and where its content goes."""
        frame = card(self)
        frame.setObjectName(name)
        frame.setAccessibleName(heading)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(said(frame, heading, "subtitle"))
        self._column.addWidget(frame)
        return frame, column

    def _licence_link(self, frame: QFrame, passport: Passport) -> QPushButton:
        read = QPushButton("Read the full text", frame)
        read.setObjectName("licence-link")
        read.setProperty("link", True)
        read.setToolTip(passport.link)
        read.clicked.connect(lambda: self.link_activated.emit(passport.link))
        return read


def grid(parent: QWidget, rows: Iterable[tuple[str, str]], *, selectable: bool = False) -> QGridLayout:
    """Facts under their names, as many rows."""
    layout = QGridLayout()
    layout.setHorizontalSpacing(16)
    layout.setVerticalSpacing(6)
    layout.setColumnStretch(1, 1)
    for number, (name, value) in enumerate(rows):
        heading = said(parent, name, "muted")
        heading.setWordWrap(False)
        heading.setMinimumWidth(104)
        fact = said(parent, value)
        if selectable:
            fact.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            # a long name without a place to break is cut rather than making the page wider than the window
            fact.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout.addWidget(heading, number, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(fact, number, 1)
    return layout


def said(parent: QWidget, words: str, role: str = "") -> QLabel:
    """A label with these words."""
    label = plain_label(parent, role)
    label.setText(words)
    return label
