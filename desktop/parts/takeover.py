"""When an answer fails: the window's part of it, from the doors' breakers to the card in the transcript."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop.services.chat import ChatService
from desktop.services.deciding import Decider
from desktop.services.handing_over import HandingOver
from desktop.services.settings import SettingsService
from desktop.storage.attempts import AttemptStore
from desktop.storage.conversations import StoredMessage
from desktop.system.answering import TakeOver
from models.breaker import Breaker

if TYPE_CHECKING:
    from models.candidates import Facts
    from models.takeover import Allowed


class TakeOvers:
    """Gives the chat service who goes on. GUI thread only."""

    def __init__(
        self,
        chat: ChatService,
        settings: SettingsService,
        attempts: AttemptStore,
        decider: Callable[[], Decider],
    ) -> None:
        self._chat, self._settings, self._decider = chat, settings, decider
        self.breaker = Breaker(time.monotonic)
        chat.relay.handing = HandingOver(attempts, self.breaker, self._facts, self._allowed, self._floor_tps)

    def _facts(self, earlier: Sequence[StoredMessage], text: str) -> Facts:
        """As for any answer, with what is written of this one; the prompt is counted at its most."""
        from models.token_estimate import estimate

        facts = self._decider().facts(earlier)
        conversation_id = earlier[-1].conversation_id if earlier else None
        read = [*(message.text for message in earlier), text]
        return replace(
            facts,
            mode=self._chat.answering.mode(conversation_id),
            prompt_tokens=sum(estimate(each).high for each in read),
            least_tokens=facts.least_tokens + estimate(text).likely,
        )

    def _allowed(self, conversation_id: int) -> Allowed:
        from models.takeover import Allowed

        allowed = self._chat.setup.take_over(conversation_id)
        own = self._chat.setup.answering(conversation_id).take_over
        return Allowed(
            locally=allowed is not TakeOver.ASK,
            from_cloud=own is not None,
            remotely=allowed is TakeOver.ANYWHERE,
            most_nano=self._settings.values.take_over_nano,
        )

    def _floor_tps(self) -> float:
        return self._settings.values.floor_tps
