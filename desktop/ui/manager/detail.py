"""One model of the catalogue in full: fit, licence, facts, scores, price and files, with their sources."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.services.catalogue import CatalogueService
from desktop.ui.manager.facts import FactsPage, grid, said
from desktop.ui.manager.licence import LicenceChip
from desktop.ui.manager.told import (
    advice,
    arithmetic,
    facts,
    files,
    machine_words,
    source_words,
    sources_of,
)
from desktop.ui.manager.verdict import VerdictLine
from desktop.ui.theme import Appearance
from models.advised import compared
from models.catalogue import Catalogue
from models.facts import CatalogueModel, Score
from models.licences import NOT_ADVICE
from models.offer import Offer, price_words
from models.sources import Source


class Detail(FactsPage):
    """Shows one offer. `download_requested(id)` leaves the deed to others."""

    download_requested = Signal(str)

    def __init__(
        self,
        offer: Offer,
        catalogue: CatalogueService,
        look: Appearance,
        parent: QWidget,
        *,
        can_download: bool,
    ) -> None:
        super().__init__(offer.id, f"detail-{offer.id}", parent)
        self._look, self._service = look, catalogue
        self._head(offer, can_download=can_download and offer.has_files and not offer.installed)
        self._fit(offer)
        self._advice(offer.model)
        self._licence(offer.model)
        self._about(offer.model)
        self._scores(catalogue.catalogue, offer.model)
        self._price(offer.model)
        self._files(offer.model)
        self._column.addStretch(1)

    def _head(self, offer: Offer, *, can_download: bool) -> None:
        self._column.addWidget(said(self, offer.model.name, "title"))
        self._column.addWidget(said(self, offer.model.summary, "muted"))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(LicenceChip(offer.label, self))
        if offer.installed:
            chip = said(self, "Installed", "chip")
            chip.setWordWrap(False)
            row.addWidget(chip)
        row.addStretch(1)
        self._column.addLayout(row)
        if can_download:
            button = QPushButton("Download…", self)
            button.setObjectName("download-model")
            button.setProperty("primary", True)
            button.clicked.connect(lambda: self.download_requested.emit(offer.id))
            self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _fit(self, offer: Offer) -> None:
        frame, column = self._section("On this machine", "detail-fit")
        verdict = offer.fit.verdict if offer.fit and offer.has_files else None
        column.addWidget(VerdictLine(verdict, offer.verdict, offer.reason, self._look, frame))
        machine = self._service.machine
        if rows := arithmetic(offer.model, machine):
            best = offer.quantisation if offer.runs else None
            marked = [(name, f"Proposed: {words}" if name == best else words) for name, words in rows]
            column.addLayout(grid(frame, marked))
            note = machine_words(machine, measured=self._service.measured, seen=self._service.seen)
            column.addWidget(said(frame, note, "meta"))
            for note in self._service.notes:
                column.addWidget(said(frame, note, "warn"))
            dimensions = offer.model.sources.get("shape")
            if dimensions is not None:
                self._sources(frame, column, [(dimensions, "its layers, for the context’s memory")])
            else:
                column.addWidget(
                    said(frame, "Its layers aren’t known; the context’s part is estimated.", "meta")
                )

    def _advice(self, model: CatalogueModel) -> None:
        """What the source advises, beside what the arithmetic says of this machine."""
        if not model.hardware:
            return
        frame, column = self._section("Advised hardware", "detail-advice")
        if (both := compared(model, self._service.machine)) is not None:
            column.addWidget(said(frame, both.words))
        column.addLayout(grid(frame, advice(model)))
        self._sources(frame, column, [(model.sources["hardware"], "advice")])

    def _licence(self, model: CatalogueModel) -> None:
        frame, column = self._section("Licence", "detail-licence")
        passport = model.passport
        if passport is None:
            column.addWidget(said(frame, model.label.meaning))
            return
        column.addWidget(said(frame, passport.full_name, "strong"))
        column.addWidget(said(frame, passport.sentence))
        column.addLayout(grid(frame, passport.duties()))
        column.addWidget(said(frame, NOT_ADVICE, "meta"))
        column.addWidget(self._licence_link(frame, passport), 0, Qt.AlignmentFlag.AlignLeft)
        self._sources(frame, column, [(passport.source, "licence")])

    def _about(self, model: CatalogueModel) -> None:
        frame, column = self._section("About the model", "detail-facts")
        told = facts(model)
        column.addLayout(grid(frame, [(name, value) for name, value, _ in told]))
        for note in model.notes:
            column.addWidget(said(frame, note.text, "warn"))
            self._sources(frame, column, [(note.source, "this note")])
        self._sources(frame, column, sources_of(model, told))

    def _scores(self, catalogue: Catalogue, model: CatalogueModel) -> None:
        scores = catalogue.scores(model.id)
        if not scores:
            return
        frame, column = self._section("Scores", "detail-scores")
        tables = {score.table.id: score.table for score in scores}
        for table in tables.values():
            own = [score for score in scores if score.table is table]
            thinking = ", with thinking on" if any(score.thinking for score in own) else ""
            column.addWidget(said(frame, f"{table.title}{thinking}", "muted"))
            words = "   ".join(score_words(score) for score in own)
            column.addWidget(said(frame, words))
        named = {table.source.id: (table.source, "scores") for table in tables.values()}
        self._sources(frame, column, named.values())

    def _price(self, model: CatalogueModel) -> None:
        if model.remote is None:
            return
        frame, column = self._section("Via the gateway", "detail-price")
        price = price_words(model.remote.price) if model.remote.price else "The price isn’t known."
        column.addLayout(grid(frame, [("Called", model.remote.id), ("Price", price)]))
        if (source := model.sources.get("remote")) is not None:
            self._sources(frame, column, [(source, "price")])

    def _files(self, model: CatalogueModel) -> None:
        found = files(model)
        if not found:
            return
        frame, column = self._section("Files", "detail-files")
        column.addLayout(grid(frame, found, selectable=True))
        column.addWidget(said(frame, "The hub says how large each is when it is asked.", "meta"))
        if (source := model.sources.get("files")) is not None:
            self._sources(frame, column, [(source, "files")])

    def _sources(self, frame: QFrame, column: QVBoxLayout, sources: Iterable[tuple[Source, str]]) -> None:
        words = [f"{of[:1].upper()}{of[1:]}: {source_words(source)}." for source, of in sources]
        if words:
            label = said(frame, "\n".join(words), "meta")
            label.setProperty("source", True)
            column.addWidget(label)


def score_words(score: Score) -> str:
    """ "MMLU 91.2 %"; stars as "4 of 5 stars". It stays on one line."""
    value = f"{score.value:g} of 5 stars" if score.benchmark.unit == "stars" else f"{score.value:g} %"
    return f"{score.benchmark.name} {value}".replace(" ", "\N{NO-BREAK SPACE}")
