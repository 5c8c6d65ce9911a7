"""Pictures in the whole window: added, kept when refused, sent without metadata, there after a restart."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.storage.conversations import Status, StoredMessage
from desktop.storage.export import Form
from desktop.ui.chat.thumbnail import Thumbnail
from desktop.ui.theme import Appearance
from models.budget import Budget, Period
from models.errors import NotAllowed
from models.pricing import Cost
from models.route import Mode, Privacy, Route
from models.ways_on import Kind, read
from tests.desktop.ui.programs import beside_a_gateway, ended, send
from tests.fixtures.keyrings import MemoryHolder
from tests.fixtures.pictures import CANARY, halves, huge_png, jpeg, png
from tests.gateway_server import GatewayServer

SEEING, BLIND = "xidao/gemma-3-27b", "xidao/qwen3-32b"


@contextmanager
def running(look: Appearance, home: Path, gateway: GatewayServer, holder: MemoryHolder) -> Iterator[Program]:
    """With the gateway allowed, and licences accepted."""
    with beside_a_gateway(home, look, gateway, holder) as program:
        program.settings.update(allowed=("xidao",))
        program.chat.answering.check_licence = lambda _route: None
        yield program


@pytest.fixture
def program(
    look: Appearance, tmp_path: Path, gateway: GatewayServer, holder: MemoryHolder
) -> Iterator[Program]:
    with running(look, tmp_path / "home", gateway, holder) as program:
        yield program


def add(program: Program, qtbot: QtBot, *sources: Path | QImage, count: int | None = None) -> None:
    before = len(program.page.composer.tray.pictures())
    program.page.attaching.give(sources)
    expected = before + (len(sources) if count is None else count)
    qtbot.waitUntil(lambda: not program.page.attaching.reading, timeout=10_000)
    assert len(program.page.composer.tray.pictures()) == expected


def messages(program: Program) -> list[StoredMessage]:
    return [] if program.page.conversation is None else program.chat.messages(program.page.conversation)


def received(gateway: GatewayServer) -> list[QImage]:
    """The pictures of the last question, as the gateway reads them."""
    found = []
    for message in gateway.chats[-1].json["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else []
        for part in parts:
            if part["type"] == "image_url":
                head, _, data = part["image_url"]["url"].partition(";base64,")
                assert head in ("data:image/jpeg", "data:image/png")
                content = base64.b64decode(data)
                assert CANARY not in content
                found.append(QImage.fromData(content))
    return found


def test_s26_pictures_are_sent_scaled_without_metadata_and_again_after_a_restart(
    look: Appearance, tmp_path: Path, gateway: GatewayServer, holder: MemoryHolder, qtbot: QtBot
) -> None:
    (tmp_path / "holiday.jpg").write_bytes(jpeg(picture=halves().scaled(2400, 1200)))
    (tmp_path / "screen.png").write_bytes(png())
    home = tmp_path / "home"
    with running(look, home, gateway, holder) as program:
        program.chat.answering.choose(None, SEEING)
        add(program, qtbot, tmp_path / "holiday.jpg", tmp_path / "screen.png")
        send(program, "What is this?")
        assert ended(program, qtbot).status is Status.COMPLETE
        assert [(p.width(), p.height()) for p in received(gateway)] == [(2048, 1024), (40, 20)]
        assert CANARY not in gateway.chats[-1].body
        assert program.page.composer.tray.pictures() == program.chat.pictures.drafted(None) == []
        assert not program.page.composer.tray.isVisible()
        conversation = program.page.conversation
    with running(look, home, gateway, holder) as program:
        program._open(conversation)
        assert [image.width for image in messages(program)[0].images] == [2048, 40]
        send(program, "And the colours?")
        assert ended(program, qtbot).status is Status.COMPLETE
        assert [p.width() for p in received(gateway)] == [2048, 40]
        assert received(gateway)[0].pixelColor(100, 100).red() > 200


@pytest.mark.parametrize("model", ["small", BLIND])
def test_who_reads_text_only_is_not_asked_and_nothing_is_lost(
    program: Program, gateway: GatewayServer, qtbot: QtBot, model: str
) -> None:
    program.chat.answering.choose(None, model)
    add(program, qtbot, halves())
    send(program, "What is this?")
    composer = program.page.composer
    assert "reads text only" in composer.picture_line.words
    assert composer.text() == "What is this?"
    assert len(composer.tray.pictures()) == 1
    assert (messages(program), gateway.chats) == ([], [])

    program.chat.answering.choose(None, SEEING)
    assert composer.picture_line.words == ""
    send(program, composer.text())
    assert ended(program, qtbot).status is Status.COMPLETE
    assert len(received(gateway)) == 1


def test_a_conversation_with_pictures_is_not_told_to_who_cannot_see_them(
    program: Program, gateway: GatewayServer, qtbot: QtBot
) -> None:
    program.chat.answering.choose(None, SEEING)
    add(program, qtbot, halves())
    send(program, "")
    ended(program, qtbot)
    program.chat.answering.choose(program.page.conversation, "small")
    send(program, "Say more.")
    assert "pictures in this conversation" in program.page.composer.picture_line.words
    assert program.page.composer.text() == "Say more."
    program.chat.regenerate(messages(program)[-1])
    error = ended(program, qtbot).error
    assert error is not None
    assert error["title"] == "This model can’t see pictures."


def test_over_budget_only_those_that_see_are_ways_on(
    program: Program, gateway: GatewayServer, qtbot: QtBot
) -> None:
    """The nearest cheaper ones read text only, and so does this machine."""
    program.chat.answering.choose(None, SEEING)
    add(program, qtbot, halves())
    program.settings.update(budgets=(Budget(Period.DAY, Cost(10_000_000, "CNY")),))
    send(program, "What is this?")
    qtbot.waitUntil(lambda: messages(program)[-1].status is not Status.RUNNING)
    offered = read((messages(program)[-1].receipt or {})["ways"])
    sees = {one.id: one.sees for one in program.chat.answering.remote()}
    assert Kind.RAISE in {way.kind for way in offered}
    assert Kind.LOCAL not in {way.kind for way in offered}
    assert [way.model for way in offered if way.model and sees[way.model] is False] == []
    assert gateway.chats == []


def test_the_router_asks_one_that_sees(program: Program, gateway: GatewayServer, qtbot: QtBot) -> None:
    program.chat.answering.set_mode(None, Mode.HYBRID)
    add(program, qtbot, halves())
    send(program, "")
    answer = ended(program, qtbot)
    assert answer.status is Status.COMPLETE, answer.error
    assert len(received(gateway)) == 1
    assert program.chat.conversations()[0].title == "Picture"


def test_the_router_asks_nobody_where_none_sees(program: Program, qtbot: QtBot) -> None:
    program.settings.update(allowed=())
    program.chat.answering.set_mode(None, Mode.HYBRID)
    add(program, qtbot, halves())
    send(program, "Look")
    assert "None of the models" in program.page.composer.picture_line.words
    assert messages(program) == []


def test_pictures_raise_the_class_while_they_are_there(
    program: Program, gateway: GatewayServer, qtbot: QtBot
) -> None:
    program.settings.update(picture_privacy=Privacy.ASK)
    program.chat.answering.choose(None, SEEING)
    switch, privacy = program.page.composer.privacy, program.chat.answering.privacy
    add(program, qtbot, halves())
    assert (switch.shown, privacy.chosen(None)) == (Privacy.ASK, Privacy.OUT)
    assert "because of its pictures" in switch.toolTip()
    send(program, "Look")
    question = ended(program, qtbot).error or {}
    assert question["next_step"] == "send"
    assert "because of its pictures" in question["hint"]
    assert gateway.chats == []
    assert (switch.shown, privacy.of(None)) == (Privacy.ASK, Privacy.OUT)
    program.chat.edit(messages(program)[0], "Nothing to see")
    assert ended(program, qtbot).status is Status.COMPLETE
    assert (switch.shown, len(gateway.chats)) == (Privacy.OUT, 1)


def test_pictures_raise_the_class_of_what_is_sent_whichever_version_is_shown(
    program: Program, gateway: GatewayServer, qtbot: QtBot
) -> None:
    program.settings.update(picture_privacy=Privacy.ASK)
    program.chat.answering.choose(None, SEEING)
    add(program, qtbot, halves())
    send(program, "Look")
    ended(program, qtbot)
    asked, privacy = messages(program)[:1], program.chat.answering.privacy
    program.chat.edit(asked[0], "Nothing to see")
    ended(program, qtbot)
    route = Route("gateway", SEEING, "")
    with pytest.raises(NotAllowed):
        privacy.check(program.page.conversation, route, asked)
    assert privacy.leave(route, asked).refusal()


@pytest.mark.parametrize(
    ("mode", "words"), [(Mode.CLOUD, "Look"), (Mode.HYBRID, "Look"), (Mode.HYBRID, "@gemma-3-27b Look")]
)
def test_s27_pictures_that_stay_here_are_not_sent_and_nothing_is_lost(
    program: Program, gateway: GatewayServer, qtbot: QtBot, mode: Mode, words: str
) -> None:
    program.chat.answering.choose(None, SEEING)
    program.chat.answering.set_mode(None, mode)
    add(program, qtbot, halves())
    program.settings.update(picture_privacy=Privacy.HERE)
    assert program.page.composer.privacy.shown is Privacy.HERE
    send(program, words)
    assert "Pictures stay on this machine" in program.page.composer.picture_line.words
    assert len(program.page.composer.tray.pictures()) == 1
    assert messages(program) == []
    assert gateway.chats == []


def test_what_is_no_picture_is_told_and_the_others_are_added(
    program: Program, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "notes.png").write_text("words")
    (tmp_path / "bomb.png").write_bytes(huge_png(50_000))
    add(
        program,
        qtbot,
        tmp_path / "notes.png",
        halves(),
        tmp_path / "bomb.png",
        tmp_path / "gone.jpg",
        count=1,
    )
    words = program.page.composer.picture_line.words.splitlines()
    assert len(words) == 3
    assert "“notes.png” can’t be added. It is no picture" in words[0]
    assert "50,000 × 50,000" in words[1]


def test_pictures_wait_with_the_draft_of_their_conversation(
    program: Program, look: Appearance, qtbot: QtBot
) -> None:
    program.chat.answering.choose(None, SEEING)
    send(program, "Hello?")
    ended(program, qtbot)
    begun = program.page.conversation
    assert program.page.composer._note.text() == ""
    add(program, qtbot, halves(), halves(30, 30))
    assert "¥" in program.page.composer._note.text()
    program._open(None)
    assert program.page.attaching.images() == ()
    program._open(begun)
    assert [image.width for image in program.page.attaching.images()] == [40, 30]
    program.page.composer.tray.items()[0].remove.click()
    program._open(None)
    program._open(begun)
    assert [image.width for image in program.page.attaching.images()] == [30]


def test_asking_differently_takes_the_pictures_along(
    program: Program, gateway: GatewayServer, qtbot: QtBot
) -> None:
    program.chat.answering.choose(None, SEEING)
    add(program, qtbot, halves(), halves(30, 30))
    send(program, "What?")
    ended(program, qtbot)
    program.page._edit(messages(program)[0])
    assert len(program.page.attaching.images()) == 2
    program.page.composer.tray.items()[0].remove.click()
    send(program, "What is it?")
    ended(program, qtbot)
    assert [picture.width() for picture in received(gateway)] == [30]
    first = program.chat.messages(program.page.conversation or 0)[0]
    program.chat.select_version(first.versions[0])
    assert [image.width for image in messages(program)[0].images] == [40, 30]


def test_pasting_dropping_and_choosing_add_pictures(
    program: Program, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    tray, edit = program.page.composer.tray, program.page.composer.edit
    (tmp_path / "a.png").write_bytes(png())
    QApplication.clipboard().setImage(halves())
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(tray.pictures()) == 1 and not program.page.attaching.reading, timeout=10_000)
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png"))])
    edit.insertFromMimeData(files)
    qtbot.waitUntil(lambda: len(tray.pictures()) == 2 and not program.page.attaching.reading, timeout=10_000)
    program.manager.importing.target.pictures_dropped.emit([tmp_path / "a.png"])
    qtbot.waitUntil(lambda: len(tray.pictures()) == 3 and not program.page.attaching.reading, timeout=10_000)
    monkeypatch.setattr(QFileDialog, "open", lambda _self: None)
    program.page.attaching.ask().filesSelected.emit([str(tmp_path / "a.png")])
    qtbot.waitUntil(lambda: len(tray.pictures()) == 4, timeout=10_000)
    assert edit.toPlainText() == ""
    qtbot.waitUntil(lambda: all(item.thumbnail.drawn for item in tray.items()), timeout=10_000)
    words = QMimeData()
    words.setText("a table")
    words.setImageData(halves())
    edit.insertFromMimeData(words)
    assert edit.toPlainText() == "a table"
    assert not program.page.attaching.reading


def test_a_picture_is_opened_large_and_copied(program: Program, gateway: GatewayServer, qtbot: QtBot) -> None:
    program.chat.answering.choose(None, SEEING)
    add(program, qtbot, halves(), halves(30, 30))
    send(program, "")
    ended(program, qtbot)
    (view, *_) = program.page.transcript.views()
    shown = view.findChildren(Thumbnail)
    qtbot.waitUntil(lambda: all(one.drawn for one in shown), timeout=10_000)
    shown[1].click()
    viewer = program.page.viewing._viewer
    assert viewer is not None
    qtbot.waitUntil(lambda: viewer._picture.width() == 30, timeout=10_000)
    QTest.keyClick(viewer, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: viewer._picture.width() == 40, timeout=10_000)
    QTest.keyClick(viewer, Qt.Key.Key_Escape)
    assert program.page.viewing._viewer is None
    QApplication.clipboard().clear()
    copy = view.findChild(QToolButton, "copy-message")
    assert isinstance(copy, QToolButton)
    copy.click()
    qtbot.waitUntil(lambda: QApplication.clipboard().image().width() == 40, timeout=10_000)


def test_an_export_carries_the_pictures(
    program: Program, gateway: GatewayServer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program.chat.answering.choose(None, SEEING)
    add(program, qtbot, halves())
    send(program, "Look")
    ended(program, qtbot)
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialog.fileSelected.emit(str(tmp_path / "a.md")))
    program._export(program.page.conversation or 0, Form.MARKDOWN)
    text = (tmp_path / "a.md").read_text()
    data = text.partition("]: data:image/jpeg;base64,")[2]
    assert QImage.fromData(base64.b64decode(data)).width() == 40
