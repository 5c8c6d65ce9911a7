"""The cards of charts: over time, by model, by conversation, where, and shares and speed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.services.usage import Figures
from desktop.storage.ledger_values import Place
from desktop.storage.usage_values import Panel
from desktop.ui.labels import ElidedLabel, plain_label
from desktop.ui.page import card
from desktop.ui.segments import Segments
from desktop.ui.theme import Appearance
from desktop.ui.usage.bars import Bar, Bars
from desktop.ui.usage.figures import percent
from desktop.ui.usage.marks import OTHERS, Fill, Sample, fills, place_fill
from desktop.ui.usage.measures import Kind, Measure, counted, measures
from desktop.ui.usage.series import Columns, Part, columns

_MOST_ROWS = 8
_PLACES = {Place.LOCAL: "On this machine", Place.REMOTE: "At gateways"}


class Sections(QWidget):
    """Shows one reading's figures; drawn anew for another measure and when the theme changes."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._figures: Figures | None = None
        self._measure = Measure(Kind.TOKENS)
        self._cards: list[QWidget] = []
        self.choice = Segments("usage-measure", "What the charts show", self)
        self.choice.chosen.connect(self._choose)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._column.addWidget(self.choice)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._draw)
        look.changed.connect(self._soon.start)

    def show_figures(self, figures: Figures) -> None:
        """Show these; the charts are drawn when the event loop runs again, after the page is there."""
        self._figures = figures
        found = measures(figures.panel.totals)
        if self._measure not in found:
            self._measure = found[0]
        self.choice.show_choices([(one, one.title) for one in found], self._measure)
        self._soon.start()

    def _choose(self, measure: Measure) -> None:
        self._measure = measure
        self._soon.start()

    def _draw(self) -> None:
        for old in self._cards:
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._cards = []
        if self._figures is None or not self._figures.panel.totals.attempts:
            return
        figures, measure = self._figures, self._measure
        self._cards = [
            self._over_time(figures, measure),
            self._bar_card("By model", model_bars(figures, measure)),
            self._bar_card("This machine and gateways", place_bars(figures.panel, measure)),
            self._bar_card("By conversation", conversation_bars(figures, measure)),
            self._bar_card("Thinking and cache", share_bars(figures.panel)),
            self._bar_card("Speed", speed_bars(figures)),
        ]
        for one in self._cards:
            self._column.addWidget(one)
            one.show()

    # -- cards

    def _over_time(self, figures: Figures, measure: Measure) -> QFrame:
        from desktop.ui.usage.charts import column_chart

        shown = columns(figures, measure)
        frame, column = self._section(f"{measure.title} for each {shown.per}")
        column.addWidget(column_chart(shown, measure, self._look.theme, spoken(shown, measure), frame))
        for part in shown.parts:
            column.addLayout(self._legend(frame, part, f"{part.name}: {measure.words(sum(part.values))}"))
        return frame

    def _legend(self, parent: QWidget, part: Part, words: str) -> QHBoxLayout:
        label = ElidedLabel(parent, "meta")
        label.say(words)
        if part.key is not None:
            label.setToolTip(f"{words}\n{part.key.model}")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Sample(part.fill, self._look, parent))
        row.addWidget(label, 1)
        return row

    def _bar_card(self, title: str, bars: Sequence[Bar]) -> QFrame:
        frame, column = self._section(title)
        drawn = Bars(bars, title, self._look, frame)
        drawn.setObjectName(f"bars-{title.lower().replace(' ', '-')}")
        column.addWidget(drawn)
        drawn.setVisible(bool(bars))
        if not bars:
            column.addWidget(_said(frame, "Nothing is known of this in this time.", "muted"))
        return frame

    def _section(self, title: str) -> tuple[QFrame, QVBoxLayout]:
        frame = card(self)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(6)
        column.addWidget(_said(frame, title, "strong"))
        return frame, column


def model_bars(figures: Figures, measure: Measure) -> tuple[Bar, ...]:
    """The models with the most of it, and the others as one."""
    most = sorted(figures.panel.by_model, key=lambda one: -measure.of(one[1]))
    known = [(key, measure.of(sums)) for key, sums in most if measure.of(sums)]
    filled = fills(key for key, _amount in known)
    bars = [
        Bar(figures.names[key], amount, measure.words(amount), filled.get(key, OTHERS), more=key.model)
        for key, amount in known[:_MOST_ROWS]
    ]
    return (*bars, *_rest([amount for _key, amount in known[_MOST_ROWS:]], measure, "models"))


