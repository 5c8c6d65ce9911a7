"""A file that was written is told of, with a way to where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.parts.saved import tell_saved
from desktop.ui.notice import Notice


def test_a_saved_file_is_named_and_its_folder_opens(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    notice = Notice(window)
    tell_saved(notice, str(tmp_path / "list.csv"), done="Saved")
    assert [label.text() for label in notice.findChildren(QLabel)] == ["Saved “list.csv”."]
    notice.findChildren(QPushButton)[0].click()
    assert opened == [QUrl.fromLocalFile(str(tmp_path))]
