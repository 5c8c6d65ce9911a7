"""One option each: a name, what is set or else inherited, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.system.options import Range, stop_strings
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.theme import Appearance

PAUSE_MS = 600
"""A value is taken after a pause in typing, or when the field is left."""

_INPUT_WIDTH = 132


class Field(QWidget):
    """A named option. `changed(values)` carries what was set by option name, None where it was unset.

    What can't be used is said below and not passed on. `flush` takes at once what was typed.
    """

    changed = Signal(object)

    def __init__(self, look: Appearance, key: str, name: str, hint: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.key, self.name = key, name
        self._label = plain_label(self)
        self._label.setText(name)
        self._hint = plain_label(self, "meta")
        self._hint.setText(hint)
        self._problem = plain_label(self, "problem")
        self._problem.setObjectName(f"problem-{key}")
        self._problem.hide()
        self.reset = QToolButton(self)
        self.reset.setObjectName(f"reset-{key}")
        self.reset.setIcon(look.icon("arrow-counter-clockwise"))
        self.reset.setIconSize(QSize(14, 14))
        self.reset.setFixedSize(24, 24)
        self.reset.setToolTip("Back to the default")
        self.reset.setAccessibleName(f"{name}: back to the default")
        self.reset.clicked.connect(self.clear)
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self.flush)

    def flush(self) -> None:
        """Take what was typed, if anything was."""
        raise NotImplementedError

    def clear(self) -> None:
        """Set nothing here any longer."""
        raise NotImplementedError

    def _stack(self, *widgets: QWidget, beside: QWidget | None = None) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self._label, 1)
        if beside is not None:
            head.addWidget(beside)
        head.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        for widget in (self._hint, *widgets, self._problem):
            column.addWidget(widget)

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))


class _Typed(Field):
    """A field that is typed into: `_parse` gives the value of a text or raises ValueError."""

    def __init__(
        self,
        look: Appearance,
        key: str,
        name: str,
        hint: str,
        parse: Callable[[str], object],
        parent: QWidget,
    ) -> None:
        super().__init__(look, key, name, hint, parent)
        self._parse = parse
        self._own: object = None

    def flush(self) -> None:
        if not self._pause.isActive():
            return
        self._pause.stop()
        text = self._typed()
        try:
            value = self._parse(text) if text.strip() else None
        except ValueError as error:
            self._say(str(error))
            return
        self._say("")
        self._take(value)

    def clear(self) -> None:
        self._pause.stop()
        self._say("")
        self._show_text("")
        self._take(None)

    def _take(self, value: object) -> None:
        self.reset.setVisible(value is not None)
        if value != self._own:
            self._own = value
            self.changed.emit({self.key: value})

    def _show_own(self, value: object, text: str) -> None:
        self._pause.stop()
        self._own = value
        self._say("")
        self._show_text(text)
        self.reset.setVisible(value is not None)

    def _begin_pause(self) -> None:
        self.reset.setVisible(bool(self._typed()))
        self._pause.start()

    def _typed(self) -> str:
        raise NotImplementedError

    def _show_text(self, text: str) -> None:
        raise NotImplementedError


class NumberField(_Typed):
    """A number within a range. Empty, it shows what is inherited, or `otherwise`."""

    def __init__(
        self,
        look: Appearance,
        key: str,
        name: str,
        hint: str,
        numbers: Range,
        otherwise: str,
        parent: QWidget,
        prefix: str = "option",
    ) -> None:
        super().__init__(look, key, name, hint, numbers.parsed, parent)
        self._otherwise = otherwise
        self.edit = QLineEdit(self)
        self.edit.setObjectName(f"{prefix}-{key}")
        self.edit.setAccessibleName(name)
        self.edit.setAccessibleDescription(hint)
        self.edit.setFixedWidth(_INPUT_WIDTH)
        self.edit.textEdited.connect(lambda _text: self._begin_pause())
        self.edit.editingFinished.connect(self.flush)
        self._stack(beside=self.edit)

    def show_values(self, own: float | None, inherited: float | None) -> None:
        """What is set here, and what holds without it."""
        self.edit.setPlaceholderText(self._otherwise if inherited is None else number(self.key, inherited))
        self._show_own(own, "" if own is None else number(self.key, own))

    def _typed(self) -> str:
        return self.edit.text()

    def _show_text(self, text: str) -> None:
        self.edit.setText(text)


class StopField(_Typed):
    """Texts that end an answer, one on each line."""

    def __init__(self, look: Appearance, parent: QWidget, prefix: str = "option") -> None:
        hint = "The answer ends before these; one a line."
        super().__init__(look, "stop", "Stop at", hint, lambda text: stop_strings(text) or None, parent)
        self.edit = lines_edit(f"{prefix}-stop", self.name, 3, self)
        self.edit.textChanged.connect(self._begin_pause)
        self.edit.installEventFilter(self)
        self._stack(self.edit)

    def show_values(self, own: tuple[str, ...] | None, inherited: tuple[str, ...] | None) -> None:
        """What is set here, and what holds without it."""
        self.edit.setPlaceholderText("\n".join(inherited or ("Nothing",)))
        self._show_own(own, "\n".join(own or ()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusOut:
            self.flush()
        return False

    def _typed(self) -> str:
        return self.edit.toPlainText()

    def _show_text(self, text: str) -> None:
        self.edit.blockSignals(True)
        self.edit.setPlainText(text)
        self.edit.blockSignals(False)


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
        self.kind.setFixedWidth(_INPUT_WIDTH)
        self.kind.addItem("Free", "")
        self.kind.addItem("JSON schema", "json_schema")
        self.kind.addItem("Grammar", "grammar")
        self.edit = lines_edit(f"{prefix}-form-text", "The schema or the grammar", 6, self)
        self.edit.setProperty("code", True)
        self.kind.activated.connect(lambda _index: self._on_kind())
        self.edit.textChanged.connect(self._pause.start)
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
        if not self._pause.isActive():
            return
        self._pause.stop()
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
        self._pause.start()
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
        self._pause.stop()
        self._say("")
        self.edit.blockSignals(True)
        self.edit.setPlainText(text)
        self.edit.blockSignals(False)


def number(key: str, value: float) -> str:
    """A number as it is shown, in the fewest digits; counts in groups of three."""
    if key == "seed":
        return str(int(value))
    return f"{value:,.10g}" if value == int(value) else f"{value:.10g}"


def lines_edit(object_name: str, name: str, lines: int, parent: QWidget) -> QPlainTextEdit:
    """A bordered text of several lines that Tab leaves."""
    edit = QPlainTextEdit(parent)
    edit.setObjectName(object_name)
    edit.setAccessibleName(name)
    edit.setProperty("field", True)
    edit.setTabChangesFocus(True)
    edit.setFixedHeight(edit.fontMetrics().lineSpacing() * lines + 18)
    edit.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    return edit


_EXAMPLES = {
    "json_schema": '{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}',
    "grammar": 'root ::= "yes" | "no"',
}
