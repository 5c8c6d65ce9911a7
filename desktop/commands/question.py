"""What `ask` was asked on the command line, and its words and pictures from where they are."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from desktop.system.options import Options
from models.chat import Image, Thinking
from models.errors import BadImage, BadInput
from models.images import LARGEST_BYTES, without_metadata
from models.plain import plain
from models.route import Mode, Preference, Privacy
from models.ways_on import Kind

_MAX_INPUT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for on the command line. `text` "-" is read from standard input.

    `options` go before what the settings file has for the model; `images` are names of files. Without a
    `privacy` the settings' holds, and without a `prefer` the settings' preference.
    """

    text: str
    model: str | None
    mode: Mode
    thinking: Thinking
    options: Options
    as_json: bool
    images: tuple[str, ...] = ()
    privacy: Privacy | None = None
    over_budget: Kind | None = None
    prefer: Preference | None = None


def picture(name: str) -> Image:
    """A file’s picture, without its metadata. Raises BadImage."""
    try:
        with Path(name).open("rb") as file:
            return without_metadata(file.read(LARGEST_BYTES + 1))
    except OSError as error:
        raise BadImage(f"“{plain(name)}” can’t be read: {error.strerror}.", "Check its name.") from error
    except BadImage as error:
        raise BadImage(f"“{plain(name)}”: {error.cause}", error.hint) from error


def words_of(question: Question) -> str:
    """What is asked, in words. Raises BadInput."""
    return _from_stdin() if question.text == "-" else _mended(question.text)


def _mended(text: str) -> str:
    """Bytes of an argument that are no text become U+FFFD."""
    return os.fsencode(text).decode("utf-8", "replace")


def _from_stdin() -> str:
    data = sys.stdin.buffer.read(_MAX_INPUT_BYTES + 1)
    if len(data) > _MAX_INPUT_BYTES:
        raise BadInput("The question is longer than 16 MiB.", "Ask about a part of it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            "The question is not UTF-8 text.", "Convert it first, for example with iconv."
        ) from error
    if not text.strip():
        raise BadInput("The question is empty.", "Give it as an argument, or on standard input.")
    return text
