"""What the window and the command line do alike: which files are meant, bringing them, and the end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from models.download import Guardian
from models.download_fetch import to_the_end
from models.download_file import disk_error, part_paths, remove_parts
from models.download_journal import load
from models.download_values import Done, Event, Target
from models.errors import BadInput, BadName, NotOnHub
from models.file_names import place
from models.hub import Endpoint
from models.hub_values import HubFile, Repo
from models.library import Library, LocalModel
from models.library_file import Origin
from models.plain import plain
from models.unfinished import Begun, Unfinished
from models.units import size

_MOST_SHOWN = 30
_HELPERS = ("mmproj", "imatrix")  # files beside a model, which answer nothing by themselves


def answering(repo: Repo) -> list[tuple[HubFile, ...]]:
    """The repository's models that can answer: without projectors and the like."""
    return [
        files
        for files in repo.models()
        if not any(word in files[0].name.rpartition("/")[2].lower() for word in _HELPERS)
    ]


def choose(repo: Repo, pattern: str | None) -> tuple[HubFile, ...]:
    """The files of the one model that is meant. Raises NotOnHub, BadName, or BadInput with the choices."""
    found = repo.matching(pattern) if pattern else repo.models()
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{model[0].name} ({size(size_of(model))})" for model in found[:_MOST_SHOWN])
        raise BadInput(f"{repo.repo} has {len(found)} models: {names}.", "Choose one with --file.")
    if repo.refused:
        raise BadName(f"{repo.repo} has files with unsafe names: {', '.join(repo.refused[:5])}.")
    names = ", ".join(model[0].name for model in repo.models()[:_MOST_SHOWN])
    raise NotOnHub(
        f"{repo.repo} has no GGUF file" + (f" that fits “{plain(pattern)}”." if pattern else "."),
        f"It has: {names}." if names else "Look for a repository whose name ends in “GGUF”.",
    )


def target_of(
    repo: Repo, files: tuple[HubFile, ...], answered: Endpoint, endpoints: Iterable[Endpoint], folder: Path
) -> Target:
    """What to bring; the endpoint that answered is asked first."""
    others = tuple(endpoint for endpoint in endpoints if endpoint != answered)
    return Target(repo.repo, repo.commit, files, folder, (answered, *others), under=repo.repo)


def add_to(library: Library, target: Target, done: Done) -> LocalModel:
    """Add what was brought to the library, with where it is from. Raises AppError as `Library.add` does."""
    origin = Origin(
        target.repo,
        target.commit,
        tuple(file.name for file in target.files),
        tuple(file.sha256 for file in target.files),
    )
    return library.add(done.paths[0], origin=origin)


@dataclass(frozen=True, slots=True)
class Added:
    """It is in the library now."""

    model: LocalModel


async def bring(
    guardian: Guardian, target: Target, name: str, library: Library, unfinished: Unfinished
) -> AsyncGenerator[Event | Added, None]:
    """Bring it as the guardian does and add it to the library; the last event is Added.

    From before its first byte until it is added it stands among the unfinished. Raises what
    `Guardian.bring` and `Library.add` raise.
    """
    await to_the_end(unfinished.remember, target, name)
    async with aclosing(guardian.bring(target)) as events:
        async for event in events:
            yield event
            if isinstance(event, Done):
                model = await to_the_end(add_to, library, target, event)
                await to_the_end(unfinished.forget, target)
                yield Added(model)


def known_bytes(target: Target) -> int:
    """What of it has come, as far as its journals and finished files tell."""
    total = 0
    for file in target.files:
        final = target.folder.joinpath(*target.names(file))
        try:
            journal = load(part_paths(final)[1], file, target.commit)
            total += journal.done_bytes if journal else final.stat().st_size
        except OSError:
            continue  # nothing of this file is here
    return min(total, target.size_bytes)


def discard(target: Target, library: Library, unfinished: Unfinished) -> None:
    """Cancel for good: remove what has come of a model that isn't being brought. Raises DownloadError.

    Files that are complete go as well, unless the library has the model, or can't say so.
    """
    try:
        finals = [place(target.folder, *target.names(file)) for file in target.files]
        models = library.models()
        kept = library.problem is not None or any(model.path in finals for model in models)
        for file, final in zip(target.files, finals, strict=True):
            remove_parts(final)
            if not kept and final.is_file() and final.stat().st_size == file.size_bytes:
                final.unlink()
        _remove_empty(finals[0].parent, target.folder)
    except OSError as error:
        raise disk_error(error, target.folder) from error
    unfinished.forget(target)


async def discarded(target: Target, library: Library, unfinished: Unfinished) -> None:
    """`discard`, without keeping the loop."""
    await to_the_end(discard, target, library, unfinished)


async def begun(unfinished: Unfinished) -> list[tuple[Begun, int]]:
    """What earlier runs left, with the bytes that are there of each."""
    return await to_the_end(lambda: [(one, known_bytes(one.target)) for one in unfinished.all()])


def _remove_empty(folder: Path, top: Path) -> None:
    """The folders that were made for it, where nothing else is in them."""
    while folder != top and top in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def size_of(model: Sequence[HubFile]) -> int:
    """Bytes of all its files."""
    return sum(file.size_bytes for file in model)
