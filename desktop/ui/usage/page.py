"""The Usage page: what was used and spent over a span, budgets, and every request behind it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop.services.usage import Figures, UsageService
from desktop.storage.ledger_values import LedgerRow, Place
from desktop.storage.table_file import Table
from desktop.storage.usage_values import Span, UsageFilter
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.page import Page, card
from desktop.ui.segments import Segments
from desktop.ui.theme import Appearance
from desktop.ui.usage.budgets import BudgetsCard
from desktop.ui.usage.conversion import Conversion
from desktop.ui.usage.exporting import ExportButtons
from desktop.ui.usage.figures import FigureTiles
from desktop.ui.usage.saved import SavedCard
from desktop.ui.usage.sections import Sections
from desktop.ui.usage.table import RowTable
from models.money import Rate

_SPANS = (
    (Span.TODAY, "Today"),
    (Span.WEEK, "7 days"),
    (Span.MONTH, "This month"),
    (Span.ALL, "All"),
)
_EMPTY = {
    Span.TODAY: "Nothing was asked today, so nothing was used.",
    Span.WEEK: "Nothing was asked in the last 7 days, so nothing was used.",
    Span.MONTH: "Nothing was asked this month, so nothing was used.",
    Span.ALL: "Nothing was asked yet. What your questions use and cost is shown here, exact to the token.",
}
_WIDEST, _NARROW = 920, 620


class UsagePage(Page):
    """Reads when it is shown, and when another span or model is chosen; offers it when rows were added.

    `budget_removed(Budget)` after it was done, to offer to undo it.
    """

    budget_removed = Signal(object)

    def __init__(self, service: UsageService, look: Appearance, parent: QWidget | None = None) -> None:
        words = "What was asked, what it used, and what it cost, exact to the token."
        super().__init__("Usage", words, parent, widest=_WIDEST)
        self._service = service
        self._span, self._model = Span.MONTH, ""
        self._figures: Figures | None = None
        self._choices = self._make_choices()
        self.column.addLayout(self._choices)
        self._empty, self._empty_words = self._make_empty()
        self.tiles = FigureTiles(self)
        self.budgets = BudgetsCard(service, look, self)
        self.sections = Sections(look, self)
        self.saved = SavedCard(self)
        self.table = RowTable(self._read_rows, service.providers, service.model_names, self)
        self.export = ExportButtons(self)
        self.conversion = Conversion(self)
        self.conversion.show_rate(service.rate)
        for part in (self._empty, self.tiles, self.budgets, self.sections, self.saved, self.conversion,
                     self.table, self.export):  # fmt: skip
            self.column.addWidget(part)
        self.column.addStretch(1)
        self._connect()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Read and show what holds now."""
        figures = self._service.figures(self._span, self._model or None)
        if figures is None:  # what was shown stays
            return
        self._news.hide()
        self._figures = figures
        panel, some = figures.panel, bool(figures.panel.totals.attempts)
        self._offer_models(figures)
        self._empty_words.setText(_EMPTY[self._span])
        self._empty.setVisible(not some)
        for part in (self.tiles, self.sections, self.table, self.export):
            part.setVisible(some)
        self.conversion.setVisible(bool(panel.totals.costs))
        self.tiles.show_panel(panel, self._service.rate)
        self.sections.show_figures(figures)
        local = panel.by_place[Place.LOCAL]
        prices = self._service.prices() if local.attempts else {}
        self.saved.show_local(local, prices, self._service.model_names())
        self.table.show_rows(figures.wanted)
        self.budgets.refresh()

    def insert_card(self, card: QWidget) -> None:
        """A card of its own, below everything else."""
        self.column.insertWidget(self.column.count() - 1, card)

    def _connect(self) -> None:
        self.spans.chosen.connect(self._choose_span)
        self._models.activated.connect(self._choose_model)
        self._news.clicked.connect(self.refresh)
        self._service.changed.connect(self._tell_news)
        self.conversion.changed.connect(self._convert)
        self.budgets.removed.connect(self.budget_removed)
        self.export.export_requested.connect(self._export)
        self.table.left_open.not_charged.connect(self._release)

    # -- what is chosen

    def _choose_span(self, span: Span) -> None:
        self._span = span
        self.refresh()

    def _choose_model(self, _index: int) -> None:
        self._model = self._models.currentData()
        self.refresh()

    def _convert(self, rate: Rate | None) -> None:
        self._service.keep_rate(rate)
        if self._figures is not None:
            self.tiles.show_panel(self._figures.panel, self._service.rate)

    def _tell_news(self) -> None:
        self._news.setVisible(self.isVisible())

    def _offer_models(self, figures: Figures) -> None:
        """The models of the span; while one is chosen, those that were offered before stay."""
        if self._model:
            return
        names = {key.model: name for key, name in figures.names.items()}
        self._models.clear()
        self._models.addItem("All models", "")
        self._models.add_named(names)

    def _read_rows(self, wanted: UsageFilter, before: int | None, limit: int) -> tuple[LedgerRow, ...]:
        return self._service.rows(wanted, before=before, limit=limit)

    def _release(self, row_id: int) -> None:
        self._service.release(row_id)
        self.refresh()

    def _export(self, path: str, form: Table) -> None:
        self._service.export(Path(path), form, self.table.wanted(), self._span)

    # -- building

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self._choices.setDirection(
            QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        )

    def _make_choices(self) -> QBoxLayout:
        self.spans = Segments("usage-span", "Time", self)
        self.spans.show_choices(_SPANS, self._span)
        self._models = Choice(self)
        self._models.setObjectName("usage-model")
        self._models.setAccessibleName("Which models")
        self._models.setMinimumContentsLength(12)
        self._models.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._news = QPushButton("Show what was added since", self)
        self._news.setObjectName("usage-news")
        self._news.setProperty("link", True)
        self._news.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.spans, 1)
        row.addWidget(self._news)
        row.addWidget(self._models)
        return row

    def _make_empty(self) -> tuple[QFrame, QLabel]:
        frame = card(self)
        frame.setObjectName("usage-empty")
        words = plain_label(frame, "muted")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 40, 16, 40)
        column.addWidget(words)
        return frame, words
