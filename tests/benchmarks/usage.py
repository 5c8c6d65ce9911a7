"""How long the usage page and its queries, a ledger write and a draft's price take, with a million rows."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import apsw

from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_tables import sums_over_rows
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement
from desktop.storage.usage import UsageReports
from desktop.storage.usage_values import Span, UsageFilter
from models.budget import Budget, Period
from models.chat import Message, Role, Usage
from models.pricing import NANO, Cost, Price, draft_range
from models.token_estimate import estimate, estimate_prompt
from tests.benchmarks.rows import Row

ROWS = 1_000_000
PRICE = Price(800, 2_400, 80, "CNY", "benchmark", "2026-11")
ATTEMPT = Attempt(
    "xidao", "m-1", Place.REMOTE, conversation_id=7, price=PRICE, prompt_limit=900, completion_limit=900
)
BUDGETS = tuple(
    Budget(period, Cost(10**6 * NANO, "CNY")) for period in (Period.DAY, Period.MONTH, Period.CONVERSATION)
)
DONE = Settlement(Outcome.FINISHED, Usage(90, 10, 5, 20), duration_ms=900, ttft_ms=200, speed_mtps=28_571)
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
INSERT INTO usage (
    conversation_id, purpose, provider, model, place, route_reason, attempt, sent_at, day, currency,
    price_input_nano, price_output_nano, price_source, price_as_of, raised, state, outcome, counted,
    prompt_tokens, cached_tokens, reasoning_tokens, completion_tokens, duration_ms, ttft_ms,
    speed_mtps, cost_nano, counts_nano)
SELECT i / 200 + 1, 'answer', iif(i % 2, 'xidao', 'local'), 'm-' || (i % 8), iif(i % 2, 'remote', 'local'),
    'benchmark', 1, 1.7e9 + i, ?2 - 730 + i * 731 / ?1, iif(i % 2, 'CNY', ''), iif(i % 2, 800, NULL),
    iif(i % 2, 2400, NULL), iif(i % 2, 'b', NULL), iif(i % 2, 'b', NULL), 0, 'settled', 'finished',
    'reported',
    100 + i % 900, i % 100, i % 50, 50 + i % 700, 900, 200, 28000,
    iif(i % 2, (100 + i % 900) * 800 + (50 + i % 700) * 2400, 0),
    iif(i % 2, (100 + i % 900) * 800 + (50 + i % 700) * 2400, 0)
FROM n
"""


def bench_usage() -> list[Row]:
    with _filled() as connection:
        reports, ledger = UsageReports(connection), Ledger(connection)

        def write() -> None:
            ledger.settle(ledger.reserve(ATTEMPT, BUDGETS).id, DONE)

        rows = [_panel(reports, span) for span in Span]
        rows += _page(connection)
        rows.append(_row("ledger: reserve in three budgets, 1M rows", _ms(lambda: _reserve(ledger), 50), 5))
        rows.append(_row("ledger: reserve and settle, 1M rows", _ms(write, 50), 5))
    rows.append(_row("price of a draft, 100k tokens of history", _ms(_draft(), 50), 2))
    return [*rows, _row("the same at a key stroke in the window", _key_stroke(), 2)]


bench_usage.runs = 1  # type: ignore[attr-defined]


def _panel(reports: UsageReports, span: Span) -> Row:
    wanted = UsageFilter.over(span, date.today())

    def read() -> None:
        reports.panel(wanted)
        reports.rows(wanted)

    return _row(f"usage panel ({span.value}), 1M rows", _ms(read, 5), 200)


def _page(connection: apsw.Connection) -> list[Row]:
    """Opening the window’s page, until it was drawn; and taking the longest span there."""
    from PySide6.QtWidgets import QApplication

    from desktop.services.settings import SettingsService
    from desktop.services.usage import UsageService
    from desktop.system.paths import resources
    from desktop.ui.theme import Appearance
    from desktop.ui.usage.page import UsagePage

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    look = Appearance(app, resources() / "themes")
    with tempfile.TemporaryDirectory() as folder:
        settings = SettingsService(Path(folder) / "settings.json")
        service = UsageService(UsageReports(connection), Ledger(connection), settings)
        spent = []
        for _ in range(5):
            began = time.perf_counter()
            page = UsagePage(service, look)
            page.resize(1180, 780)
            page.show()
            page.grab()
            spent.append((time.perf_counter() - began) * 1000)
            page.close()
        page.show()
        longest = _ms(lambda: page.spans.chosen.emit(Span.ALL), 5)
        page.close()
    return [
        _row("usage page opens, 1M rows", statistics.median(spent), 200),
        _row("usage page: all, 1M rows", longest, 200),
    ]


def _reserve(ledger: Ledger) -> None:
    ledger.reserve(ATTEMPT, BUDGETS)


def _draft() -> Callable[[], None]:
    """What a key stroke costs: the history was counted when it came."""
    history = estimate_prompt([Message(Role.USER, "history " * 1_000)] * 50)
    text = "a draft of some lines " * 100

    def price() -> None:
        tokens = history + estimate(text)
        draft_range(tokens.low, tokens.high, 4_096, PRICE)

    return price


def _key_stroke() -> float:
    """Milliseconds that the window takes for it, from the signal of the composer to the words beside it."""
    from PySide6.QtWidgets import QApplication

    from desktop.app import Program
    from desktop.storage.conversations import ConversationStore, Status
    from desktop.system.paths import Paths, resources
    from desktop.system.providers import Provider
    from desktop.ui.theme import Appearance

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths.find({"INSHORE_HOME": folder})
        paths.create()
        program = Program(app, Appearance(app, resources() / "themes"), paths)
        program.settings.update(providers=(Provider("xidao", "xidao", "XiDao", ("http://127.0.0.1:9/v1",)),))
        store = ConversationStore(program._connection)
        _question, answer = store.begin("Long", "history " * 1_000)
        store.settle(answer.id, text="history " * 1_000, reasoning="", status=Status.COMPLETE)
        for _turn in range(24):
            thread = store.thread(answer.conversation_id)
            _question, later = store.add_turn(
                answer.conversation_id, parent_id=thread[-1].id, text="history " * 1_000, model=None
            )
            store.settle(later.id, text="history " * 1_000, reasoning="", status=Status.COMPLETE)
        program.chat.answering.choose(answer.conversation_id, "xidao/qwen3-235b")
        program._open(answer.conversation_id)
        text = "a draft of some lines " * 100
        spent = _ms(lambda: program.page.typed.emit(text), 100)
        assert "¥" in program.page.room._price[0]
        program._close()
        program.setParent(None)
    return spent


def _ms(step: Callable[[], None], times: int) -> float:
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        step()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)


def _row(name: str, value: float, most: float) -> Row:
    return {"name": name, "value": value, "unit": "ms", "target": f"≤ {most:g}", "ok": value <= most}


@contextmanager
def _filled() -> Iterator[apsw.Connection]:
    """A ledger with rows of two years. They are put in at once and their sums made after it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with closing(open_database(path / "bench.db", backups=path / "backups")) as connection:
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'usage'"
            ).fetchall()
            connection.execute("BEGIN")
            for name, _sql in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(_FILL, (ROWS, date.today().toordinal()))
            for table in ("usage_daily", "usage_conversation_daily"):
                connection.execute(f"INSERT INTO {table} {sums_over_rows(table)}")
            for _name, sql in triggers:
                connection.execute(str(sql))
            connection.execute("COMMIT")
            yield connection
