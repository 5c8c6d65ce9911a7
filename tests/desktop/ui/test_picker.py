"""The chat's model picker: each model with its licence, and how it did lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from PySide6.QtGui import QAccessible, QAction
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from desktop.services.answering import AUTOMATIC, Answerer, Aside
from desktop.ui.chat.picker import ModelPicker
from desktop.ui.theme import Appearance

HERE = Answerer("small", "Small & quick")
THERE = Answerer(
    "xidao/big", "Big", "via XiDao", "xidao", "¥1 in, ¥2 out per million tokens", policy="Kept 30 days."
)
ASIDES = {
    "": Aside(),
    "small": Aside("MIT · fully open", "Do what you like."),
    "xidao/big": Aside(
        "Llama 4 · conditionally open", "With conditions.", "0.6 s · 41 tokens/s", "Lately: all well."
    ),
}


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def opened(look: Appearance, parent: QWidget, width: int, some: Sequence[Answerer]) -> QMenu:
    parent.resize(width, 400)
    picker = ModelPicker(lambda: some, look, parent, lambda one: ASIDES[one.id])
    picker.menu().aboutToShow.emit()
    return picker.menu()


def entry(menu: QMenu, name: str) -> QAction:
    return next(action for action in menu.actions() if action.objectName() == f"answerer-{name}")


def test_each_model_here_and_there_has_its_licence_beside_it(look: Appearance, parent: QWidget) -> None:
    menu = opened(look, parent, 1000, (AUTOMATIC, HERE, THERE))
    assert entry(menu, "automatic").text() == "Automatic"
    assert entry(menu, "small").text() == "Small && quick\tMIT · fully open"
    assert entry(menu, "xidao/big").text().endswith("\tLlama 4 · conditionally open")
    assert "With conditions." in entry(menu, "xidao/big").toolTip()


def test_a_gateways_model_says_how_it_did_lately(look: Appearance, parent: QWidget) -> None:
    menu = opened(look, parent, 1000, (HERE, THERE))
    words, _licence = entry(menu, "xidao/big").text().split("\t")
    assert words == "Big · ¥1 in, ¥2 out · 0.6 s · 41 tokens/s"
    assert "Lately: all well." in entry(menu, "xidao/big").toolTip()
    assert "Via XiDao · prices per million tokens" in [action.text() for action in menu.actions()]


def test_a_screen_reader_hears_the_licence_and_the_health(look: Appearance, parent: QWidget) -> None:
    menu = opened(look, parent, 1000, (THERE,))
    face = QAccessible.queryAccessibleInterface(menu)
    heard = face.child(menu.actions().index(entry(menu, "xidao/big"))).text(QAccessible.Text.Name)
    assert "41 tokens/s" in heard
    assert "conditionally open" in heard


def test_what_can_t_answer_here_says_why(look: Appearance, parent: QWidget) -> None:
    barred = replace(ASIDES["xidao/big"], barred="this conversation stays here")
    picker = ModelPicker(lambda: (HERE, THERE), look, parent, lambda one: barred if one.remote else Aside())
    picker.menu().aboutToShow.emit()
    assert not entry(picker.menu(), "xidao/big").isEnabled()
    assert entry(picker.menu(), "small").isEnabled()
    assert "Via XiDao · this conversation stays here" in [each.text() for each in picker.menu().actions()]


def test_in_a_narrow_window_the_licence_stays(look: Appearance, parent: QWidget) -> None:
    menu = opened(look, parent, 480, (THERE, Answerer("small", "长" * 100)))
    assert entry(menu, "xidao/big").text() == "Big\tLlama 4 · conditionally open"
    assert len(entry(menu, "small").text().split("\t")[0]) <= 44
    assert "长" * 100 in entry(menu, "small").toolTip()
