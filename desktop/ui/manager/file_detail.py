"""One installed file in full, of a model that the catalogue doesn't know: what its own header says of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop.services.catalogue import CatalogueService
from desktop.ui.manager.facts import FactsPage, grid, said
from desktop.ui.manager.licence import LicenceChip
from desktop.ui.manager.told import machine_words, parts_words, source_words
from desktop.ui.manager.units import size_words
from desktop.ui.manager.verdict import VerdictLine
from desktop.ui.theme import Appearance
from models.library import LocalModel
from models.licences import NOT_ADVICE
from models.plain import plain, shown


class FileDetail(FactsPage):
    """Shows one model."""

    def __init__(
        self, model: LocalModel, catalogue: CatalogueService, look: Appearance, parent: QWidget
    ) -> None:
        super().__init__(model.id, f"file-{model.id}", parent)
        self._model, self._service, self._look = model, catalogue, look
        self._column.addWidget(said(self, model.name, "title"))
        self._column.addWidget(
            said(self, "The catalogue doesn’t know this model; its file tells this of itself.", "muted")
        )
        self._column.addWidget(LicenceChip(catalogue.label_of(model), self), 0, Qt.AlignmentFlag.AlignLeft)
        self._fit()
        self._licence()
        self._about()
        self._place()
        self._column.addStretch(1)

    def _fit(self) -> None:
        frame, column = self._section("On this machine", "file-fit")
        fit, shape = self._service.fit_of(self._model), self._model.shape
        if fit is None or shape is None:
            column.addWidget(said(frame, "Its header doesn’t say what it takes of a machine."))
            return
        column.addWidget(VerdictLine(fit.verdict, fit.verdict.value, fit.reason, self._look, frame))
        column.addLayout(grid(frame, [("Memory", f"{parts_words(shape)}.")]))
        machine, seen = self._service.machine, self._service.seen
        note = machine_words(machine, measured=self._service.measured, seen=seen)
        column.addWidget(said(frame, note, "meta"))

    def _licence(self) -> None:
        frame, column = self._section("Licence", "file-licence")
        terms = self._service.terms_of(self._model)
        passport = terms.passport
        if passport is None:
            column.addWidget(said(frame, terms.label.text, "strong"))
            column.addWidget(said(frame, terms.label.meaning))
            return
        column.addWidget(said(frame, passport.full_name, "strong"))
        column.addWidget(said(frame, passport.sentence))
        column.addLayout(grid(frame, passport.duties()))
        column.addWidget(said(frame, f"{NOT_ADVICE} From: {source_words(passport.source)}.", "meta"))
        column.addWidget(self._licence_link(frame, passport), 0, Qt.AlignmentFlag.AlignLeft)

    def _about(self) -> None:
        frame, column = self._section("About the model", "file-facts")
        model = self._model
        facts = (
            ("Architecture", model.architecture),
            ("Parameters", model.parameters),
            ("Quantisation", model.quantisation),
            ("Context", f"{model.context_length:,} tokens" if model.context_length else ""),
            ("Licence", model.licence),
        )
        column.addLayout(grid(frame, [(name, fact or "not stated") for name, fact in facts]))
        column.addWidget(said(frame, "From the file’s own header, as its maker wrote it.", "meta"))

    def _place(self) -> None:
        frame, column = self._section("The file", "file-place")
        model, origin = self._model, self._model.origin
        facts = [("Path", shown(model.path)), ("Size", size_words(model.size_bytes))]
        if origin is not None and not origin.imported:
            facts.append(("From", plain(f"{origin.repo}, version {origin.commit[:12]}")))
        if origin is not None:
            facts += [("SHA-256", _grouped(digest)) for digest in origin.sha256 if digest]
        column.addLayout(grid(frame, facts, selectable=True))


def _grouped(digest: str) -> str:
    """In groups, so that it can be compared by eye and finds place in a narrow window."""
    return " ".join(digest[start : start + 16] for start in range(0, len(digest), 16))
