"""Says whether a model file is one that can chat, before anything tries to load it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from models.errors import DamagedModel, ModelFileMissing, UnsupportedModel
from models.gguf import GgufHeader
from models.plain import shown

_KINDS = {
    "adapter": "It is a LoRA adapter: a change to another model, which can’t answer by itself.",
    "mmproj": "It is the part of a model that sees images, which can’t answer by itself.",
    "imatrix": "It holds statistics for making models smaller, not a model.",
}
_SEARCH = "It is made for searching in texts (an embedding model), not for answering."
_ARCHITECTURES = {
    "clip": _KINDS["mmproj"],
    "bert": _SEARCH,
    "nomic-bert": _SEARCH,
    "jina-bert-v2": _SEARCH,
    "modern-bert": _SEARCH,
    "t5encoder": _SEARCH,
}
_ANOTHER = "Choose a model that is made for chat (often named “instruct” or “chat”)."
_FIRST_PART = re.compile(r"(?P<stem>.+)-00001-of-(?P<count>\d{5})\.gguf")


def check_chat_model(path: Path, header: GgufHeader) -> None:
    """Raise UnsupportedModel, or DamagedModel if it lacks its weights or its further parts."""
    kind = str(header.kv.get("general.type", "model"))
    reason = _KINDS.get(kind) or _ARCHITECTURES.get(header.architecture)
    if reason:
        raise UnsupportedModel(reason, _ANOTHER)
    if not header.architecture:
        raise UnsupportedModel("It doesn’t say which architecture it has.", _ANOTHER)
    if not header.weights_bytes:
        raise DamagedModel("It holds a vocabulary but no weights.", _ANOTHER)
    if (number := header.kv.get("split.no")) and isinstance(number, int):
        raise UnsupportedModel(f"It is part {number + 1} of a model in several files.", "Choose the first.")
    for number, part in enumerate(parts(path, header), start=1):
        if not part.is_file():
            raise DamagedModel(f"Its part {number} is missing: “{shown(part)}”.", "Put all parts there.")


def size_bytes(path: Path, header: GgufHeader) -> int:
    """All parts together. Raises ModelFileMissing if one vanishes meanwhile."""
    try:
        return sum(part.stat().st_size for part in parts(path, header))
    except OSError as error:
        raise ModelFileMissing(f"“{shown(path)}” can’t be read: {error.strerror}.") from error


def parts(path: Path, header: GgufHeader) -> list[Path]:
    """All files of the model, the first of them `path`. Raises UnsupportedModel if their names don't tell."""
    count = header.kv.get("split.count", 1)
    if not isinstance(count, int) or count < 2:
        return [path]
    match = _FIRST_PART.fullmatch(path.name)
    if match is None or int(match["count"]) != count:
        raise UnsupportedModel(
            f"It is the first of {count} files, but is not named so.",
            f"Give the files their names back: …-00001-of-{count:05}.gguf and so on.",
        )
    return list(parts_by_name(path))


def parts_by_name(path: Path) -> Iterator[Path]:
    """The files that a model has if its first one's name is true; `path` first."""
    yield path
    if match := _FIRST_PART.fullmatch(path.name):
        for number in range(2, int(match["count"]) + 1):
            yield path.with_name(f"{match['stem']}-{number:05}-of-{match['count']}.gguf")
