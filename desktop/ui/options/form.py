"""All options of a conversation or a model in one column; seldom wanted ones are folded away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop.system.options import NUMBERS, Options, gbnf, schema
from desktop.ui.options.answer_form import FormField
from desktop.ui.options.context import ContextField
from desktop.ui.options.fields import Field, NumberField, StopField
from desktop.ui.theme import Appearance

_MODEL = "As the model"
_COMMON = (
    ("temperature", "Temperature", "0 always takes the likeliest word.", _MODEL),
    ("max_tokens", "Longest answer", "In tokens; a word has one or two.", "No limit"),
    ("thinking_budget", "Thinking budget", "Tokens of reasoning; 0 answers at once.", "No limit"),
    ("seed", "Seed", "The same seed gives the same answer again.", "Random"),
)
_SELDOM = (
    ("top_p", "Top-p", "Only the likeliest words that make up this share.", _MODEL),
    ("top_k", "Top-k", "Only this many of the likeliest words; 0 is all.", _MODEL),
    ("min_p", "Min-p", "No word below this share of the likeliest one.", _MODEL),
    ("repeat_penalty", "Repetition penalty", "Above 1, words used before are less likely.", _MODEL),
    ("frequency_penalty", "Frequency penalty", "Less likely with each use.", _MODEL),
    ("presence_penalty", "Presence penalty", "Less likely after the first use.", _MODEL),
)
_FORMS = ("json_schema", "grammar")


class OptionsForm(QWidget):
    """Shows options over what is inherited; `changed(Options)` carries all of them after each change.

    With `contexts` (tokens, ascending) the length of the context can be chosen, too.
    """

    changed = Signal(object)

    def __init__(
        self,
        look: Appearance,
        parent: QWidget,
        *,
        contexts: Sequence[int] | None = None,
        prefix: str = "option",
    ) -> None:
        super().__init__(parent)
        self._look, self._prefix = look, prefix
        self._own = Options()
        self._seldom = QWidget(self)
        self._context = ContextField(look, contexts, self, prefix) if contexts else None
        self._numbers = [self._number(*row, self) for row in _COMMON]
        seldom = [self._number(*row, self._seldom) for row in _SELDOM]
        self._stop = StopField(look, self._seldom, prefix)
        self._form = FormField(look, {"json_schema": schema, "grammar": gbnf}, self._seldom, prefix)
        self._more = QPushButton(self)
        self._build(seldom)
        self._numbers += seldom
        for field in self._fields():
            field.changed.connect(self._take)

    def show_options(self, own: Options, inherited: Options) -> None:
        """Show what is set, and what holds where nothing is; what was typed and not taken is gone."""
        self._own = own
        for field in self._numbers:
            field.show_values(getattr(own, field.key), getattr(inherited, field.key))
        self._stop.show_values(own.stop, inherited.stop)
        self._form.show_values(_part(own), _part(inherited))
        if self._context is not None:
            self._context.show_value(own.context)
        self._say_more()

    def flush(self) -> None:
        """Take at once what was typed."""
        for field in self._fields():
            field.flush()

    def unfold(self, shown: bool) -> None:
        """Show or fold away what is seldom wanted."""
        self._seldom.setVisible(shown)
        self._say_more()

    def _build(self, seldom: Sequence[Field]) -> None:
        self._more.setObjectName(f"{self._prefix}-more")
        self._more.setProperty("link", True)
        self._more.setIconSize(QSize(14, 14))
        self._more.clicked.connect(lambda: self.unfold(self._seldom.isHidden()))
        inner = _column(self._seldom, [*seldom, self._stop, self._form])
        inner.setContentsMargins(0, 4, 0, 0)
        column = _column(self, [*([self._context] if self._context else []), *self._numbers])
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._seldom)
        self._seldom.hide()
        self._say_more()

    def _number(self, key: str, name: str, hint: str, otherwise: str, parent: QWidget) -> NumberField:
        return NumberField(self._look, key, name, hint, NUMBERS[key], otherwise, parent, self._prefix)

    def _fields(self) -> list[Field]:
        fields: list[Field] = [*self._numbers, self._stop, self._form]
        return fields if self._context is None else [self._context, *fields]

    def _take(self, values: dict[str, Any]) -> None:
        self._own = replace(self._own, **values)
        self._say_more()
        self.changed.emit(self._own)

    def _say_more(self) -> None:
        shown = not self._seldom.isHidden()
        names = [key for key, *_ in _SELDOM] + ["stop", *_FORMS]
        count = sum(getattr(self._own, name) is not None for name in names)
        words = "Fewer options" if shown else "More options"
        self._more.setText(f"{words} · {count} set" if count and not shown else words)
        self._more.setIcon(self._look.icon("caret-down" if shown else "caret-right", "shore"))


def _column(parent: QWidget, fields: Sequence[QWidget]) -> QVBoxLayout:
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(14)
    for field in fields:
        column.addWidget(field)
    return column


def _part(options: Options) -> dict[str, str | None]:
    return {name: getattr(options, name) for name in _FORMS}
