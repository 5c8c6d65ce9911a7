"""The question that is asked before anything is sent where others could read it."""

from __future__ import annotations

from urllib.parse import urlsplit

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from models.plain import plain


def confirm_unencrypted(parent: QWidget, address: str) -> bool:
    """Ask whether an address without encryption may be used, saying what that means; no is the default."""
    host = plain(urlsplit(address).hostname or address)
    box = QMessageBox(
        QMessageBox.Icon.Warning, "Inshore", f"Connect to {host} without encryption?", parent=parent
    )
    box.setObjectName("confirm-unencrypted")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(
        f"What you send to {plain(address, 300)}, your key too, can be read by anyone on the way, such as "
        "others in the same network. Use it only in a network that you trust; https:// would be safe."
    )
    use = box.addButton("Use it anyway", QMessageBox.ButtonRole.AcceptRole)
    use.setObjectName("use-unencrypted")
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    box.exec()
    return box.clickedButton() is use
