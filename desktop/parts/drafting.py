"""What goes on while a message is typed: who will answer gets ready, and its size is counted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.background import Background, Outcome
from desktop.parts.draft_price import DraftPrice
from desktop.services.answering import AUTOMATIC, Answerer
from desktop.services.chat import ChatService
from desktop.services.drafts import DraftCounter
from desktop.services.settings import SettingsService
from desktop.ui.chat.page import ChatPage
from models.errors import AppError

if TYPE_CHECKING:
    from desktop.storage.conversations import StoredMessage
    from models.chat import TextSize
    from models.local.backend import LocalBackend
    from models.pricing import Price
    from models.thinking import ThinkingSupport

_PAUSE_MS = 300


class Drafting(QObject):
    """Serves one chat page. GUI thread only.

    `said(words)` is for the window's quiet bar, `remote_wanted(id)` when a gateway’s model is
    going to answer. Of a remote model `price` gives the price, `thinking` whether that can be switched; None
    where it is unknown.
    """

    said = Signal(str)
    remote_wanted = Signal(str)

    def __init__(
        self,
        page: ChatPage,
        chat: ChatService,
        settings: SettingsService,
        background: Background,
        local: Callable[[], LocalBackend],
        price: Callable[[str], Price | None],
        thinking: Callable[[str], ThinkingSupport | None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._thinking = thinking
        self._price = DraftPrice(page, chat.answering, chat.setup, price)
        self._deciding = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._deciding.timeout.connect(self._decide)
        self._page, self._chat, self._settings = page, chat, settings
        self._background, self._local = background, local
        self._warmed: str | None = None
        self._options = settings.values.models
        self.drafts = DraftCounter(background, self._count, lambda: chat.busy, self)
        page.typing_began.connect(self._warm_up)
        page.typed.connect(self.drafts.take)
        page.typed.connect(self._show_price)
        page.larger_context_wanted.connect(self._use_context)
        page.larger_context_needed.connect(self._enlarge)
        page.answering_shown.connect(self._on_answering)
        self.drafts.counted.connect(self._show_size)
        chat.turn_finished.connect(lambda _answer: self._on_answered())
        settings.changed.connect(self._on_settings)

    def close(self) -> None:
        """Count nothing any more: the end of an answer would have a draft counted."""
        self.drafts.take("")
        self._deciding.stop()

    def _whom(self, text: str = "") -> Answerer | None:
        """Who would answer this text: the one that it names, else who was chosen."""
        answering, conversation = self._chat.answering, self._page.conversation
        try:
            named, _text = answering.addressed(conversation, text)
        except AppError:  # a name that is not whole yet
            named = None
        return answering.named(named) if named else answering.chosen(conversation)

    def _model(self, text: str = "") -> str | None:
        """The local model that would answer; None where a gateway would, or nobody."""
        one = self._whom(text)
        if one is AUTOMATIC:  # a small talk stays here, so that is made ready
            one = next(iter(self._chat.answering.local()), None)
        return one.id if one is not None and not one.remote else None

    def _on_answering(self) -> None:
        one = self._chat.answering.chosen(self._page.conversation)
        support = self._thinking(one.id) if one is not None and one.remote else None
        self._page.composer.thinking.show_support(support)
        self._warmed = None
        self._price.forget()
        self._show_price(self._page.composer.text())
        self.drafts.count_again()

    def _on_answered(self) -> None:
        """What is typed goes with a longer conversation now."""
        self._show_price(self._page.composer.text())
        self.drafts.wake()

    def _on_settings(self, _values: object) -> None:
        if self._settings.values.models != self._options:
            self._options = self._settings.values.models
            self.drafts.count_again()

    def _warm_up(self) -> None:
        """Load the model while the first words are typed, and ask whether it can think."""
        if self._warmed is not None:
            return  # `_on_answering` comes before another one may answer
        one = self._chat.answering.chosen(self._page.conversation)
        if one is AUTOMATIC:
            one = next(iter(self._chat.answering.local()), None)
        if one is None:
            return
        self._warmed = one.id
        if one.remote:
            self.remote_wanted.emit(one.id)
        else:
            self._background.run(self._local().thinking_support(one.id), self._show_support)

    def _show_support(self, outcome: Outcome) -> None:
        """What fails here fails again with the message, and is said there."""
        if outcome.value is not None and self._model() == self._warmed:
            self._page.composer.thinking.show_support(outcome.value)

    def _show_price(self, text: str) -> None:
        """What sending this would take and cost, with the conversation before it, at least and at most."""
        self._page.room.show_price(*self._price.words(text))
        if self._price.undecided:
            self._deciding.start()

    def _decide(self) -> None:
        """Typing has paused, so the router may be asked who would answer."""
        text = self._page.composer.text()
        if self._price.undecided and text.strip():
            self._price.decide(text)
            self._page.room.show_price(*self._price.words(text))

    def _count(self, text: str) -> Coroutine[Any, Any, TextSize] | None:
        """The size of a draft for the model that will read it, which typing has loaded or is loading."""
        model = self._model(text)
        return self._sized(model, text) if model is not None else None

    def _sized(self, model: str, text: str) -> Coroutine[Any, Any, TextSize]:
        _private, options = self._chat.setup.merged(self._page.conversation, model)
        return self._local().text_size(model, text, options.max_tokens)

    def _show_size(self, text: str, size: TextSize | None) -> None:
        """What is too long for this machine is nobody's to refuse where the router may ask a gateway."""
        if size is not None and size.tokens > size.room_tokens and self._whom(text) is AUTOMATIC:
            answering = self._chat.answering
            here = {one.id for one in answering.local()}
            size = None if set(answering.names(self._page.conversation)) - here else size
        self._page.room.show_size(text, size)

    def _use_context(self, tokens: int) -> None:
        """Give the model that answers a context of so many tokens from its next message on."""
        if (model := self._model(self._page.composer.text())) is not None:
            self._set_context(model, tokens)

    def _set_context(self, model: str, tokens: int) -> None:
        self._settings.set_context(model, tokens)
        self.drafts.count_again()

    def _enlarge(self, question: str, answer: StoredMessage) -> None:
        """Answer a question that was too long in a context that holds it, if there is memory for one.

        A gateway that has been chosen meanwhile is simply asked.
        """
        model = self._asked_again(answer)
        if model is None:
            self._chat.resume(answer)
            return

        def sized(outcome: Outcome) -> None:
            size: TextSize | None = outcome.value
            if size is not None and size.tokens > size.room_tokens and not size.larger_context:
                self.said.emit("There is not enough memory for a larger context. Send it in parts.")
                return
            if size is not None and size.larger_context:
                self._set_context(model, size.larger_context)
            self._chat.resume(answer)

        self._background.run(self._sized(model, question), sized)

    def _asked_again(self, answer: StoredMessage) -> str | None:
        """The local model that would be asked for this answer again; None for a gateway, or nobody."""
        earlier = list(takewhile(lambda one: one.id != answer.id, self._page.transcript.messages()))
        one = self._chat.answering.whom(answer.conversation_id, earlier)
        if one is AUTOMATIC and answer.model is not None:
            one = self._chat.answering.named(answer.model)
        return one.id if one is not None and one.id and not one.remote else None
