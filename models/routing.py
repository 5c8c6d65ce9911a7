"""Who answers, and why: a pure function of what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from models.candidates import Candidate, Facts
from models.errors import ModelNotFound, NoModel, NotAvailable, NothingFits
from models.estimates import answer_tokens, tokens_words
from models.route import Alternative, Mode, Privacy, Route, choose_simply
from models.ruling import Judged, Refused, by_ceiling, judged, narrowed, refusal, tokens_needed

__all__ = ["Alternative", "Mode", "Privacy", "Route", "choose", "choose_simply"]

_LONGEST_TRACE = 8


def choose(facts: Facts) -> Route:
    """The route for one message; the same facts give the same route.

    A typed model comes before the conversation's, that before the one which answered last, that before
    the best value. Raises NoModel, ModelNotFound, NotAvailable (what is asked for is not set up, or not
    allowed), or NothingFits with what could be chosen instead.
    """
    _check_any(facts)
    field = [judged(candidate, facts) for candidate in facts.candidates]
    answers = [(one, refusal(one, facts)) for one in field]
    able = [one for one, refused in answers if refused is None]
    refused = [refused for _one, refused in answers if refused is not None]
    for wanted, words in ((facts.typed, "you chose this model"), (facts.pinned, "this conversation’s model")):
        if wanted is not None:
            one = _wanted(wanted, able, refused, facts)
            return _route(one, words, facts, able, ())
    if not able:
        raise _nothing(refused)
    pool, left_out = narrowed(able, facts)
    notes = (*refused, *left_out)
    if (kept := _sticky(pool, facts)) is not None:
        return _capped(_route(kept, "the same model as before", facts, able, notes), able, refused)
    return _capped(_free(pool, facts, able, notes), able, refused)


# -- the user's own choice


def _check_any(facts: Facts) -> None:
    remotes = [candidate for candidate in facts.candidates if not candidate.local]
    if facts.mode is Mode.CLOUD and facts.privacy is Privacy.HERE and remotes:
        raise NotAvailable(
            "This conversation stays here, and the mode is cloud only.",
            "Choose the local mode, or let this conversation go out.",
        )
    if facts.mode is Mode.CLOUD and not remotes:
        raise NotAvailable(
            "No gateway is connected, so nothing can be answered off this machine.",
            "Choose the local mode to have the answer written here.",
        )
    if not facts.candidates or (facts.mode is Mode.LOCAL and len(remotes) == len(facts.candidates)):
        raise NoModel(
            "Inshore needs a model file (GGUF) to answer on this machine.",
            "Find one in Models, or add a file with “models add FILE” on the command line.",
        )


def _wanted(name: str, able: Sequence[Judged], refused: Sequence[Refused], facts: Facts) -> Judged:
    """The candidate of this id; of several doors the cheapest."""
    found = [one for one in able if one.candidate.model == name]
    if found:
        return min(found, key=lambda one: (_price(one), facts.candidates.index(one.candidate)))
    for one in refused:
        if one.candidate.model == name:
            raise NotAvailable(f"{one.words}.", _choices_hint([other.candidate.name for other in able]))
    installed = ", ".join(candidate.model for candidate in facts.candidates)
    raise ModelNotFound(f"“{name}” is not in your library.", f"Installed: {installed}")


def _choices_hint(names: Sequence[str]) -> str:
    return "These can answer: " + ", ".join(names[:5]) + "." if names else "Nobody else can answer either."


def _nothing(refused: Sequence[Refused]) -> NothingFits:
    """Why nobody can answer: each rule's words once, and what to change."""
    causes = tuple(dict.fromkeys(one.words for one in refused))
    rules = {one.rule for one in refused}
    choices = tuple(words for rule, words in _CHOICES if rule in rules)
    cause = ". ".join(causes[:3])
    return NothingFits(f"{cause}.", " ".join(choices), choices=choices, reasons=causes)


_CHOICES = (
    ("context", "Shorten the message, or take a model with a larger context."),
    ("images", "Take the picture out, or add a model that sees images."),
    ("problem", "Try again when the model can be used."),
    ("budget", "Raise the budget, or answer on this machine."),
    ("mode", "Choose the hybrid mode."),
    ("privacy", "Let this conversation go out, if you want to."),
)


# -- the router's choice


def _sticky(pool: Sequence[Judged], facts: Facts) -> Judged | None:
    """Who answered before, as long as the work is the same or they are good enough at the new."""
    if facts.sticky is None:
        return None
    found = [one for one in pool if one.candidate.model == facts.sticky.model]
    if not found:
        return None
    if facts.sticky.task is facts.task or found[0] in _good_enough(pool, facts):
        return found[0]
    return None


