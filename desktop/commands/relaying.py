"""`ask --mode hybrid` when something fails: another model goes on, as far as that needs no question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from desktop.commands.hybrid import Asked, Router
from desktop.system.answering import TakeOver
from desktop.system.settings import Settings
from models.errors import AppError, OverBudget
from models.route import Route
from models.takeover import Allowed, Attempt, Then, take_over
from models.token_estimate import estimate

Answer = Callable[[Route, list[str], int], None]


def relay(router: Router, asked: Asked, answer: Answer, note: Callable[[str], None]) -> None:
    """Have it answered by whom the router chooses, and gone on with by others where one fails.

    `answer(route, said, number)` adds to `said` what was written. Nobody can be asked here: what the settings
    allow is done, and on this machine what costs nothing. Raises the last error where nobody may go on.
    """
    said: list[str] = []
    attempts: list[Attempt] = []
    route = router.route(asked)
    while True:
        try:
            answer(route, said, len(attempts) + 1)
        except OverBudget as error:
            if asked.model is not None or said or (router.beyond and not attempts):
                raise
            router.shut[route.door] = f"not within your budget: {error.cause}"
            route = router.route(asked)
        except AppError as error:
            attempts.append(Attempt(route.door, route.model, error))
            route = _next(router, asked, attempts, said, note)
        else:
            return


def _next(
    router: Router, asked: Asked, attempts: list[Attempt], said: list[str], note: Callable[[str], None]
) -> Route:
    """Who goes on after the last attempt; its error where nobody may."""
    error, text = attempts[-1].error, "".join(said)
    facts = router.facts(asked)
    written = estimate(text)
    facts = replace(
        facts,
        prompt_tokens=estimate(asked.text).high + written.high,
        least_tokens=facts.least_tokens + written.likely,
    )
    after = take_over("ask", tuple(attempts), facts, _allowed(router.settings))
    if after.then is not Then.GO or after.route is None:
        if len(attempts) > 1:
            note(after.words if after.then is Then.END else f"{after.words}: allow that in Settings.")
        raise error
    note(f"{error.one_line()} {after.route.name or after.route.model} goes on.")
    return replace(after.route, trace=(*after.route.trace, f"Before: {error.title}"))


def _allowed(settings: Settings) -> Allowed:
    remotely = settings.take_over is TakeOver.ANYWHERE
    return Allowed(locally=True, remotely=remotely, most_nano=settings.take_over_nano)
