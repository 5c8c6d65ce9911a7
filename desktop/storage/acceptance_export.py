"""Licences and acceptances as a list for others: CSV for a spreadsheet, Markdown to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from desktop.storage.csv_lines import csv_line
from models.licences import NOT_ADVICE, Acceptance, Passport, needs_acceptance

_HEADINGS = ("model", "name", "licence", "tier", "version", "accepted", "use", "text_sha256")
_TITLES = ("Model", "Name", "Licence", "Tier", "Version", "Accepted", "For what use", "Text shown (SHA-256)")


class Listing(StrEnum):
    """What the list is written as; the suffix of its file."""

    CSV = "csv"
    MARKDOWN = "md"


@dataclass(frozen=True, slots=True)
class LicensedModel:
    """A model with what is known of its licence; `licence` is what was stated, "" if nothing was.

    `aliases` are other ids under which a licence may have been accepted for it.
    """

    id: str
    name: str
    licence: str
    passport: Passport | None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """A model, its licence, and one acceptance; `accepted` is a date, or says why there is none."""

    model: str
    name: str
    licence: str
    tier: int | None
    version: str
    accepted: str
    use: str = ""
    text_hash: str = ""

    def cells(self) -> tuple[str, ...]:
        tier = "" if self.tier is None else str(self.tier)
        return (
            self.model, self.name, self.licence, tier, self.version, self.accepted, self.use, self.text_hash,
        )  # fmt: skip


def rows_of(models: Iterable[LicensedModel], acceptances: Sequence[Acceptance]) -> list[LicenceRow]:
    """One row for each acceptance, oldest first within its model, and one for each model without any.

    An acceptance stays listed when its model isn’t in `models` any more.
    """
    rows: list[LicenceRow] = []
    listed: set[str] = set()
    for model in models:
        ids = {model.id, *model.aliases}
        listed |= ids
        own = [one for one in acceptances if one.model in ids]
        rows += [_accepted(one, model) for one in own] or [_not_accepted(model)]
    gone = (one for one in acceptances if one.model not in listed)
    return rows + [_accepted(one, None) for one in gone]


def text_of(rows: Iterable[LicenceRow], form: Listing) -> str:
    """The whole file."""
    return as_csv(rows) if form is Listing.CSV else as_markdown(rows)


def as_csv(rows: Iterable[LicenceRow]) -> str:
    """A table with headings. No cell can become a formula in a spreadsheet."""
    return "".join([csv_line(_HEADINGS), *(csv_line(row.cells()) for row in rows)])


def as_markdown(rows: Iterable[LicenceRow]) -> str:
    """A page with one table, and that it is no legal advice."""
    lines = ["# Licences of my models", "", _line(_TITLES), _line("---" for _ in _TITLES)]
    lines += [_line(_escaped(cell) for cell in row.cells()) for row in rows]
    return "\n".join([*lines, "", NOT_ADVICE, ""])


def _accepted(one: Acceptance, model: LicensedModel | None) -> LicenceRow:
    passport = model.passport if model is not None and model.passport else None
    same = passport is not None and passport.id == one.licence
    return LicenceRow(
        model=one.model,
        name=model.name if model is not None else "",
        licence=passport.name if passport is not None and same else one.licence,
        tier=int(passport.tier) if passport is not None and same else None,
        version=one.version,
        accepted=datetime.fromtimestamp(one.accepted_at, UTC).isoformat(timespec="seconds"),
        use=one.use,
        text_hash=one.text_hash,
    )


def _not_accepted(model: LicensedModel) -> LicenceRow:
    passport = model.passport
    if passport is None:
        return LicenceRow(model.id, model.name, model.licence or "unknown", None, "", "terms not known")
    state = "not accepted" if needs_acceptance(passport) else "not needed"
    return LicenceRow(model.id, model.name, passport.name, int(passport.tier), passport.version, state)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(cell: str) -> str:
    for sign in "\\|`*_<[":
        cell = cell.replace(sign, "\\" + sign)
    return " ".join(cell.split())
