"""Asks where the rows shall be exported to."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from desktop.storage.table_file import Table
from desktop.ui.dialogs import ask_where


class ExportButtons(QWidget):
    """`export_requested(path, Table)` once a file was chosen."""

    export_requested = Signal(str, object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for form in Table:
            button = QPushButton(f"Export as {form.value.upper()}", self)
            button.setObjectName(f"export-{form.value}")
            button.setAccessibleName(f"Export the requests as {form.value.upper()}")
            button.clicked.connect(lambda _on, form=form: self.ask(form))
            row.addWidget(button)
        row.addStretch(1)

    def ask(self, form: Table) -> QFileDialog:
        """Show the dialog for a file's name."""
        suffix = form.value
        return ask_where(
            self,
            "Export the usage",
            f"inshore-usage.{suffix}",
            f"{suffix.upper()} (*.{suffix})",
            lambda path: self.export_requested.emit(path, form),
        )
