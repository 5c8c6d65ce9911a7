"""Settings, the hybrid mode: what counts where several models could answer, in words and in numbers."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from models.policies import POLICIES, Policy, Preference

_NAMES = {
    Preference.THRIFTY: "Thrifty",
    Preference.BALANCED: "Balanced",
    Preference.BEST: "Best",
}
_NANO = 10**9


class PreferenceCard(QFrame):
    """`chosen(Preference)`."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        title, words = plain_label(self, "strong"), plain_label(self, "muted")
        title.setText("Hybrid")
        words.setText("What counts where several models could answer a message:")
        self.preference = Choice(self)
        self.preference.setObjectName("preference")
        self.preference.setAccessibleName("What counts in Hybrid")
        for preference, name in _NAMES.items():
            self.preference.addItem(name, preference)
        self.preference.activated.connect(self._on_activated)
        self._meaning = plain_label(self)
        self._meaning.setObjectName("preference-meaning")
        self._numbers = plain_label(self, "muted")
        self._numbers.setObjectName("preference-numbers")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(words)
        column.addWidget(self.preference, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._meaning)
        column.addWidget(self._numbers)

    def show_preference(self, preference: Preference) -> None:
        """Show what holds, and what that means."""
        self.preference.setCurrentIndex(list(_NAMES).index(preference))
        self._meaning.setText(POLICIES[preference].words)
        self._numbers.setText(in_numbers(POLICIES[preference]))

    def _on_activated(self, _index: int) -> None:
        self.chosen.emit(Preference(self.preference.currentData()))


def in_numbers(policy: Policy) -> str:
    """A policy's margin, speed floor and cost ceiling, as sentences."""
    margin = f"Up to {policy.margin:g} points below the best score for the task is good enough. "
    margin = margin if policy.margin else ""
    floor = f"A model slower than {policy.floor_tps:g} tokens/s answers only where nobody else can. "
    if policy.ceiling_nano is None:
        return f"{margin}{floor}No answer is too dear, within your budgets."
    most = f"¥{policy.ceiling_nano / _NANO:g}"
    return f"{margin}{floor}You are asked before an answer that could cost more than {most}."
