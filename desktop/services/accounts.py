"""What one answer does in the books: its account is opened, told of each attempt, and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import AppError, OverBudget
from models.ways_on import Kind, Way

if TYPE_CHECKING:
    from desktop.background import Outcome
    from desktop.services.answering import AnsweringService
    from desktop.services.books import BookService
    from desktop.services.turns import LiveTurn
    from models.chat import ChatRequest
    from models.gateway.attempts import Attempt


class Accounts:
    """GUI thread only. Without `books` nothing is written down, and no budget holds."""

    def __init__(self, books: BookService | None, answering: AnsweringService) -> None:
        self._books, self._answering = books, answering

    def open(self, turn: LiveTurn, request: ChatRequest, way: Way | None) -> ChatRequest:
        """The request once its attempt is in the books. Raises OverBudget, or StorageError."""
        if self._books is None:
            return request
        message = turn.message
        turn.account, request = self._books.open(
            turn.route,
            request,
            message.conversation_id,
            message.id,
            raised=way is not None and way.kind is Kind.RAISE,
            number=turn.number,
        )
        turn.account.carry(message.receipt, anew=not (turn.text or turn.notices))
        return request

    def attempted(self, turn: LiveTurn, told: Attempt) -> None:
        """A gateway's attempt has ended."""
        if self._books is not None and turn.account is not None:
            self._books.attempted(turn.account, told)

    def repeat(self, turn: LiveTurn, number: int) -> None:
        """Before a gateway is asked once more. Raises OverBudget, or StorageError."""
        if self._books is not None and turn.account is not None:
            self._books.repeat(turn.account, number)

    def close(self, turn: LiveTurn, outcome: Outcome) -> bool:
        """No attempt comes any more; whether there was an account."""
        if self._books is None or turn.account is None:
            return False
        error = outcome.error if isinstance(outcome.error, AppError) else None
        self._books.finish(turn.account, turn.finished, error, turn.heard())
        return True

    def follow(self, newer: LiveTurn, turn: LiveTurn) -> None:
        """A try that was stopped has told its cost after another one went on with its answer."""
        if newer.account is not None and turn.account is not None:
            newer.account.follow(turn.account, turn.told_nano)

    def ways(self, turn: LiveTurn, asked: ChatRequest, refused: OverBudget) -> tuple[Way, ...]:
        """What can be done about a budget that stands in an answer's way."""
        from desktop.services.ways_on import ways_for

        if self._books is None:
            return ()
        return ways_for(refused, asked, turn.message.conversation_id, self._books, self._answering)
