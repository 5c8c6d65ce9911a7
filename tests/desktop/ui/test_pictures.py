"""Pictures as widgets: the composer's tray, and a message's, whose places never move."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.storage.values import DraftPicture, StoredImage
from desktop.ui.chat.composer import Composer
from desktop.ui.chat.message import QuestionView
from desktop.ui.chat.thumbnail import Thumbnail
from desktop.ui.chat.transcript import Transcript
from desktop.ui.chat.viewer import PictureViewer
from desktop.ui.drop import pictures_among
from desktop.ui.theme import Appearance
from models.chat import Image, Role
from tests.desktop.ui.messages import stored
from tests.fixtures.pictures import halves

WIDE = StoredImage(1, "image/png", 1600, 400, 9)
TALL = StoredImage(2, "image/png", 300, 1200, 9)


@pytest.fixture
def composer(look: Appearance, qtbot: QtBot) -> Composer:
    composer = Composer(look)
    qtbot.addWidget(composer)
    composer.resize(360, 200)
    composer.show()
    return composer


def draft(name: str) -> DraftPicture:
    return DraftPicture(Image("image/png", name.encode(), 40, 20), name)


def test_a_picture_alone_can_be_sent_and_stop_keeps_it(composer: Composer, qtbot: QtBot) -> None:
    assert not composer.send.isEnabled()
    composer.tray.add(draft("a.png"))
    composer.show_sendable()
    assert composer.send.isEnabled()
    with qtbot.waitSignal(composer.submitted) as caught:
        qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
    assert caught.args == [""]
    composer.set_running(True)
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(composer.edit, Qt.Key.Key_Return)


def test_pictures_are_named_lie_in_rows_and_are_removed_by_button_and_key(
    composer: Composer, qtbot: QtBot
) -> None:
    tray = composer.tray
    one_row = tray.add(draft("long name " * 30)).height()
    for number in range(6):
        tray.add(draft(f"{number}.png"))
    qtbot.waitUntil(lambda: tray.height() > 2 * one_row)
    assert all(tray.rect().contains(item.geometry()) for item in tray.items())
    first, second = tray.items()[:2]
    assert second.thumbnail.accessibleName() == "0.png, 40 × 20 pixels"
    assert second.remove.accessibleName() == "Remove 0.png"
    reached: list[QWidget] = [composer.edit]
    while len(reached) < 12 and (following := reached[-1].nextInFocusChain()) is not None:
        reached.append(following)
    shown = [widget for widget in reached[1:] if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert shown[:4] == [first.thumbnail, first.remove, second.thumbnail, second.remove]
    with qtbot.waitSignal(tray.removed) as caught:
        QTest.keyClick(first.thumbnail, Qt.Key.Key_Delete)
    assert caught.args is not None
    assert caught.args[0].name.startswith("long name")
    assert second.thumbnail.hasFocus() or not tray.isActiveWindow()
    qtbot.mouseClick(second.remove, Qt.MouseButton.LeftButton)
    assert [picture.name for picture in tray.pictures()] == [f"{n}.png" for n in range(1, 6)]
    tray.clear()
    assert tray.isHidden()


@pytest.mark.parametrize(("text", "images"), [("What?", (WIDE,)), ("", (TALL,)), ("x", (WIDE, TALL) * 4)])
@pytest.mark.parametrize("width", [300, 760])
def test_a_message_keeps_its_height_when_its_pictures_come(
    look: Appearance, qtbot: QtBot, text: str, images: tuple[StoredImage, ...], width: int
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    view = QuestionView(replace(stored(Role.USER, text), images=images), look, window)
    before = view.arrange(width)
    thumbnails = view.findChildren(Thumbnail)
    assert len(thumbnails) == len(images)
    for thumbnail in thumbnails:
        frame = thumbnail.geometry()
        assert frame.left() >= 0
        assert frame.right() < width
        assert frame.bottom() < before
    for image in images:
        view.show_picture(image.id, halves())
    assert all(thumbnail.drawn for thumbnail in thumbnails)
    assert view.arrange(width) == before


def test_the_transcript_asks_for_what_is_in_sight_and_tells_what_is_opened(
    look: Appearance, qtbot: QtBot
) -> None:
    message = replace(stored(Role.USER, "Look"), images=(WIDE, TALL))
    transcript = Transcript(look, lambda message: (message, None))
    qtbot.addWidget(transcript)
    transcript.resize(800, 600)
    wanted: list[StoredImage] = []
    opened: list[object] = []
    transcript.picture_wanted.connect(wanted.append)
    transcript.picture_opened.connect(lambda images, index: opened.append((images, index)))
    transcript.show_thread([message])
    transcript.show()
    qtbot.waitUntil(lambda: wanted == [WIDE, TALL], timeout=10_000)
    transcript.show_picture(TALL.id, halves())
    first, second = transcript.findChildren(Thumbnail)
    assert (first.drawn, second.drawn) == (False, True)
    assert second.accessibleName() == "Picture 2 of 2, 300 × 1,200 pixels"
    QTest.keyClick(second, Qt.Key.Key_Space)
    QTest.keyClick(first, Qt.Key.Key_Return)
    assert opened == [((WIDE, TALL), 1), ((WIDE, TALL), 0)]


def test_the_viewer_goes_from_picture_to_picture_and_takes_only_what_it_waits_for(
    look: Appearance, qtbot: QtBot
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(500, 400)
    viewer = PictureViewer([(1600, 400), (300, 1200)], 0, look, window)
    asked: list[int] = []
    viewer.wanted.connect(asked.append)
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    assert (asked, viewer.index) == ([1], 1)
    viewer.show_picture(0, halves())
    assert viewer._picture.isNull()
    viewer.show_picture(1, halves())
    assert not viewer._picture.isNull()
    assert viewer.accessibleName() == "Picture 2 of 2, 300 × 1,200 pixels"
    with qtbot.waitSignal(viewer.finished):
        QTest.keyClick(viewer, Qt.Key.Key_Escape)


@pytest.mark.parametrize(
    ("names", "taken"),
    [(("a.PNG", "b.txt"), True), (("a.png", "m.gguf"), False), (("b.txt",), False), ((), False)],
)
def test_files_are_pictures_where_one_is_and_none_is_a_model(names: tuple[str, ...], taken: bool) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(f"/tmp/{name}") for name in names])
    assert bool(pictures_among(data)) is taken
