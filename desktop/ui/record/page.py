"""The page of what left this machine: sums, by day or by conversation, and every single request."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFileDialog, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.services.record import RecordFigures, RecordService, Span
from desktop.storage.local_days import bounds_of
from desktop.storage.outbound_reports import RecordFilter, RecordSums
from desktop.ui.choice import Choice
from desktop.ui.dialogs import ask_where
from desktop.ui.labels import plain_label
from desktop.ui.page import Page, card
from desktop.ui.record.groups import Group, GroupTable
from desktop.ui.record.table import LineTable, conversation_words
from desktop.ui.segments import Segments
from models.units import size

_SPANS = ((Span.TODAY, "Today"), (Span.WEEK, "7 days"), (Span.ALL, "All"))
_BY = (("day", "By day"), ("conversation", "By conversation"))
_DECISIONS = (("Allowed and refused", None), ("Allowed", False), ("Refused", True))
_NO_CONVERSATION = "no conversation"
_WIDEST, _NARROW = 920, 680
_NOTHING = (
    "Nothing has left this machine.",
    "When something does – a question to a gateway, a search in a hub, a download – it stands here with the "
    "host, the purpose, and the bytes out and in. What was refused stands here, too.",
)
_NOTHING_HERE = ("Nothing of this has left this machine.", "Choose a longer time, or take the filters away.")


class RecordPage(Page):
    """Reads when it is shown, and when a filter changes; offers it when there are newer lines."""

    def __init__(self, service: RecordService, parent: QWidget | None = None) -> None:
        words = "Every request with its host, purpose and size, and never what was said. Kept for 90 days."
        super().__init__("What left this machine", words, parent, widest=_WIDEST)
        self._service = service
        self._span, self._by = Span.ALL, "day"
        self._day: date | None = None
        self._conversation: int | None = None
        self._figures: RecordFigures | None = None
        self._choices = self._make_choices()
        self.column.addLayout(self._choices)
        self.chosen = self._make_chosen()
        self._empty = self._make_empty()
        self.sums = plain_label(self, "strong")
        self.sums.setObjectName("record-sums")
        self._grouped = self._make_groups()
        self._listed = self._make_lines()
        for part in (self.chosen, self._empty, self.sums, self._grouped, self._listed):
            self.column.addWidget(part)
        self.column.addStretch(1)
        self.spans.chosen.connect(self._choose_span)
        service.changed.connect(lambda: self._news.setVisible(self.isVisible()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def wanted(self) -> RecordFilter:
        """What the filters let through."""
        wanted = self._service.filter_over(self._span)
        if self._day is not None:
            begin, end = bounds_of(self._day)
            wanted = replace(wanted, since=begin, until=end)
        refused = _DECISIONS[self._decision.currentIndex()][1]
        host = str(self._host.currentData() or "")
        return replace(wanted, host=host, conversation_id=self._conversation, refused=refused)

    def refresh(self) -> None:
        """Read and show what holds now."""
        wanted = self.wanted()
        figures = self._service.figures(wanted)
        if figures is None:  # what was shown stays
            return
        self._figures = figures
        self._news.hide()
        self._offer_hosts(figures)
        some = bool(figures.sums.requests)
        title, words = _NOTHING_HERE if figures.anything else _NOTHING
        self._empty_title.setText(title)
        self._empty_words.setText(words)
        self._empty.setVisible(not some)
        for part in (self.sums, self._grouped, self._listed):
            part.setVisible(some)
        self.sums.setText(sums_words(figures.sums))
        self._show_chosen()
        self._show_groups()
        self.lines.lines.show_rows(wanted, figures.titles)

    # -- what is chosen

    def _choose_span(self, span: Span) -> None:
        self._span, self._day = span, None
        self.refresh()

    def _choose_by(self, by: str) -> None:
        self._by = by
        self._show_groups()

    def _choose_group(self, value: object) -> None:
        """Narrow the lines to a day or to a conversation."""
        if isinstance(value, date):
            self._day = value
        elif isinstance(value, int):
            self._conversation = value
        else:
            return
        self.refresh()

    def _clear_chosen(self) -> None:
        self._day = self._conversation = None
        self.refresh()

    def _show_chosen(self) -> None:
        titles = self._figures.titles if self._figures else {}
        parts = [self._day.isoformat() if self._day else ""]
        if self._conversation is not None:
            parts.append(f"“{conversation_words(self._conversation, titles)}”")
        words = " · ".join(part for part in parts if part)
        self._chosen_words.setText(f"Only {words}" if words else "")
        self.chosen.setVisible(bool(words))

    def _show_groups(self) -> None:
        if self._figures is None:
            return
        self.by.show_choices(_BY, self._by)
        if self._by == "day":
            days: list[Group] = [(day, f"{day:%Y-%m-%d}", sums) for day, sums in self._figures.days]
            self.groups.show_groups("Day", days)
            return
        titles = self._figures.titles
        named: list[Group] = [
            (one, _NO_CONVERSATION if one is None else conversation_words(one, titles), sums)
            for one, sums in self._figures.conversations
        ]
        self.groups.show_groups("Conversation", named)

    def _offer_hosts(self, figures: RecordFigures) -> None:
        current = str(self._host.currentData() or "")
        self._host.clear()
        self._host.addItem("All hosts", "")
        for host in figures.hosts:
            self._host.addItem(host, host)
        self._host.setCurrentIndex(max(0, self._host.findData(current)))

    def ask_for_file(self) -> QFileDialog:
        """Show the dialog for the export's name."""
        return ask_where(
            self,
            "Export the record",
            "inshore-record.csv",
            "CSV (*.csv)",
            lambda path: self._service.export(Path(path), self.wanted()),
        )

    # -- building

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self._choices.setDirection(
            QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        )

    def _make_choices(self) -> QBoxLayout:
        self.spans = Segments("record-span", "Time", self)
        self.spans.show_choices(_SPANS, self._span)
        self._host = self._choice("record-host", "Which hosts")
        self._host.setMinimumContentsLength(14)
        self._host.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._decision = self._choice("record-decision", "Allowed or refused")
        self._decision.addItems([words for words, _value in _DECISIONS])
        self._news = self._link("record-news", "Show what was added since", self.refresh)
        self._news.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.spans, 1)
        for widget in (self._news, self._host, self._decision):
            row.addWidget(widget)
        return row

    def _choice(self, name: str, words: str) -> Choice:
        choice = Choice(self)
        choice.setObjectName(name)
        choice.setAccessibleName(words)
        choice.activated.connect(lambda _index: self.refresh())
        return choice

    def _link(self, name: str, words: str, act: object) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setProperty("link", True)
        button.clicked.connect(act)
        return button

    def _make_chosen(self) -> QWidget:
        widget = QWidget(self)
        self._chosen_words = plain_label(widget)
        row = QHBoxLayout(widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._chosen_words, 1)
        row.addWidget(self._link("record-all", "Show all again", self._clear_chosen))
        widget.hide()
        return widget

    def _make_empty(self) -> QFrame:
        frame = card(self)
        frame.setObjectName("record-empty")
        self._empty_title, self._empty_words = plain_label(frame, "strong"), plain_label(frame, "muted")
        column = QVBoxLayout(frame)
        column.setContentsMargins(24, 40, 24, 40)
        column.setSpacing(8)
        for label in (self._empty_title, self._empty_words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        return frame

    def _make_groups(self) -> QFrame:
        frame = card(self)
        self.by = Segments("record-by", "Sums", frame)
        self.by.show_choices(_BY, self._by)
        self.by.chosen.connect(self._choose_by)
        self.groups = GroupTable(frame)
        self.groups.chosen.connect(self._choose_group)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.by)
        column.addWidget(self.groups)
        return frame

    def _make_lines(self) -> QFrame:
        frame = card(self)
        title = plain_label(frame, "strong")
        title.setText("Requests")
        self.lines = LineTable(self._service.rows, frame)
        export = QPushButton("Export as CSV", frame)
        export.setObjectName("export-record")
        export.setAccessibleName("Export what is shown as CSV")
        export.clicked.connect(self.ask_for_file)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(self.lines)
        column.addWidget(export, 0, Qt.AlignmentFlag.AlignLeft)
        return frame


def sums_words(sums: RecordSums) -> str:
    """ "12 requests: 34 kB out, 120 kB in; 1 more was refused." """
    left = sums.requests - sums.refused
    noun = "request" if left == 1 else "requests"
    refused = "" if not sums.refused else f"; {sums.refused:,} refused, nothing of it left"
    return f"{left:,} {noun}: {size(sums.bytes_out)} out, {size(sums.bytes_in)} in{refused}."
