"""A gateway's own statement beside what was written here: opened, compared, and what differs exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.storage.correcting import correction_words, corrections
from desktop.storage.reconciling import DIFFERENT, GROUPS, Report, difference_words
from desktop.storage.usage_export import costs_words
from desktop.ui.dialogs import ask_where
from desktop.ui.labels import plain_label
from desktop.ui.segments import Segments
from desktop.ui.usage.statement_columns import ColumnsForm
from desktop.ui.usage.statement_table import PairTable
from models.errors import AppError, BadInput
from models.reconciling import Group
from models.statement import Mapped, check
from models.statement_file import Table

_FILTERS = "CSV (*.csv *.tsv *.txt);;All files (*)"
_WORDS = (
    "Open the list of requests that your gateway offers for download (CSV). It is compared with what was "
    "written here, request by request, and stays on this machine."
)

Names = Callable[[], Mapping[str, str]]


class StatementCard(QFrame):
    """Says `file_chosen(path)`, `compare_wanted(Table, Mapped, provider)`, `correct_wanted(Report)` and
    `export_wanted(Report, path)`.

    Whoever hears that calls `show_table`, `show_report` or `show_problem`. `providers` are the gateways'
    names by their ids.
    """

    file_chosen = Signal(str)
    compare_wanted = Signal(object, object, object)
    correct_wanted = Signal(object)
    export_wanted = Signal(object, str)

    def __init__(self, providers: Names, parent: QWidget | None = None, names: Names = dict) -> None:
        super().__init__(parent)
        self.setObjectName("statement")
        self.setProperty("card", True)
        self._providers, self._names = providers, names
        self._table: Table | None = None
        self._report: Report | None = None
        self._group = Group.DIFFERING
        title = plain_label(self, "strong")
        title.setText("Compare with a statement")
        self._words = plain_label(self, "muted")
        self._words.setText(_WORDS)
        self._words.setObjectName("statement-words")
        self._problem = plain_label(self, "problem")
        self._problem.setObjectName("statement-problem")
        self._problem.hide()
        self._open = self._button("Open a statement…", "open-statement", self.ask_for_file)
        self._choose = self._button("Columns", "statement-show-columns", self._toggle_columns)
        self._choose.setProperty("link", True)
        self._choose.hide()
        self.columns = ColumnsForm(self)
        self.columns.changed.connect(self._compare)
        self.columns.hide()
        self._result = self._make_result()
        self._result.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._open)
        buttons.addWidget(self._choose)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(self._words)
        column.addLayout(buttons)
        for part in (self._problem, self.columns, self._result):
            column.addWidget(part)

    def ask_for_file(self) -> QFileDialog:
        """Show the dialog for a statement."""
        dialog = QFileDialog(self.window(), "Open a statement", str(Path.home()), _FILTERS)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._choose_file)
        dialog.open()
        return dialog

    def ask_for_export(self) -> QFileDialog:
        """Show the dialog for the differences."""
        return ask_where(
            self,
            "Export the differences",
            "inshore-differences.csv",
            "CSV (*.csv)",
            lambda path: self.export_wanted.emit(self._report, path),
        )

    # -- what is shown

    def show_table(self, table: Table) -> None:
        """A file was read: compare it by the columns that are guessed, or ask for them."""
        self._table = table
        mapped = table.guessed()
        self.columns.show_header(table.header, mapped, self._providers())
        self._choose.show()
        self._compare()
        self.columns.setVisible(not self._problem.isHidden())

    def show_report(self, report: Report) -> None:
        """What the comparison came to."""
        self._report = report
        lines = len(report.statement.lines)
        name = self._table.name if self._table is not None else ""
        self._say(f"{name}: {lines:,} {'request' if lines == 1 else 'requests'}, compared.")
        unread = report.statement.unread
        first = f" Line {unread[0].number}: {unread[0].why}" if unread else ""
        self._unread.setText(f"{_lines(len(unread))} can’t be used.{first}")
        self._unread.setVisible(bool(unread))
        if not report.count(self._group):
            self._group = next((one for one in DIFFERENT if report.count(one)), Group.MATCHED)
        self._export.setEnabled(bool(unread) or any(report.count(one) for one in DIFFERENT))
        steps = corrections(report)
        self._can_correct.setText(correction_words(steps))
        for part in (self._can_correct, self._correct):
            part.setVisible(bool(steps))
        self._result.show()
        self._show_group()

    def compare_again(self) -> None:
        """Some of our rows are others now."""
        self._compare()

    def show_problem(self, error: AppError) -> None:
        """Why there is nothing to show."""
        self._say(_WORDS if self._table is None else self._table.name)
        self._tell_problem(error)

    # -- what the user did

    def _choose_file(self, path: str) -> None:
        self._table = self._report = None
        for part in (self._result, self.columns, self._choose, self._problem):
            part.hide()
        self._say(f"Reading “{Path(path).name}”…")
        self.file_chosen.emit(path)

    def _toggle_columns(self) -> None:
        self.columns.setVisible(self.columns.isHidden())

    def _compare(self) -> None:
        if self._table is None:
            return
        mapped: Mapped = self.columns.mapped()
        self._problem.hide()
        try:
            check(mapped, len(self._table.header))
        except BadInput as error:
            self._result.hide()
            self._say(f"{self._table.name}: {_lines(len(self._table.rows))}.")
            self._tell_problem(error)
            return
        self._say(f"Comparing {_lines(len(self._table.rows))} of “{self._table.name}”…")
        self.compare_wanted.emit(self._table, mapped, self.columns.provider())

    def _choose_group(self, value: tuple[Group, int]) -> None:
        self._group = value[0]
        self._show_group()

    # -- inside

    def _show_group(self) -> None:
        report = self._report
        if report is None:
            return
        shown = [one for one in Group if report.count(one) or one in (*DIFFERENT, Group.MATCHED)]
        choices = [((one, report.count(one)), f"{GROUPS[one]} {report.count(one):,}") for one in shown]
        self._groups.show_choices(choices, (self._group, report.count(self._group)))
        self._table_view.show_pairs(report.found.groups[self._group], self._names())
        self._table_view.setVisible(bool(report.count(self._group)))
        sums = report.sums[self._group]
        self._sums.setText(
            f"{GROUPS[self._group]}: {costs_words(sums.theirs)} there, {costs_words(sums.ours)} here."
        )
        self._all.setText(difference_words(report.whole))

    def _make_result(self) -> QWidget:
        result = QWidget(self)
        self._groups = Segments("statement-group", "Requests", result)
        self._groups.chosen.connect(self._choose_group)
        self._sums = plain_label(result)
        self._sums.setObjectName("statement-sums")
        self._all = plain_label(result, "strong")
        self._all.setObjectName("statement-difference")
        self._unread = plain_label(result, "muted")
        self._unread.setObjectName("statement-unread")
        self._table_view = PairTable(result)
        self._export = self._button("Export the differences", "export-differences", self.ask_for_export)
        self._can_correct = plain_label(result)
        self._can_correct.setObjectName("statement-can-correct")
        self._correct = self._button(
            "Enter the gateway’s figures",
            "statement-correct",
            lambda: self.correct_wanted.emit(self._report),
        )
        column = QVBoxLayout(result)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        for part in (self._all, self._groups, self._sums, self._table_view, self._unread):
            column.addWidget(part)
        column.addWidget(self._export, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._can_correct)
        column.addWidget(self._correct, 0, Qt.AlignmentFlag.AlignLeft)
        return result

    def _say(self, words: str) -> None:
        self._words.setText(words)

    def _tell_problem(self, error: AppError) -> None:
        self._problem.setText(f"{error.cause} {error.hint}".strip())
        self._problem.show()
        self._result.hide()

    def _button(self, words: str, name: str, step: Callable[[], object]) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setAccessibleName(words.rstrip("…"))
        button.clicked.connect(lambda _on: step())
        return button


def _lines(count: int) -> str:
    return f"{count:,} line" if count == 1 else f"{count:,} lines"
