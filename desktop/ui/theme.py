"""The look: colours and sizes by name, from resources/themes, applied to the whole application."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from desktop.ui import icons

META, INTERFACE, MESSAGE, SECTION, PAGE, CODE = 12.0, 14.0, 15.0, 18.0, 24.0, 13.5
LINE_HEIGHT = 150  # per cent, in messages
MEASURE = 760  # px, the widest a message gets
_SYSTEM_PX = 13.0  # the interface size that most systems start with; larger ones enlarge everything


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme's colours by token name, and the factor by which the user's system enlarges text."""

    name: str
    colours: dict[str, str]
    scale: float = 1.0

    def colour(self, token: str) -> QColor:
        """The token's colour; KeyError for a name that isn't in the theme."""
        return QColor(self.colours[token])

    def px(self, size: float) -> int:
        """A font size in pixels, enlarged as the system asks."""
        return round(size * self.scale)


def read_theme(path: Path, scale: float = 1.0) -> Theme:
    """The theme in one TOML file."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    return Theme(values.pop("name"), values, scale)


def stylesheet(theme: Theme, template: str) -> str:
    """The template with every `$token` replaced; KeyError for an unknown one."""
    sizes = {"interface": INTERFACE, "meta": META, "message": MESSAGE, "section": SECTION, "page": PAGE}
    values = theme.colours | {f"px-{name}": f"{theme.px(size)}px" for name, size in sizes.items()}
    return re.sub(r"\$([a-z-]+)", lambda match: values[match[1]], template)


def palette(theme: Theme) -> QPalette:
    """The palette for what style sheets don't reach."""
    roles = {
        QPalette.ColorRole.Window: "bg",
        QPalette.ColorRole.Base: "surface",
        QPalette.ColorRole.AlternateBase: "sunken",
        QPalette.ColorRole.Button: "surface",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipBase: "surface",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.Highlight: "shore",
        QPalette.ColorRole.HighlightedText: "on-shore",
        QPalette.ColorRole.Link: "shore",
        QPalette.ColorRole.LinkVisited: "offshore",
    }
    result = QPalette()
    for role, token in roles.items():
        result.setColor(role, theme.colour(token))
    unusable = theme.colour("muted")
    result.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.HighlightedText, unusable)
    return result


def code_font(theme: Theme) -> QFont:
    """The system's monospaced font at the size of code."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(theme.px(CODE))
    return font


class Appearance(QObject):
    """Keeps the application in the chosen theme, or in the system's when none is chosen.

    `changed` carries the new Theme after palette and style sheet are set. GUI thread only.
    """

    changed = Signal(object)

    def __init__(self, app: QApplication, folder: Path) -> None:
        super().__init__(app)
        self._app = app
        self._folder = folder
        self._choice = "system"
        self._template = (folder / "style.qss").read_text(encoding="utf-8")
        app.setStyle(QStyleFactory.create("Fusion"))
        scale = self._set_font()
        self._themes = {name: read_theme(folder / f"{name}.toml", scale) for name in ("light", "dark")}
        self.theme = self._themes["light"]
        self._apply(self._wanted())
        app.styleHints().colorSchemeChanged.connect(self._follow_system)

    def choose(self, choice: str) -> None:
        """`system`, `light` or `dark`."""
        self._choice = choice
        schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        self._app.styleHints().setColorScheme(schemes.get(choice, Qt.ColorScheme.Unknown))
        self._follow_system()

    def icon(self, name: str, colour: str = "muted") -> QIcon:
        """A Phosphor icon in the colour of that name; it follows a change of theme.

        On a filled control that can't be used it is muted: the accent's own colour would be lost there.
        """
        disabled = "muted" if colour == "on-shore" else colour
        return icons.icon(name, lambda: self.theme.colour(colour), lambda: self.theme.colour(disabled))

    def _follow_system(self) -> None:
        wanted = self._wanted()
        if wanted is not self.theme:
            self._apply(wanted)
            self.changed.emit(wanted)

    def _wanted(self) -> Theme:
        if self._choice in self._themes:
            return self._themes[self._choice]
        dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return self._themes["dark" if dark else "light"]

    def _apply(self, theme: Theme) -> None:
        self.theme = theme
        self._app.setPalette(palette(theme))
        self._app.setStyleSheet(stylesheet(theme, self._template))

    def _set_font(self) -> float:
        font = QApplication.font()
        scale = min(max(QFontInfo(font).pixelSize() / _SYSTEM_PX, 1.0), 2.0)
        font.setPixelSize(round(INTERFACE * scale))
        self._app.setFont(font)
        return scale
