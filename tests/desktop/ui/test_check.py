"""A check box that is checked shows a tick, in the colour that stands on the accent."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QStyle, QStyleOptionButton
from pytestqt.qtbot import QtBot

from desktop.ui.check import CheckBox
from desktop.ui.theme import Appearance


def _colours(box: CheckBox) -> set[str]:
    option = QStyleOptionButton()
    box.initStyleOption(option)
    inside = box.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, box)
    picture = box.grab(inside).toImage()
    every = ((x, y) for x in range(picture.width()) for y in range(picture.height()))
    return {picture.pixelColor(x, y).name() for x, y in every}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_checked_box_has_a_tick_and_another_has_none(look: Appearance, qtbot: QtBot, theme: str) -> None:
    look.choose(theme)
    box = CheckBox("Keep it")
    qtbot.addWidget(box)
    box.show()
    tick, accent = (look.theme.colour(name).name() for name in ("on-shore", "shore"))
    assert accent not in _colours(box)
    box.setChecked(True)
    assert {tick, accent} <= _colours(box)
    box.setEnabled(False)
    assert look.theme.colour("muted").name() in _colours(box)
    assert accent not in _colours(box)
