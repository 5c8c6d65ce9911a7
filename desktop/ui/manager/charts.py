"""Charts of scores and prices, to be told apart by pattern, symbol and label as well as by colour.

Imported when the first chart is shown: pyqtgraph takes a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QWidget

from desktop.ui.manager.marks import MARKS
from desktop.ui.plots import bare_plot, font, pen
from desktop.ui.theme import META, Theme

_BARS_PX, _SCATTER_PX = 240, 320
_LYING_PX, _BETWEEN_PX = 17, 14
_SPACE = 0.8  # of a group's width that its bars take


@dataclass(frozen=True, slots=True)
class Bars:
    """Groups of bars; `values[series][group]` is 0 to 100 or None, and is labelled with `words`."""

    groups: Sequence[str]
    values: Sequence[Sequence[float | None]]
    words: Sequence[Sequence[str]]
    marks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Point:
    """One model in a scatter plot; without a mark it is there for comparison only."""

    name: str
    x: float
    y: float
    mark: int | None = None


def bar_chart(bars: Bars, theme: Theme, spoken: str, parent: QWidget) -> QWidget:
    """Grouped bars with their values written above them."""
    plot = bare_plot(theme, spoken, parent, _BARS_PX)
    width = _SPACE / max(1, len(bars.values))
    for series, (values, words) in enumerate(zip(bars.values, bars.words, strict=True)):
        mark = MARKS[bars.marks[series]]
        offset = (series - (len(bars.values) - 1) / 2) * width
        known = [(group + offset, value) for group, value in enumerate(values) if value is not None]
        colour = theme.colour(mark.token)
        plot.addItem(
            pg.BarGraphItem(
                x=[x for x, _ in known],
                height=[value for _, value in known],
                width=width * 0.88,
                brush=QBrush(colour, mark.pattern),
                pen=pen(theme, mark.token),
            )
        )
        labels = [text for text, value in zip(words, values, strict=True) if value is not None]
        for (x, value), text in zip(known, labels, strict=True):
            _write(plot, text, x, value, theme, "text", (0.5, 1.0))
    axis = plot.getAxis("bottom")
    axis.setTicks([list(enumerate(bars.groups))])
    plot.setXRange(-0.5, len(bars.groups) - 0.5, padding=0.02)
    plot.setYRange(0, 112, padding=0)
    plot.getAxis("left").setTicks([[(value, str(value)) for value in (0, 25, 50, 75, 100)]])
    return plot  # type: ignore[no-any-return]


def lying_bars(bars: Bars, theme: Theme, spoken: str, parent: QWidget) -> QWidget:
    """The same from left to right, for where their values would not fit beside one another."""
    count = max(1, len(bars.values))
    high = len(bars.groups) * (count * _LYING_PX + _BETWEEN_PX) + 30
    plot = bare_plot(theme, spoken, parent, high)
    width = _SPACE / count
    for series, (values, words) in enumerate(zip(bars.values, bars.words, strict=True)):
        mark = MARKS[bars.marks[series]]
        offset = (series - (len(bars.values) - 1) / 2) * width
        known = [(group + offset, value) for group, value in enumerate(values) if value is not None]
        plot.addItem(
            pg.BarGraphItem(
                x0=[0.0 for _ in known],
                y=[y for y, _ in known],
                height=width * 0.8,
                width=[value for _, value in known],
                brush=QBrush(theme.colour(mark.token), mark.pattern),
                pen=pen(theme, mark.token),
            )
        )
        labels = [text for text, value in zip(words, values, strict=True) if value is not None]
        for (y, value), text in zip(known, labels, strict=True):
            _write(plot, text, value, y, theme, "text", (0.0, 0.5))
    plot.invertY(True)
    plot.getAxis("left").setTicks([list(enumerate(bars.groups))])
    plot.getAxis("bottom").setTicks([[(value, str(value)) for value in (0, 25, 50, 75, 100)]])
    plot.setYRange(-0.5, len(bars.groups) - 0.5, padding=0.02)
    plot.setXRange(0, 118, padding=0)
    plot.showGrid(x=True, y=False, alpha=0.15)
    return plot  # type: ignore[no-any-return]


def scatter(
    points: Sequence[Point], titles: tuple[str, str], theme: Theme, spoken: str, parent: QWidget
) -> QWidget:
    """Points with their names beside them; those without a mark are small and quiet."""
    plot = bare_plot(theme, spoken, parent, _SCATTER_PX)
    most_x = max(point.x for point in points)
    low, high = min(point.y for point in points), max(point.y for point in points)
    for point in points:
        mark = MARKS[point.mark] if point.mark is not None else None
        token = mark.token if mark else "outline"
        plot.addItem(
            pg.ScatterPlotItem(
                x=[point.x],
                y=[point.y],
                symbol=mark.symbol if mark else "o",
                size=14 if mark else 7,
                brush=QBrush(theme.colour(token)),
                pen=pen(theme, "surface"),
            )
        )
        right = point.x > most_x * 0.75
        _write(plot, f"  {point.name}  ", point.x, point.y, theme, "text" if mark else "muted",
               (1.0 if right else 0.0, 0.5))  # fmt: skip
    for side, title in (("bottom", titles[0]), ("left", titles[1])):
        plot.setLabel(side, title, color=theme.colours["muted"], **{"font-size": f"{theme.px(META)}px"})
    plot.setXRange(0, most_x * 1.08, padding=0)
    spread = max(high - low, 1.0)
    plot.setYRange(low - spread * 0.15, high + spread * 0.15, padding=0)
    return plot  # type: ignore[no-any-return]


def _write(
    plot: Any, text: str, x: float, y: float, theme: Theme, token: str, anchor: tuple[float, float]
) -> None:
    item = pg.TextItem(text, color=theme.colour(token), anchor=anchor)
    item.setFont(font(theme))
    plot.addItem(item)
    item.setPos(x, y)
