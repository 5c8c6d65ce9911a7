"""A real ledger with rows for the tests of what the window shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import apsw

from desktop.services.settings import SettingsService
from desktop.services.usage import UsageService
from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement
from desktop.storage.usage import UsageReports
from models.chat import Usage
from models.pricing import Price

TODAY = date(2026, 11, 25)
YUAN = Price(1_000, 4_000, 100, "CNY", "a list", "2026-05")
DOLLAR = Price(2_500, 10_000, None, "USD", "your own price", "")
MODELS = (
    ("local", "small", Place.LOCAL, None),
    ("xidao", "xidao/big", Place.REMOTE, YUAN),
    ("other", "other/huge", Place.REMOTE, DOLLAR),
)


class Books:
    """A ledger whose clock the test sets, and the service over it."""

    def __init__(self, folder: Path, connection: apsw.Connection) -> None:
        self.moment = datetime(TODAY.year, TODAY.month, TODAY.day, 12).timestamp()
        self.connection = connection
        self.ledger = Ledger(connection, lambda: self.moment)
        self.reports = UsageReports(connection)
        self.settings = SettingsService(folder / "settings.json")
        self.names: dict[str, str] = {}
        self.service = UsageService(
            self.reports,
            self.ledger,
            self.settings,
            prices=lambda: {"xidao/big": YUAN, "other/huge": DOLLAR},
            titles=lambda: {1: "Kyoto"},
            model_names=lambda: self.names,
            conversation=lambda: 1,
            today=lambda: TODAY,
        )

    def write(self, count: int, *, days_ago: int = 0) -> None:
        """So many settled attempts of one day, of the three models in turn, in conversations 1 and 2."""
        day = TODAY - timedelta(days=days_ago)
        self.moment = datetime(day.year, day.month, day.day, 12).timestamp()
        for number in range(count):
            provider, model, place, price = MODELS[number % 3]
            attempt = Attempt(
                provider, model, place, conversation_id=number % 2 + 1, price=price, prompt_limit=5_000,
                completion_limit=5_000,
            )  # fmt: skip
            row = self.ledger.reserve(attempt)
            usage = Usage(100 + number, 10, 5, 20 + number)
            self.ledger.settle(row.id, Settlement(Outcome.FINISHED, usage, True, 900, 200, 28_571))
        self.moment = datetime(TODAY.year, TODAY.month, TODAY.day, 12).timestamp()


@contextmanager
def open_books(folder: Path) -> Iterator[Books]:
    """Books in a folder of their own."""
    with closing(open_database(folder / "books.db", backups=folder / "backups")) as connection:
        yield Books(folder, connection)
