"""The figures at the top: what was paid, tokens, requests, and how much was answered on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop.storage.ledger_values import Place
from desktop.storage.usage_values import Panel, Totals
from desktop.ui.labels import plain_label
from desktop.ui.page import card
from desktop.ui.usage.measures import counted
from models.money import Rate, convert, exact, short

_NARROW = 620


@dataclass(frozen=True, slots=True)
class Figure:
    """One tile. `large` are its lines in large type, `small` those under them, `exact` its tooltip."""

    name: str
    title: str
    large: tuple[str, ...]
    small: tuple[str, ...] = ()
    exact: str = ""


class FigureTiles(QWidget):
    """Four tiles in a row, or two by two where it is narrow."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("usage-figures")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(12)
        self._tiles: list[QFrame] = []
        self._columns = 4

    def show_panel(self, panel: Panel, rate: Rate | None) -> None:
        """Show the figures of a panel; costs also at the user's rate where there is one."""
        for tile in self._tiles:
            self._grid.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self._tiles = [self._tile(figure) for figure in figures(panel, rate)]
        self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        columns = 2 if self.width() < _NARROW else 4
        if columns != self._columns:
            self._columns = columns
            self._lay_out()

    def minimumSizeHint(self) -> QSize:
        return QSize(200, super().minimumSizeHint().height())

    def _lay_out(self) -> None:
        for tile in self._tiles:
            self._grid.removeWidget(tile)
        for column in range(4):
            self._grid.setColumnStretch(column, 1 if column < self._columns else 0)
        for number, tile in enumerate(self._tiles):
            self._grid.addWidget(tile, *divmod(number, self._columns))
            tile.show()

    def _tile(self, figure: Figure) -> QFrame:
        frame = card(self)
        frame.setObjectName(f"figure-{figure.name}")
        frame.setAccessibleName(f"{figure.title}: {', '.join((*figure.large, *figure.small))}")
        frame.setToolTip(figure.exact)
        column = QVBoxLayout(frame)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(2)
        column.addWidget(_said(frame, figure.title, "meta"))
        for words in figure.large:
            column.addWidget(_said(frame, words, "subtitle"))
        for words in figure.small:
            column.addWidget(_said(frame, words, "meta"))
        column.addStretch(1)
        return frame


def figures(panel: Panel, rate: Rate | None = None) -> tuple[Figure, ...]:
    """The four tiles' words. Currencies are never added; a converted amount says that it is one."""
    return (_cost(panel.totals, rate), _tokens(panel.totals), _requests(panel.totals), _here(panel))


def _cost(sums: Totals, rate: Rate | None) -> Figure:
    large = tuple(short(cost) for cost in sums.costs.values()) or ("Nothing",)
    known = [cost for cost in sums.costs.values() if rate and cost.currency in (rate.base, rate.quote)]
    small = [convert(cost, rate).words() for cost in known if rate]
    if sums.cost_unknown_count:
        small.append(f"Not in it: {_requests_words(sums.cost_unknown_count)} of unknown cost")
    full = "\n".join(exact(cost) for cost in sums.costs.values())
    return Figure("cost", "Paid to gateways", large, tuple(small), full)


def _tokens(sums: Totals) -> Figure:
    read, written = sums.prompt_tokens, sums.completion_tokens
    small = [f"{counted(read)} read, {counted(written)} written"]
    if sums.estimated_count:
        small.append(f"Estimated for {_requests_words(sums.estimated_count)}")
    if sums.flawed_count:
        small.append(f"Not in it: {_requests_words(sums.flawed_count)} whose tokens can’t be true")
    return Figure("tokens", "Tokens", (counted(read + written),), tuple(small), f"{read + written:,}")


def _requests(sums: Totals) -> Figure:
    parts = (
        (sums.stopped_count, "stopped"),
        (sums.failed_count, "failed"),
        (sums.open_count, "running"),
        (sums.expired_count, "not settled"),
    )
    small = tuple(_parts(parts))
    return Figure("requests", "Requests", (counted(sums.attempts),), small, f"{sums.attempts:,}")


def _parts(parts: tuple[tuple[int, str], ...]) -> Iterator[str]:
    if listed := [f"{counted(count)} {words}" for count, words in parts if count]:
        yield ", ".join(listed)


def _here(panel: Panel) -> Figure:
    local, every = panel.by_place[Place.LOCAL].attempts, panel.totals.attempts
    small = (f"{counted(local)} of {_requests_words(every)}",)
    return Figure("local", "Answered on this machine", (percent(local, every),), small)


def percent(part: int, whole: int) -> str:
    """Rounded to whole per cent, but "< 1 %" and "> 99 %" where it is not all or nothing; "–" of nothing."""
    if not whole:
        return "–"
    if 0 < part * 100 < whole:
        return "< 1 %"
    if whole * 99 < part * 100 < whole * 100:
        return "> 99 %"
    return f"{(part * 200 + whole) // (2 * whole)} %"


def _requests_words(count: int) -> str:
    return f"{count:,} request" if count == 1 else f"{counted(count)} requests"


def _said(parent: QWidget, words: str, role: str) -> QLabel:
    label = plain_label(parent, role)
    label.setText(words)
    return label
