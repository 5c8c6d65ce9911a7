"""Asks how models that are on this machine shall be used, and shows them come in."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.services.importing import Ended, Proposal
from desktop.ui.labels import ElidedLabel, Picture, plain_label
from desktop.ui.manager.units import left_words, size_words
from desktop.ui.theme import Appearance
from models.importing import Candidate, How, Refused
from models.plain import shown

_WIDTH, _LIST_HEIGHT = 540, 168
_FLOOR_BYTES = 512 << 20


class ImportSheet(QDialog):
    """One question, then a bar. `chosen(candidates, how)`, `cancelled` while it runs; closes itself."""

    chosen = Signal(list, object)
    cancelled = Signal()

    def __init__(self, proposal: Proposal, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._candidates = list(proposal.gathered.candidates)
        self._look, self._running, self._began = look, False, 0.0
        self.setObjectName("import-sheet")
        self.setWindowTitle("Add models" if len(self._candidates) > 1 else "Add a model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ways = QButtonGroup(self)
        self._choices = self._make_choices(proposal.free_bytes)
        self._progress = self._make_progress()
        self._problem = plain_label(self, "warn")
        self._problem.setObjectName("import-problem")
        self._problem.hide()
        self._go = self._button("", "import-go", self._start)
        self._go.setProperty("primary", True)
        self._leave = self._button("Cancel", "import-cancel", self.reject)
        self._build(proposal.gathered.refused)
        self._name_deed()

    def show_progress(self, done: int, total: int) -> None:
        """How far it is, in kilobytes."""
        self._bar.setMaximum(max(total, 1))
        self._bar.setValue(done)
        left = left_words(done, total, time.monotonic() - self._began)
        amount = f"{size_words(done << 10)} of {size_words(total << 10)}"
        self._amount.setText(" · ".join(text for text in (amount, left) if text))

    def show_end(self, ended: Ended) -> None:
        """Close, or say what did not come in; what came in by halves of the wish is said elsewhere."""
        self._running = False
        if not ended.failed:
            self.accept()
            return
        words = [f"{candidate.name}: {error.one_line()}" for candidate, error in ended.failed]
        self._problem.setText("\n".join(words))
        self._problem.show()
        self._progress.hide()
        self._candidates = [candidate for candidate, _error in ended.failed]
        self._choices.show()
        self._go.setText("Try again")
        self._go.show()
        self._leave.setText("Close")
        self._fit()

    def reject(self) -> None:
        if self._running:
            self._leave.setEnabled(False)
            self._amount.setText("Stopping…")
            self.cancelled.emit()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._running:
            event.ignore()
            self.reject()
        else:
            super().closeEvent(event)

    def _how(self) -> How:
        chosen = self._ways.checkedButton()
        return How(chosen.property("how")) if chosen is not None else How.IN_PLACE

    def _start(self) -> None:
        how = self._how()
        self._running, self._began = True, time.monotonic()
        self._problem.hide()
        self._go.hide()
        self._choices.hide()
        self._leave.setText("Cancel")
        if how is not How.IN_PLACE:
            self._progress.show()
        self._fit()
        self.chosen.emit(self._candidates, how)

    def _name_deed(self) -> None:
        count = len(self._candidates)
        what = "model" if count == 1 else f"{count} models"
        self._go.setText(f"{ {How.COPY: 'Copy', How.MOVE: 'Move'}.get(self._how(), 'Add') } {what}")

    # -- building

    def _build(self, refused: Sequence[Refused]) -> None:
        self.setFixedWidth(_WIDTH)
        title = plain_label(self, "subtitle")
        count = len(self._candidates)
        title.setText(
            "Nothing to add" if not count else "Add a model" if count == 1 else f"Add {count} models"
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(title)
        if count and refused:
            others = plain_label(self, "meta-warn")
            few = "1 other" if len(refused) == 1 else f"{len(refused)} others"
            others.setText(f"{few} can’t be used; why is said below.")
            column.addWidget(others)
        column.addWidget(self._list(refused))
        column.addWidget(self._choices)
        column.addWidget(self._progress)
        column.addWidget(self._problem)
        column.addSpacing(4)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._leave)
        row.addWidget(self._go)
        column.addLayout(row)
        self._choices.setVisible(bool(count))
        self._go.setVisible(bool(count))
        self._go.setDefault(True)
        if not count:
            self._leave.setText("Close")
        self._fit()

    def _list(self, refused: Sequence[Refused]) -> QWidget:
        body = QWidget()
        rows = QVBoxLayout(body)
        rows.setContentsMargins(0, 0, 8, 0)
        rows.setSpacing(8)
        for candidate in self._candidates:
            rows.addWidget(self._row(body, candidate))
        for one in refused:
            rows.addWidget(self._refusal(body, one))
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        height = max(rows.totalHeightForWidth(_WIDTH - 56), rows.totalSizeHint().height())
        area.setFixedHeight(min(height, _LIST_HEIGHT))
        return area

    def _row(self, parent: QWidget, candidate: Candidate) -> QWidget:
        name = ElidedLabel(parent, "strong")
        name.setText(candidate.name)
        count = len(candidate.files)
        files = f"{candidate.path.name} and {count - 1} more" if count > 1 else candidate.path.name
        facts = ElidedLabel(parent, "meta")
        facts.setText(f"{size_words(candidate.size_bytes)} · {files}")
        facts.setToolTip(_escaped(shown(candidate.path)))
        return _beside(Picture(self._look, "cube", 20, parent), [name, facts], parent)

    def _refusal(self, parent: QWidget, refused: Refused) -> QWidget:
        name = ElidedLabel(parent, "strong")
        name.setText(
            shown(refused.path.parent / refused.path.name) if not refused.path.name else refused.path.name
        )
        words = plain_label(parent, "meta-warn")
        words.setText(refused.words)
        return _beside(Picture(self._look, "warning", 20, parent, "warn"), [name, words], parent)

    def _make_choices(self, free_bytes: int) -> QWidget:
        group = QWidget(self)
        column = QVBoxLayout(group)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        size = sum(each.size_bytes for each in self._candidates)
        many = len(self._candidates) > 1
        it, file = ("them", "files") if many else ("it", "file")
        room = size + _FLOOR_BYTES <= free_bytes
        copies = f"Takes {size_words(size)} more; {size_words(free_bytes)} are free."
        if not room:
            copies = f"Needs {size_words(size + _FLOOR_BYTES)}; only {size_words(free_bytes)} are free."
        linked = any(each.linked for each in self._candidates)
        moves = f"The {file} leave{'' if many else 's'} the present place, once safely here."
        if linked:
            moves = "Not possible: it is a link to another place."
        where = f"Nothing is copied. The {file} must stay where {'they are' if many else 'it is'}."
        for how, words, meaning, possible in (
            (How.IN_PLACE, f"Use {it} in place", where, True),
            (How.COPY, f"Copy {it} into Inshore’s folder", copies, room),
            (How.MOVE, f"Move {it} into Inshore’s folder", moves, not linked),
        ):
            self._add_way(column, how, words, meaning, possible=possible)
        return group

    def _add_way(self, column: QVBoxLayout, how: How, words: str, meaning: str, *, possible: bool) -> None:
        button = QRadioButton(words, self)
        button.setObjectName(f"import-{how.name.lower().replace('_', '-')}")
        button.setAccessibleDescription(meaning)
        button.setProperty("how", how.value)
        button.setEnabled(possible)
        button.setChecked(how is How.IN_PLACE)
        button.toggled.connect(self._name_deed)
        self._ways.addButton(button)
        note = plain_label(self, "meta")
        note.setText(meaning)
        note.setContentsMargins(30, 0, 0, 4)
        column.addWidget(button)
        column.addWidget(note)

    def _make_progress(self) -> QWidget:
        box = QWidget(self)
        self._bar = QProgressBar(box)
        self._bar.setObjectName("import-progress")
        self._bar.setAccessibleName("How much is here")
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._bar.setMaximum(0)
        self._amount = plain_label(box, "meta")
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._bar)
        column.addWidget(self._amount)
        box.hide()
        return box

    def _button(self, words: str, name: str, then: object) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(then)
        return button

    def _fit(self) -> None:
        if layout := self.layout():
            layout.activate()
            self.resize(_WIDTH, layout.totalHeightForWidth(_WIDTH))


def _beside(picture: QWidget, labels: Sequence[QWidget], parent: QWidget) -> QWidget:
    box = QWidget(parent)
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(12)
    row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
    column = QVBoxLayout()
    column.setSpacing(2)
    for label in labels:
        column.addWidget(label)
    row.addLayout(column, 1)
    return box


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
