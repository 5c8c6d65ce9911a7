"""Answers “which models may I use?” by licence, with a reason for each model that is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from models.licences import Passport, Tier


class Who(StrEnum):
    """Who asks which models they may use."""

    INDIVIDUAL = "individual"
    COMPANY = "company"
    FREEDOM = "freedom"


class Licensed(Protocol):
    """What advice needs to know of a model."""

    @property
    def id(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def passport(self) -> Passport | None: ...


Model = TypeVar("Model", bound=Licensed)


@dataclass(frozen=True, slots=True)
class Advice(Generic[Model]):
    """A model with the reason it is proposed or left out."""

    model: Model
    reason: str
    proposed: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    """Who is proposed what: up to a tier, the named families first. From the article, May 2026, section 3."""

    widest: Tier
    families: tuple[str, ...]
    reasons: Mapping[Tier, str]
    left_out: Mapping[Tier, str] = field(default_factory=dict)


_RULES: Mapping[Who, _Rule] = {
    Who.INDIVIDUAL: _Rule(
        Tier.OPEN,
        ("qwen3", "deepseek-v3", "phi-4"),
        {Tier.OPEN: "Use it, change it and sell what you make; nobody needs to be asked."},
        {
            Tier.CONDITIONAL: "Its licence sets conditions that you would have to follow as you grow; "
            "open models come without them.",
            Tier.RESTRICTED: "Its maker’s own terms decide what you may sell; open models leave that to you.",
        },
    ),
    Who.COMPANY: _Rule(
        Tier.CONDITIONAL,
        ("llama-4", "gemma-3"),
        {
            Tier.OPEN: "Nothing in the licence needs a permission.",
            Tier.CONDITIONAL: "A large company can usually accept its conditions.",
        },
        {Tier.RESTRICTED: "Its maker’s own commercial terms apply: have them checked, or agree on others."},
    ),
    Who.FREEDOM: _Rule(
        Tier.OPEN,
        ("deepseek-v3", "phi-4"),
        {Tier.OPEN: "Nothing is asked but to keep the licence’s text with it."},
        {
            Tier.CONDITIONAL: "Its licence limits who may use it, or for what.",
            Tier.RESTRICTED: "Its licence reserves rights for its maker.",
        },
    ),
}
_UNKNOWN = "Its licence is not known, so nobody can say that you may use it."


def advise(who: Who, models: Sequence[Model]) -> list[Advice[Model]]:
    """The models that suit whoever asks, the first choice first, then those left out, each with the reason.

    The families named in the recommendation lead, then the freer licences; within that the given order
    stays.
    """
    rule = _RULES[who]
    advice = [_advice(rule, model) for model in models]
    return sorted(advice, key=lambda one: (not one.proposed, _rank(rule, one.model)))


def _advice(rule: _Rule, model: Model) -> Advice[Model]:
    passport = model.passport
    if passport is None:
        return Advice(model, _UNKNOWN, False)
    if passport.tier > rule.widest:
        return Advice(model, _detail(rule.left_out[passport.tier], passport), False)
    return Advice(model, _detail(rule.reasons[passport.tier], passport), True)


def _detail(reason: str, passport: Passport) -> str:
    limit = passport.user_limit
    return (
        f"{reason} Above {limit / 1e6:,.0f} million monthly users it needs its maker’s permission."
        if limit
        else reason
    )


def _rank(rule: _Rule, model: Licensed) -> tuple[int, int]:
    named = rule.families.index(model.family) if model.family in rule.families else len(rule.families)
    return named, model.passport.tier if model.passport else 9
