"""The order in which Tab goes: as one reads, whatever was made first."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QWidget


def chain_as_read(root: QWidget) -> None:
    """Let Tab go through what is in sight under `root` row by row, and in a row from left to right.

    It goes on from `root` itself, and from the last of them to where it went before.
    """
    before = root
    for widget in as_read(root, _reachable(root)):
        QWidget.setTabOrder(before, widget)
        before = widget


def as_read(root: QWidget, widgets: Iterable[QWidget]) -> list[QWidget]:
    """Sorted by rows; what has its middle beside the first of a row is in that row."""
    places = [(QRect(widget.mapTo(root, QPoint()), widget.size()), widget) for widget in widgets]
    places.sort(key=lambda one: (one[0].top(), one[0].left()))
    rows: list[list[tuple[QRect, QWidget]]] = []
    for one in places:
        if rows and one[0].center().y() <= rows[-1][0][0].bottom():
            rows[-1].append(one)
        else:
            rows.append([one])
    return [widget for row in rows for _place, widget in sorted(row, key=lambda one: one[0].left())]


def _reachable(root: QWidget) -> list[QWidget]:
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.isVisible()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
        and not widget.isWindow()
    ]
