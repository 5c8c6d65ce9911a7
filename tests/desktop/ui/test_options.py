"""Options in the window: what is set, what is inherited, and what can't be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.services.settings import SettingsService
from desktop.system.options import Options
from desktop.ui.manager.options import ModelOptions
from desktop.ui.options.context import context_choices, context_name
from desktop.ui.options.fields import PAUSE_MS
from desktop.ui.options.form import OptionsForm
from desktop.ui.options.sheet import OptionsSheet
from desktop.ui.settings.page import SettingsPage
from desktop.ui.theme import Appearance
from models.library import LocalModel

W = TypeVar("W", bound=QWidget)


class Shown:
    """A form in sight, and what it said."""

    def __init__(self, look: Appearance, qtbot: QtBot, contexts: list[int] | None = None) -> None:
        self.qtbot = qtbot
        self.frame = QFrame()
        qtbot.addWidget(self.frame)
        self.form = OptionsForm(look, self.frame, contexts=contexts)
        self.said: list[Options] = []
        self.form.changed.connect(self.said.append)
        self.form.show_options(Options(), Options())
        self.form.unfold(True)
        self.frame.resize(400, 1200)
        self.form.resize(400, 1200)
        self.frame.show()

    def edit(self, name: str) -> QLineEdit:
        return find(self.form, QLineEdit, f"option-{name}")

    def type(self, name: str, text: str) -> None:
        edit = self.edit(name)
        edit.setFocus()
        edit.selectAll()
        self.qtbot.keyClicks(edit, text)
        self.qtbot.keyClick(edit, Qt.Key.Key_Return)

    def reset(self, name: str) -> QToolButton:
        return find(self.form, QToolButton, f"reset-{name}")

    def problem(self, name: str) -> str:
        label = find(self.form, QLabel, f"problem-{name}")
        return label.text() if label.isVisible() else ""


def find(parent: QWidget, kind: type[W], name: str) -> W:
    found = parent.findChild(kind, name)
    assert found is not None, name
    return found


@pytest.fixture
def shown(look: Appearance, qtbot: QtBot) -> Shown:
    return Shown(look, qtbot)


def test_what_is_typed_is_said_with_all_that_is_set(shown: Shown) -> None:
    shown.form.show_options(Options(top_k=3), Options())
    shown.type("temperature", "0,5")
    shown.type("max_tokens", "4,096")
    assert shown.said == [
        Options(top_k=3, temperature=0.5),
        Options(top_k=3, temperature=0.5, max_tokens=4096),
    ]


def test_a_pause_in_typing_is_enough(shown: Shown) -> None:
    shown.qtbot.keyClicks(shown.edit("seed"), "12")
    assert shown.said == []
    shown.qtbot.waitUntil(lambda: shown.said == [Options(seed=12)], timeout=PAUSE_MS + 2_000)


def test_what_can_t_be_used_is_said_beside_the_field_and_not_passed_on(shown: Shown) -> None:
    shown.type("temperature", "12")
    assert shown.problem("temperature") == "Give a number from 0 to 5."
    assert shown.said == []
    shown.type("temperature", "1")
    assert shown.problem("temperature") == ""
    assert shown.said == [Options(temperature=1.0)]


def test_an_unset_field_shows_what_is_inherited(shown: Shown) -> None:
    inherited = Options(temperature=0.25, max_tokens=4096)
    shown.form.show_options(Options(temperature=1.0), inherited)
    texts = {name: shown.edit(name) for name in ("temperature", "max_tokens", "top_p", "seed")}
    assert {name: (edit.text(), edit.placeholderText()) for name, edit in texts.items()} == {
        "temperature": ("1", "0.25"),
        "max_tokens": ("", "4,096"),
        "top_p": ("", "As the model"),
        "seed": ("", "Random"),
    }


def test_the_reset_goes_back_to_what_is_inherited(shown: Shown, qtbot: QtBot) -> None:
    shown.form.show_options(Options(temperature=1.0, seed=2), Options(temperature=0.25))
    assert shown.reset("temperature").isVisible()
    assert not shown.reset("top_p").isVisible()
    qtbot.mouseClick(shown.reset("temperature"), Qt.MouseButton.LeftButton)
    assert shown.said == [Options(seed=2)]
    assert shown.edit("temperature").text() == ""
    assert not shown.reset("temperature").isVisible()


def test_an_emptied_field_is_unset(shown: Shown, qtbot: QtBot) -> None:
    shown.form.show_options(Options(seed=2), Options())
    shown.edit("seed").selectAll()
    qtbot.keyClick(shown.edit("seed"), Qt.Key.Key_Backspace)
    shown.form.flush()
    assert shown.said == [Options()]


def test_stop_strings_are_lines(shown: Shown) -> None:
    edit = find(shown.form, QPlainTextEdit, "option-stop")
    edit.setPlainText("END\n\n###")
    shown.form.flush()
    edit.setPlainText("")
    shown.form.flush()
    assert shown.said == [Options(stop=("END", "###")), Options()]


def test_stop_strings_that_a_line_can_t_hold_are_shown_and_left_alone(shown: Shown) -> None:
    own = Options(stop=tuple(f"{n}\n" * 9 for n in range(16)))
    shown.form.show_options(own, Options())
    shown.type("seed", "1")
    assert shown.said == [Options(stop=own.stop, seed=1)]


def choose(box: QComboBox, data: object) -> None:
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())


def test_a_schema_is_stored_once_it_is_json(shown: Shown) -> None:
    kind = find(shown.form, QComboBox, "option-form")
    edit = find(shown.form, QPlainTextEdit, "option-form-text")
    assert not edit.isVisible()
    choose(kind, "json_schema")
    assert edit.isVisible()
    edit.setPlainText('{"type":')
    shown.form.flush()
    assert shown.problem("form") == "Not JSON yet: line 1, column 9."
    assert shown.said == []
    edit.setPlainText('{"type": "object"}')
    shown.form.flush()
    assert (shown.said, shown.problem("form")) == ([Options(json_schema='{"type": "object"}')], "")


def test_a_grammar_takes_the_place_of_a_schema(shown: Shown) -> None:
    shown.form.show_options(Options(json_schema="{}"), Options())
    choose(find(shown.form, QComboBox, "option-form"), "grammar")
    find(shown.form, QPlainTextEdit, "option-form-text").setPlainText('root ::= "x"')
    shown.form.flush()
    assert shown.said == [Options(grammar='root ::= "x"')]
    choose(find(shown.form, QComboBox, "option-form"), "")
    assert shown.said[-1] == Options()


def test_folded_away_it_says_how_many_are_set(shown: Shown, qtbot: QtBot) -> None:
    more = find(shown.form, QPushButton, "option-more")
    shown.form.show_options(Options(top_p=0.5, stop=("x",), seed=1), Options())
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    assert (more.text(), shown.edit("top_p").isVisible()) == ("More options · 2 set", False)
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    assert (more.text(), shown.edit("top_p").isVisible()) == ("Fewer options", True)


def test_the_contexts_offered_end_with_the_models_own() -> None:
    assert context_choices(8192) == [2048, 4096, 8192]
    assert context_choices(40_960) == [2048, 4096, 8192, 16384, 32768, 40_960]
    assert context_choices(1024) == [1024]
    assert context_choices(None)[-1] == 32_768
    assert [context_name(tokens) for tokens in (2048, 131_072, 5000)] == ["2k", "128k", "5,000"]


def test_a_context_is_chosen_for_a_model_only(look: Appearance, qtbot: QtBot) -> None:
    assert Shown(look, qtbot).form.findChild(QComboBox, "option-context") is None
    shown = Shown(look, qtbot, contexts=[2048, 4096])
    choice = find(shown.form, QComboBox, "option-context")
    choose(choice, 4096)
    choose(choice, None)
    assert shown.said == [Options(context=4096), Options()]
    shown.form.show_options(Options(context=5000), Options())
    assert choice.currentText() == "5,000"
    qtbot.mouseClick(shown.reset("context"), Qt.MouseButton.LeftButton)
    assert (shown.said[-1], choice.currentText()) == (Options(), "Auto")


def test_the_wheel_changes_no_choice(shown: Shown) -> None:
    kind = find(shown.form, QComboBox, "option-form")
    point, down = QPointF(5, 5), QPoint(0, -120)
    buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    phase = Qt.ScrollPhase.NoScrollPhase
    kind.wheelEvent(QWheelEvent(point, point, down, down, buttons, keys, phase, False))
    assert kind.currentIndex() == 0


# -- where the form stands


@pytest.mark.parametrize(("width", "beside"), [(1200, 340), (700, 0), (300, 0)])
def test_the_sheet_stands_beside_a_wide_page_and_over_a_narrow_one(
    look: Appearance, qtbot: QtBot, width: int, beside: int
) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    sheet = OptionsSheet(look, page)
    page.resize(width, 600)
    page.show()
    sheet.open()
    assert layout.contentsMargins().right() == beside
    assert sheet.geometry().right() == page.width() - 1
    assert sheet.width() == min(340, width)
    sheet.close_sheet()
    assert layout.contentsMargins().right() == 0


def test_escape_closes_the_sheet_and_takes_what_was_typed(look: Appearance, qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    sheet = OptionsSheet(look, page)
    sheet.show_values(False, Options(), Options())
    page.show()
    sheet.open()
    edit = find(sheet, QLineEdit, "option-seed")
    qtbot.keyClicks(edit, "5")
    with qtbot.waitSignals([sheet.options_changed, sheet.closed], timeout=PAUSE_MS // 2):
        qtbot.keyClick(edit, Qt.Key.Key_Escape)
    assert sheet.isHidden()


@pytest.fixture
def settings(tmp_path: Path) -> SettingsService:
    return SettingsService(tmp_path / "settings.json")


def test_a_models_own_options_go_to_the_settings(
    look: Appearance, qtbot: QtBot, settings: SettingsService, tmp_path: Path
) -> None:
    settings.update(temperature=0.3, models={"other": Options(top_k=1)})
    frame = QFrame()
    qtbot.addWidget(frame)
    model = LocalModel("m", "M", Path("m"), 1, "added", context_length=4096)
    options = ModelOptions(model, settings, look, frame)
    frame.show()
    qtbot.mouseClick(options.button, Qt.MouseButton.LeftButton)
    edit = find(options, QLineEdit, "model-option-temperature")
    assert edit.placeholderText() == "0.3"
    qtbot.keyClicks(edit, "0.9")
    qtbot.mouseClick(options.button, Qt.MouseButton.LeftButton)
    choose(find(options, QComboBox, "model-option-context"), 2048)
    stored = json.loads((tmp_path / "settings.json").read_text())["models"]
    assert stored == {"other": {"top_k": 1}, "m": {"temperature": 0.9, "context": 2048}}
    assert settings.context_for("m") == 2048


def test_the_thinking_budget_is_chosen_or_typed(
    look: Appearance, qtbot: QtBot, settings: SettingsService, tmp_path: Path
) -> None:
    page = SettingsPage(settings, tmp_path)
    qtbot.addWidget(page)
    page.show()
    choice = find(page, QComboBox, "thinking-budget")
    own = find(page, QLineEdit, "thinking-budget-own")
    assert (choice.currentText(), own.isVisible()) == ("No limit", False)
    choose(choice, 2048)
    assert settings.values.thinking_budget == 2048
    choose(choice, -1)
    own.selectAll()
    qtbot.keyClicks(own, "-3")
    qtbot.keyClick(own, Qt.Key.Key_Return)
    assert settings.values.thinking_budget == 2048
    assert any("whole number" in label.text() for label in page.findChildren(QLabel) if label.isVisible())
    own.selectAll()
    qtbot.keyClicks(own, "300")
    qtbot.keyClick(own, Qt.Key.Key_Return)
    assert settings.values.thinking_budget == 300
    again = SettingsPage(settings, tmp_path)
    qtbot.addWidget(again)
    again.show()
    assert find(again, QLineEdit, "thinking-budget-own").text() == "300"
