"""Up to four models side by side: what decides, the benchmark tables as charts, price against score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label
from desktop.ui.manager.compared import ComparedFacts, legend
from desktop.ui.manager.told import source_words
from desktop.ui.page import card
from desktop.ui.theme import Appearance
from models.catalogue import Catalogue
from models.comparing import scored, scores, worths
from models.facts import BenchmarkTable
from models.offer import Offer, per_million

_ROOM_FOR_PAIRS, _NARROW = 1200, 560


class Comparison(QWidget):
    """Shows offers; charts are drawn anew when the theme changes."""

    def __init__(
        self,
        offers: Sequence[Offer],
        everything: Sequence[Offer],
        catalogue: Catalogue,
        look: Appearance,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("comparison")
        self._offers, self._everything, self._catalogue = offers, everything, catalogue
        self._look = look
        self._ids = [offer.id for offer in offers]
        self._charts: list[QFrame] = []
        self._paired = False
        self._to_draw: list[Callable[[], QFrame | None]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._column.addWidget(_said(self, "Comparison", "title"))
        self._narrow = False
        self._facts = ComparedFacts(offers, look, self)
        self._column.addWidget(self._facts)
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._column.addLayout(self._grid)
        QTimer.singleShot(0, self, self._draw)  # the table is there before the charts are made
        look.changed.connect(self._draw)

    def _draw(self) -> None:
        for old in self._charts:
            self._grid.removeWidget(old)
            old.deleteLater()
        tables = [table for table in self._catalogue.tables if scored(table, self._ids)]
        self._charts = []
        self._to_draw = [partial(self._bars, table) for table in tables] or [self._nothing]
        self._to_draw.append(self._worth)
        self._draw_next()

    def _draw_next(self) -> None:
        """One chart at a time, so that the window answers in between; they are shown together."""
        if not self._to_draw:
            self._place()
            for chart in self._charts:
                chart.show()
            return
        if (frame := self._to_draw.pop(0)()) is not None:
            frame.hide()
            self._charts.append(frame)
        QTimer.singleShot(0, self, self._draw_next)

    def _place(self) -> None:
        """Below one another, or in pairs where there is room; one without a partner has the whole row."""
        pairs = self.width() >= _ROOM_FOR_PAIRS
        self._paired = pairs
        for number, chart in enumerate(self._charts):
            alone = not pairs or (number % 2 == 0 and number == len(self._charts) - 1)
            row, column = divmod(number, 2) if pairs else (number, 0)
            self._grid.removeWidget(chart)
            self._grid.addWidget(chart, row, column, 1, 2 if alone else 1)
        for column in (0, 1):
            self._grid.setColumnStretch(column, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            QTimer.singleShot(0, self, self._change_width)
        elif not self._to_draw and self._paired != (self.width() >= _ROOM_FOR_PAIRS):
            self._place()

    def _change_width(self) -> None:
        self._facts.show_narrow(self._narrow)
        self._draw()

    def _bars(self, table: BenchmarkTable) -> QFrame:
        from desktop.ui.manager.charts import Bars, bar_chart, lying_bars

        rows = scores(table, self._ids)
        drawn = [number for number, row in enumerate(rows) if row[0].height is not None]
        bars = Bars(
            groups=[benchmark.name for benchmark in table.benchmarks],
            values=[[value.height for value in rows[number]] for number in drawn],
            words=[[value.words for value in rows[number]] for number in drawn],
            marks=drawn,
        )
        draw = lying_bars if self._narrow else bar_chart
        frame, column = self._section(table.title, f"chart-{table.id}")
        column.addWidget(draw(bars, self._look.theme, self._spoken(table), frame))
        column.addWidget(_said(frame, self._notes(table, drawn), "meta"))
        return frame

    def _worth(self) -> QFrame | None:
        from desktop.ui.manager.charts import Point, scatter

        all_worths = worths(self._everything, self._catalogue)
        currency = next((one.currency for one in all_worths if one.model_id in self._ids), None)
        if currency is None:
            return None
        same = [one for one in all_worths if one.currency == currency]  # two currencies are never compared
        points = [
            Point(
                one.name,
                one.price_nano / 1000,
                one.mean,
                self._ids.index(one.model_id) if one.model_id in self._ids else None,
            )
            for one in same
        ]
        spoken = "Price against score. " + ". ".join(
            f"{one.name}: {per_million(currency, one.price_nano)}, {one.mean:.1f} %" for one in same
        )
        sign = per_million(currency, 0).replace("0", "").strip()
        titles = (f"{sign} for a million tokens in and a million out", "Mean of all percents")
        frame, column = self._section("Price against score", "chart-worth")
        column.addWidget(scatter(points, titles, self._look.theme, spoken, frame))
        column.addWidget(
            _said(frame, "Up and to the left is better. Small points are models you didn’t choose.", "meta")
        )
        return frame

    def _spoken(self, table: BenchmarkTable) -> str:
        lines = [
            f"{offer.model.name}: "
            + ", ".join(
                f"{benchmark.name} {value.words}"
                for benchmark, value in zip(table.benchmarks, row, strict=True)
            )
            for offer, row in zip(self._offers, scores(table, self._ids), strict=True)
        ]
        return f"{table.title}. " + ". ".join(lines)

    def _notes(self, table: BenchmarkTable, drawn: Sequence[int]) -> str:
        missing = [offer.model.name for number, offer in enumerate(self._offers) if number not in drawn]
        thinking = [row.model for row in table.rows if row.thinking and row.model in self._ids]
        names = {offer.id: offer.model.name for offer in self._offers}
        notes = [f"Source: {source_words(table.source)}."]
        if thinking:
            notes.insert(0, f"Measured with thinking on: {', '.join(names[one] for one in thinking)}.")
        if missing:
            notes.insert(0, f"Not measured: {', '.join(missing)}.")
        if any(benchmark.unit == "stars" for benchmark in table.benchmarks):
            notes.insert(0, "Stars are drawn as fifths.")
        return " ".join(notes)

    def _nothing(self) -> QFrame:
        frame, column = self._section("No scores", "chart-none")
        column.addWidget(_said(frame, "The catalogue has no scores of these models.", "muted"))
        return frame

    def _section(self, heading: str, name: str) -> tuple[QFrame, QVBoxLayout]:
        frame = card(self)
        frame.setObjectName(name)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(_said(frame, heading, "subtitle"))
        column.addWidget(legend(self._offers, self._look, frame, narrow=self._narrow))
        return frame, column


def _said(parent: QWidget, words: str, role: str = "") -> QLabel:
    label = plain_label(parent, role)
    label.setText(words)
    return label
