"""The Usage room: the page, what it reads, and what is said about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.background import Background
from desktop.parts.saved import tell_saved
from desktop.services.settings import SettingsService
from desktop.system.paths import Paths
from desktop.ui.theme import Appearance
from desktop.ui.window import Window
from models.errors import AppError

if TYPE_CHECKING:
    import apsw

    from desktop.services.chat import ChatService
    from desktop.services.usage import UsageService
    from desktop.ui.usage.page import UsagePage
    from desktop.ui.usage.statement import StatementCard
    from models.budget import Budget
    from models.catalogue import Catalogue
    from models.pricing import Price


class UsageRoom(QObject):
    """All about usage. Nothing is built or read before the page is first shown. GUI thread only."""

    def __init__(
        self,
        window: Window,
        connection: apsw.Connection,
        settings: SettingsService,
        chat: ChatService,
        conversation: Callable[[], int | None],
        catalogue: Callable[[], Catalogue],
        paths: Paths,
        look: Appearance,
        background: Background,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._window, self._connection, self._settings = window, connection, settings
        self._chat, self._conversation = chat, conversation
        self._catalogue, self._paths, self._look = catalogue, paths, look
        self._background = background
        self._told: set[str] = set()

    @cached_property
    def service(self) -> UsageService:
        """Built with the page."""
        from desktop.services.usage import UsageService
        from desktop.storage.ledger import Ledger
        from desktop.storage.usage import UsageReports

        service = UsageService(
            UsageReports(self._connection),
            Ledger(self._connection, now=time.time),
            self._settings,
            prices=self._prices,
            titles=lambda: {one.id: one.title for one in self._chat.conversations()},
            model_names=self._model_names,
            conversation=self._conversation,
            parent=self,
        )
        service.failed.connect(lambda error: self._window.warn(error.one_line()))
        return service

    def note_change(self) -> None:
        """A row was added or settled."""
        if "service" in self.__dict__:
            self.service.note_change()

    def make_page(self) -> UsagePage:
        """The page, connected. What the command line used meanwhile is entered first."""
        from desktop.ui.usage.page import UsagePage

        self._enter_pending()
        page = UsagePage(self.service, self._look)
        page.budget_removed.connect(self._offer_undo)
        page.insert_card(self._make_statement_card(page))
        self.service.exported.connect(lambda path: tell_saved(self._window.notice, path))
        return page

    def _make_statement_card(self, page: UsagePage) -> StatementCard:
        from desktop.services.reconciling import ReconcilingService
        from desktop.storage.ledger import Ledger
        from desktop.storage.usage import UsageReports
        from desktop.ui.usage.statement import StatementCard

        reports, ledger = UsageReports(self._connection), Ledger(self._connection)
        service = ReconcilingService(reports, ledger, self._background, self)
        card = StatementCard(self.service.providers, page, self.service.model_names)
        card.file_chosen.connect(lambda path: service.open(Path(path)))
        card.compare_wanted.connect(service.compare)
        card.export_wanted.connect(lambda report, path: service.export(report, Path(path)))
        card.correct_wanted.connect(service.correct)
        service.corrected.connect(lambda count: self._tell_corrected(count, card))
        service.opened.connect(card.show_table)
        service.compared.connect(card.show_report)
        service.failed.connect(card.show_problem)
        service.exported.connect(lambda path: tell_saved(self._window.notice, path))
        return card

    def close(self) -> None:
        """The window closes."""
        if "service" in self.__dict__:
            self.service.close()

    def _prices(self) -> Mapping[str, Price]:
        """The user's own before the catalogue's, as they are now. What can't be used is told once."""
        from desktop.system import prices
        from models.pricing import catalogue_price

        known = {one.remote.id: catalogue_price(one) for one in self._catalogue().models if one.remote}
        own = prices.read(self._paths.own_prices)
        for problem in own.problems:
            if problem not in self._told:
                self._window.warn(problem)
        self._told.update(own.problems)
        return {name: price for name, price in {**known, **own.prices}.items() if price is not None}

    def _model_names(self) -> Mapping[str, str]:
        """As the picker calls those that can answer, and as the catalogue calls others."""
        known = self._catalogue().models
        answering = self._chat.answering
        return {
            **{one.remote.id: one.name for one in known if one.remote},
            **{one.id: one.name for one in (*answering.local(), *answering.remote())},
        }

    def _enter_pending(self) -> None:
        from desktop.storage.usage_pending import UsagePending

        try:
            UsagePending(self._paths.usage_pending).move_into(self._connection)
        except AppError as error:
            self._window.warn(error.one_line())

    def _offer_undo(self, budget: Budget) -> None:
        before = (*self._settings.values.budgets, budget)
        undo = lambda: self._settings.update(budgets=before)  # noqa: E731
        self._window.notice.say("Removed the budget.", "Undo", undo)

    def _tell_corrected(self, count: int, card: StatementCard) -> None:
        self._window.notice.say(f"Entered {count:,} {'request' if count == 1 else 'requests'}.")
        self.note_change()
        card.compare_again()
