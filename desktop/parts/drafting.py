"""What goes on while a message is typed: who will answer gets ready, and its size is counted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.background import Background, Outcome
from desktop.parts.draft_price import DraftPrice
from desktop.services.answering import AUTOMATIC
from desktop.services.chat import ChatService
from desktop.services.drafts import DraftCounter
from desktop.services.settings import SettingsService
from desktop.ui.chat.page import ChatPage

if TYPE_CHECKING:
    from desktop.storage.conversations import StoredMessage
    from models.chat import TextSize
    from models.local.backend import LocalBackend
    from models.pricing import Price

_PAUSE_MS = 300


class Drafting(QObject):
    """Serves one chat page. GUI thread only.

    `said(words)` is for the window's quiet bar, `remote_wanted(id)` when a gateway’s model is
    going to answer. `price` gives a remote model's, None where it is unknown.
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
        parent: QObject,
    ) -> None:
        super().__init__(parent)
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
        self.drafts.counted.connect(page.room.show_size)
        chat.turn_finished.connect(lambda _answer: self._on_answered())
        settings.changed.connect(self._on_settings)

    def close(self) -> None:
        """Count nothing any more: the end of an answer would have a draft counted."""
        self.drafts.take("")
        self._deciding.stop()

    def _model(self) -> str | None:
        """The local model that would answer; None where a gateway would, or nobody."""
        one = self._chat.answering.chosen(self._page.conversation)
        if one is AUTOMATIC:  # a small talk stays here, so that is made ready
            one = next(iter(self._chat.answering.local()), None)
        return one.id if one is not None and not one.remote else None

    def _on_answering(self) -> None:
        self._page.composer.thinking.show_support(None)
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
        one = self._chat.answering.chosen(self._page.conversation)
        if one is AUTOMATIC:
            one = next(iter(self._chat.answering.local()), None)
        if one is None or one.id == self._warmed:
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
        if self._price.undecided(text):
            self._deciding.start()
        self._page.room.show_price(*self._price.words(text))

    def _decide(self) -> None:
        """Typing has paused, so the router may be asked who would answer."""
        text = self._page.composer.text()
        if self._price.undecided(text) and text.strip():
            self._price.decide(text)
            self._page.room.show_price(*self._price.words(text))

    def _count(self, text: str) -> Coroutine[Any, Any, TextSize] | None:
        """The size of a draft for the model that will read it, which typing has loaded or is loading."""
        model = self._model()
        if model is None:
            return None
        _private, options = self._chat.setup.merged(self._page.conversation, model)
        return self._local().text_size(model, text, options.max_tokens)

    def _use_context(self, tokens: int) -> None:
        """Give the model that answers a context of so many tokens from its next message on."""
        if (model := self._model()) is not None:
            self._settings.set_context(model, tokens)
        self.drafts.count_again()

    def _enlarge(self, question: str, answer: StoredMessage) -> None:
        """Answer a question that was too long in a context that holds it, if there is memory for one."""

        def sized(outcome: Outcome) -> None:
            size: TextSize | None = outcome.value
            if size is not None and size.tokens > size.room_tokens and not size.larger_context:
                self.said.emit("There is not enough memory for a larger context. Send it in parts.")
                return
            if size is not None and size.larger_context:
                self._use_context(size.larger_context)
            self._chat.resume(answer)

        if (work := self._count(question)) is not None:
            self._background.run(work, sized)
