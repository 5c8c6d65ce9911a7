"""Asks where a conversation shall be exported to, and says what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.storage.export import Form, file_name, text_of, write
from desktop.storage.values import Conversation, StoredMessage
from desktop.ui.dialogs import ask_where
from models.errors import AppError

_FILTERS = {Form.JSON: "JSON (*.json)"}
_MARKDOWN = "Markdown (*.md)"


class Exporter(QObject):
    """`exported(path)` once a file is written; `failed` carries an AppError, and then none is."""

    exported = Signal(str)
    failed = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window

    def ask(
        self,
        conversation: Conversation,
        messages: list[StoredMessage],
        form: Form,
        pictures: Mapping[int, bytes] | None = None,
    ) -> QFileDialog:
        """Show the dialog for a file's name; the conversation is written as it is now."""
        text = text_of(conversation, messages, form, pictures or {})
        return ask_where(
            self._window,
            "Export the conversation",
            file_name(conversation.title, form),
            _FILTERS.get(form, _MARKDOWN),
            lambda name: self.save(Path(name), text),
        )

    def save(self, path: Path, text: str) -> None:
        """Write a text to a file."""
        try:
            write(path, text)
        except AppError as error:
            self.failed.emit(error)
            return
        self.exported.emit(str(path))
