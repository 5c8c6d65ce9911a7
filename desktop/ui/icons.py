"""Icons from the Phosphor font that QtAwesome ships, drawn in the theme's colours.

Only the font and its table are read: importing qtawesome itself would load QtOpenGL and a dozen
other icon fonts (0.17 s and 25 MiB, measured), which a window that opens at once can't pay.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

Colour = Callable[[], QColor]


def icon(name: str, colour: Colour, disabled: Colour | None = None) -> QIcon:
    """The icon `ph.<name>`; its colour is asked for at each drawing, so that it follows the theme.

    `disabled` is its colour on a control that can't be used; the same where it is not given.

    KeyError for a name that the font doesn't have.
    """
    return QIcon(_GlyphEngine(_glyphs()[name], colour, disabled or colour))


@cache
def _fonts() -> Path:
    spec = find_spec("qtawesome")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("qtawesome is not installed")
    return Path(spec.submodule_search_locations[0]) / "fonts"


@cache
def _glyphs() -> dict[str, str]:
    (table,) = _fonts().glob("phosphor-charmap-*.json")
    names: dict[str, str] = json.loads(table.read_text(encoding="utf-8"))
    return {name: chr(int(code, 16)) for name, code in names.items()}


@cache
def _family() -> str:
    (font,) = _fonts().glob("phosphor-*.ttf")
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(font)))[0]


class _GlyphEngine(QIconEngine):
    """Draws one glyph as large as the icon is asked for."""

    def __init__(self, glyph: str, colour: Colour, disabled: Colour) -> None:
        super().__init__()
        self._glyph, self._colour, self._disabled = glyph, colour, disabled

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        font = QFont(_family())
        font.setPixelSize(rect.height())
        painter.save()
        painter.setFont(font)
        painter.setPen(self._disabled() if mode is QIcon.Mode.Disabled else self._colour())
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._glyph, self._colour, self._disabled)
