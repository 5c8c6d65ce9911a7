"""The page before the first message."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop.ui.chat.welcome import EXAMPLES, Welcome
from desktop.ui.theme import Appearance


@pytest.mark.parametrize("width", [380, 760, 1180])
def test_the_examples_can_be_read_at_any_width(look: Appearance, qtbot: QtBot, width: int) -> None:
    welcome = Welcome(look)
    qtbot.addWidget(welcome)
    welcome.show_models(True)
    welcome.resize(width, 700)
    welcome.show()
    cards = [welcome.findChild(QPushButton, f"example-{kind.lower()}") for _icon, kind, _text in EXAMPLES]
    for card in cards:
        qtbot.waitUntil(lambda card=card: _readable(card))  # type: ignore[misc]


def _button(welcome: Welcome, name: str) -> QPushButton:
    found = welcome.findChild(QPushButton, name)
    assert found is not None
    return found


def _readable(card: object) -> bool:
    """Every word has its room inside the card."""
    labels = card.findChildren(QLabel)  # type: ignore[attr-defined]
    return len(labels) == 2 and all(
        label.height() >= label.heightForWidth(label.width()) > 0 and card.rect().contains(label.geometry())  # type: ignore[attr-defined]
        for label in labels
    )


def test_without_a_model_one_can_be_found_or_added(look: Appearance, qtbot: QtBot) -> None:
    welcome = Welcome(look)
    qtbot.addWidget(welcome)
    welcome.show_models(False)
    for name, signal in (
        ("find-model-first", welcome.find_model_requested),
        ("add-model-first", welcome.add_model_requested),
    ):
        with qtbot.waitSignal(signal, timeout=10_000):
            _button(welcome, name).click()
