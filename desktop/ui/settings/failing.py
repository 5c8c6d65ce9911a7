"""What may happen without a question when an answer fails, or is written too slowly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.system.answering import TakeOver
from desktop.system.settings import Settings
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label

_WHO = (
    (TakeOver.ASK, "Ask me each time"),
    (TakeOver.HERE, "Another model on this machine goes on"),
    (TakeOver.ANYWHERE, "Another model goes on, a gateway’s too"),
)
_NANO = 10**9
_LIMITS = (10_000_000, 20_000_000, 50_000_000, 100_000_000, 500_000_000)
_FLOORS = (0, 2, 5, 10, 20)


class WhenItFails(QWidget):
    """Three choices; `changed(name, value)` names the setting. A value that isn’t offered is shown, too."""

    changed = Signal(str, object)

    def __init__(self, values: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._who = self._choice("take_over", "When an answer fails", TakeOver)
        self._limit = self._choice("take_over_nano", "One answer at a gateway", int)
        self._floor = self._choice("floor_tps", "Too slow on this machine", int)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._rows = [
            self._row("When an answer fails", self._who),
            self._row("One answer at a gateway", self._limit),
            self._row("Too slow on this machine", self._floor),
        ]
        for row in self._rows:
            column.addWidget(row)
        words = plain_label(self, "muted")
        words.setText(
            "Only who could answer goes on: your mode, your budgets and the gateways you allowed hold. "
            "What is written stays, and the transcript says who wrote what."
        )
        column.addWidget(words)
        self.show_values(values)

    def show_values(self, values: Settings) -> None:
        """What is set."""
        _fill(self._who, [(words, who) for who, words in _WHO], values.take_over)
        limits = sorted({*_LIMITS, values.take_over_nano})
        _fill(self._limit, [(_amount(each), each) for each in limits], values.take_over_nano)
        floors = sorted({*_FLOORS, values.floor_tps})
        _fill(self._floor, [(_floor(each), each) for each in floors], values.floor_tps)
        self._rows[1].setEnabled(values.take_over is TakeOver.ANYWHERE)

    def _choice(self, name: str, words: str, kind: Callable[[Any], object]) -> Choice:
        """A list whose values are of this kind: Qt gives back a plain text for one of an enumeration."""
        choice = Choice(self)
        choice.setObjectName(name.replace("_", "-"))
        choice.setAccessibleName(words)
        choice.activated.connect(lambda _index: self.changed.emit(name, kind(choice.currentData())))
        return choice

    def _row(self, words: str, choice: Choice) -> QWidget:
        row = QWidget(self)
        label = plain_label(row)
        label.setText(words)
        label.setBuddy(choice)
        line = QVBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(label)
        line.addWidget(choice, 0, Qt.AlignmentFlag.AlignLeft)
        return row


def _fill(choice: Choice, offered: list[tuple[str, object]], value: object) -> None:
    choice.clear()
    for words, data in offered:
        choice.addItem(words, data)
    choice.setCurrentIndex(choice.findData(value))


def _amount(nano: int) -> str:
    return f"At most ¥{nano / _NANO:g}"


def _floor(tps: int) -> str:
    return f"Below {tps} tokens/s" if tps else "Never"
