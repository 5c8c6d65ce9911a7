"""Exporting from the window: a name is asked for, a file written, and its outcome said."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.storage.conversations import Conversation
from desktop.storage.export import Form
from desktop.ui.exporting import Exporter
from models.chat import Role
from tests.desktop.ui.messages import stored


@pytest.fixture
def exporter(qtbot: QtBot) -> Exporter:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    exporter = Exporter(window)
    exporter.window = window  # type: ignore[attr-defined]  # kept as long as the exporter
    return exporter


def test_a_chosen_name_is_written(exporter: Exporter, qtbot: QtBot, tmp_path: Path) -> None:
    conversation = Conversation(1, "Roots / of two", 0.0, 0.0, None)
    dialog = exporter.ask(conversation, [stored(Role.USER, "√2?")], Form.MARKDOWN)
    assert [Path(name).name for name in dialog.selectedFiles()] == ["Roots of two.md"]
    target = tmp_path / "x.md"
    with qtbot.waitSignal(exporter.exported) as caught:
        dialog.fileSelected.emit(str(target))
    dialog.close()
    assert caught.args == [str(target)]
    assert target.read_text(encoding="utf-8") == "# Roots / of two\n\n## You\n\n√2?\n"


def test_a_failure_is_said(exporter: Exporter, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(exporter.failed) as caught, qtbot.assertNotEmitted(exporter.exported):
        exporter.save(tmp_path / "gone" / "x.md", "x")
    assert caught.args is not None
    assert "not exported" in caught.args[0].one_line()
