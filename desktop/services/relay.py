"""One answer's way from model to model: each try is claimed before it is sent, and told when it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from desktop.background import Outcome
from desktop.services.turns import LiveTurn, as_message
from desktop.storage.conversations import Status, StoredMessage
from models.errors import AppError, StorageError

if TYPE_CHECKING:
    from desktop.services.handing_over import Follow, HandingOver

T = TypeVar("T")
_OFFERS = ("offer", "offer_model", "offer_nano", "end")


class Relay:
    """GUI thread only. `handed` gives who counts the tries, and finds who goes on; None is nobody.

    `failed` is told of what the disk did to the records; the answer goes its way.
    """

    def __init__(self, failed: Callable[[StorageError], None]) -> None:
        self.handed: Callable[[], HandingOver | None] = lambda: None
        self._failed = failed

    def claim(self, turn: LiveTurn, follow: Follow | None) -> None:
        """Write down that the turn's route is asked now. Raises SentAlready, or StorageError."""
        turn.sign(turn.message.receipt)
        if follow is not None:
            turn.go_on(turn.message.receipt, follow.why)
        if (handing := self.handed()) is None:
            return
        turn.number = handing.begin(turn.message.id, turn.route, turn.partial(), follow)
        turn.pace = handing.pace(turn.route)

    def told(self, turn: LiveTurn, error: AppError | None = None, *, left: bool = False) -> None:
        """The try has ended, which is told once: well without an error, or `left` by the user."""
        number, turn.number = turn.number, 0
        if not number or (handing := self.handed()) is None:
            return
        turn_id, route = turn.message.id, turn.route
        if left:
            self._try(lambda: handing.left(turn_id, number, route))
        else:
            self._try(lambda: handing.ended(turn_id, number, route, error))

    def ended(self, turn: LiveTurn, outcome: Outcome, *, left: bool) -> None:
        """The same, as the background tells it."""
        error = outcome.error if isinstance(outcome.error, AppError) else None
        self.told(
            turn, error, left=left or outcome.cancelled or (outcome.error is not None and error is None)
        )

    def after(
        self,
        answer: StoredMessage,
        earlier: Sequence[StoredMessage],
        error: AppError | None,
        *,
        grows_by: int = 0,
    ) -> Follow | None:
        """Who could go on with an answer that failed, with this error or with the one on record.

        It may grow by so many tokens before that.
        """
        if (handing := self.handed()) is None:
            return None
        return self._try(lambda: handing.after(answer, earlier, error, grows_by=grows_by))

    def slow(self, turn: LiveTurn) -> bool:
        """Another piece was written; True once, where it is too slow and another one could go on."""
        if turn.pace is None or not turn.pace.piece() or (handing := self.handed()) is None:
            return False
        error = handing.too_slow(turn.pace)
        partial = as_message(turn, Status.RUNNING)
        follow = self.after(partial, turn.earlier, error, grows_by=handing.longest)
        if follow is None or follow.route is None:
            return False
        turn.slow, turn.follow = error, follow
        return True

    def _try(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except StorageError as failure:
            self._failed(failure)
            return None


def with_offer(error: Mapping[str, str] | None, follow: Follow | None) -> dict[str, str]:
    """An answer's error with who could go on by now, or why nobody can."""
    plain = {name: words for name, words in (error or {}).items() if name not in _OFFERS}
    if follow is None:
        return plain
    return plain | (follow.values() or {"end": follow.words})
