"""Licences before a model's first use, here or at a gateway: whether it may answer, and asking for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.parts.manager import Manager
from desktop.parts.remote import Remote
from desktop.services.chat import ChatService
from desktop.services.models import ModelService
from desktop.storage.conversations import StoredMessage
from models.errors import AppError, NotAccepted
from models.route import Route

if TYPE_CHECKING:
    from desktop.ui.manager.page import ModelsPage
    from models.candidates import Candidate
    from models.licences import Passport
    from models.terms import Terms


class Licensing(QObject):
    """GUI thread. `show_models` brings the Models page up, `show_chat` a conversation."""

    def __init__(
        self,
        chat: ChatService,
        models: ModelService,
        manager: Manager,
        remote: Remote,
        show_models: Callable[[], ModelsPage],
        show_chat: Callable[[int], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._chat, self._models, self._manager, self._remote = chat, models, manager, remote
        self._show_models, self._show_chat = show_models, show_chat

    def check(self, route: Route) -> None:
        """Raises NotAccepted where a licence is to be accepted before its model's first use."""
        passport, _terms = self._pending(route.backend, route.model)
        if passport is not None:
            raise NotAccepted(
                f"{self._name(route)}, {passport.full_name}: {passport.sentence}",
                "Nothing has been sent. You are asked once for each model.",
            )

    def may_answer(self, candidate: Candidate) -> bool:
        """Whether nothing is to be accepted for it any more."""
        return self._pending(candidate.backend, candidate.model)[0] is None

    def ask(self, answer: StoredMessage) -> None:
        """Show the licence that an answer waits for; once it is accepted, the answer is written."""
        try:
            route = self._chat.route_of(answer)
        except AppError:
            self._chat.resume(answer)  # there is another hindrance by now, which is told there
            return
        passport, terms = self._pending(route.backend, route.model)
        if passport is None or terms is None:
            self._chat.resume(answer)
            return

        def accept(use: str) -> None:
            if self._manager.downloads.acceptances.accept(passport, terms.ids[0], use):
                self._show_chat(answer.conversation_id)
                self._chat.resume(answer)

        self._show_models().show_licence(
            passport, self._name(route), accept, lambda: self._show_chat(answer.conversation_id)
        )

    def _pending(self, backend: str, model_id: str) -> tuple[Passport | None, Terms | None]:
        terms = self._remote.terms(model_id) if backend == "gateway" else self._terms_here(model_id)
        if terms is None:
            return None, None
        return self._manager.downloads.acceptances.pending(terms), terms

    def _terms_here(self, model_id: str) -> Terms | None:
        """None for the starter, which is open and is not to wait for the catalogue."""
        model = self._models.named(model_id)
        if model is None or model.source == "starter":
            return None
        return self._manager.catalogue.terms_of(model)

    def _name(self, route: Route) -> str:
        if route.backend == "gateway":
            model = self._remote.models.model(route.model)
            return f"{model.name} at {model.provider}" if model is not None else route.model
        here = self._models.named(route.model)
        return here.name if here is not None else route.model
