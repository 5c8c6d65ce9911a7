"""Shows a file in the system's file manager, selected where that is possible."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

_MANAGER = "org.freedesktop.FileManager1"
_PATIENCE_MS = 2_000


def reveal(path: Path) -> None:
    """Show the file; else the nearest folder of it that there is."""
    if not (path.exists() or path.is_symlink()) or not _select(path):
        folder = path.parent
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _select(path: Path) -> bool:
    if sys.platform == "win32":
        return bool(QProcess.startDetached("explorer.exe", ["/select,", str(path)]))
    if sys.platform == "darwin":
        return bool(QProcess.startDetached("/usr/bin/open", ["-R", str(path)]))
    return _ask_file_manager(path)


def _ask_file_manager(path: Path) -> bool:
    """Over the session bus, where a file manager listens or can be started."""
    from PySide6.QtDBus import QDBus, QDBusConnection, QDBusMessage

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return False
    call = QDBusMessage.createMethodCall(_MANAGER, "/org/freedesktop/FileManager1", _MANAGER, "ShowItems")
    call.setArguments([[QUrl.fromLocalFile(str(path)).toString()], ""])
    answer = bus.call(call, QDBus.CallMode.Block, _PATIENCE_MS)
    return bool(answer.type() is QDBusMessage.MessageType.ReplyMessage)
