"""The licence chip, and the card that asks to accept a licence."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.system.paths import resources
from desktop.ui.manager.licence import AcceptanceCard, LicenceChip
from desktop.ui.theme import Appearance
from models.catalogue import load
from models.licences import Passport, label_of

LICENCES = load(resources() / "catalogue").licences


def passport(licence_id: str) -> Passport:
    found = LICENCES.get(licence_id)
    assert found is not None
    return found


@pytest.fixture
def place(look: Appearance, qtbot: QtBot) -> QWidget:
    place = QWidget()
    qtbot.addWidget(place)
    return place


@pytest.fixture
def card(place: QWidget) -> AcceptanceCard:
    card = AcceptanceCard(passport("llama4"), "Llama 4 Maverick", place)
    place.show()
    return card


@pytest.mark.parametrize(
    ("licence_id", "role"), [("mit", "chip-quiet"), ("gemma", "chip-warn"), ("mrl", "chip-warn")]
)
def test_a_chip_stands_out_unless_the_licence_is_open(place: QWidget, licence_id: str, role: str) -> None:
    one = passport(licence_id)
    chip = LicenceChip(label_of(one), place)
    assert (chip.text(), chip.property("role")) == (one.label, role)
    assert chip.accessibleDescription() == one.sentence


def test_a_chip_of_an_unknown_licence_shows_a_file_s_words_literally(place: QWidget) -> None:
    chip = LicenceChip(label_of(None, "<b>x</b>"), place)
    assert chip.text().startswith("<b>x</b>")
    assert chip.textFormat() is Qt.TextFormat.PlainText
    assert chip.property("role") == "chip-warn"


def test_the_card_says_what_the_licence_asks_for(card: AcceptanceCard) -> None:
    words = "\n".join(label.text() for label in card.findChildren(QLabel))
    for heading, fact in passport("llama4").duties():
        assert heading in words
        assert fact in words
    assert "Llama 4 Maverick: Llama 4 Community License" in words
    assert "not legal advice" in words


def test_it_is_accepted_with_a_use_only(card: AcceptanceCard, qtbot: QtBot) -> None:
    accept, use = child(card, "accept-licence"), card.findChild(QLineEdit, "intended-use")
    assert isinstance(use, QLineEdit)
    assert not accept.isEnabled()
    with qtbot.assertNotEmitted(card.accepted):
        use.setText("  ")
        use.returnPressed.emit()
    use.setText("  notes  at home ")
    with qtbot.waitSignal(card.accepted) as caught:
        qtbot.mouseClick(accept, Qt.MouseButton.LeftButton)
    assert caught.args == ["notes at home"]


def test_not_now_and_the_full_text(card: AcceptanceCard, qtbot: QtBot) -> None:
    with qtbot.waitSignal(card.refused):
        qtbot.mouseClick(child(card, "refuse-licence"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(card.full_text_requested) as caught:
        qtbot.mouseClick(child(card, "licence-link"), Qt.MouseButton.LeftButton)
    assert caught.args == ["https://www.llama.com/llama4/license/"]


def test_the_hash_is_in_the_details(card: AcceptanceCard, qtbot: QtBot) -> None:
    details = card.findChild(QLabel, "licence-details")
    assert isinstance(details, QLabel)
    assert details.isHidden()
    qtbot.mouseClick(child(card, "licence-more"), Qt.MouseButton.LeftButton)
    assert not details.isHidden()
    assert passport("llama4").text_hash() in details.text()


def child(card: AcceptanceCard, name: str) -> QPushButton:
    button = card.findChild(QPushButton, name)
    assert isinstance(button, QPushButton)
    return button
