"""Settings, licences: what was accepted, when and for what use, and the list of all of it as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.storage.acceptance_export import LicenceRow, Listing
from desktop.ui.dialogs import ask_where
from desktop.ui.labels import plain_label

_MOST = 6
_FORMS = {
    Listing.CSV: ("Save as CSV…", "CSV (*.csv)"),
    Listing.MARKDOWN: ("Save as Markdown…", "Markdown (*.md)"),
}


class LicencesCard(QFrame):
    """`shown` each time it comes into sight; `export_requested(path, Listing)` once a file was chosen."""

    shown = Signal()
    export_requested = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.setObjectName("licences")
        self.setAccessibleName("Licences")
        title, words = plain_label(self, "strong"), plain_label(self, "muted")
        title.setText("Licences")
        words.setText(
            "Models with conditions ask once before they are used. The file names all your models with their "
            "licences, and what you accepted, when and for what use."
        )
        self._accepted = QWidget(self)
        self._accepted.setObjectName("accepted-licences")
        self._lines = QVBoxLayout(self._accepted)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(6)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for form, (label, _filter) in _FORMS.items():
            button = QPushButton(label, self)
            button.setObjectName(f"licences-{form.value}")
            button.clicked.connect(lambda _on, form=form: self.ask(form))
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for widget in (title, words, self._accepted):
            column.addWidget(widget)
        column.addLayout(buttons)

    def show_accepted(self, rows: Sequence[LicenceRow]) -> None:
        """Show these acceptances, the newest first; of many the newest."""
        newest = sorted(rows, key=lambda row: row.accepted, reverse=True)
        lines = [_line(row) for row in newest[:_MOST]]
        if (more := len(newest) - len(lines)) > 0:
            lines.append(f"And {more} more, which the file names.")
        while (old := self._lines.takeAt(0)) is not None:
            if (label := old.widget()) is not None:
                label.hide()
                label.deleteLater()
        for line in lines or ["You have accepted none so far."]:
            label = plain_label(self._accepted)
            label.setText(line)
            self._lines.addWidget(label)

    def ask(self, form: Listing) -> QFileDialog:
        """Show the dialog for a file's name."""
        return ask_where(
            self,
            "Save the list of licences",
            f"inshore-licences.{form.value}",
            _FORMS[form][1],
            lambda path: self.export_requested.emit(path, form),
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()


def _line(row: LicenceRow) -> str:
    day = datetime.fromisoformat(row.accepted).astimezone()
    version = f" ({row.version})" if row.version else ""
    return f"{row.name or row.model}: {row.licence}{version}, on {day.day} {day:%b %Y}, for {row.use}"
