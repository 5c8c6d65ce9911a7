"""Files that are dropped anywhere on the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.drop import DropTarget
from desktop.ui.theme import Appearance

COPY, MOVE = Qt.DropAction.CopyAction, Qt.DropAction.MoveAction
BUTTON, KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Scene:
    """A window with an editor that takes drops itself."""

    def __init__(self, look: Appearance, qtbot: QtBot) -> None:
        self.window = QWidget()
        self.edit = QPlainTextEdit(self.window)
        QVBoxLayout(self.window).addWidget(self.edit)
        self.target = DropTarget(self.window, look, self.edit.viewport())
        self.got: list[list[Path]] = []
        self.target.dropped.connect(self.got.append)
        qtbot.addWidget(self.window)
        self.window.resize(400, 300)
        self.window.show()

    def enter(self, data: QMimeData, over: QWidget | None = None) -> QDragEnterEvent:
        event = QDragEnterEvent(QPoint(9, 9), COPY | MOVE, data, BUTTON, KEYS)
        event.setDropAction(MOVE)
        event.ignore()
        QApplication.sendEvent(over or self.window, event)
        return event

    def drop(self, data: QMimeData, over: QWidget) -> QDropEvent:
        event = QDropEvent(QPointF(9, 9), COPY | MOVE, data, BUTTON, KEYS)
        event.setDropAction(MOVE)
        QApplication.sendEvent(over, event)
        return event


@pytest.fixture
def scene(look: Appearance, qtbot: QtBot) -> Scene:
    return Scene(look, qtbot)


def files(*paths: Path | str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_files_over_the_window_are_welcomed_and_dropped_are_told(scene: Scene, tmp_path: Path) -> None:
    data = files(tmp_path / "天 a.gguf", tmp_path / "b.txt", tmp_path)

    event = scene.enter(data)

    assert event.isAccepted()
    assert scene.target.isVisible()
    assert scene.target.geometry() == scene.window.rect()
    assert scene.enter(data, scene.target).isAccepted()  # it lies under the pointer now
    scene.drop(data, scene.target)
    assert scene.got == [[tmp_path / "天 a.gguf", tmp_path / "b.txt", tmp_path]]
    assert scene.target.isHidden()


def test_a_file_that_was_offered_to_be_moved_is_only_named(scene: Scene, tmp_path: Path) -> None:
    data = files(tmp_path / "a.gguf")
    assert scene.enter(data).dropAction() is COPY
    assert scene.enter(data, scene.target).dropAction() is COPY
    move = QDragMoveEvent(QPoint(9, 9), COPY | MOVE, data, BUTTON, KEYS)
    QApplication.sendEvent(scene.target, move)
    assert move.dropAction() is COPY
    assert scene.drop(data, scene.target).dropAction() is COPY


def test_it_goes_when_the_files_leave(scene: Scene, tmp_path: Path) -> None:
    scene.enter(files(tmp_path / "a.gguf"))
    scene.enter(files(tmp_path / "a.gguf"), scene.target)
    QApplication.sendEvent(scene.target, QDragLeaveEvent())
    assert scene.target.isHidden()
    scene.enter(files(tmp_path / "a.gguf"))
    QApplication.sendEvent(scene.window, QDragLeaveEvent())
    assert scene.target.isHidden()
    assert scene.got == []


def test_dropped_before_they_moved_they_count_too(scene: Scene, tmp_path: Path) -> None:
    scene.enter(files(tmp_path / "a.gguf"))  # the window has them still
    scene.drop(files(tmp_path / "a.gguf"), scene.window)
    assert scene.got == [[tmp_path / "a.gguf"]]


def test_what_is_no_file_on_this_machine_is_left_alone(scene: Scene) -> None:
    text, link = QMimeData(), QMimeData()
    text.setText("some words")
    link.setUrls([QUrl("https://example.org/model.gguf")])
    for data in (text, link):
        assert not scene.enter(data).isAccepted()
        assert scene.target.isHidden()


def words(scene: Scene) -> list[str]:
    return [label.text() for label in scene.target.findChildren(QLabel)]


def test_pictures_are_told_apart_from_models(scene: Scene, tmp_path: Path) -> None:
    pictures: list[list[Path]] = []
    scene.target.pictures_dropped.connect(pictures.append)
    scene.enter(files(tmp_path / "photo.png"), scene.edit.viewport())
    assert "Drop to add to your message" in words(scene)
    photo = files(tmp_path / "photo.png")
    scene.enter(photo, scene.target)
    scene.drop(photo, scene.target)
    scene.enter(files(tmp_path / "a.gguf"))
    assert "Drop to add a model" in words(scene)
    assert (pictures, scene.got) == ([[tmp_path / "photo.png"]], [])


def test_the_editor_keeps_its_own_drops_but_not_models(scene: Scene, tmp_path: Path) -> None:
    over = scene.edit.viewport()
    scene.enter(files(tmp_path / "notes.txt"), over)
    assert scene.target.isHidden()
    scene.enter(files(tmp_path / "model.gguf"), over)
    assert scene.target.isVisible()
    assert scene.edit.toPlainText() == ""


def test_it_stays_as_large_as_the_window(scene: Scene, tmp_path: Path, qtbot: QtBot) -> None:
    scene.enter(files(tmp_path / "a.gguf"))
    scene.window.resize(700, 500)
    qtbot.waitUntil(lambda: scene.target.size() == scene.window.size())
