"""Whom the keyboard’s focus meets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication, QWidget


@contextmanager
def focus_met() -> Iterator[list[str]]:
    """The names of all that gets the focus meanwhile, in order: a page scrolls to each of them."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    met: list[str] = []

    def note(_old: QWidget | None, new: QWidget | None) -> None:
        met.append(new.objectName() if new is not None else "")

    app.focusChanged.connect(note)
    try:
        yield met
    finally:
        app.focusChanged.disconnect(note)
