"""What is on its way: a card for each download, with its bar, its words and what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop.services.downloads import RESTING, Download, DownloadService, State
from desktop.ui.choice import Choice
from desktop.ui.labels import ElidedLabel, plain_label
from desktop.ui.manager.download_words import amount, progress_words
from models.errors import Gated

_STEPS = 1000  # of the bar: bytes are too many for its counter
_LIMITS = (
    (None, "As fast as it comes"),
    (10e6, "10 MB/s at most"),
    (3e6, "3 MB/s at most"),
    (5e5, "500 kB/s at most"),
)


class DownloadCard(QFrame):
    """One download. `pause_requested`, `resume_requested` and `cancel_requested` say what was clicked.

    Cancelling is asked again first, in the card, where something has come.
    """

    pause_requested = Signal()
    resume_requested = Signal()
    cancel_requested = Signal()
    link_activated = Signal(str)

    def __init__(self, one: Download, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"download-{one.id}")
        self.setProperty("card", True)
        self.setAccessibleName(f"Download of {one.name}")
        self._one = one
        self._name = ElidedLabel(self, "strong")
        self._bar = QProgressBar(self)
        self._bar.setObjectName("download-progress")
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._words = plain_label(self, "meta")
        self._problem = plain_label(self, "problem")
        self._step = self._button("Pause", "pause-download", self._pause_or_resume)
        self._link = self._button("Open its page", "open-gate", self._open_gate)
        self._cancel = self._button("Cancel", "cancel-download", self._ask)
        self._question = self._make_question()
        self._lay_out()
        self.show_download(one)

    def show_download(self, one: Download) -> None:
        """Show it as it is now."""
        self._one = one
        self._name.say(one.name)
        self._bar.setValue(_STEPS * one.done_bytes // max(one.total_bytes, 1))
        words = progress_words(one)
        self._bar.setAccessibleName(f"{one.name}: {words}")
        self._words.setText(words)
        problem = one.problem
        said = (problem.title, problem.cause, problem.hint) if problem else ()
        self._problem.setText(" ".join(part for part in said if part))
        self._problem.setVisible(problem is not None)
        self._link.setVisible(isinstance(problem, Gated))
        self._step.setText(_STEP_WORDS.get(one.state, "Pause"))
        self._step.setAccessibleName(f"{self._step.text()}: {one.name}")
        self._cancel.setAccessibleName(f"Cancel: {one.name}")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self._name, 1)
        for button in (self._link, self._step, self._cancel):
            top.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 12)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self._bar)
        column.addWidget(self._words)
        column.addWidget(self._problem)
        column.addWidget(self._question)

    def _make_question(self) -> QWidget:
        question = QWidget(self)
        self._asked = plain_label(question)
        yes = QPushButton("Remove", question)
        yes.setObjectName("remove-parts")
        yes.clicked.connect(self.cancel_requested)
        no = QPushButton("Keep it", question)
        no.setObjectName("keep-download")
        no.clicked.connect(lambda: self._question.hide())
        row = QHBoxLayout(question)
        row.setContentsMargins(0, 6, 0, 0)
        row.addWidget(self._asked, 1)
        row.addWidget(yes)
        row.addWidget(no)
        question.hide()
        return question

    def _ask(self) -> None:
        if not self._one.done_bytes:
            self.cancel_requested.emit()
            return
        come = amount(self._one.done_bytes)
        self._asked.setText(f"Remove the {come} that have come? To go on later, pause it instead.")
        self._question.show()

    def _pause_or_resume(self) -> None:
        (self.resume_requested if self._one.state in RESTING else self.pause_requested).emit()

    def _open_gate(self) -> None:
        if isinstance(self._one.problem, Gated):
            self.link_activated.emit(self._one.problem.link)

    def _button(self, words: str, name: str, then: object) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setProperty("link", True)
        button.clicked.connect(then)
        return button


_STEP_WORDS = {State.PAUSED: "Go on", State.FAILED: "Try again"}


class DownloadList(QWidget):
    """All downloads and the speed they may have; hidden while there are none."""

    link_activated = Signal(str)

    def __init__(self, downloads: DownloadService, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("downloads")
        self.setAccessibleName("Downloads")
        self._downloads = downloads
        self._cards: dict[int, DownloadCard] = {}
        self._limit = self._make_limit()
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self._lay_out()
        downloads.listed.connect(self.refresh)
        downloads.updated.connect(self._update)
        self.refresh()

    def refresh(self) -> None:
        """Show those that there are now."""
        wanted = {one.id: one for one in self._downloads.all()}
        for number in [number for number in self._cards if number not in wanted]:
            gone = self._cards.pop(number)
            self._list.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for number, one in wanted.items():
            if number not in self._cards:
                self._cards[number] = self._card(one)
                self._list.addWidget(self._cards[number])
        self.setVisible(bool(wanted))

    def _card(self, one: Download) -> DownloadCard:
        made, number = DownloadCard(one, self), one.id
        made.pause_requested.connect(lambda: self._downloads.pause(number))
        made.resume_requested.connect(lambda: self._downloads.resume(number))
        made.cancel_requested.connect(lambda: self._downloads.cancel(number))
        made.link_activated.connect(self.link_activated)
        return made

    def _update(self, one: Download) -> None:
        if (shown := self._cards.get(one.id)) is not None:
            shown.show_download(one)

    def _make_limit(self) -> Choice:
        limit = Choice(self)
        limit.setObjectName("download-limit")
        limit.setAccessibleName("How fast downloads may be")
        for bytes_s, words in _LIMITS:
            limit.addItem(words, bytes_s)
        limit.setCurrentIndex(max(0, limit.findData(self._downloads.limit_bytes_s)))
        limit.currentIndexChanged.connect(lambda _row: self._downloads.set_limit(limit.currentData()))
        return limit

    def _lay_out(self) -> None:
        heading = plain_label(self, "strong")
        heading.setText("On the way")
        row = QHBoxLayout()
        row.addWidget(heading, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._limit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(8)
        column.addLayout(row)
        column.addLayout(self._list)
