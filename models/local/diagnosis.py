"""Why a model did not load or the engine died, in plain words."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import (
    DamagedModel,
    EngineCrashed,
    EngineOutOfMemory,
    ModelError,
    ModelFileMissing,
    ModelTooLarge,
    NotAModel,
    UnsupportedModel,
)
from models.plain import plain, shown

_AGAIN = "Download it again, or choose another model."
_OTHER = "Choose another model, or a newer Inshore if there is one."
_SMALLER = "Close other programs, or choose a smaller model."


@dataclass(frozen=True, slots=True)
class _Sign:
    """A line of llama.cpp's log and what it means. `{0}` in the cause is the pattern's first group."""

    pattern: str
    error: type[ModelError]
    cause: str
    hint: str


# The first that matches wins, so the more telling ones come first.
_SIGNS = (
    _Sign(r"invalid magic characters: '<", NotAModel, "It is a web page, not a model file.", _AGAIN),
    _Sign(r"invalid magic characters: 'PK", NotAModel, "It is a ZIP archive. Unpack it first.", ""),
    _Sign(r"invalid magic characters", NotAModel, "It is not in the GGUF format.", "Choose a GGUF file."),
    _Sign(r"failed to read magic", NotAModel, "The file is empty or almost empty.", _AGAIN),
    _Sign(
        r"is version (\d+) but this software only supports",
        UnsupportedModel,
        "It is a GGUF file of version {0}, which is newer than this engine.",
        "Update Inshore, or choose another model.",
    ),
    _Sign(r"GGUFv1 is no longer", UnsupportedModel, "It is a GGUF file of the first version.", _OTHER),
    _Sign(
        r"mismatch between the host and model endianness",
        UnsupportedModel,
        "It was made for computers with the other byte order.",
        _OTHER,
    ),
    _Sign(
        r"unknown model architecture: ''", DamagedModel, "It does not say which kind of model it is.", _AGAIN
    ),
    _Sign(
        r"unknown model architecture: '([^']*)'",
        UnsupportedModel,
        "Its architecture, “{0}”, is not known to this engine.",
        _OTHER,
    ),
    _Sign(
        r"CLIP cannot be used as main model",
        UnsupportedModel,
        "It is the image part of a model (architecture “clip”) and can’t chat by itself.",
        "Choose the main file that it belongs to.",
    ),
    _Sign(
        r"unknown pre-tokenizer type: '([^']*)'",
        UnsupportedModel,
        "Its way of splitting text, “{0}”, is not known to this engine.",
        _OTHER,
    ),
    _Sign(
        r"invalid ggml type (\d+)",
        UnsupportedModel,
        "It stores numbers in a form (type {0}) that this engine does not know.",
        _OTHER,
    ),
    _Sign(
        r"insufficient memory|failed to allocate|unable to allocate|bad_alloc|out of memory"
        r"|cannot allocate memory|cudaMalloc failed|failed to initialize the context: .*memory",
        ModelTooLarge,
        "There was not enough free memory for the model and its context.",
        _SMALLER,
    ),
    _Sign(r"not within the file bounds", DamagedModel, "The end of the file is missing.", _AGAIN),
    _Sign(r"key not found in model: (\S+)", DamagedModel, "It lacks an entry it needs: {0}.", _AGAIN),
    _Sign(r"key (\S+) has wrong type", DamagedModel, "An entry of it is not what it must be: {0}.", _AGAIN),
    _Sign(r"tensor '([^']*)' not found", DamagedModel, "A part that it needs is missing: {0}.", _AGAIN),
    _Sign(
        r"failed to read (?:header|key-value|tensor info)|failed to seek|string length \d+ exceeds"
        r"|unexpectedly reached end of file|read error|invalid GGUF type",
        DamagedModel,
        "It is cut off, or parts of it are not readable.",
        _AGAIN,
    ),
    _Sign(
        r"missing tensor '([^']*)'|tensor '([^']*)' has wrong shape|wrong number of tensors",
        DamagedModel,
        "Its parts do not fit together.",
        _AGAIN,
    ),
    _Sign(r"failed to open .*Permission denied", ModelFileMissing, "You may not read this file.", ""),
    _Sign(r"failed to open", ModelFileMissing, "It is not there any more.", ""),
    # Whatever else is wrong with the file's structure: the line that follows is always this one.
    _Sign(r"llama_model_loader: failed to load model", DamagedModel, "It is put together wrongly.", _AGAIN),
)


def load_failure(path: str, log: Sequence[str]) -> ModelError:
    """The error for a file that llama.cpp did not load, from what it logged meanwhile."""
    text = "\n".join(log)
    for sign in _SIGNS:
        match = re.search(sign.pattern, text, re.IGNORECASE)
        if match:
            cause = sign.cause.format(*(plain(group or "") for group in match.groups()))
            return sign.error(f"{_name(path)}: {cause}", sign.hint, details=text)
    reason = re.search(r"error loading model: (.*)", text)
    said = f" It says: {plain(reason[1], 300)}" if reason else ""
    return UnsupportedModel(
        f"{_name(path)}: llama.cpp does not accept this file.{said}", _OTHER, details=text
    )


def unreadable(path: str, error: OSError) -> ModelFileMissing:
    """The error for a file that can't even be opened."""
    reasons: dict[type[OSError], str] = {
        FileNotFoundError: "It is not there any more.",
        PermissionError: "You may not read this file.",
        IsADirectoryError: "It is a folder.",
    }
    cause = reasons.get(type(error), f"The system says: {error.strerror or error}.")
    return ModelFileMissing(
        f"{_name(path)}: {cause}", "Choose another model, or bring the file back.", details=str(error)
    )