def conversation_bars(figures: Figures, measure: Measure) -> tuple[Bar, ...]:
    """The conversations with the most of it, of those with the most requests."""
    found = [(number, measure.of(sums)) for number, sums in figures.panel.by_conversation]
    known = sorted((one for one in found if one[1]), key=lambda one: -one[1])
    away = figures.panel.away_by_conversation
    return tuple(
        _split(
            _conversation(number, figures), amount, measure.of(away[number]) if number in away else 0, measure
        )
        for number, amount in known[:_MOST_ROWS]
    )


def _split(name: str, amount: int, away: int, measure: Measure) -> Bar:
    """What was answered here, and behind it what was at gateways, which is said in words as well."""
    words = measure.words(amount)
    where = "on this machine" if not away else "at gateways"
    share = f"{percent(away, amount)} " if 0 < away < amount else ""
    told = words if measure.kind is Kind.COST else f"{words} · {share}{where}"
    return Bar(name, amount, told, place_fill(Place.LOCAL), shorter=words, away=away)


def place_bars(panel: Panel, measure: Measure) -> tuple[Bar, ...]:
    """This machine against gateways, with each one's share."""
    every = measure.of(panel.totals)
    amounts = [(place, measure.of(sums)) for place, sums in panel.by_place.items()]
    return tuple(
        Bar(
            _PLACES[place],
            amount,
            f"{measure.words(amount)} · {percent(amount, every)}",
            place_fill(place),
            max(every, 1),
            measure.words(amount),
        )
        for place, amount in amounts
    )


def share_bars(panel: Panel) -> tuple[Bar, ...]:
    """Which part of what was written was thinking, and of what was read came from a cache."""
    sums = panel.totals
    parts = (
        ("Thinking", sums.reasoning_tokens, sums.reasoning_of, "tokens written"),
        ("From a cache", sums.cached_tokens, sums.cached_of, "tokens read"),
    )
    return tuple(
        Bar(
            name,
            part,
            f"{percent(part, whole)} · {counted(part)} of {counted(whole)} {what}",
            Fill("muted"),
            whole,
            f"{percent(part, whole)} of {what}",
        )
        for name, part, whole, what in parts
        if whole
    )


def speed_bars(figures: Figures) -> tuple[Bar, ...]:
    """Each model's mean over its answers, and how long the first word took."""
    known = [(key, sums, sums.mean_speed_tps) for key, sums in figures.panel.by_model]
    filled = fills(key for key, _sums, speed in known if speed is not None)
    bars = []
    for key, sums, speed in known[: 2 * _MOST_ROWS]:
        if speed is not None:
            first = f" · first word after {sums.mean_ttft_s:.1f} s" if sums.mean_ttft_s is not None else ""
            words = f"{speed:.1f} tokens/s{first}"
            fill = filled.get(key, OTHERS)
            bars.append(
                Bar(
                    figures.names[key],
                    round(speed * 1000),
                    words,
                    fill,
                    None,
                    f"{speed:.1f} tokens/s",
                    key.model,
                )
            )
    return tuple(bars[:_MOST_ROWS])


def spoken(shown: Columns, measure: Measure) -> str:
    """The chart in words: each model's sum, and the highest column."""
    heights = shown.heights()
    top = max(range(len(heights)), key=heights.__getitem__)
    parts = "; ".join(f"{part.name}: {measure.words(sum(part.values))}" for part in shown.parts)
    return f"{measure.title} for each {shown.per}. {parts}. Most: {shown.labels[top]}, " + measure.words(
        heights[top]
    )


def _rest(amounts: Sequence[int], measure: Measure, noun: str) -> tuple[Bar, ...]:
    if not amounts:
        return ()
    return (Bar(f"{len(amounts)} more {noun}", sum(amounts), measure.words(sum(amounts)), OTHERS),)


def _conversation(number: int, figures: Figures) -> str:
    if not number:
        return "Outside conversations"
    return figures.titles.get(number) or f"Deleted conversation {number}"


def _said(parent: QWidget, words: str, role: str) -> QLabel:
    label = plain_label(parent, role)
    label.setText(words)
    return label
