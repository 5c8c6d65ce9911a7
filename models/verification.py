"""Whether a model's files still hold what the hub announced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.download_file import sha256_of
from models.errors import ModelFileMissing
from models.gguf import read_header
from models.library import LocalModel
from models.plain import shown
from models.suitability import parts
from models.watching import Stopped, Watch

STARTER_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@dataclass(frozen=True, slots=True)
class Checked:
    """A file's hash, and the one it should have; None where nobody said which."""

    path: Path
    sha256: str
    expected: str | None

    @property
    def intact(self) -> bool | None:
        return None if self.expected is None else self.sha256 == self.expected


def verify(
    model: LocalModel, on_file: Callable[[Path], None] = lambda _path: None, watch: Watch | None = None
) -> list[Checked]:
    """Hash all files of a model again, the first part first; seconds for each gigabyte.

    Raises ModelFileMissing, Stopped, or what is wrong with a file that is no model any more and has no
    known hash.
    """
    watch = watch or Watch()
    expected = _expected(model)
    paths = _paths(model)
    sums = expected if len(expected) == len(paths) else (None,) * len(paths)
    checked, done, total = [], 0, sum(_size(path) for path in paths)

    def read(count: int) -> None:
        nonlocal done
        done += count
        watch.tell(done, total)

    for path, announced in zip(paths, sums, strict=True):
        on_file(path)
        try:
            checked.append(Checked(path, sha256_of(path, watch.stop, read), announced))
        except OSError as error:
            raise ModelFileMissing(f"“{shown(path)}” can’t be read: {error.strerror}.") from error
        if watch.stop():
            raise Stopped
    return checked


def verdict(model: LocalModel, checked: Sequence[Checked]) -> str:
    """What the check of a model means, in a sentence or two."""
    changed = [one for one in checked if one.intact is False]
    if changed:
        names = ", ".join(f"“{shown(Path(one.path.name))}”" for one in changed)
        return f"Changed: {names} is not what it was when it came here. Bring it here again."
    if all(one.intact for one in checked):
        since = "was brought here" if model.source == "imported" else "was published"
        return f"Intact: every byte is as it {since}."
    return f"Readable to its end. Nobody said what its SHA-256 should be; it is {checked[0].sha256[:16]}…"


def _expected(model: LocalModel) -> tuple[str | None, ...]:
    if model.source == "starter":
        return (STARTER_SHA256,)
    return model.origin.sha256 if model.origin else ()


def _paths(model: LocalModel) -> list[Path]:
    """All of its files; by their names at the hub where it is from there, as the header may be damaged."""
    if model.origin is not None:
        return [model.path.with_name(name.rpartition("/")[2]) for name in model.origin.files]
    if model.source == "starter":
        return [model.path]
    return parts(model.path, read_header(model.path))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
