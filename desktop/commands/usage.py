"""`usage`: what was used and what it cost, the same figures as the window's, exact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.storage.csv_lines import as_csv
from desktop.storage.database import open_database
from desktop.storage.usage import UsageReports
from desktop.storage.usage_export import costs_words, row_values, totals_values
from desktop.storage.usage_pending import UsagePending
from desktop.storage.usage_values import Span, Totals, UsageFilter

_NOTHING = "Nothing was asked in this time, so nothing was used."
_ALL = 1 << 30


class By(StrEnum):
    DAY = "day"
    MODEL = "model"
    CONVERSATION = "conversation"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for. `form` is "text", "json" or "csv"."""

    span: Span = Span.ALL
    model: str | None = None
    by: By | None = None
    form: str = "text"


def run(wanted: Wanted, services: Services, terminal: Terminal) -> int:
    """Print it; the exit code. CSV without `by` has a line for each attempt. Raises StorageError."""
    if not services.paths.database.exists():  # nothing is created by looking
        _print(wanted, None, terminal)
        return 0
    with closing(open_database(services.paths.database, backups=services.paths.backups)) as connection:
        UsagePending(services.paths.usage_pending).move_into(connection)
        _print(wanted, UsageReports(connection), terminal)
    return 0


def _print(wanted: Wanted, reports: UsageReports | None, terminal: Terminal) -> None:
    chosen = UsageFilter.over(wanted.span, date.today(), model=wanted.model)
    if wanted.form == "csv":
        _print_csv(wanted, reports, chosen, terminal)
        return
    sums = reports.totals(chosen) if reports else Totals()
    groups = list(_groups(wanted.by, reports, chosen))
    if wanted.form == "json":
        _print_json(wanted, sums, groups, terminal)
    elif not sums.attempts:
        terminal.note(_NOTHING)
    else:
        _print_text(sums, groups, terminal)


def _print_csv(wanted: Wanted, reports: UsageReports | None, chosen: UsageFilter, terminal: Terminal) -> None:
    if wanted.by is None:
        lines = as_csv(row_values(row) for row in reports.all_rows(chosen)) if reports else iter(())
    else:
        groups = _groups(wanted.by, reports, chosen)
        lines = as_csv({**names, **totals_values(sums)} for names, sums in groups)
    empty = True
    for line in lines:
        terminal.write(line)
        empty = False
    if empty:
        terminal.note(_NOTHING)


def _print_json(
    wanted: Wanted, sums: Totals, groups: list[tuple[dict[str, object], Totals]], terminal: Terminal
) -> None:
    listed = [{**names, **totals_values(part)} for names, part in groups]
    values: dict[str, object] = {"period": wanted.span.value, "model": wanted.model}
    terminal.record({**values, "totals": totals_values(sums), "by": wanted.by, "groups": listed})


def _print_text(sums: Totals, groups: list[tuple[dict[str, object], Totals]], terminal: Terminal) -> None:
    for names, part in groups:
        terminal.line(f"{' · '.join(str(name) for name in names.values())}  {_words(part)}")
    terminal.line(f"{'In all: ' if groups else ''}{_words(sums)}")
    for text in _details(sums):
        terminal.line(text)


def _groups(
    by: By | None, reports: UsageReports | None, chosen: UsageFilter
) -> Iterator[tuple[dict[str, object], Totals]]:
    """What each group is called, and its totals."""
    if by is None or reports is None:
        return
    if by is By.DAY:
        for part in reports.by_day(chosen):
            day = date.fromordinal(part.day).isoformat()
            yield {"day": day, "provider": part.key.provider, "model": part.key.model}, part.totals
    elif by is By.MODEL:
        for key, sums in reports.by_model(chosen):
            yield {"provider": key.provider, "model": key.model}, sums
    elif by is By.CONVERSATION:
        for number, sums in reports.by_conversation(chosen, limit=_ALL):
            yield {"conversation": number or None}, sums
    else:
        for place, sums in reports.by_place(chosen).items():
            yield {"place": place.value}, sums


def _words(sums: Totals) -> str:
    tokens = f"{sums.prompt_tokens:,} tokens read, {sums.completion_tokens:,} written"
    return f"{_attempts(sums.attempts)}, {tokens}, cost {costs_words(sums.costs)}"


def _details(sums: Totals) -> Iterator[str]:
    """What a sum can't say: shares, speed, and what isn't in it."""
    if sums.thinking_share is not None:
        yield f"Thinking: {sums.reasoning_tokens:,} of {sums.reasoning_of:,} tokens written."
    if sums.cached_tokens:
        yield f"From a cache: {sums.cached_tokens:,} of {sums.cached_of:,} tokens read."
    if sums.mean_speed_tps is not None:
        yield f"Speed: {sums.mean_speed_tps:.1f} tokens a second, the mean over the answers."
    if sums.cost_unknown_count:
        yield f"Not in the cost: {_attempts(sums.cost_unknown_count)} whose cost isn’t known."
    if sums.estimated_count:
        yield f"Estimated: the tokens of {_attempts(sums.estimated_count)}."
    if sums.flawed_count:
        yield f"Not counted: {_attempts(sums.flawed_count)} whose reported tokens can’t be true."


def _attempts(count: int) -> str:
    return f"{count:,} request" if count == 1 else f"{count:,} requests"