def too_large(path: str, needed_bytes: int, available_bytes: int) -> ModelTooLarge:
    """The error for a model that would not fit, before anything is loaded."""
    return ModelTooLarge(
        f"{_name(path)} needs about {_gigabytes(needed_bytes)}; {_gigabytes(available_bytes)} are free.",
        _SMALLER,
    )


def cannot_chat(path: str, kind: str) -> UnsupportedModel:
    """The error for a model of a kind that writes no answers."""
    return UnsupportedModel(f"{_name(path)}: It is {kind} and can’t chat.", _OTHER)


def _name(path: str) -> str:
    return f"“{shown(Path(Path(path).name))}”"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


_Cause = tuple[str, str]

_KILLED = (
    "The system ended it, most likely because memory ran out.",
    "Close other programs, choose a smaller model, or begin a new conversation.",
)
_LESS = "Close other programs, or choose a smaller model. The next message is loaded with a smaller context."
_WINDOWS_NO_MEMORY = 0xC0000017
_INSTRUCTIONS = (
    "Your processor lacks instructions that this build of the engine uses.",
    "Install a build of Inshore for your processor (CPU not supported by this one).",
)
_MEMORY_ACCESS = (
    "It touched memory that it may not touch (a fault in llama.cpp or in the model’s file).",
    "",
)
_FILE_CHANGED = ("The model’s file was changed or cut off while it was in use, or its disk failed.", _AGAIN)
_CHECK_FAILED = ("One of its own checks failed.", "")
_ARITHMETIC = ("It came upon an impossible calculation; the model’s file may be damaged.", _AGAIN)

_BY_SIGNAL: dict[str, _Cause] = {
    "SIGKILL": _KILLED,
    "SIGILL": _INSTRUCTIONS,
    "SIGSEGV": _MEMORY_ACCESS,
    "SIGBUS": _FILE_CHANGED,
    "SIGABRT": _CHECK_FAILED,
    "SIGFPE": _ARITHMETIC,
    "SIGTERM": ("Another program ended it.", ""),
}

# How Windows numbers the same things.
_BY_STATUS: dict[int, _Cause] = {
    0xC000001D: _INSTRUCTIONS,
    0xC0000005: _MEMORY_ACCESS,
    0xC0000006: _FILE_CHANGED,
    0xC0000094: _ARITHMETIC,
    0xC0000409: _CHECK_FAILED,
}


def crash(
    returncode: int | None, stderr: str, *, loading: str | None = None, out_of_memory: bool = False
) -> EngineCrashed:
    """The error for a worker that died. `loading` is the model file it was busy loading, if it was.

    `out_of_memory` when the system has just ended a process for want of memory.
    """
    name = _signal_name(returncode)
    if _ended_for_memory(name, returncode, out_of_memory=out_of_memory):
        cause = "The system ended the engine, because there was no memory left."
        if loading is not None:
            cause = f"{cause} It was loading {_name(loading)}."
        return EngineOutOfMemory(
            cause, _LESS, details=f"{name or 'exit code'} ({returncode})\n{stderr}".strip()
        )
    cause, hint = _BY_SIGNAL.get(name) or _BY_STATUS.get(returncode or 0) or _unknown(returncode)
    if loading is not None:
        cause = f"{cause} It was loading {_name(loading)}."
    ended = f"{name or 'exit code'} ({returncode})"
    return EngineCrashed(cause, hint or "What was written is kept.", details=f"{ended}\n{stderr}".strip())


def _ended_for_memory(name: str, returncode: int | None, *, out_of_memory: bool) -> bool:
    """macOS kills without a word, too, and for nothing else; Windows has a number for it."""
    killed = name == "SIGKILL" and (out_of_memory or sys.platform == "darwin")
    return killed or returncode == _WINDOWS_NO_MEMORY


def babble(problem: Exception, stderr: str) -> EngineCrashed:
    """The error for a worker that sent something which is no message; it was ended."""
    return EngineCrashed(
        "It sent something that is not part of an answer, so it was ended.",
        "What was written is kept.",
        details=f"{problem}\n{stderr}".strip(),
    )


def _unknown(returncode: int | None) -> _Cause:
    if returncode == 0:
        return "It left before it had answered.", ""
    return f"It ended with exit code {returncode}.", ""


def _signal_name(returncode: int | None) -> str:
    if returncode is None or returncode >= 0 or os.name == "nt":
        return ""
    names: Callable[[int], str] = lambda number: signal.Signals(number).name  # noqa: E731
    try:
        return names(-returncode)
    except ValueError:
        return f"signal {-returncode}"
