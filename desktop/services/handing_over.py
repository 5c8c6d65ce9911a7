"""When an answer fails: who goes on, whether the user is asked first, and that nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desktop.services.pace import Pace
from desktop.storage.attempts import AttemptStore, Partial, Tried
from desktop.storage.conversations import StoredMessage
from models.breaker import Breaker
from models.errors import AppError
from models.route import Route

if TYPE_CHECKING:
    from models.candidates import Facts
    from models.takeover import Allowed, Attempt

LONGEST_ANSWER = 4_096
"""Tokens at most of what another model adds, where nobody set a limit: “at most” needs an end."""


class SentAlready(AppError):
    """The same try was begun before; it is not sent a second time."""

    title = "This was sent already."


@dataclass(frozen=True, slots=True)
class Follow:
    """What follows a failure. `route` None is the end, and `words` say why; else they are a button's.

    `key` names the try, `at_once` needs no question, `why` is a sentence for the transcript. `tries` failed.
    """

    words: str
    tries: int
    route: Route | None = None
    key: str = ""
    at_once: bool = False
    why: str = ""

    def values(self) -> dict[str, str]:
        """For the error that the answer ended with; an end is worth a word after several tries only."""
        if self.route is None:
            return {"end": self.words} if self.tries > 1 else {}
        cost = self.route.estimated_cost
        most = str(cost.high_nano) if cost is not None else ""
        return {"offer": self.words, "offer_model": self.route.model, "offer_nano": most}

    def keeps(self, offered: Mapping[str, str]) -> bool:
        """Whether this is what was offered, for no more than was said."""
        if self.route is None or self.route.model != offered.get("offer_model"):
            return False
        cost, most = self.route.estimated_cost, offered.get("offer_nano", "")
        if cost is None or not most:
            return cost is None and not most
        return cost.high_nano <= int(most)


FactsOf = Callable[[Sequence[StoredMessage], str], "Facts"]


class HandingOver:
    """Keeps the tries of each answer and the doors' breakers. GUI thread only.

    `facts(earlier, text)` are those of a conversation whose answer has this text already; `allowed` is what
    the user lets happen without a question in a conversation, `floor_tps` the least speed wanted here.
    """

    longest = LONGEST_ANSWER

    def __init__(
        self,
        attempts: AttemptStore,
        breaker: Breaker,
        facts: FactsOf,
        allowed: Callable[[int], Allowed],
        floor_tps: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._attempts, self._breaker, self._facts, self._allowed = attempts, breaker, facts, allowed
        self._floor_tps = floor_tps

    def begin(self, turn_id: int, route: Route, partial: Partial, follow: Follow | None = None) -> int:
        """Write down that this route is asked now; the number of the try within the turn.

        Without `follow` the user asks by hand: a new series of tries, and a door that was shut is tried.
        Raises SentAlready, or StorageError; nothing may be sent then.
        """
        from models.takeover import attempt_key

        tries = self._attempts.tries(turn_id)
        number = len(tries) + 1
        series = tries[-1].series if follow is not None and tries else number
        key = follow.key if follow is not None else attempt_key(f"{turn_id}.{number}", 0, route)
        tried = Tried(number, series, door_of(route), route.model, len(partial.text))
        if not self._attempts.claim(turn_id, key, tried, partial):
            raise SentAlready("Another try of this answer has begun.", "Wait for it, or ask again.")
        self._enter(tried.door)
        return number

    def ended(self, turn_id: int, number: int, route: Route, error: AppError | None) -> None:
        """A try has ended: well without an error. Raises StorageError."""
        from models.takeover import blames_door

        door = door_of(route)
        if error is None:
            self._breaker.succeeded(door)
        elif blames_door(error):
            self._breaker.failed(door, retry_after_s=getattr(error, "retry_after_s", None))
        else:
            self._breaker.left(door)
        self._attempts.ended(turn_id, number, _kind(error) if error is not None else "")

    def left(self, turn_id: int, number: int, route: Route) -> None:
        """A try was ended by the user, which tells nothing of its door. Raises StorageError."""
        self._breaker.left(door_of(route))
        self._attempts.ended(turn_id, number, "")

    def after(
        self,
        message: StoredMessage,
        earlier: Sequence[StoredMessage],
        error: AppError | None = None,
        *,
        grows_by: int = 0,
    ) -> Follow | None:
        """What follows the last try at an answer, which failed with `error`, or as it is written down.

        `grows_by` tokens the answer may have more before that begins; its price is told for these, too.
        None where nothing failed. Raises StorageError.
        """
        from models.takeover import Then, take_over

        tries = self._attempts.tries(message.id)
        if not tries:
            return None
        series = tries[-1].series
        ours = [one for one in tries if one.series == series]
        if error is None and not ours[-1].error:
            return None
        found = tuple(_attempt(one, error if one is ours[-1] else None) for one in ours)
        facts = self._now(self._facts(earlier, message.text))
        facts = replace(facts, prompt_tokens=facts.prompt_tokens + grows_by)
        allowed = self._allowed(message.conversation_id)
        after = take_over(f"{message.id}.{series}", found, facts, allowed)
        route = after.route
        went = f"{route.name or route.model} went on." if route is not None else ""
        why = f"{found[-1].error.title} {went}".strip()
        return Follow(after.words, len(found), route, after.key, after.then is Then.GO, why)

    def pace(self, route: Route) -> Pace | None:
        """What watches the speed of an answer on this machine; None where the user wants none watched."""
        floor = self._floor_tps()
        return Pace(floor) if route.backend == "local" and floor else None

    def too_slow(self, pace: Pace) -> AppError:
        """Why a slow answer might go on elsewhere."""
        from models.takeover import TooSlow

        return TooSlow(f"{pace.tps:.1f} tokens/s; you want at least {pace.floor_tps:g}.")

    def problem(self, door: str) -> str:
        """Why a door is left alone now; "" where it may be asked."""
        return self._breaker.problem(door)

    def _now(self, facts: Facts) -> Facts:
        candidates = tuple(
            replace(one, problem=one.problem or self.problem(one.door)) for one in facts.candidates
        )
        return replace(
            facts, candidates=candidates, max_answer_tokens=facts.max_answer_tokens or LONGEST_ANSWER
        )

    def _enter(self, door: str) -> None:
        """What the user asks for by hand is asked, also at a door that is being left alone."""
        if not self._breaker.enter(door):
            self._breaker.reset(door)
            self._breaker.enter(door)


def door_of(route: Route) -> str:
    """What fails as a whole: this machine, or one gateway."""
    return route.model.partition("/")[0] if route.backend == "gateway" else "local"


def _attempt(tried: Tried, error: AppError | None) -> Attempt:
    from models.takeover import Attempt

    return Attempt(tried.door, tried.model, error if error is not None else _as_error(tried.error or ""))


def _kind(error: AppError) -> str:
    """The name of the error's class, or of the one above it that everybody knows."""
    known = _known()
    return next((each.__name__ for each in type(error).__mro__ if each.__name__ in known), AppError.__name__)


def _as_error(kind: str) -> AppError:
    """An error of a kind that was written down; an unknown kind is nobody's."""
    known = _known().get(kind, AppError)
    error = known.__new__(known)
    AppError.__init__(error, "")  # some kinds want to be told what nobody remembers
    return error


def _known() -> dict[str, type[AppError]]:
    from models import errors
    from models.takeover import TooSlow

    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, AppError)]
    return {each.__name__: each for each in (*kinds, TooSlow)}
