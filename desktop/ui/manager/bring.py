"""Bringing one model: its licence first, then which file, then it is on its way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.services.bringing import Bringing
from desktop.services.catalogue import CatalogueService
from desktop.ui.labels import plain_label
from desktop.ui.manager.choosing import ChoiceCard
from desktop.ui.manager.gate import GateCard
from desktop.ui.manager.licence import AcceptanceCard, LicenceChip
from desktop.ui.page import card
from desktop.ui.theme import Appearance
from models.errors import AppError, Gated
from models.looking import Wanted
from models.repo_offer import Choice, RepoOffer
from models.terms import Terms


class Bring(QWidget):
    """Asks the hub only after a licence that asks for it is accepted.

    `started` when a download was begun, `left` when the user would rather not; `link_activated(address)`
    and `token_entered(token)` leave the deed to others, the latter before the hub is asked again.
    """

    started = Signal()
    left = Signal()
    link_activated = Signal(str)
    token_entered = Signal(str)

    def __init__(
        self,
        wanted: Wanted,
        bringing: Bringing,
        catalogue: CatalogueService,
        look: Appearance,
        parent: QWidget,
        have: Callable[[Choice], bool] = lambda _choice: False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("bring")
        self.setAccessibleName(f"Download {wanted.name}")
        self._wanted, self._bringing, self._have = wanted, bringing, have
        self._catalogue, self._look = catalogue, look
        self._tried = False  # whether a token was entered here
        self._shown: list[QWidget] = []
        self._chip: LicenceChip | None = None
        self._head = QHBoxLayout()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._say_what()
        self._column.addStretch(1)
        bringing.hub.looked.connect(self._looked)
        bringing.hub.look_failed.connect(self._failed)
        self._begin(wanted.terms(catalogue.catalogue))

    def _say_what(self) -> None:
        title = plain_label(self, "title")
        title.setText(self._wanted.name)
        words = plain_label(self, "muted")
        words.setText(f"{', '.join(self._wanted.repos)} at {self._bringing.hub.host}")
        self._column.addWidget(title)
        self._column.addWidget(words)
        self._head.addStretch(1)
        self._column.addLayout(self._head)

    def _begin(self, terms: Terms) -> None:
        self._show_label(terms)
        if (passport := self._bringing.acceptances.pending(terms)) is None:
            self._look_at()
            return
        asked = AcceptanceCard(passport, self._wanted.name, self)
        asked.accepted.connect(lambda use: self._accept(terms, use))
        asked.refused.connect(self.left)
        asked.full_text_requested.connect(self.link_activated)
        self._show(asked)

    def _accept(self, terms: Terms, use: str) -> None:
        passport = terms.passport
        if passport is not None and self._bringing.acceptances.accept(passport, terms.ids[0], use):
            self._look_at()

    def _look_at(self) -> None:
        waiting = card(self)
        waiting.setObjectName("looking")
        words = plain_label(waiting, "muted")
        words.setText(f"Asking {self._bringing.hub.host} for its files and their sizes…")
        column = QVBoxLayout(waiting)
        column.setContentsMargins(16, 16, 16, 16)
        column.addWidget(words)
        self._show(waiting)
        self._bringing.hub.look(self._wanted)

    def _looked(self, offer: RepoOffer) -> None:
        if offer.repos != self._wanted.repos:
            return  # another view's
        self._show_label(offer.terms)
        if self._bringing.acceptances.pending(offer.terms) is not None:
            self._begin(offer.terms)  # only the hub knew the licence
        elif offer.gated:
            self._show(self._gate(offer.gated))
        elif not offer.choices:
            self._show(self._nothing(offer))
        else:
            chosen = ChoiceCard(offer, self._look, self, self._have)
            chosen.chosen.connect(self._start)
            self._show(chosen, self._licence(offer.terms))

    def _failed(self, error: AppError) -> None:
        if isinstance(error, Gated):
            self._show(self._gate(error.link))
        else:
            self._show(self._problem(error.title, f"{error.cause} {error.hint}", "Try again"))

    def _start(self, choice: Choice) -> None:
        hub = self._bringing.hub
        name = (
            self._wanted.name if choice.label in self._wanted.name else f"{self._wanted.name} {choice.label}"
        )
        self._bringing.downloads.start(choice.target(hub.endpoints, hub.folder), name)
        self.started.emit()

    def _gate(self, link: str) -> GateCard:
        gate = GateCard(link, self._bringing.hub.host, self, tried=self._tried)
        gate.link_activated.connect(self.link_activated)
        gate.token_entered.connect(self._use_token)
        return gate

    def _use_token(self, token: str) -> None:
        self._tried = True
        self.token_entered.emit(token)
        self._look_at()

    def _nothing(self, offer: RepoOffer) -> QFrame:
        if offer.refused:
            names = ", ".join(offer.refused[:5])
            return self._problem("Its files have names that are not safe here.", names, "")
        words = "Look for another repository of it, one whose name ends in “GGUF”."
        return self._problem("There is no file that could answer here.", words, "")

    def _problem(self, title: str, words: str, step: str) -> QFrame:
        frame = QFrame(self)
        frame.setObjectName("bring-problem")
        frame.setProperty("error", True)
        heading, text = plain_label(frame, "danger"), plain_label(frame)
        heading.setText(title)
        text.setText(words.strip())
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addWidget(text)
        if step:
            again = QPushButton(step, frame)
            again.setObjectName("look-again")
            again.clicked.connect(self._look_at)
            column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        return frame

    def _licence(self, terms: Terms) -> QFrame:
        """What is known of it, also where that is nothing."""
        frame = card(self)
        frame.setObjectName("bring-licence")
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        heading, words = plain_label(frame, "subtitle"), plain_label(frame)
        heading.setText(terms.passport.full_name if terms.passport else "Licence")
        words.setText(terms.label.meaning)
        column.addWidget(heading)
        column.addWidget(words)
        if (passport := terms.passport) is not None:
            read = QPushButton("Read the full text", frame)
            read.setObjectName("licence-link")
            read.setProperty("link", True)
            read.setToolTip(passport.link)
            read.clicked.connect(lambda: self.link_activated.emit(passport.link))
            column.addWidget(read, 0, Qt.AlignmentFlag.AlignLeft)
        return frame

    def _show_label(self, terms: Terms) -> None:
        if self._chip is not None:
            self._head.removeWidget(self._chip)
            self._chip.deleteLater()
        self._chip = LicenceChip(terms.label, self)
        self._head.insertWidget(0, self._chip)

    def _show(self, *views: QWidget) -> None:
        for old in self._shown:
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._shown = list(views)
        for view in views:
            self._column.insertWidget(self._column.count() - 1, view)
            view.show()
