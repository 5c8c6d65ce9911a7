"""One option each: a name, what is set or else inherited, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

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
from desktop.ui.labels import plain_label
from desktop.ui.theme import Appearance

PAUSE_MS = 600
"""A value is taken after a pause in typing, or when the field is left."""

INPUT_WIDTH = 132


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
        self._waiting = False  # something was typed and not taken yet
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

    def _wait(self) -> None:
        self._waiting = True
        self._pause.start()

    def _drop_typed(self) -> None:
        self._waiting = False
        self._pause.stop()

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
        if not self._waiting:
            return
        self._drop_typed()
        text = self._typed()
        try:
            value = self._parse(text) if text.strip() else None
        except ValueError as error:
            self._say(str(error))
            return
        self._say("")
        self._take(value)

    def clear(self) -> None:
        self._drop_typed()
        self._say("")
        self._show_text("")
        self._take(None)

    def _take(self, value: object) -> None:
        self.reset.setVisible(value is not None)
        if value != self._own:
            self._own = value
            self.changed.emit({self.key: value})

    def _show_own(self, value: object, text: str) -> None:
        self._drop_typed()
        self._own = value
        self._say("")
        self._show_text(text)
        self.reset.setVisible(value is not None)

    def _begin_pause(self) -> None:
        self.reset.setVisible(bool(self._typed()))
        self._wait()

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
        self.edit.setFixedWidth(INPUT_WIDTH)
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
