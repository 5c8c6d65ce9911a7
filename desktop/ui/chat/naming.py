"""While a message begins with “@” and part of a name: which models that could be, and Tab takes the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from desktop.ui.chat.composer import ComposerEdit
from desktop.ui.chat.room import Room

_SHOWN = 4


class Naming(QObject):
    """Tells the room beside the composer of the names; `names` gives all that could be meant."""

    def __init__(self, edit: ComposerEdit, room: Room, names: Callable[[], Sequence[str]]) -> None:
        super().__init__(edit)
        self._edit, self._room, self._names = edit, room, names
        self._found: tuple[str, ...] = ()
        edit.complete = self._complete
        edit.textChanged.connect(self._look)

    def _look(self) -> None:
        text = self._edit.document().firstBlock().text()
        found: tuple[str, ...] = ()
        if text.startswith("@") and self._edit.blockCount() == 1:
            from models.mentions import begun

            found = begun(text, self._names())
        if found != self._found:
            self._found = found
            self._room.show_names(_words(found))

    def _complete(self) -> bool:
        if not self._found:
            return False
        self._edit.setPlainText(f"@{self._found[0]} ")
        self._edit.moveCursor(self._edit.textCursor().MoveOperation.End)
        return True


def _words(found: Sequence[str]) -> str:
    if not found:
        return ""
    more = " …" if len(found) > _SHOWN else ""
    return f"Tab: {' · '.join(f'@{name}' for name in found[:_SHOWN])}{more}"
