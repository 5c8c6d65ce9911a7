"""Gives Python its own `import` back, which Qt for Python replaces."""

from __future__ import annotations

import builtins

import PySide6.QtCore  # noqa: F401 - it does the replacing


def restore() -> None:
    """Import without Qt’s looking on; `from __feature__ import …`, which nothing here uses, is lost.

    Qt's import reads the source of every module that imports something, to see whether it uses Qt. That
    takes a tenth of the time that the window's modules need and a fifth of openai's; and while one thread
    imports, it makes another look into modules that are only half there, which broke one import of openai
    in eight.
    """
    original = getattr(builtins, "__orig_import__", None)
    if original is not None:
        builtins.__import__ = original
