"""A licence's label as a chip, and the card that asks to accept one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.labels import plain_label
from models.licences import NOT_ADVICE, Label, Passport, Tier


class LicenceChip(QLabel):
    """Name and tier in one line; what they mean is in the tip. All but an open licence stands out."""

    def __init__(self, label: Label, parent: QWidget) -> None:
        super().__init__(label.text, parent)
        self.setObjectName("licence-chip")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "chip-quiet" if label.tier is Tier.OPEN else "chip-warn")
        self.setToolTip(f"<p>{_escaped(label.meaning)}</p>")
        self.setAccessibleName(f"Licence: {label.text}")
        self.setAccessibleDescription(label.meaning)


class AcceptanceCard(QFrame):
    """Asks to accept a licence for one model: what it says in plain words, and for what use.

    `accepted` carries the use that was typed; `refused` and `full_text_requested(address)` the other ways.
    """

    accepted = Signal(str)
    refused = Signal()
    full_text_requested = Signal(str)

    def __init__(self, passport: Passport, model_name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("acceptance-card")
        self.setProperty("card", True)
        self.setAccessibleName(f"Licence of {model_name}")
        self._use = QLineEdit(self)
        self._use.setObjectName("intended-use")
        self._use.setAccessibleName("What you will use the model for")
        self._use.setPlaceholderText("Notes at home, a tool for my team…")
        self._use.setMaxLength(2_000)
        self._use.textChanged.connect(self._allow)
        self._use.returnPressed.connect(self._accept)
        self._details = _said(self, _details(passport), "meta")
        self._details.setObjectName("licence-details")
        self._details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details.hide()
        self._go = self._button("Accept and go on", "accept-licence", self._accept)
        self._go.setProperty("primary", True)
        self._build(passport, model_name)
        self._allow()

    def _build(self, passport: Passport, model_name: str) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addWidget(_said(self, f"{model_name}: {passport.name}", "subtitle"))
        column.addWidget(_said(self, passport.sentence))
        column.addSpacing(4)
        column.addLayout(self._duties(passport))
        column.addWidget(_said(self, NOT_ADVICE, "meta"))
        column.addLayout(self._links(passport))
        column.addWidget(self._details)
        column.addSpacing(8)
        question = _said(self, "What will you use it for?", "strong")
        question.setBuddy(self._use)
        column.addWidget(question)
        column.addWidget(self._use)
        column.addSpacing(4)
        column.addLayout(self._choices())

    def _duties(self, passport: Passport) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for row, (heading, fact) in enumerate(passport.duties()):
            name = _said(self, heading, "muted")
            name.setWordWrap(False)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(_said(self, fact), row, 1)
        return grid

    def _links(self, passport: Passport) -> QHBoxLayout:
        read = self._button(
            "Read the full text", "licence-link", lambda: self.full_text_requested.emit(passport.link)
        )
        more = self._button("Details", "licence-more", self._toggle_details)
        row = QHBoxLayout()
        for button in (read, more):
            button.setProperty("link", True)
            row.addWidget(button)
        read.setToolTip(passport.link)
        row.addStretch(1)
        return row

    def _choices(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self._go)
        row.addWidget(self._button("Not now", "refuse-licence", self.refused.emit))
        row.addStretch(1)
        return row

    def _button(self, words: str, name: str, then: Callable[[], object]) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.clicked.connect(then)
        return button

    def _allow(self) -> None:
        said = bool(self._use.text().strip())
        self._go.setEnabled(said)
        self._go.setToolTip("" if said else "Say first what you will use it for.")

    def _accept(self) -> None:
        if self._go.isEnabled():
            self.accepted.emit(" ".join(self._use.text().split()))

    def _toggle_details(self) -> None:
        self._details.setVisible(self._details.isHidden())


def _details(passport: Passport) -> str:
    source = passport.source
    lines = (
        f"Version {passport.version}, from {source.title}, {source.as_of}.",
        "Kept with your answer: the date, what you use it for, and the SHA-256 of this text:",
        passport.text_hash(),
    )
    return "\n".join(lines)


def _said(parent: QWidget, words: str, role: str = "") -> QLabel:
    label = plain_label(parent, role)
    label.setText(words)
    return label


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
