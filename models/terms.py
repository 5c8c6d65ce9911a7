"""Under which licence a model comes: one of a hub's repository, one that is here, or one at a gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.catalogue import Catalogue
from models.facts import CatalogueModel, header_name
from models.licences import Label, Passport, label_of

if TYPE_CHECKING:
    from models.library import LocalModel


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which licence a model comes. `ids` are what it may have been accepted for.

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


def terms_of_file(model: LocalModel, catalogue: Catalogue) -> Terms:
    """The terms of a model that is here: what its file states, else what the catalogue knows of its name."""
    entry = catalogue.by_name(model.architecture, model.name)
    stated = model.licence or (entry.licence if entry is not None else "")
    repo = model.origin.repo if model.origin is not None else ""
    ids = (model.id, *((entry.id,) if entry is not None else ()), *((repo,) if repo else ()))
    return Terms(entry, stated, catalogue.passport_of(stated, entry), ids)


def terms_at_gateway(model_id: str, profile: str, catalogue: Catalogue) -> Terms:
    """The terms of a gateway's model, which is called "provider/name" here; `profile` is the gateway's kind.

    Gateways state no licences, so the catalogue's counts where it knows the name: as the gateway's own, as
    its id, or as the model's files introduce themselves. What was accepted for the same model here holds.
    """
    name = model_id.partition("/")[2]
    entry = catalogue.by_remote(f"{profile}/{name}") or _called(name.rpartition("/")[2], catalogue)
    if entry is None:
        return Terms(None, "", None, (model_id,))
    return Terms(entry, entry.licence, entry.passport, (entry.id, model_id))


def _called(name: str, catalogue: Catalogue) -> CatalogueModel | None:
    called = header_name(name)
    found = [
        one
        for one in catalogue.models
        if called == header_name(one.id) or (one.header is not None and called in one.header.names)
    ]
    return found[0] if len(found) == 1 else None
