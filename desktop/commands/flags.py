"""The flags of `ask` that say how an answer is made."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.system.options import Options

_LONGEST_FILE = 1 << 20  # characters


def add_sampling(ask: argparse.ArgumentParser) -> None:
    """What is seldom given; unset, the settings file's options for the model hold, then the model's own."""
    for name, metavar, text in (
        ("top_k", "N", "only the N likeliest tokens; 0 is all"),
        ("top_p", "P", "only the likeliest tokens that make up this share"),
        ("min_p", "P", "no token below this share of the likeliest one"),
        ("repeat_penalty", "X", "above 1, tokens used before are less likely"),
        ("frequency_penalty", "X", "less likely with each use"),
        ("presence_penalty", "X", "less likely after the first use"),
    ):
        ask.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, type=_option(name), help=text)
    ask.add_argument(
        "--stop", metavar="TEXT", type=_stop_text, action="append", help="end before TEXT; can be repeated"
    )
    form = ask.add_mutually_exclusive_group()
    form.add_argument(
        "--json-schema", metavar="FILE", type=_file("schema"), help="answer in JSON that keeps to this schema"
    )
    form.add_argument("--grammar", metavar="FILE", type=_file("gbnf"), help="keep to this GBNF grammar")


def given(options: argparse.Namespace) -> Options:
    """What was set on the command line."""
    from dataclasses import fields

    from desktop.system.options import Options

    values = {f.name: getattr(options, f.name) for f in fields(Options) if hasattr(options, f.name)}
    return Options(**values | {"stop": tuple(options.stop) if options.stop else None})


def _option(name: str) -> Callable[[str], float]:
    """A number within the range of one of the options."""

    def read(text: str) -> float:
        from desktop.system.options import NUMBERS

        try:
            return NUMBERS[name].parsed(text)
        except ValueError as error:
            raise _refused(error) from None

    return read


def _stop_text(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the text is empty")
    return os.fsencode(text).decode("utf-8", "replace")


def _file(check: str) -> Callable[[str], str]:
    """The text of a file, as a check of desktop.system.options returns it."""

    def read(name: str) -> str:
        from desktop.system import options

        try:
            with open(name, encoding="utf-8-sig") as file:  # noqa: PTH123 - pathlib is not loaded yet
                text = file.read(_LONGEST_FILE)
        except OSError as error:
            raise argparse.ArgumentTypeError(f"“{name}” can’t be read: {error.strerror}") from None
        except ValueError:
            raise argparse.ArgumentTypeError(f"“{name}” is not UTF-8 text") from None
        try:
            return str(getattr(options, check)(text))
        except ValueError as error:
            raise _refused(error, f"“{name}”: ") from None

    return read


def _refused(error: ValueError, before: str = "") -> argparse.ArgumentTypeError:
    """The sentence of an option, in the manner of argparse."""
    words = str(error)
    return argparse.ArgumentTypeError(f"{before}{words[:1].lower()}{words[1:].rstrip('.')}")
