"""The switch for thinking shows what is set, and says why it can't be where the model can't."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop.ui.chat.thinking import ThinkingSwitch
from desktop.ui.theme import Appearance
from models.chat import Thinking
from models.thinking import ThinkingKind, ThinkingSupport


@pytest.fixture
def switch(look: Appearance, qtbot: QtBot) -> ThinkingSwitch:
    switch = ThinkingSwitch(look)
    qtbot.addWidget(switch)
    return switch


def test_choosing_says_so_and_waits_to_be_shown(switch: ThinkingSwitch, qtbot: QtBot) -> None:
    with qtbot.waitSignal(switch.chosen) as caught:
        switch._actions[Thinking.ON].trigger()
    assert caught.args == [Thinking.ON]
    switch.show_choice(Thinking.ON)
    assert switch.text() == switch.accessibleName() == "Thinking: on"


def test_where_there_is_little_room_only_readers_aloud_say_its_name(switch: ThinkingSwitch) -> None:
    switch.show_choice(Thinking.ON)
    switch.set_brief(True)
    assert (switch.text(), switch.accessibleName()) == ("on", "Thinking: on")
    switch.show_support(ThinkingSupport(ThinkingKind.NONE, why="It was not made to."))
    assert (switch.text(), switch.accessibleName()) == ("off", "Thinking: not with this model")


def test_a_model_that_can_t_think_switches_it_off_and_says_why(switch: ThinkingSwitch) -> None:
    switch.show_choice(Thinking.ON)
    switch.show_support(ThinkingSupport(ThinkingKind.NONE, why="It was not made to."))
    assert not switch.isEnabled()
    assert switch.toolTip() == "It was not made to."
    assert switch.text() == "Thinking: not with this model"
    switch.show_support(ThinkingSupport(ThinkingKind.SWITCH, "enable_thinking"))
    assert switch.isEnabled()
    assert switch.text() == "Thinking: on"
