"""How long a context a model is given: left to the engine, or one of a few lengths."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from desktop.ui.choice import Choice
from desktop.ui.options.fields import INPUT_WIDTH, Field
from desktop.ui.theme import Appearance

_SHORTEST = 2_048


def context_choices(longest: int | None) -> list[int]:
    """2,048 tokens and its doubles up to what the model was trained for, and that itself."""
    most = longest or 32_768
    lengths = [_SHORTEST << power for power in range(20) if _SHORTEST << power < most]
    return [*lengths, most]


def context_name(tokens: int) -> str:
    """“8k”; what is no round number is written out."""
    return f"{tokens // 1024:,}k" if tokens % 1024 == 0 else f"{tokens:,}"


class ContextField(Field):
    """The context's length of one model, in tokens; None is Auto."""

    def __init__(self, look: Appearance, lengths: Sequence[int], parent: QWidget, prefix: str) -> None:
        hint = "Tokens that the model can look back on. A longer one needs more memory."
        super().__init__(look, "context", "Context", hint, parent)
        self._own: int | None = None
        self.choice = Choice(self)
        self.choice.setObjectName(f"{prefix}-context")
        self.choice.setAccessibleName(self.name)
        self.choice.setFixedWidth(INPUT_WIDTH)
        self.choice.addItem("Auto", None)
        for tokens in lengths:
            self.choice.addItem(context_name(tokens), tokens)
        self.choice.activated.connect(lambda _index: self._take(self.choice.currentData()))
        self._stack(beside=self.choice)

    def show_value(self, own: int | None) -> None:
        """What is set; a length that isn't offered is added."""
        if self.choice.findData(own) < 0:
            self.choice.addItem(context_name(own or 0), own)
        self._own = own
        self.choice.setCurrentIndex(self.choice.findData(own))
        self.reset.setVisible(own is not None)

    def flush(self) -> None:
        return

    def clear(self) -> None:
        self.show_value(self._own)
        self.choice.setCurrentIndex(0)
        self._take(None)

    def _take(self, tokens: int | None) -> None:
        self.reset.setVisible(tokens is not None)
        if tokens != self._own:
            self._own = tokens
            self.changed.emit({"context": tokens})
