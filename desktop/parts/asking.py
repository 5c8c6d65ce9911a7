"""Says what would be sent, to whom, and what it could cost at most, before the user says yes to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from desktop.services.history import history
from desktop.storage.conversations import StoredMessage
from models.route import Route

if TYPE_CHECKING:
    from desktop.parts.remote import Remote
    from desktop.services.setup import SetupService
    from models.chat import Message


class Asking:
    """GUI thread only."""

    def __init__(self, remote: Remote, setup: SetupService) -> None:
        self._remote, self._setup = remote, setup

    def describe(self, route: Route, earlier: Sequence[StoredMessage], so_far: str = "") -> str:
        """ "To XiDao (api.example.org): 3 messages, about 1,200 tokens, for Qwen3. At most ¥0.012."

        A part of the answer that there is `so_far` is sent with them.
        """
        from models.chat import ChatRequest
        from models.token_estimate import estimate_request

        messages = history(earlier)
        conversation = earlier[-1].conversation_id if earlier else None
        _private, options = self._setup.merged(conversation, route.model)
        request = ChatRequest(route.model, messages, sampling=options.sampling(), answer_so_far=so_far)
        size = estimate_request(request)
        one = next((one for one in self._remote.answerers() if one.id == route.model), None)
        whom = f"{one.place.removeprefix('via ')} ({one.host})" if one is not None else route.model
        name = f", for {one.name}" if one is not None else ""
        part = " and a part of the answer" if so_far else ""
        what = f"{_counted(messages)}{part}, about {size.likely:,} tokens"
        return f"To {whom}: {what}{name}. {self._most(route, size.high, options.max_tokens)}"

    def _most(self, route: Route, tokens: int, longest: int | None) -> str:
        from desktop.storage.booking import LONGEST_WITHIN_BUDGET
        from models.money import about
        from models.pricing import Cost, CostRange, draft_range

        price = self._remote.price(route.model)
        if price is None:
            return "What it costs isn’t known."
        most = draft_range(tokens, tokens, longest or LONGEST_WITHIN_BUDGET, price)
        return f"At most {about(CostRange(Cost(0, most.high.currency), most.high)).removeprefix('≤ ')}."


def _counted(messages: Sequence[Message]) -> str:
    pictures = sum(len(message.images) for message in messages)
    words = "1 message" if len(messages) == 1 else f"{len(messages)} messages"
    if not pictures:
        return words
    return f"{words} with {'1 picture' if pictures == 1 else f'{pictures} pictures'}"
