"""What sending a draft would take and cost, in words, by whoever would answer it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.services.answering import AUTOMATIC, Answerer, AnsweringService
from desktop.services.history import history, unsent
from desktop.services.setup import SetupService
from desktop.ui.chat.page import ChatPage
from models.errors import AppError

if TYPE_CHECKING:
    from models.pricing import Price
    from models.route import Route
    from models.token_estimate import TokenEstimate

Words = tuple[str, str]
"""In full, and shorter."""

FREE = "Free on this machine"
UNKNOWN = "Price unknown"
_NOTHING = ("", "")


class DraftPrice:
    """GUI thread only. `words` is for each key press; `decide` asks the router, so it is for pauses.

    `undecided` is whether only the router can tell who would answer what `words` was asked for last.
    What was estimated of the conversation is kept until it is another. Nothing is said of a machine that
    has no gateway, as all is free there.
    """

    def __init__(
        self,
        page: ChatPage,
        answering: AnsweringService,
        setup: SetupService,
        price: Callable[[str], Price | None],
    ) -> None:
        self._page, self._answering, self._setup, self._price = page, answering, setup, price
        self.undecided = False
        self.forget()

    def forget(self) -> None:
        """Another one may answer, or another conversation is shown."""
        self._priced: tuple[str, Price | None] = ("", None)
        self._history: tuple[object, TokenEstimate] | None = None
        self._decided: Route | None = None

    def decide(self, text: str) -> None:
        """Have the router pick for what is typed; nobody where the message would be refused."""
        conversation, images = self._page.conversation, self._page.attaching.images()
        question = unsent(conversation, text, images)
        try:
            self._decided = self._answering.pick(conversation, [*self._page.earlier(), question])
        except AppError:
            self._decided = None

    def words(self, text: str) -> Words:
        """ "about 1,240 tokens · ≈ ¥0.004–0.012", the conversation before it included."""
        one, said = self._whom(text)
        self.undecided = one is AUTOMATIC
        if one is None or not (said.strip() or self._page.attaching.images()):
            return _NOTHING
        if one is not AUTOMATIC:
            return self._by(one.id, said) if one.remote else self._free()
        route = self._decided
        if route is None:
            return _NOTHING
        full, shorter = self._by(route.model, said) if route.backend == "gateway" else self._free()
        name = f"{route.name or route.model} · " if route.backend == "gateway" else ""
        return f"{name}{full}", shorter

    def _free(self) -> Words:
        return (FREE, "Free") if self._answering.remote() else _NOTHING

    def _whom(self, text: str) -> tuple[Answerer | None, str]:
        """Who would answer, and the text without the name that it may begin with."""
        conversation = self._page.conversation
        try:
            named, text = self._answering.addressed(conversation, text)
        except AppError:
            named = None  # it is refused when it is sent
        if named is None:
            return self._answering.chosen(conversation), text
        return self._answering.whom(conversation, [unsent(conversation, text, (), named)]), text

    def _by(self, model_id: str, text: str) -> Words:
        from desktop.storage.booking import LONGEST_WITHIN_BUDGET
        from models.money import about
        from models.pricing import draft_range
        from models.token_estimate import estimate, of_picture

        size = self._earlier() + estimate(text)
        for image in self._page.attaching.images():
            size += of_picture(image.width, image.height)
        tokens = f"about {size.likely:,} tokens"
        if self._priced[0] != model_id:
            self._priced = (model_id, self._price(model_id))
        price = self._priced[1]
        if price is None:
            return f"{tokens} · {UNKNOWN}", UNKNOWN
        _private, options = self._setup.merged(self._page.conversation, model_id)
        cost = about(draft_range(size.low, size.high, options.max_tokens or LONGEST_WITHIN_BUDGET, price))
        return f"{tokens} · {cost}", cost

    def _earlier(self) -> TokenEstimate:
        """The size of what comes before the draft, estimated once for each state of it."""
        from models.token_estimate import estimate_prompt

        shown = self._page.earlier()
        key = [(message.id, len(message.text)) for message in shown]
        if self._history is None or self._history[0] != key:
            self._history = (key, estimate_prompt(history(shown)))
        return self._history[1]
