"""Says that a file was written, with a way to where it lies."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from desktop.ui.notice import Notice


def tell_saved(notice: Notice, path: str, *, done: str = "Exported") -> None:
    """In the window's quiet bar."""
    file = Path(path)
    notice.say(f"{done} “{file.name}”.", "Show the folder", lambda: open_folder(str(file.parent)))


def open_folder(path: str) -> None:
    """In the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))
