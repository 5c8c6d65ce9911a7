"""Tells beside the composer whether what is typed has room in the model's context."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.services.context import context_use
from desktop.storage.conversations import StoredMessage
from desktop.ui.chat.composer import Composer
from desktop.ui.chat.too_large import TooLargeCard
from models.chat import TextSize

_LONG_TOKENS = 200


class Room(QObject):
    """Keeps the meter, the note and the card above the composer in agreement.

    `card` is to be placed by whoever builds the page. A size holds for the text that it was counted for;
    while that is being changed, it is shown until the next comes.
    """

    larger_context_wanted = Signal(int)

    def __init__(self, composer: Composer, parent: QWidget) -> None:
        super().__init__(parent)
        self._composer = composer
        self._earlier: Sequence[StoredMessage] = ()
        self._text = ""
        self._size: TextSize | None = None
        self._editing = False
        self._price, self._names = ("", ""), ""
        self.card = TooLargeCard(parent)
        self.card.larger_context_wanted.connect(self.larger_context_wanted)

    def show_conversation(self, earlier: Sequence[StoredMessage], *, editing: bool = False) -> None:
        """What is typed will be added to these messages; `editing` if in place of what followed them."""
        self._earlier = earlier
        self._editing = editing
        if self._composer.text() != self._text:
            self._text, self._size = "", None
        self._show()

    def show_size(self, text: str, size: TextSize | None) -> None:
        """A draft has been counted; None is not known."""
        self._text, self._size = text, size
        self._show()

    def show_names(self, words: str) -> None:
        """Which models the text might name; "" for none."""
        self._names = words
        self._show()

    def show_price(self, words: str, shorter: str = "") -> None:
        """What sending takes and may cost, in words; "" where nothing is known or to be said."""
        if (words, shorter) != self._price:
            self._price = (words, shorter)
            self._show()

    def refuses(self, text: str) -> bool:
        """Whether this very text is known to be too long."""
        return self._too_long() and text.strip() == self._text.strip()

    def _too_long(self) -> bool:
        return self._size is not None and self._size.tokens > self._size.room_tokens

    def _show(self) -> None:
        self._composer.meter.show_use(context_use(self._earlier), self._size)
        price, brief = self._price
        words = [*_notes(self._editing, self._size), *filter(None, [self._names or price])]
        shorter = "Asking differently" if self._editing else brief or price or _figure(self._size)
        shorter = self._names or shorter
        self._composer.set_note(" · ".join(words), shorter)
        self.card.show_size(self._size)


def _notes(editing: bool, size: TextSize | None) -> list[str]:
    words = ["Asking differently · Esc to leave it"] if editing else []
    if size is not None and size.tokens > _LONG_TOKENS:
        words.append(f"This message: {_figure(size)}")
    return words


def _figure(size: TextSize | None) -> str:
    return f"{size.tokens:,} tokens" if size is not None else ""
