"""`usage reconcile`: a gateway's own statement, a CSV file, against the usage that was written here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.storage.correcting import correct, correction_words, corrections
from desktop.storage.csv_lines import as_csv
from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import LedgerRow
from desktop.storage.reconciling import (
    DIFFERENT,
    GROUPS,
    Report,
    compared,
    difference_rows,
    difference_words,
    report_values,
    wanted,
)
from desktop.storage.usage import UsageReports
from desktop.storage.usage_export import costs_words
from desktop.storage.usage_pending import UsagePending
from models.errors import BadInput
from models.plain import plain
from models.reconciling import WINDOW_S, Group, Pair
from models.statement import Column, Line, Mapped
from models.statement_file import Table, read_statement, read_table

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for. `columns` are texts such as “cost=Total”; `form` as of `usage`."""

    file: str
    provider: str | None = None
    currency: str = ""
    columns: Sequence[str] = ()
    window_s: float = WINDOW_S
    form: str = "text"
    settle: bool = False


def run(asked: Asked, services: Services, terminal: Terminal) -> int:
    """Compare and print; 0 also where something differs. With `settle` enter what the statement knows better.

    Raises AppError.
    """
    table = read_table(Path(asked.file))
    statement = read_statement(table, _mapped(asked, table))
    rows = _rows(asked, statement.lines, services)
    report = compared(statement, rows, asked.window_s, asked.provider)
    if asked.form == "json":
        terminal.record({**report_values(report), "differences": list(difference_rows(report))})
    elif asked.form == "csv":
        for line in as_csv(difference_rows(report)):
            terminal.write(line)
    else:
        _print(report, terminal)
    _correct(report, asked, services, terminal)
    return 0


def _correct(report: Report, asked: Asked, services: Services, terminal: Terminal) -> None:
    steps = corrections(report)
    if not steps:
        return
    if not asked.settle:
        terminal.note(f"{correction_words(steps)} --settle enters that.")
        return
    paths = services.paths
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        done = correct(Ledger(connection), steps)
    terminal.note(f"Entered {done:,} {'request' if done == 1 else 'requests'} by the statement.")


def _mapped(asked: Asked, table: Table) -> Mapped:
    """As guessed, and as the command line knows better."""
    mapped = table.guessed()
    columns = dict(mapped.columns)
    for text in asked.columns:
        name, _sign, heading = text.partition("=")
        if name not in list(Column) or heading not in table.header:
            raise BadInput(
                f"“{plain(text)}” names no column.",
                f"Write one of {', '.join(Column)}, “=”, and one of these: {', '.join(table.header)}.",
            )
        columns = {one: at for one, at in columns.items() if at != table.header.index(heading)}
        columns[Column(name)] = table.header.index(heading)
    return replace(mapped, columns=columns, currency=asked.currency or mapped.currency)


def _rows(asked: Asked, lines: Sequence[Line], services: Services) -> list[LedgerRow]:
    paths = services.paths
    if not paths.database.exists():  # nothing is created by looking
        return []
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        UsagePending(paths.usage_pending).move_into(connection)
        return list(UsageReports(connection).all_rows(wanted(lines, asked.provider, asked.window_s)))[::-1]


def _print(report: Report, terminal: Terminal) -> None:
    for group, words in GROUPS.items():
        sums = report.sums[group]
        there, here = costs_words(sums.theirs), costs_words(sums.ours)
        terminal.line(f"{words}: {report.count(group):,} ({there} there, {here} here)")
    terminal.line(difference_words(report.whole))
    pairs = [(group, pair) for group in DIFFERENT for pair in report.found.groups[group]]
    for group, pair in pairs[:_MOST_SHOWN]:
        terminal.line(_words(group, pair))
    if len(pairs) > _MOST_SHOWN:
        terminal.note(f"{len(pairs) - _MOST_SHOWN:,} more differ; --csv lists all of them.")
    if report.statement.unread:
        first = report.statement.unread[0]
        terminal.note(
            f"{len(report.statement.unread):,} lines can’t be used. Line {first.number}: {first.why}"
        )


def _words(group: Group, pair: Pair) -> str:
    where = f"line {pair.theirs.number}" if pair.theirs else f"request {pair.ours.id if pair.ours else ''}"
    model = (pair.theirs and pair.theirs.model) or (pair.ours and pair.ours.model) or ""
    return " · ".join(filter(None, (GROUPS[group], where, model, "; ".join(pair.differs))))
