"""Which of a model's files to bring: each with its size and how it would run, and the disk's space."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.labels import plain_label
from desktop.ui.manager.download_words import amount
from desktop.ui.manager.verdict import VerdictLine
from desktop.ui.theme import Appearance
from models.repo_offer import Choice, RepoOffer

_FLOOR_BYTES = 512 << 20  # what a download leaves free
_BESIDE = 6  # what a radio button has above its words
_NOT_HERE = "too large for this machine"


class ChoiceCard(QFrame):
    """`chosen` carries the Choice when the button is pressed; `have` says which are here already."""

    chosen = Signal(object)

    def __init__(
        self, offer: RepoOffer, look: Appearance, parent: QWidget, have: Callable[[Choice], bool]
    ) -> None:
        super().__init__(parent)
        self.setObjectName("choices")
        self.setProperty("card", True)
        self.setAccessibleName("Files to choose from")
        self._offer, self._look = offer, look
        self._buttons = QButtonGroup(self)
        self._space = plain_label(self, "meta")
        self._space.setObjectName("disk-space")
        self._go = QPushButton(self)
        self._go.setObjectName("start-download")
        self._go.setProperty("primary", True)
        self._go.clicked.connect(lambda: self.chosen.emit(offer.choices[self._buttons.checkedId()]))
        self._lay_out(have)
        self._buttons.idToggled.connect(lambda _number, _on: self._show_choice())
        self._choose_first()
        self._show_choice()

    def _lay_out(self, have: Callable[[Choice], bool]) -> None:
        title = plain_label(self, "subtitle")
        title.setText("Which one?")
        hint = plain_label(self, "muted")
        hint.setText(
            "The same model, more or less compressed: larger files answer a little better, and slower."
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        for number, choice in enumerate(self._offer.choices):
            self._add_row(grid, number, choice, here=have(choice))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(hint)
        column.addLayout(grid)
        column.addSpacing(4)
        column.addWidget(self._space)
        column.addWidget(self._go, 0, Qt.AlignmentFlag.AlignLeft)

    def _add_row(self, grid: QGridLayout, number: int, choice: Choice, *, here: bool) -> None:
        button = QRadioButton(choice.label.replace("&", "&&"), self)
        button.setObjectName(f"choice-{number}")
        button.setToolTip("\n".join(file.name for file in choice.files[:12]))
        size = plain_label(self, "muted")
        size.setWordWrap(False)
        parts = f" in {len(choice.files)} files" if len(choice.files) > 1 else ""
        size.setText(f"{amount(choice.size_bytes)}{parts}")
        verdict, reason = _judgement(choice)
        if here:
            verdict, reason = "already here", ""
            button.setEnabled(False)
        elif number == self._offer.proposed:
            reason = f"{reason} Proposed for this machine."
        button.setAccessibleName(f"{choice.label}, {size.text()}, {verdict}. {reason}")
        self._buttons.addButton(button, number)
        line = VerdictLine(choice.fit.verdict if choice.fit else None, verdict, reason, self._look, self)
        for beside in (size, line):
            beside.setContentsMargins(0, _BESIDE, 0, 0)
        grid.addWidget(button, number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(size, number, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(line, number, 2)

    def _choose_first(self) -> None:
        """The proposed one; else the first that can be chosen."""
        wanted = [self._offer.proposed] if self._offer.proposed is not None else []
        for number in (*wanted, *range(len(self._offer.choices))):
            if (button := self._buttons.button(number)).isEnabled():
                button.setChecked(True)
                return

    def _show_choice(self) -> None:
        number = self._buttons.checkedId()
        self._go.setEnabled(number >= 0)
        if number < 0:
            self._go.setText("Download")
            self._space.setText("All of them are here.")
            return
        size, free = self._offer.choices[number].size_bytes, self._offer.free_bytes
        self._go.setText(f"Download {amount(size)}")
        lacking = size + _FLOOR_BYTES - free
        if lacking > 0:
            words = f"{amount(free)} are free on the disk; {amount(lacking)} more are needed."
        else:
            words = f"{amount(free)} are free on the disk, {amount(free - size)} after it."
        self._space.setText(words)
        self._space.setProperty("role", "meta-warn" if lacking > 0 else "meta")
        self._space.style().polish(self._space)
        self._go.setEnabled(lacking <= 0)
        self._go.setToolTip("" if lacking <= 0 else "Free some space on the disk first.")


def _judgement(choice: Choice) -> tuple[str, str]:
    if choice.fit is None:
        return "size not known", ""
    return (choice.fit.verdict.value if choice.fit.tps is not None else _NOT_HERE), choice.fit.reason
