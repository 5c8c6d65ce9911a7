"""Which models are installed: the starter, and files that the user added where they lie."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from models.errors import AppError, BadInput, ModelNotFound
from models.file_facts import FileFacts, Signature, read_facts, signature_of
from models.kept_facts import KeptFacts
from models.library_file import Entry, LibraryFile, Listing, Origin
from models.plain import plain
from models.shapes import Shape

# The starter's header names a training run, not the model.
_STARTER_ID = "smollm2-135m-instruct-q4_1"
_STARTER_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_STARTER_NAME = "SmolLM2 135M Instruct"
_STARTER_LICENCE = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine. `problem` says why it can't be used just now; its facts are then empty.

    `source` is "starter" (part of Inshore), "added" (the user's own file, used in place), "downloaded"
    (brought by Inshore, from `origin`) or "imported" (copied or moved into Inshore's folder).
    `shape` is what of it takes memory; None if the file doesn't say. Where `read` is False the file was not
    looked into yet: its name is the file's, and neither its licence nor a problem is known.
    """

    id: str
    name: str
    path: Path
    size_bytes: int
    source: str
    architecture: str = ""
    parameters: str = ""
    quantisation: str = ""
    context_length: int | None = None
    licence: str = ""
    problem: AppError | None = None
    shape: Shape | None = None
    origin: Origin | None = None
    read: bool = True


