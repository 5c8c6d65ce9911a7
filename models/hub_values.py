"""What a hub says of its models, taken from its JSON without trusting a word of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from models.errors import AppError, BadName, HubError
from models.file_names import checked_name, checked_repo
from models.plain import plain

_LARGEST_FILE = 1 << 44  # 16 TiB
_MOST_FILES = 5000
_MOST_TAGS = 500
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPLIT = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
_MOST_SPLITS = 500


class Gate(StrEnum):
    """Whether terms must be accepted first: at once, or by a person who decides."""

    OPEN = "open"
    AUTOMATIC = "auto"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository. Its name is safe to write; `sha256` is None where the hub has none."""

    name: str
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A repository in a search's results; None and "" mean that the hub doesn't say.

    `size_bytes` and `parameters` are what the hub says of the GGUF it looked into.
    """

    repo: str
    licence: str
    gate: Gate
    downloads: int | None
    likes: int | None
    last_modified: str
    size_bytes: int | None
    architecture: str
    context_length: int | None
    parameters: int | None = None


@dataclass(frozen=True, slots=True)
class Repo:
    """A repository at one commit. `refused` are names (made plain) of files that could do harm here."""

    repo: str
    commit: str
    licence: str
    gate: Gate
    downloads: int | None
    likes: int | None
    last_modified: str
    files: tuple[HubFile, ...]
    refused: tuple[str, ...]

    def models(self) -> list[tuple[HubFile, ...]]:
        """The GGUF files, one entry for each model: the parts of a split one together, in order.

        Incomplete splits are left out.
        """
        return list(_grouped([file for file in self.files if file.name.lower().endswith(".gguf")]))

    def matching(self, pattern: str) -> list[tuple[HubFile, ...]]:
        """The models of which a file has this name, or fits this pattern ("*Q4_K_M*"; case counts not)."""
        wanted = pattern.lower()
        return [model for model in self.models() if any(_fits(file.name.lower(), wanted) for file in model)]


def found(item: object) -> Found | None:
    """One of a search's results, or None where it can't be used."""
    if not isinstance(item, Mapping):
        return None
    try:
        repo = checked_repo(_text(item.get("id") or item.get("modelId")))
    except BadName:
        return None
    gguf = item.get("gguf")
    gguf = gguf if isinstance(gguf, Mapping) else {}
    return Found(
        repo=repo,
        licence=_licence(item),
        gate=_gate(item.get("gated")),
        downloads=_count(item.get("downloads")),
        likes=_count(item.get("likes")),
        last_modified=_text(item.get("lastModified")),
        size_bytes=_size(gguf.get("totalFileSize")),
        architecture=_text(gguf.get("architecture")),
        context_length=_count(gguf.get("context_length")),
        parameters=_count(gguf.get("total")) or None,
    )


def repo_of(item: object, asked: str) -> Repo:
    """The answer about one repository. Raises HubError where what is needed is missing or absurd."""
    if not isinstance(item, Mapping):
        raise HubError("It is not a description of a model.", "Try another address of the hub.")
    commit = item.get("sha")
    if not (isinstance(commit, str) and _COMMIT.fullmatch(commit)):
        raise HubError("It doesn’t say which version of the model it has.", "Try another address of the hub.")
    files, refused = _files(item.get("siblings"))
    return Repo(
        repo=asked,
        commit=commit,
        licence=_licence(item),
        gate=_gate(item.get("gated")),
        downloads=_count(item.get("downloads")),
        likes=_count(item.get("likes")),
        last_modified=_text(item.get("lastModified")),
        files=files,
        refused=refused,
    )


def _files(siblings: Any) -> tuple[tuple[HubFile, ...], tuple[str, ...]]:
    if not isinstance(siblings, list):
        raise HubError("It doesn’t say which files there are.", "Try another address of the hub.")
    if len(siblings) > _MOST_FILES:
        raise HubError(f"It names more than {_MOST_FILES:,} files.", "Choose another repository.")
    files: dict[str, HubFile] = {}
    refused = []
    for item in siblings:
        name = item.get("rfilename") if isinstance(item, Mapping) else None
        if not isinstance(name, str):
            continue
        try:
            file = _file(checked_name(name), item)
        except AppError:
            refused.append(plain(name))
            continue
        if file is not None:
            files.setdefault(name.lower(), file)  # one of two that some systems can't tell apart
    return tuple(files.values()), tuple(refused)


def _file(name: str, item: Mapping[str, Any]) -> HubFile | None:
    lfs = item.get("lfs")
    lfs = lfs if isinstance(lfs, Mapping) else {}
    size = _size(lfs.get("size", item.get("size")))
    sha256 = lfs.get("sha256")
    known = isinstance(sha256, str) and _SHA256.fullmatch(sha256)
    return None if size is None else HubFile(name, size, sha256 if known else None)


def _grouped(files: list[HubFile]) -> Iterator[tuple[HubFile, ...]]:
    splits: dict[tuple[str, int], dict[int, HubFile]] = {}
    for file in files:
        match = _SPLIT.fullmatch(file.name)
        if match is None:
            yield (file,)
        elif 0 < int(match["count"]) <= _MOST_SPLITS:
            splits.setdefault((match["stem"], int(match["count"])), {})[int(match["number"])] = file
    for (_stem, count), parts in splits.items():
        if sorted(parts) == list(range(1, count + 1)):
            yield tuple(parts[number] for number in sorted(parts))


def _fits(name: str, pattern: str) -> bool:
    return pattern in (name, name.rpartition("/")[2]) or fnmatchcase(name, pattern)


def _licence(item: Mapping[str, Any]) -> str:
    """The licence's short name: from the model's card, else from the tags."""
    card = item.get("cardData")
    if isinstance(card, Mapping):
        name = card.get("license_name") if card.get("license") == "other" else None
        if named := _text(name) or _text(card.get("license")):
            return named
    tags = item.get("tags")
    tags = tags[:_MOST_TAGS] if isinstance(tags, list) else []
    named = next((tag for tag in tags if isinstance(tag, str) and tag.startswith("license:")), "")
    return _text(named.removeprefix("license:"))


def _gate(value: object) -> Gate:
    if value is True:
        return Gate.MANUAL
    return Gate(value) if value in ("auto", "manual") else Gate.OPEN


def _text(value: object) -> str:
    return plain(value) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    fine = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53
    return value if fine and isinstance(value, int) else None


def _size(value: object) -> int | None:
    size = _count(value)
    return size if size is not None and 0 < size <= _LARGEST_FILE else None
