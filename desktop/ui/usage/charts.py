"""The chart over time: stacked columns, told apart by pattern as well as by colour.

Imported when the first chart is shown: pyqtgraph takes a quarter of a second.
"""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QWidget

from desktop.ui.plots import bare_plot, pen
from desktop.ui.theme import Theme
from desktop.ui.usage.measures import Measure, steps
from desktop.ui.usage.series import Columns

_HEIGHT_PX, _LABEL_PX = 220, 64


def column_chart(columns: Columns, measure: Measure, theme: Theme, spoken: str, parent: QWidget) -> QWidget:
    """The columns as high as the axis says. Amounts become floats here only, for drawing."""
    plot = bare_plot(theme, spoken, parent, _HEIGHT_PX, _Plot)
    plot.setObjectName("chart-over-time")
    count = len(columns.labels)
    below = [0] * count
    for part in columns.parts:
        colour = theme.colour(part.fill.token)
        shown = [n for n in range(count) if part.values[n]]
        bars = pg.BarGraphItem(
            x=shown,
            y0=[float(below[n]) for n in shown],
            height=[float(part.values[n]) for n in shown],
            width=0.72,
            brush=QBrush(colour, part.fill.pattern),
            pen=pen(theme, part.fill.token),
        )
        plot.addItem(bars)
        below = [low + high for low, high in zip(below, part.values, strict=True)]
    ticks = steps(max(below, default=0))
    plot.getAxis("left").setTicks([[(float(value), measure.tick(value)) for value in ticks]])
    plot.getAxis("left").setStyle(hideOverlappingLabels=False)
    plot.getAxis("left").enableAutoSIPrefix(False)
    plot.setYRange(0, ticks[-1] * 1.08, padding=0.01)
    plot.setXRange(-0.6, max(count, 7) - 0.4, padding=0)
    plot.show_labels(columns.labels)
    return plot  # type: ignore[no-any-return]


class _Plot(pg.PlotWidget):  # type: ignore[misc]
    """Writes as many of the labels under its columns as have room."""

    _labels: tuple[str, ...] = ()

    def show_labels(self, labels: tuple[str, ...]) -> None:
        self._labels = labels
        self._thin_out()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._thin_out()

    def _thin_out(self) -> None:
        if not self._labels:  # while it is being built
            return
        room = max(1, self.width() // _LABEL_PX - 1)
        every = max(1, -(-max(len(self._labels), 7) // room))
        chosen = [(n, words) for n, words in enumerate(self._labels) if n % every == 0]
        self.getAxis("bottom").setTicks([chosen])