class Library:
    """The models of one user. Any thread; each call sees what is on the disk at that moment.

    `problem` says why the list of added models could not be read the last time; the starter is listed
    all the same, and nothing is written over the unreadable list. In the file `kept` the models' headers
    are remembered for the next start.
    """

    def __init__(self, models_dir: Path, starter_dir: Path, kept: Path | None = None) -> None:
        self._file = LibraryFile(models_dir / "library.json")
        self._starter_dir = starter_dir
        self._known: dict[Path, tuple[Signature, FileFacts | AppError]] = {}
        self._kept = KeptFacts(kept) if kept is not None else None
        self._opened = self._news = False  # whether `kept` was read, and whether there is more to keep
        self.problem: AppError | None = None

    def models(self, most: int | None = None) -> list[LocalModel]:
        """All models, the default first, then the order they were added in. Never raises an AppError.

        At most so many files are looked into that aren't known (None is all, some milliseconds each); of the
        others the name alone is told.
        """
        listing, models, left = self._listing(), [], most
        for entry in sorted(self._entries(listing), key=lambda entry: entry.id != listing.default):
            new = left is not None and self._takes_time(entry.path)
            if left is not None and new and left <= 0:
                models.append(_unread(entry))
                continue
            left = left - 1 if left is not None and new else left
            models.append(self._describe(entry))
        self._keep({model.path for model in models})
        return models

    def get(self, model_id: str) -> LocalModel:
        """The model with this id, its problem within; raises ModelNotFound."""
        for entry in self._entries(self._listing()):
            if entry.id == model_id:
                return self._describe(entry)
        raise self._not_found(model_id)

    def find(self, model_id: str) -> Path:
        """The file of a model that can be loaded; raises ModelNotFound or the model's problem."""
        model = self.get(model_id)
        if model.problem is not None:
            raise model.problem.with_traceback(None)
        return model.path

    def default(self) -> LocalModel | None:
        """The first that can be used, the user's choice before others; else any; None if there is none."""
        models = self.models()
        return next((model for model in models if model.problem is None), models[0] if models else None)

    def add(
        self,
        path: Path,
        *,
        origin: Origin | None = None,
        known_as: str = "",
        instead_of: Path | None = None,
    ) -> LocalModel:
        """Remember a model's file and use it where it lies; adding it again changes its origin only.

        `known_as` makes the id where the file's name says nothing. `instead_of` is where the file lay
        before: a model that was known there keeps its id. A link is kept as a link. Raises an AppError if
        the file is no complete chat model or the list can't be written.
        """
        path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow links
        read_facts(path)
        with self._file.changing() as listing:
            entry = self._moved(listing, instead_of, path)
            if entry is None:
                entry = next((known for known in self._entries(listing) if _same(known.path, path)), None)
            if entry is None:
                entry = Entry(_free_id(known_as or path.stem, listing), path, origin)
                listing.entries.append(entry)
            elif origin is not None and entry in listing.entries:
                known, entry = entry, replace(entry, origin=origin)
                listing.entries[listing.entries.index(known)] = entry
        return self._describe(entry)

    def remove(self, model_id: str) -> None:
        """Forget a model; its file stays. Raises ModelNotFound, or BadInput for the starter."""
        if model_id == _STARTER_ID:
            raise BadInput("The starter model is a part of Inshore and can’t be removed.")
        with self._file.changing() as listing:
            kept = [entry for entry in listing.entries if entry.id != model_id]
            if len(kept) == len(listing.entries):
                raise self._not_found(model_id)
            listing.entries[:] = kept
            if listing.default == model_id:
                listing.default = None

    def set_default(self, model_id: str) -> None:
        """Answer with this model unless another is asked for; raises ModelNotFound."""
        self.get(model_id)
        with self._file.changing() as listing:
            listing.default = model_id

    def _moved(self, listing: Listing, old: Path | None, new: Path) -> Entry | None:
        """The entry of the old place, which is at the new one from now on."""
        for index, known in enumerate(listing.entries):
            if known.path == old:
                listing.entries[index] = replace(known, path=new)
                return listing.entries[index]
        return None

    def _listing(self) -> Listing:
        try:
            listing = self._file.read()
        except AppError as error:
            self.problem = error
            return Listing()
        self.problem = listing.notice
        return listing

    def _entries(self, listing: Listing) -> list[Entry]:
        starters = list(self._starters())
        return starters + [entry for entry in listing.entries if entry.id != _STARTER_ID]

    def _starters(self) -> Iterator[Entry]:
        path = self._starter_dir / _STARTER_FILE
        if os.path.isfile(path):  # noqa: PTH113 - Path's raises where a folder may not be searched
            yield Entry(_STARTER_ID, path)

    def _describe(self, entry: Entry) -> LocalModel:
        starter = entry.id == _STARTER_ID
        source = "starter" if starter else _source(entry.origin)
        facts = self._facts(entry.path)
        if isinstance(facts, AppError):
            name = _STARTER_NAME if starter else plain(entry.path.stem)
            return LocalModel(entry.id, name, entry.path, 0, source, problem=facts, origin=entry.origin)
        return LocalModel(
            id=entry.id,
            name=_STARTER_NAME if starter else facts.name or plain(entry.path.stem),
            path=entry.path,
            size_bytes=facts.size_bytes,
            source=source,
            architecture=facts.architecture,
            parameters=facts.parameters,
            quantisation=facts.quantisation,
            context_length=facts.context_length,
            licence=_STARTER_LICENCE if starter else facts.licence,
            shape=facts.shape,
            origin=entry.origin,
        )

    def _facts(self, path: Path) -> FileFacts | AppError:
        """What the file says, or why it can't be used; read again only if the file has changed."""
        self._open_kept()
        signature = signature_of(path)
        known = self._known.get(path)
        if known is None or not signature or known[0] != signature:
            known = signature, _facts_or_problem(path)
            self._known[path] = known
            self._news = self._news or isinstance(known[1], FileFacts)
        return known[1]

    def _takes_time(self, path: Path) -> bool:
        """Whether the file has to be read; one that isn't there is told from the others at once."""
        self._open_kept()
        signature = signature_of(path)
        known = self._known.get(path)
        return bool(signature) and (known is None or known[0] != signature)

    def _open_kept(self) -> None:
        if self._kept is not None and not self._opened:
            self._known = {**self._kept.read(), **self._known}
        self._opened = True

    def _keep(self, paths: set[Path]) -> None:
        """Remember the facts of these files; a problem is looked at anew by each start."""
        if self._kept is None or not self._news:
            return
        self._news = False
        self._kept.write(
            {
                path: (signature, facts)
                for path, (signature, facts) in list(self._known.items())
                if path in paths and isinstance(facts, FileFacts)
            }
        )

    def _not_found(self, model_id: str) -> ModelNotFound:
        names = ", ".join(entry.id for entry in self._entries(self._listing()))
        return ModelNotFound(
            f"“{plain(model_id)}” is not in your library.",
            f"Installed: {names}." if names else "No model is installed yet.",
        )


def _unread(entry: Entry) -> LocalModel:
    source = "starter" if entry.id == _STARTER_ID else _source(entry.origin)
    name = _STARTER_NAME if source == "starter" else plain(entry.path.stem)
    return LocalModel(entry.id, name, entry.path, 0, source, origin=entry.origin, read=False)


def _source(origin: Origin | None) -> str:
    if origin is None:
        return "added"
    return "imported" if origin.imported else "downloaded"


def _facts_or_problem(path: Path) -> FileFacts | AppError:
    try:
        return read_facts(path)
    except AppError as error:
        # It is kept: without the frames, which hold what was read of the file.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return one == other


def _slug(stem: str) -> str:
    """An id from a file's name: lower-case letters of any script, digits, "_" and "-"."""
    return re.sub(r"\W+", "-", stem.lower())[:80].strip("-") or "model"


def _free_id(stem: str, listing: Listing) -> str:
    # The starter's id stays taken while its file is missing.
    taken = {_STARTER_ID, *(entry.id for entry in listing.entries)}
    slug = _slug(stem)
    names = (slug if number == 1 else f"{slug}-{number}" for number in count(1))
    return next(name for name in names if name not in taken)
