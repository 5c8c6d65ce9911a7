"""The bare plot that every chart begins with: quiet axes in the theme's colours, nothing to drag or to click.

Imported with the first chart: pyqtgraph takes a quarter of a second.
"""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui.theme import META, Theme


def bare_plot(
    theme: Theme, spoken: str, parent: QWidget, height: int, kind: type[pg.PlotWidget] = pg.PlotWidget
) -> Any:
    """A plot `height` pixels high, at the usual text size, that is called `spoken`."""
    plot = kind(parent=parent, background=theme.colour("surface"))
    plot.setAccessibleName(spoken)
    plot.setFixedHeight(theme.px(height))
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setMouseEnabled(x=False, y=False)
    plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)  # the page scrolls, not the chart
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.showGrid(y=True, alpha=0.15)
    for side in ("bottom", "left"):
        axis = plot.getAxis(side)
        axis.setPen(pen(theme, "hairline"))
        axis.setTextPen(pen(theme, "muted"))
        axis.setStyle(tickFont=font(theme), tickLength=0, tickTextOffset=6)
    return plot


def pen(theme: Theme, token: str) -> QPen:
    """One pixel wide at any scale, in a token's colour."""
    drawn = QPen(theme.colour(token), 1)
    drawn.setCosmetic(True)
    return drawn


def font(theme: Theme) -> QFont:
    """The smallest size of text."""
    small = QFont()
    small.setPixelSize(theme.px(META))
    return small
