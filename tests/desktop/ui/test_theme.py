"""Both themes can be read, by computation."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from desktop.system.paths import resources
from desktop.ui.theme import Appearance, Theme, read_theme, stylesheet

TEXT_ON = [
    ("text", ("bg", "surface", "sunken", "hover", "shore-soft", "danger-soft", "hairline")),
    ("muted", ("bg", "surface", "sunken", "hover", "shore-soft", "danger-soft")),
    ("shore", ("bg", "surface", "shore-soft")),
    ("on-shore", ("shore",)),
    ("offshore", ("bg", "surface", "offshore-soft")),
    ("warn", ("bg", "surface", "warn-soft")),
    ("danger", ("bg", "surface", "danger-soft")),
    ("ok", ("bg", "surface", "sunken")),
    ("bg", ("text",)),
]
PAIRS = [(fore, back) for fore, backs in TEXT_ON for back in backs]


def luminance(colour: QColor) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    """Contrast ratio, WCAG 2.2: 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def theme(name: str) -> Theme:
    return read_theme(resources() / "themes" / f"{name}.toml")


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("fore", "back"), PAIRS)
def test_text_can_be_read(name: str, fore: str, back: str) -> None:
    colours = theme(name)
    assert contrast(colours.colour(fore), colours.colour(back)) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("back", ["bg", "surface"])
def test_outlines_can_be_seen(name: str, back: str) -> None:
    assert contrast(theme(name).colour("outline"), theme(name).colour(back)) >= 3.0


def test_both_themes_have_the_same_tokens() -> None:
    assert theme("light").colours.keys() == theme("dark").colours.keys()


def test_every_name_in_the_style_sheet_exists() -> None:
    template = (resources() / "themes" / "style.qss").read_text(encoding="utf-8")
    assert "$" not in stylesheet(theme("light"), template)
    with pytest.raises(KeyError):
        stylesheet(theme("light"), "QWidget { color: $nothing; }")


def test_a_chosen_theme_takes_effect_and_says_so(look: Appearance) -> None:
    seen: list[Theme] = []
    look.changed.connect(seen.append)
    look.choose("dark")
    assert look.theme.name == "dark"
    look.choose("dark")
    look.choose("light")
    look.changed.disconnect(seen.append)
    assert [t.name for t in seen] == ["dark", "light"]


def test_icons_follow_the_theme(look: Appearance) -> None:
    icon = look.icon("copy", "text")
    light = icon.pixmap(20, 20).toImage()
    look.choose("dark")
    dark = icon.pixmap(20, 20).toImage()
    assert light != dark
    with pytest.raises(KeyError):
        look.icon("no-such-icon")