def _free(pool: Sequence[Judged], facts: Facts, able: Sequence[Judged], notes: Sequence[Refused]) -> Route:
    good = _good_enough(pool, facts)
    order = {id(one.candidate): i for i, one in enumerate(pool)}
    one = min(good, key=lambda one: (*_worth(one, facts), order[id(one.candidate)]))
    return _route(one, _reason(one, pool, facts, able), facts, able, notes)


def _good_enough(pool: Sequence[Judged], facts: Facts) -> list[Judged]:
    """All within the margin of the best score, and local ones without a score where the policy lets them.

    Where nobody has a score, everybody is.
    """
    best = max((one.score.value for one in pool if one.score), default=None)
    if best is None:
        return list(pool)
    least = best - facts.policy.margin
    return [
        one for one in pool if (_unmeasured(one, facts) if one.score is None else one.score.value >= least)
    ]


def _unmeasured(one: Judged, facts: Facts) -> bool:
    policy = facts.policy
    light = facts.prompt_tokens <= policy.light_tokens and facts.task in policy.unmeasured
    return one.candidate.local and light


def _worth(one: Judged, facts: Facts) -> tuple[float, bool, float, float]:
    """What is compared, the smallest first: price, the user's own model, the score, the time."""
    score = one.score.value if one.score else -1.0
    time_s = one.time_s if one.time_s is not None else float("inf")
    not_default = not (one.candidate.local and one.candidate.model == facts.default)
    return _price(one), not_default, -score, time_s


def _price(one: Judged) -> float:
    return float("inf") if one.cost is None else one.cost.high_nano


def _capped(route: Route, able: Sequence[Judged], refused: Sequence[Refused]) -> Route:
    """Says so where it is the budget that leaves this machine only."""
    if any(not one.candidate.local for one in able) or all(one.rule != "budget" for one in refused):
        return route
    return replace(route, reason="at the cap: local only")


# -- its words


def _reason(one: Judged, pool: Sequence[Judged], facts: Facts, able: Sequence[Judged]) -> str:
    if len(pool) == 1 and len(facts.candidates) > 1:
        return "the only one that can answer this" if len(able) == 1 else "the only one that suits this"
    if one.candidate.local and one.candidate.model == facts.default:
        return "your default model, on this machine"
    if one.score is None:
        return "on this machine, nothing to pay" if one.candidate.local else "no scores to compare by"
    said = f"{one.score.value:g} on {one.score.name}"
    if one.candidate.local:
        return f"good enough on this machine: {said}"
    best = max(other.score.value for other in pool if other.score)
    return f"{'best score' if one.score.value == best else 'best value'} for {facts.task.value}: {said}"


def _route(one: Judged, reason: str, facts: Facts, able: Sequence[Judged], notes: Sequence[Refused]) -> Route:
    candidate = one.candidate
    return Route(
        backend=candidate.backend,
        model=candidate.model,
        reason=reason,
        alternatives=_alternatives(one, facts, able, notes),
        estimated_cost=one.cost,
        estimated_time_s=one.time_s,
        trace=_trace(one, reason, facts, notes),
        needs_consent=_needs_consent(one, facts),
        door=candidate.door,
        name=candidate.name,
        answer_tokens=answer_tokens(facts)[1],
    )


def _needs_consent(one: Judged, facts: Facts) -> bool:
    if one.candidate.local:
        return False
    return facts.privacy is Privacy.ASK or bool(by_ceiling(one, facts))


def _alternatives(
    one: Judged, facts: Facts, able: Sequence[Judged], notes: Sequence[Refused]
) -> tuple[Alternative, ...]:
    """All others that may answer, the cheapest first."""
    why = {id(note.candidate): note.words for note in notes}
    others = sorted((other for other in able if other is not one), key=lambda other: _worth(other, facts))
    return tuple(_alternative(other.candidate, why.get(id(other.candidate), "")) for other in others)


def _alternative(candidate: Candidate, why_not: str) -> Alternative:
    return Alternative(candidate.backend, candidate.model, candidate.name, why_not)


def _trace(one: Judged, reason: str, facts: Facts, notes: Sequence[Refused]) -> tuple[str, ...]:
    lines = list(dict.fromkeys(note.words for note in notes))[:_LONGEST_TRACE]
    needed = tokens_needed(facts)
    if facts.prompt_tokens and not any(note.rule in ("context", "whole") for note in notes):
        lines.insert(0, f"Needs {tokens_words(needed)} tokens")
    if one.score is not None:
        said = f"{one.score.value:g} on {one.score.name}{' with thinking' if one.score.thinking else ''}"
        lines.append(f"{_capital(facts.task.value)} → {one.candidate.name} {said}")
    else:
        lines.append(f"{one.candidate.name}: {reason}")
    if not one.candidate.local:
        lines.append(one.cost.words() if one.cost else "Its price isn’t known")
    return tuple(lines)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
