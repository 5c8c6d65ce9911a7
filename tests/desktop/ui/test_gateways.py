"""The settings' card of gateways: it says what is known of keys, shows none, and offers a way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.keys import KeyService, Known
from desktop.services.providers import ProviderService, Reply
from desktop.services.settings import SettingsService
from desktop.system.keys import Keys
from desktop.system.secrets import SystemKeyring
from desktop.ui.settings.gateways import GatewaysCard
from desktop.ui.settings.questions import confirm_unencrypted
from desktop.ui.theme import Appearance
from models.errors import Unreachable
from tests.desktop.ui.focus import focus_met
from tests.fixtures.gateways import KINDS, Check
from tests.fixtures.keyrings import CANARY, MemoryHolder, Sleeping, keyring_of, no_keyring

W = TypeVar("W", bound=QWidget)


class Scene:
    """The card, shown, with a keyring in memory; `asked` are the addresses that were asked about."""

    def __init__(self, folder: Path, qtbot: QtBot, keyring: SystemKeyring | None = None) -> None:
        self.qtbot = qtbot
        self.background = Background()
        self.holder, self.check = MemoryHolder(), Check()
        self.settings = SettingsService(folder / "settings.json")
        keys = Keys(keyring or keyring_of(self.holder))
        self.service = ProviderService(
            self.settings,
            lambda: KINDS,
            KeyService(lambda _asked: keys, self.background),
            self.check,
            self.background,
        )
        self.asked: list[str] = []
        self.allow = True
        self.card = GatewaysCard(self.service, ask=self._ask)
        qtbot.addWidget(self.card)
        self.card.resize(700, 500)

    def _ask(self, _parent: QWidget, address: str) -> bool:
        self.asked.append(address)
        return self.allow

    def button(self, name: str) -> QPushButton:
        return self._child(QPushButton, name)

    def label(self, name: str) -> QLabel:
        return self._child(QLabel, name)

    def field(self, name: str) -> QLineEdit:
        return self._child(QLineEdit, name)

    def _child(self, kind: type[W], name: str) -> W:
        found = [each for each in self.card.findChildren(kind, name) if not _doomed(each)]
        assert found, name
        return found[-1]

    def click(self, name: str) -> None:
        self.qtbot.mouseClick(self.button(name), Qt.MouseButton.LeftButton)

    def paste(self, name: str, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.field(name).setFocus()
        self.field(name).paste()
        QGuiApplication.clipboard().clear()

    def wait(self, known: Known, provider_id: str = "xidao") -> None:
        self.qtbot.waitUntil(lambda: self.service.keys.state(provider_id).known is known)

    def close(self) -> None:
        async def nothing() -> None:
            pass

        self.background.close(nothing)


def _doomed(widget: QWidget) -> bool:
    return not widget.isVisibleTo(widget.window())


@pytest.fixture
def scene(look: Appearance, tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    scene = Scene(tmp_path, qtbot)
    yield scene
    scene.close()


def test_the_keyring_is_asked_when_the_card_is_first_seen(scene: Scene) -> None:
    assert scene.holder.calls == 0
    scene.card.show()
    scene.wait(Known.ABSENT)
    assert scene.label("key-state-xidao").text() == "No key yet"
    assert not scene.button("test-xidao").isEnabled()


def test_a_key_is_pasted_tested_and_removed(scene: Scene) -> None:
    scene.card.show()
    scene.wait(Known.ABSENT)
    scene.click("enter-key-xidao")
    scene.paste("key-xidao", f"  {CANARY}\n")
    scene.click("keep-key-xidao")
    scene.wait(Known.STORED)
    assert scene.holder.entries == {"xidao": CANARY}
    assert scene.label("key-state-xidao").text() == "Key …wxyz"
    assert scene.label("gateway-state-xidao").text() == "Kept in the test’s keyring."
    scene.click("test-xidao")
    assert not scene.button("test-xidao").isEnabled()
    scene.qtbot.waitUntil(lambda: "works" in scene.label("gateway-reply-xidao").text())
    assert scene.label("gateway-reply-xidao").text() == "The key works. 2 models, answered in 120 ms."
    assert scene.button("test-xidao").isEnabled()
    removed: list[tuple[str, str]] = []
    scene.card.keys_removed.connect(lambda *what: removed.append(what))
    scene.button("forget-key-xidao").setFocus()
    scene.click("forget-key-xidao")
    scene.wait(Known.ABSENT)
    assert scene.card.window().focusWidget() is scene.button("edit-gateway-xidao")
    assert removed == [("xidao", "XiDao")]
    scene.service.keys.restore("xidao")
    scene.wait(Known.STORED)


def test_bringing_a_key_back_keeps_what_was_entered_since(scene: Scene) -> None:
    keys = scene.service.keys
    keys.add("xidao", CANARY)
    scene.wait(Known.STORED)
    keys.remove("xidao")
    scene.wait(Known.ABSENT)
    keys.add("xidao", "sk-entered-since-0123456789")
    scene.wait(Known.STORED)
    keys.restore("xidao")
    scene.wait(Known.STORED)
    assert set(scene.holder.entries.values()) == {CANARY, "sk-entered-since-0123456789"}


def test_a_form_that_is_open_stays_so_when_the_keyring_answers(
    look: Appearance, tmp_path: Path, qtbot: QtBot
) -> None:
    holder = Sleeping()
    scene = Scene(tmp_path, qtbot, keyring_of(holder, deadline_s=60))
    scene.card.show()
    scene.click("open-add-gateway")
    scene.click("add-gateway")  # the first kind once more, whose form opens at once
    field = scene.field("key-xidao-2")
    field.setText(CANARY)
    assert not scene.button("enter-key-xidao").isEnabled()
    holder.wake.set()
    scene.wait(Known.ABSENT, "xidao-2")
    assert field.isVisible()
    assert field.text() == CANARY
    scene.click("keep-key-xidao-2")
    scene.wait(Known.STORED, "xidao-2")
    scene.close()


def test_an_answer_from_where_it_was_before_is_not_shown(scene: Scene) -> None:
    scene.card.show()
    scene.wait(Known.ABSENT)
    reply = Reply(True, "The key works.", base_url="https://before.example/v1")
    scene.service.tested.emit("xidao", reply)
    assert scene.card._rows["xidao"]._reply.isHidden()
    scene.service.tested.emit("xidao", replace(reply, base_url="https://api.xidao.online/v1"))
    assert scene.label("gateway-reply-xidao").text() == "The key works."


def test_s19_the_field_shows_dots_and_keeps_nothing(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.wait(Known.ABSENT)
    scene.click("enter-key-xidao")
    field = scene.field("key-xidao")
    scene.paste("key-xidao", CANARY)
    assert field.echoMode() is QLineEdit.EchoMode.Password
    assert "canary" not in field.displayText()
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "canary" not in QGuiApplication.clipboard().text()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    scene.wait(Known.STORED)
    assert field.text() == ""
    field.undo()
    assert field.text() == ""
    shown = [label.text() for label in scene.card.findChildren(QLabel)]
    assert "canary" not in " ".join(shown)


def test_what_can_t_be_a_key_is_said_beside_the_field(scene: Scene) -> None:
    scene.card.show()
    scene.wait(Known.ABSENT)
    scene.click("enter-key-xidao")
    assert not scene.button("keep-key-xidao").isEnabled()
    scene.paste("key-xidao", "https://example.org/v1")
    scene.click("keep-key-xidao")
    assert "address, not a key" in scene.label("key-problem-xidao").text()
    assert scene.holder.entries == {}
    scene.click("cancel-key-xidao")
    assert scene.button("enter-key-xidao").isVisible()


def test_a_key_that_is_refused_is_said_in_the_gateways_words(scene: Scene) -> None:
    scene.card.show()
    scene.service.keys.add("xidao", CANARY)
    scene.wait(Known.STORED)
    scene.check.answer = Unreachable("api.xidao.online did not answer.", "Check your connection.")
    scene.click("test-xidao")
    words = "The server can’t be reached. api.xidao.online did not answer. Check your connection."
    scene.qtbot.waitUntil(lambda: scene.label("gateway-reply-xidao").text() == words)


def test_f38_without_a_keyring_the_card_says_why_and_for_how_long(
    look: Appearance, tmp_path: Path, qtbot: QtBot
) -> None:
    scene = Scene(tmp_path, qtbot, no_keyring())
    scene.card.show()
    scene.wait(Known.UNREADABLE)
    words = scene.label("keyring-problem").text()
    assert words.startswith("This system has no keyring. There is none. Install one.")
    assert "for this run only" in words
    scene.service.keys.add("xidao", CANARY)
    scene.wait(Known.RUN)
    assert scene.label("key-state-xidao").text() == "Key …wxyz for this run only"
    assert "Your key is kept for this run only" in scene.label("keyring-problem").text()
    scene.close()


def test_f38_a_keyring_that_works_again_gets_the_key(look: Appearance, tmp_path: Path, qtbot: QtBot) -> None:
    holder = MemoryHolder(OSError(5, "gone"))
    scene = Scene(tmp_path, qtbot, keyring_of(holder))
    scene.card.show()
    scene.wait(Known.UNREADABLE)
    scene.service.keys.add("xidao", CANARY)
    scene.wait(Known.RUN)
    holder.error = None
    scene.click("ask-keyring-again")
    scene.wait(Known.STORED)
    assert holder.entries == {"xidao": CANARY}
    assert scene.card._warning.isHidden()
    scene.close()


@pytest.mark.parametrize(
    ("opens", "first", "leaves"),
    [
        ("open-add-gateway", "gateway-kind", "cancel-gateway"),
        ("open-connect-server", "server-address", "cancel-server"),
        ("edit-gateway-xidao", "edit-name-of-xidao", "edit-cancel-xidao"),
    ],
)
def test_a_form_gets_the_keyboard_and_gives_it_back(
    scene: Scene, qtbot: QtBot, opens: str, first: str, leaves: str
) -> None:
    scene.card.show()
    scene.card.activateWindow()
    button = scene.button(opens)
    button.setFocus()
    qtbot.waitUntil(button.hasFocus, timeout=10_000)
    with focus_met() as met:
        scene.click(opens)
        scene.click(leaves)
    assert met == [first, leaves, "open-add-gateway" if opens == "open-connect-server" else opens]


def test_a_provider_is_added_and_its_key_asked_for(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.click("open-add-gateway")
    kinds = scene._child(QComboBox, "gateway-kind")
    assert [kinds.itemText(place) for place in range(kinds.count())] == [
        "XiDao",
        "DeepSeek",
        "AWS Bedrock",
        "Another gateway",
    ]
    kinds.setCurrentIndex(1)
    about = "Your messages go to this gateway. Prices: its own list. As of 2026-11."
    assert scene.label("gateway-about").text() == about
    assert scene.field("gateway-address").text() == "https://api.deepseek.com/v1"
    scene.click("add-gateway")
    assert [each.id for each in scene.service.providers()] == ["xidao", "deepseek"]
    assert scene.field("key-deepseek").isVisible()
    assert about in [label.text() for label in scene.card._rows["deepseek"]._form.findChildren(QLabel)]


def test_an_address_with_a_place_to_fill_in_is_asked_for(scene: Scene) -> None:
    scene.card.show()
    scene.click("open-add-gateway")
    scene._child(QComboBox, "gateway-kind").setCurrentIndex(2)
    field = scene.field("gateway-address")
    assert field.selectedText() == "{region}"
    scene.click("add-gateway")
    assert len(scene.service.providers()) == 1
    field.insert("eu-west-1")
    scene.click("add-gateway")
    assert scene.service.providers()[1].base_urls == ("https://bedrock.eu-west-1.example/v1",)


def test_a_server_is_tried_shown_and_added(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.click("open-connect-server")
    assert not scene.button("add-server").isEnabled()
    qtbot.keyClicks(scene.field("server-address"), "localhost:8000")
    scene.check.answer = Reply(
        True, "ok", models=tuple("abcdefgh"), server="vLLM 0.9", latency_s=0.004, profile="vllm"
    )
    scene.click("try-server")
    qtbot.waitUntil(lambda: scene.button("add-server").isEnabled())
    found = scene.label("server-found").text()
    assert found == "vLLM 0.9 answered in 4 ms. Models: a, b, c, d, e, f and 2 more."
    scene.click("add-server")
    provider = scene.service.providers()[1]
    assert (provider.profile, provider.base_urls) == ("vllm", ("http://localhost:8000/v1",))
    assert scene.asked == []


def test_an_address_that_changes_must_be_tried_again(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.click("open-connect-server")
    qtbot.keyClicks(scene.field("server-address"), "localhost:8000")
    scene.click("try-server")
    qtbot.waitUntil(lambda: scene.button("add-server").isEnabled())
    qtbot.keyClicks(scene.field("server-address"), "0")
    assert not scene.button("add-server").isEnabled()


def test_without_encryption_only_after_a_yes(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.click("open-connect-server")
    qtbot.keyClicks(scene.field("server-address"), "192.168.1.20:8000")
    scene.paste("server-key", CANARY)
    scene.allow = False
    scene.click("try-server")
    assert (scene.asked, scene.check.targets) == (["http://192.168.1.20:8000/v1"], [])
    scene.allow = True
    scene.click("try-server")
    qtbot.waitUntil(lambda: scene.button("add-server").isEnabled())
    assert scene.check.targets[0].confirmed == ("http://192.168.1.20:8000/v1",)
    scene.click("add-server")
    provider = scene.service.providers()[1]
    assert provider.confirmed == provider.base_urls
    scene.wait(Known.STORED, provider.id)
    assert scene.holder.entries == {provider.id: CANARY}


def test_a_server_that_is_off_can_be_added_all_the_same(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.click("open-connect-server")
    qtbot.keyClicks(scene.field("server-address"), "localhost:8000")
    scene.check.answer = Unreachable("localhost does not accept connections.", "Start the server.")
    scene.click("try-server")
    qtbot.waitUntil(lambda: scene.button("add-server").isEnabled())
    assert "Start the server." in scene.label("server-problem").text()
    assert scene.button("add-server").text() == "Add it all the same"
    scene.click("add-server")
    assert scene.service.providers()[1].profile == "other"


def test_removing_is_offered_to_be_undone(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.service.keys.add("xidao", CANARY)
    scene.wait(Known.STORED)
    with qtbot.waitSignal(scene.card.removed) as told:
        scene.click("remove-gateway-xidao")
    assert told.args == ["xidao", "XiDao"]
    scene.wait(Known.ABSENT)
    assert scene.holder.entries == {}
    scene.service.restore("xidao")
    scene.wait(Known.STORED)
    assert scene.button("remove-gateway-xidao").isVisible()


def test_a_gateway_has_several_addresses(scene: Scene) -> None:
    scene.card.show()
    scene.wait(Known.ABSENT)
    scene.click("edit-gateway-xidao")
    scene.field("edit-address-of-xidao").setText("https://a.example 10.0.0.1:80 10.0.0.2:80")
    scene.click("edit-save-xidao")
    (provider,) = scene.service.providers()
    assert scene.asked == ["http://10.0.0.1:80/v1", "http://10.0.0.2:80/v1"]
    assert provider.base_urls == ("https://a.example/v1", *scene.asked)
    assert list(provider.confirmed) == scene.asked
    scene.click("edit-gateway-xidao")
    assert scene.field("edit-address-of-xidao").text() == " ".join(provider.base_urls)


def test_a_gateway_is_renamed_and_moved(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.click("edit-gateway-xidao")
    scene.field("edit-name-of-xidao").setText("Ours")
    scene.field("edit-address-of-xidao").setText("nonsense://x")
    scene.click("edit-save-xidao")
    assert "not an address" in scene.label("edit-problem-xidao").text()
    scene.field("edit-address-of-xidao").setText("10.0.0.1:8000")
    scene.allow = False
    scene.click("edit-save-xidao")
    assert scene.service.providers()[0].name == "XiDao"
    scene.allow = True
    qtbot.keyClick(scene.field("edit-address-of-xidao"), Qt.Key.Key_Return)
    (provider,) = scene.service.providers()
    assert (provider.name, provider.confirmed) == ("Ours", ("http://10.0.0.1:8000/v1",))
    assert scene.button("edit-gateway-xidao").isVisible()


def test_the_page_with_keys_is_opened_by_others(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    with qtbot.waitSignal(scene.card.link_activated) as told:
        scene.click("get-key-xidao")
    assert told.args == ["https://example.org/keys"]


def test_everything_one_can_reach_has_a_name(scene: Scene, qtbot: QtBot) -> None:
    scene.card.show()
    scene.click("open-connect-server")
    scene.card._rows["xidao"].unfold(True)
    reachable = [
        each
        for each in scene.card.findChildren(QWidget)
        if each.isVisible() and isinstance(each, QAbstractButton | QLineEdit | QComboBox)
    ]
    assert len(reachable) > 8
    assert [each for each in reachable if not each.objectName()] == []
    assert [
        each.objectName()
        for each in reachable
        if not (each.accessibleName() or (isinstance(each, QAbstractButton) and each.text()))
    ] == []
    labels = [each for each in scene.card.findChildren(QLabel) if each.text()]
    assert all(each.textFormat() is Qt.TextFormat.PlainText for each in labels)


@pytest.mark.parametrize("answer", [True, False])
def test_the_question_about_encryption_is_plain_and_no_by_default(
    look: Appearance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    seen: list[str] = []

    def answered(box: QMessageBox) -> int:
        seen.append(f"{box.text()} {box.informativeText()}")
        assert box.defaultButton() is box.button(QMessageBox.StandardButton.Cancel)
        use = box.findChild(QPushButton, "use-unencrypted")
        assert use is not None
        (use if answer else box.button(QMessageBox.StandardButton.Cancel)).click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answered)
    parent = QWidget()
    qtbot.addWidget(parent)
    assert confirm_unencrypted(parent, "http://192.168.1.20:8000/v1") is answer
    assert "192.168.1.20 without encryption" in seen[0]
