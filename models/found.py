"""What other programs' models are, read from their headers: those that could answer here."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.discovery import Discovered
from models.errors import AppError
from models.gguf import read_header
from models.library import LocalModel
from models.shapes import of_header
from models.suitability import check_chat_model, size_bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A model of another program that can be used where it lies; `name` is what it is called there."""

    program: str
    name: str
    model: LocalModel


def found(
    discovered: Sequence[Discovered], known: Collection[Path], stop: Callable[[], bool] = lambda: False
) -> list[Found]:
    """Those that can chat and aren't among the known files. Blocks: up to 30 ms for each."""
    taken = {os.path.realpath(path) for path in known}
    models = []
    for one in discovered:
        if stop():
            break
        if os.path.realpath(one.path) not in taken and (model := _model(one)) is not None:
            models.append(Found(one.program, one.name, model))
    return models


def _model(one: Discovered) -> LocalModel | None:
    try:
        header = read_header(one.path)
        check_chat_model(one.path, header)
        size = size_bytes(one.path, header)
    except AppError:
        return None
    return LocalModel(
        id="",
        name=header.name or one.name,
        path=one.path,
        size_bytes=size,
        source="found",
        architecture=header.architecture,
        parameters=header.parameters_label,
        quantisation=header.quantisation,
        context_length=header.context_length,
        licence=header.licence,
        shape=of_header(header),
    )
