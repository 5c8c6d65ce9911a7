"""The licence passport: what a model's licence lets you do, in plain words. Facts, not legal advice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Generic, Protocol, TypeVar

from models.sources import Source

NOT_ADVICE = "This is a summary by Inshore, not legal advice. The full text of the licence decides."


class Tier(IntEnum):
    """How open a licence is; the smaller, the freer."""

    OPEN = 1
    CONDITIONAL = 2
    RESTRICTED = 3

    @property
    def words(self) -> str:
        return {1: "fully open", 2: "conditionally open", 3: "restricted"}[self.value]


class Commercial(StrEnum):
    """Whether a licence allows commercial use."""

    YES = "yes"
    CONDITIONS = "conditions"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Passport:
    """What is known of one licence. Texts are whole sentences, "" where the licence has nothing on it.

    `user_limit` is the number of monthly users above which a licence of one's own is needed. `names` are
    what model files and hubs call this licence. `version` is the text's own number or date.
    """

    id: str
    name: str
    tier: Tier
    version: str
    link: str
    sentence: str
    commercial: Commercial
    commercial_use: str
    redistribution: str
    outputs: str
    source: Source
    attribution: str = ""
    naming: str = ""
    user_limits: str = ""
    user_limit: int | None = None
    restrictions: str = ""
    names: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name and tier for a row: “Apache-2.0 · fully open”."""
        return f"{self.name} · {self.tier.words}"

    def duties(self) -> tuple[tuple[str, str], ...]:
        """The facts in the order to read them, each under its heading; those that don't exist left out."""
        facts = (
            ("Commercial use", self.commercial_use),
            ("Attribution", self.attribution),
            ("Naming", self.naming),
            ("Who may use it", self.user_limits),
            ("Not allowed", self.restrictions),
            ("Passing it on", self.redistribution),
            ("What it writes", self.outputs),
        )
        return tuple((heading, fact) for heading, fact in facts if fact)

    def text(self) -> str:
        """What is shown before somebody accepts; the same facts give the same text."""
        lines = [f"{self.name} ({self.version})", self.sentence]
        lines += [f"{heading}: {fact}" for heading, fact in self.duties()]
        return "\n".join([*lines, f"Full text: {self.link}", NOT_ADVICE])

    def text_hash(self) -> str:
        """SHA-256 of the shown text, in hexadecimal."""
        return hashlib.sha256(self.text().encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on every model, local or remote. `tier` is None where the terms aren't known."""

    text: str
    meaning: str
    tier: Tier | None = None


def label_of(passport: Passport | None, stated: str = "") -> Label:
    """The label of a model with this passport, or with a licence of which only the stated name is known."""
    if passport is not None:
        return Label(passport.label, passport.sentence, passport.tier)
    if stated:
        return Label(
            f"{stated} · terms not known here",
            "Inshore knows this licence’s name, not its terms. Read it before you use the model for work.",
        )
    return Label(
        "Licence unknown",
        "Nothing says under which licence this model is. Without one only its author can allow you to use "
        "it or to pass it on. Look where you got it.",
    )


class Licences:
    """The passports by id, and by the names that files and hubs give them."""

    def __init__(self, passports: Iterable[Passport]) -> None:
        self.all = tuple(passports)
        self._by_name: Mapping[str, Passport] = {
            plain_name(name): passport
            for passport in self.all
            for name in (passport.id, passport.name, *passport.names)
        }

    def get(self, licence_id: str) -> Passport | None:
        """The passport with this id."""
        return next((passport for passport in self.all if passport.id == licence_id), None)

    def by_name(self, stated: str) -> Passport | None:
        """The passport of what a header's `general.license` or a hub says; None if it isn't known."""
        return self._by_name.get(plain_name(stated)) if stated.strip() else None


def plain_name(name: str) -> str:
    """A licence's name without what its writers differ in: case, spaces, “License:”, punctuation."""
    name = re.sub(r"^\s*licen[cs]e\s*:", "", name.lower())
    return re.sub(r"[^a-z0-9.]+", "-", name).strip("-.")


# -- acceptance


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That somebody accepted a licence's text for a model. `accepted_at` is in seconds since 1970."""

    licence: str
    version: str
    model: str
    text_hash: str
    use: str
    accepted_at: float


def needs_acceptance(passport: Passport | None) -> bool:
    """Whether a model with this licence asks before its download or first use: tiers 2 and 3 do."""
    return passport is not None and passport.tier > Tier.OPEN


def pending(
    passport: Passport | None, models: Collection[str], accepted: Iterable[Acceptance]
) -> Passport | None:
    """The passport to show before a model is downloaded or first used; None if nothing is to be asked.

    `models` are the ids the model goes by: the catalogue's, the library's, the gateway's. Another version
    of the licence, or another text shown, is asked again.
    """
    if passport is None or not needs_acceptance(passport):
        return None
    shown = passport.text_hash()
    for one in accepted:
        same = (one.licence, one.version, one.text_hash) == (passport.id, passport.version, shown)
        if same and one.model in models:
            return None
    return passport


# -- advice


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
        {
            Tier.RESTRICTED: "Its maker’s own commercial terms apply. Have them checked, or agree on a licence."
        },
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
