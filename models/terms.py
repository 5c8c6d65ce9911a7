"""Under which licence a repository's model comes."""

from __future__ import annotations

from dataclasses import dataclass

from models.catalogue import Catalogue
from models.facts import CatalogueModel
from models.licences import Label, Passport, label_of


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which licence a repository's model comes. `ids` are what it may have been accepted for.

    The first of `ids` is the one an acceptance is recorded for.
    """

    entry: CatalogueModel | None
    stated: str
    passport: Passport | None
    ids: tuple[str, ...]

    @property
    def label(self) -> Label:
        return label_of(self.passport, self.stated)


def terms_of(repo: str, stated: str, catalogue: Catalogue) -> Terms:
    """The terms of a repository of which the hub states this licence ("" if it states none).

    Where the catalogue knows the repository, too, and the two differ, the stricter licence counts: those
    who convert models often leave out whose terms they are under.
    """
    entry = next(
        (one for one in catalogue.models if any(files.repository == repo for files in one.files)), None
    )
    known = [entry.passport] if entry is not None and entry.passport else []
    if (said := catalogue.licences.by_name(stated)) is not None:
        known.append(said)
    passport = max(known, key=lambda one: one.tier, default=None)
    return Terms(entry, stated, passport, (entry.id, repo) if entry is not None else (repo,))
