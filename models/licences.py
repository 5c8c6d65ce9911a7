"""The licence passport: what a model's licence lets you do, in plain words. Facts, not legal advice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

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
    what model files and hubs call this licence. `version` is the text's own number or date, never "" in
    tiers 2 and 3.
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

    @property
    def full_name(self) -> str:
        """The name with the version that is meant."""
        return f"{self.name} ({self.version})" if self.version else self.name

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
        lines = [self.full_name, self.sentence]
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
