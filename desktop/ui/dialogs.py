"""The few questions that can't stand in the page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

_RUN = 32


def confirm_link(parent: QWidget, address: str) -> bool:
    """Ask before a link from a message is opened, naming where it really leads."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https", "mailto"):
        return False
    host = parts.path if parts.scheme == "mailto" else _plain_host(parts.hostname or "")
    box = QMessageBox(QMessageBox.Icon.Question, "Inshore", f"Open {host}?", parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(
        f"This link leaves Inshore and opens in your browser or mail program:\n{_foldable(address[:500])}"
    )
    open_button = box.addButton("Open", QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return box.clickedButton() is open_button


def ask_where(
    parent: QWidget, title: str, name: str, filters: str, then: Callable[[str], object]
) -> QFileDialog:
    """Show the dialog for a new file; its name and the home folder are proposed. `then` gets the path."""
    proposed = Path.home() / name
    dialog = QFileDialog(parent.window(), title, str(proposed), filters)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(proposed.suffix.removeprefix("."))
    dialog.selectFile(str(proposed))
    dialog.fileSelected.connect(then)
    dialog.open()
    return dialog


def refuse_to_start(title: str, words: str, details: str = "") -> int:
    """Say why the window can't open; the exit code."""
    sys.stderr.write(f"{title} {words}\n")
    box = QMessageBox(QMessageBox.Icon.Critical, "Inshore", title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(words)
    if details:
        box.setDetailedText(details)
    box.exec()
    return 1


def _foldable(address: str) -> str:
    """With places to break a line at: a run without any would be cut off."""
    return "\u200b".join(address[start : start + _RUN] for start in range(0, len(address), _RUN))


def _plain_host(host: str) -> str:
    """The host as its letters are on the wire, so that look-alikes show."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host.encode("ascii", "backslashreplace").decode("ascii")
