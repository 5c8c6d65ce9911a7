"""Asks a hub what can be brought of one model, and how it would run here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.catalogue import Catalogue
from models.download_fetch import to_the_end
from models.download_file import free_bytes
from models.errors import Gated, HubError, NetworkError
from models.facts import CatalogueModel
from models.fit import Machine
from models.hub import Hub
from models.licences import Acceptance, pending
from models.outbound import Outbound
from models.remote_header import look_into
from models.repo_offer import Choice, RepoOffer, catalogued, choices_of, judged, proposed
from models.shapes import Shape
from models.terms import Terms, terms_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model to look at: a repository of a hub, or one of the catalogue with all of its repositories.

    `stated` is the licence that a search's result named, "" if none.
    """

    name: str
    repos: tuple[str, ...]
    model: CatalogueModel | None = None
    stated: str = ""

    @classmethod
    def of(cls, model: CatalogueModel) -> Wanted:
        """The catalogue's own."""
        return cls(model.name, tuple(dict.fromkeys(files.repository for files in model.files)), model)

    def terms(self, catalogue: Catalogue, stated: str = "") -> Terms:
        """Under which licence it comes, as far as is known without asking."""
        return terms_of(self.repos[0], stated or self.stated, catalogue)


@dataclass(frozen=True, slots=True)
class Place:
    """For which machine, into which folder, and what was accepted so far."""

    machine: Machine
    folder: Path
    accepted: tuple[Acceptance, ...] = ()


async def look(wanted: Wanted, outbound: Outbound, hub: Hub, catalogue: Catalogue, place: Place) -> RepoOffer:
    """Ask for each repository once, and for the beginning of one file.

    No file is touched before its licence is accepted where it asks for that. Raises HubError or
    NetworkError if no repository answers.
    """
    choices: list[Choice] = []
    refused: list[str] = []
    errors: list[HubError | NetworkError] = []
    stated = ""
    for repo in wanted.repos:
        try:
            endpoint, found = await hub.info(repo)
        except (HubError, NetworkError) as error:
            errors.append(error)
            continue
        stated = stated or found.licence
        refused += found.refused
        of_this = catalogued(wanted.model, found, endpoint) if wanted.model else choices_of(found, endpoint)
        choices += of_this
    if errors and len(errors) == len(wanted.repos):
        raise errors[0]
    terms = wanted.terms(catalogue, stated)
    shape, gated = None, ""
    if choices and pending(terms.passport, terms.ids, place.accepted) is None:
        shape, gated = await _look_into(choices[0], outbound, hub)
    model = wanted.model or terms.entry
    fitting = judged(choices, model, shape, place.machine)
    free = await to_the_end(free_bytes, place.folder)
    return RepoOffer(
        wanted.name, wanted.repos, terms, fitting, proposed(fitting), free, tuple(refused), gated
    )


async def _look_into(choice: Choice, outbound: Outbound, hub: Hub) -> tuple[Shape | None, str]:
    """The shape of one file, and the page of its terms where it is not given to everyone."""
    file, repo = choice.files[0], choice.repo
    try:
        found = await look_into(
            outbound, choice.endpoint, hub.token_for(choice.endpoint), repo.repo, repo.commit, file
        )
    except Gated as error:
        return None, error.link
    except (HubError, NetworkError):
        return None, ""  # the judgement is rougher without; a download will say what is wrong
    return found, ""
