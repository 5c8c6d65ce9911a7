"""When an answer fails: the window's part of it, from the doors' breakers to the card in the transcript."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from desktop.services.chat import ChatService
from desktop.services.deciding import Decider
from desktop.services.settings import SettingsService
from desktop.storage.conversations import StoredMessage
from desktop.system.answering import TakeOver

if TYPE_CHECKING:
    import apsw

    from desktop.services.handing_over import HandingOver
    from models.breaker import Breaker
    from models.candidates import Facts
    from models.takeover import Allowed


class TakeOvers:
    """Gives the chat service who goes on, once the first answer is asked for. GUI thread only."""

    def __init__(
        self,
        chat: ChatService,
        settings: SettingsService,
        connection: apsw.Connection,
        decider: Callable[[], Decider],
    ) -> None:
        self._chat, self._settings, self._connection, self._decider = chat, settings, connection, decider
        chat.relay.handed = lambda: self._handing

    @cached_property
    def breaker(self) -> Breaker:
        """The doors that are left alone for a while."""
        from models.breaker import Breaker

        return Breaker(time.monotonic)

    @cached_property
    def _handing(self) -> HandingOver:
        from desktop.services.handing_over import HandingOver
        from desktop.storage.attempts import AttemptStore

        attempts = AttemptStore(self._connection)
        return HandingOver(attempts, self.breaker, self._facts, self._allowed, self._floor_tps)

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
