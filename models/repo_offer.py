"""What hubs' repositories offer, judged for a machine: each file with its size and how it would run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from models.catalogue import Catalogue
from models.download_values import Target
from models.expected import QUANTISATIONS, expected_shape
from models.facts import CatalogueModel
from models.fetching import answering, size_of, target_of
from models.fit import Fit, Machine, Verdict, best_bits, fit
from models.hub import Endpoint
from models.hub_values import Found, HubFile, Repo
from models.licences import Label, label_of
from models.shapes import Shape, estimated
from models.terms import Terms, terms_of

_RUNNING = (Verdict.WELL, Verdict.SLOWLY, Verdict.LESS_CONTEXT)
_BITS: Mapping[str, float] = dict(QUANTISATIONS)
_QUANTISATION = re.compile(
    r"(?:^|[-._/])((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|MXFP4\w*|F16|F32|BF16))(?=[-._]|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One model of a repository: its files, what they are called, and how it would run here."""

    label: str
    repo: Repo
    endpoint: Endpoint
    files: tuple[HubFile, ...]
    fit: Fit | None = None

    @property
    def size_bytes(self) -> int:
        return size_of(self.files)

    def target(self, endpoints: Iterable[Endpoint], folder: Path) -> Target:
        """What to bring for it."""
        return target_of(self.repo, self.files, self.endpoint, endpoints, folder)


@dataclass(frozen=True, slots=True)
class RepoOffer:
    """A model that can be brought. `proposed` is the number of the choice to take here, None if none runs.

    `free_bytes` is what the disk has; `refused` are names of files that could do harm. `gated` is the page
    on which the publisher's terms are accepted, where the files are not given otherwise.
    """

    name: str
    repos: tuple[str, ...]
    terms: Terms
    choices: tuple[Choice, ...]
    proposed: int | None
    free_bytes: int
    refused: tuple[str, ...] = ()
    gated: str = ""


def choices_of(repo: Repo, endpoint: Endpoint) -> list[Choice]:
    """A repository's models that can answer, in its order."""
    return [Choice(quantisation_of(files), repo, endpoint, files) for files in answering(repo)]


def catalogued(model: CatalogueModel, repo: Repo, endpoint: Endpoint) -> list[Choice]:
    """Those that the catalogue names, as they are at the hub now; what isn't there is left out."""
    found = []
    for entry in (files for files in model.files if files.repository == repo.repo):
        for label, pattern in entry.quantisations.items():
            matching = repo.matching(pattern)
            if len(matching) == 1:
                found.append(Choice(label, repo, endpoint, matching[0]))
    return found


def judged(
    choices: Iterable[Choice], model: CatalogueModel | None, shape: Shape | None, machine: Machine
) -> tuple[Choice, ...]:
    """The choices with how each would run: by a file's header, else by the catalogue, else by its size.

    `shape` is that of one of the files; the others differ by their weights.
    """
    return tuple(replace(one, fit=_fit(one, model, shape, machine)) for one in choices)


def proposed(choices: Iterable[Choice]) -> int | None:
    """The largest that runs well; else the smallest that runs at all; else None."""
    numbered = [
        (one.size_bytes, number, one.fit) for number, one in enumerate(choices) if one.fit is not None
    ]
    well = [one for one in numbered if one[2].verdict is Verdict.WELL]
    if well:
        return max(well, key=lambda one: one[0])[1]
    running = [one for one in numbered if one[2].verdict in _RUNNING]
    return min(running, key=lambda one: one[0])[1] if running else None


def quantisation_of(files: tuple[HubFile, ...]) -> str:
    """The quantisation in a file's name, else the name."""
    name = files[0].name.rpartition("/")[2].removesuffix(".gguf")
    found = _QUANTISATION.findall(name)
    return str(found[-1]).upper() if found else name


def _fit(one: Choice, model: CatalogueModel | None, shape: Shape | None, machine: Machine) -> Fit | None:
    if shape is None and model is not None:
        shape = expected_shape(model, _BITS.get(one.label, 8.0))
    if shape is None:
        parameters = one.size_bytes  # at a byte a weight: only the context's estimate comes of it
        shape = estimated(parameters, parameters, 8.0)
    share = shape.active_bytes / max(shape.weights_bytes, 1)
    return fit(
        replace(shape, weights_bytes=one.size_bytes, active_bytes=int(one.size_bytes * share)), machine
    )


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A search's result with what decides. `fit` is None where the hub doesn't say how large it is."""

    found: Found
    label: Label
    quantisation: str = ""
    fit: Fit | None = None

    @property
    def owner(self) -> str:
        return self.found.repo.partition("/")[0]

    @property
    def name(self) -> str:
        return self.found.repo.rpartition("/")[2]


def found_model(found: Found, catalogue: Catalogue, machine: Machine) -> FoundModel:
    """A result judged by what the hub says: of the usual quantisations the best one here."""
    terms = terms_of(found.repo, found.licence, catalogue)
    label = label_of(terms.passport, found.licence)
    if found.parameters:
        best = best_bits(found.parameters, found.parameters, QUANTISATIONS, machine)
        if best is not None:
            return FoundModel(found, label, *best)
        least = QUANTISATIONS[0]
        return FoundModel(
            found, label, "", fit(estimated(found.parameters, found.parameters, least[1]), machine)
        )
    if found.size_bytes:
        return FoundModel(found, label, "", fit(estimated(found.size_bytes, found.size_bytes, 8.0), machine))
    return FoundModel(found, label)
