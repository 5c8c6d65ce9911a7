"""What an answer must keep to: nothing, a JSON schema, or a grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from desktop.ui.choice import Choice
from desktop.ui.options.fields import INPUT_WIDTH, Field, lines_edit
from desktop.ui.theme import Appearance

_EXAMPLES = {
    "json_schema": '{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}',
    "grammar": 'root ::= "yes" | "no"',
}


class FormField(Field):
    """What the answer must keep to: nothing, a JSON schema, or a grammar."""

    def __init__(
        self,
        look: Appearance,
        parsers: Mapping[str, Callable[[str], str]],
        parent: QWidget,
        prefix: str = "option",
    ) -> None:
        super().__init__(
            look, "form", "Answer form", "The answer keeps to it; its reasoning need not.", parent
        )
        self._parsers = parsers
        self._own: dict[str, str | None] = dict.fromkeys(parsers)
        self.kind = Choice(self)
        self.kind.setObjectName(f"{prefix}-form")
        self.kind.setAccessibleName(self.name)
        self.kind.setFixedWidth(INPUT_WIDTH)
        self.kind.addItem("Free", "")
        self.kind.addItem("JSON schema", "json_schema")
        self.kind.addItem("Grammar", "grammar")
        self.edit = lines_edit(f"{prefix}-form-text", "The schema or the grammar", 6, self)
        self.edit.setProperty("code", True)
        self.kind.activated.connect(lambda _index: self._on_kind())
        self.edit.textChanged.connect(self._wait)
        self.edit.installEventFilter(self)
        self._stack(self.edit, beside=self.kind)

    def show_values(self, own: Mapping[str, str | None], inherited: Mapping[str, str | None]) -> None:
        """What is set here, and what holds without it; each by option name."""
        self._own = dict(own)
        kind = next((key for key, text in own.items() if text is not None), "")
        self.kind.setItemText(0, "As the model" if any(inherited.values()) else "Free")
        self.kind.setCurrentIndex(self.kind.findData(kind))
        self._show_text(own.get(kind) or "")
        self._show_kind()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusOut:
            self.flush()
        return False

    def flush(self) -> None:
        if not self._waiting:
            return
        self._drop_typed()
        kind, text = self.kind.currentData(), self.edit.toPlainText()
        try:
            value = self._parsers[kind](text) if kind and text.strip() else None
        except ValueError as error:
            self._say(str(error))
            return
        self._say("")
        self._take({**dict.fromkeys(self._parsers), **({kind: value} if kind else {})})

    def clear(self) -> None:
        self.kind.setCurrentIndex(0)
        self._show_text("")
        self._show_kind()
        self._take(dict.fromkeys(self._parsers))

    def _take(self, values: dict[str, str | None]) -> None:
        if values != self._own:
            self._own = values
            self.changed.emit(dict(values))

    def _on_kind(self) -> None:
        self._show_kind()
        self._wait()
        if self.kind.currentData():
            self.edit.setFocus()
        else:
            self.clear()

    def _show_kind(self) -> None:
        kind = self.kind.currentData()
        self.edit.setVisible(bool(kind))
        self.edit.setPlaceholderText(_EXAMPLES.get(kind, ""))
        self.reset.setVisible(bool(kind))

    def _show_text(self, text: str) -> None:
        self._drop_typed()
        self._say("")
        self.edit.blockSignals(True)
        self.edit.setPlainText(text)
        self.edit.blockSignals(False)
