"""Providers and their keys while the program runs: nothing blocks, nothing is asked too early, undo works."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.keys import KeyService, KeyState, Known
from desktop.services.providers import ProviderService, Reply, Target
from desktop.services.settings import SettingsService
from desktop.system.key import HUB
from desktop.system.keys import Keys
from desktop.system.secrets import SystemKeyring
from desktop.system.vaults import Ready
from models.errors import BadInput, BadKey, KeyRefused, KeyringSilent, NoKeyring, ServerFailed
from tests.fixtures.gateways import KINDS, Check
from tests.fixtures.keyrings import CANARY, Clinging, MemoryHolder, Sleeping, keyring_of, no_keyring


class Scene:
    """The service with a keyring in memory."""

    def __init__(self, folder: Path, holder: MemoryHolder, keyring: SystemKeyring | None = None) -> None:
        self.file = folder / "settings.json"
        self.settings = SettingsService(self.file)
        self.background = Background()
        self.holder, self.check = holder, Check()
        self.made = 0

        def make(_asked: object) -> Keys:
            self.made += 1
            return Keys(keyring or keyring_of(holder))

        self.service = ProviderService(
            self.settings, lambda: KINDS, KeyService(make, self.background), self.check, self.background
        )

    def known(self, provider_id: str = "xidao") -> Known:
        return self.service.keys.state(provider_id).known

    def close(self) -> None:
        async def nothing() -> None:
            pass

        self.background.close(nothing)


@pytest.fixture
def scene(qtbot: QtBot, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path, MemoryHolder())
    yield scene
    scene.close()


def settle(qtbot: QtBot, scene: Scene, known: Known, provider_id: str = "xidao") -> KeyState:
    qtbot.waitUntil(lambda: scene.known(provider_id) is known)
    return scene.service.keys.state(provider_id)


def test_nothing_is_asked_of_the_keyring_before_it_is_needed(scene: Scene, qtbot: QtBot) -> None:
    assert [each.id for each in scene.service.providers()] == ["xidao"]
    assert scene.known() is Known.NOT_YET
    assert (scene.made, scene.holder.calls) == (0, 0)
    scene.service.keys.look("xidao")
    assert scene.known() is Known.LOOKING
    settle(qtbot, scene, Known.ABSENT)
    calls = scene.holder.calls
    scene.service.keys.look("xidao")
    assert scene.holder.calls == calls


def test_a_key_is_kept_and_shown_by_its_end(scene: Scene, qtbot: QtBot) -> None:
    scene.service.keys.add("xidao", f" Bearer {CANARY}\n")
    state = settle(qtbot, scene, Known.STORED)
    assert (state.endings, state.keyring) == (("…wxyz",), "the test’s keyring")
    assert scene.holder.entries == {"xidao": CANARY}
    assert "canary" not in repr(state)


def test_what_can_t_be_a_key_is_refused_at_once(scene: Scene) -> None:
    with pytest.raises(BadKey):
        scene.service.keys.add("xidao", "two words")
    assert scene.known() is Known.NOT_YET


def test_f38_without_a_keyring_the_key_holds_for_this_run(qtbot: QtBot, tmp_path: Path) -> None:
    scene = Scene(tmp_path, MemoryHolder(), no_keyring())
    scene.service.keys.look("xidao")
    assert isinstance(settle(qtbot, scene, Known.UNREADABLE).why, NoKeyring)
    scene.service.keys.add("xidao", CANARY)
    state = settle(qtbot, scene, Known.RUN)
    assert isinstance(state.why, NoKeyring)
    scene.service.test("xidao")
    qtbot.waitUntil(lambda: len(scene.check.targets) == 1)
    key = scene.check.targets[0].key
    assert key is not None
    assert key.reveal() == CANARY
    scene.close()


def test_f38_a_hanging_keyring_never_holds_the_window_up(qtbot: QtBot, tmp_path: Path) -> None:
    holder = Sleeping()
    scene = Scene(tmp_path, holder, keyring_of(holder, deadline_s=1.0))
    began = time.monotonic()
    scene.service.keys.add("xidao", CANARY)
    scene.service.keys.look("xidao")
    assert time.monotonic() - began < 0.9
    assert isinstance(settle(qtbot, scene, Known.RUN).why, KeyringSilent)
    began = time.monotonic()
    scene.close()
    assert time.monotonic() - began < 2
    holder.wake.set()


def test_f38_that_the_keyring_asks_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    holder = Sleeping()
    scene = Scene(tmp_path, holder)
    keyring = keyring_of(holder, Ready.LOCKED)

    def make(asked: object) -> Keys:
        keyring._asked = asked  # type: ignore[assignment]
        return Keys(keyring)

    scene.service.keys._make = make
    scene.service.keys.look("xidao")
    qtbot.waitUntil(lambda: scene.service.keys.state("xidao").asked)
    holder.wake.set()
    assert not settle(qtbot, scene, Known.ABSENT).asked
    scene.close()


def test_removing_a_provider_takes_its_key_and_undo_brings_both_back(scene: Scene, qtbot: QtBot) -> None:
    scene.service.add("deepseek")
    scene.service.keys.add("xidao", CANARY)
    settle(qtbot, scene, Known.STORED)
    scene.service.remove("xidao")
    settle(qtbot, scene, Known.ABSENT)
    assert scene.holder.entries == {}
    assert [each["id"] for each in json.loads(scene.file.read_text())["providers"]] == ["deepseek"]
    scene.service.restore("xidao")
    settle(qtbot, scene, Known.STORED)
    assert scene.holder.entries == {"xidao": CANARY}
    assert [each.id for each in scene.service.providers()] == ["xidao", "deepseek"]


def test_a_new_one_gets_neither_the_key_nor_the_place_of_one_that_was_removed(
    scene: Scene, qtbot: QtBot
) -> None:
    scene.service.keys.add("xidao", CANARY)
    settle(qtbot, scene, Known.STORED)
    scene.service.remove("xidao")
    settle(qtbot, scene, Known.ABSENT)
    other = scene.service.add("xidao", "https://other.example/v1")
    scene.service.keys.look(other.id)
    settle(qtbot, scene, Known.ABSENT, other.id)
    scene.service.restore("xidao")
    settle(qtbot, scene, Known.STORED)
    assert [each.id for each in scene.service.providers()] == ["xidao", other.id]
    assert scene.known(other.id) is Known.ABSENT


def test_undo_in_the_same_moment_loses_nothing(scene: Scene, qtbot: QtBot) -> None:
    scene.service.keys.add("xidao", CANARY)
    settle(qtbot, scene, Known.STORED)
    scene.service.remove("xidao")
    scene.service.restore("xidao")
    settle(qtbot, scene, Known.STORED)
    qtbot.waitUntil(lambda: scene.holder.entries == {"xidao": CANARY})


def test_keys_alone_are_removed_and_brought_back(scene: Scene, qtbot: QtBot) -> None:
    for text in (CANARY, "sk-second-key-0002"):
        scene.service.keys.add("xidao", text)
    qtbot.waitUntil(lambda: len(scene.service.keys.state("xidao").endings) == 2)
    scene.service.keys.remove("xidao")
    settle(qtbot, scene, Known.ABSENT)
    scene.service.keys.restore("xidao")
    assert settle(qtbot, scene, Known.STORED).endings == ("…wxyz", "…0002")


def test_a_key_that_stays_in_the_keyring_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    scene = Scene(tmp_path, Clinging())
    scene.service.keys.add("xidao", CANARY)
    settle(qtbot, scene, Known.STORED)
    scene.service.keys.remove("xidao")
    why = settle(qtbot, scene, Known.ABSENT).why
    assert why is not None
    assert "still holds" in why.cause
    scene.close()


def test_a_test_sends_the_key_to_the_address(scene: Scene, qtbot: QtBot) -> None:
    scene.service.keys.add("xidao", CANARY)
    with qtbot.waitSignal(scene.service.tested) as told:
        scene.service.test("xidao")
        scene.service.test("xidao")
    assert told.args == [
        "xidao",
        Reply(
            True, "The key works.", models=("a", "b"), latency_s=0.12, base_url="https://api.xidao.online/v1"
        ),
    ]
    (target,) = scene.check.targets
    assert (target.base_url, str(target.key)) == ("https://api.xidao.online/v1", "…wxyz")


def test_a_test_asks_with_each_key_and_at_each_address(scene: Scene, qtbot: QtBot) -> None:
    one, other = "https://one.example/v1", "https://other.example/v1"
    scene.service.change("xidao", "", f"{one} {other}")
    scene.service.keys.add("xidao", CANARY)
    scene.service.keys.add("xidao", "sk-second-key-0002")
    assert answer_of_test(scene, qtbot).words == "The key works. That holds for all 2 keys and 2 addresses."
    asked = [(target.base_url, str(target.key)) for target in scene.check.targets]
    assert asked == [(one, "…wxyz"), (one, "…0002"), (other, "…wxyz")]


@pytest.mark.parametrize(
    ("ending", "host", "which"), [("…0002", "one", "Key …0002"), ("…wxyz", "other", "At other.example")]
)
def test_a_test_says_which_key_or_address_fails(
    scene: Scene, qtbot: QtBot, ending: str, host: str, which: str
) -> None:
    async def refuse(target: Target) -> Reply:
        if str(target.key) == ending and host in target.base_url:
            raise KeyRefused("XiDao does not accept it.")
        return Reply(True, "The key works.")

    scene.service._check = refuse
    scene.service.change("xidao", "", "https://one.example/v1 https://other.example/v1")
    scene.service.keys.add("xidao", CANARY)
    scene.service.keys.add("xidao", "sk-second-key-0002")
    reply = answer_of_test(scene, qtbot)
    assert (reply.ok, reply.words) == (False, f"{which}: The key was refused. XiDao does not accept it.")
    assert reply.base_url == "https://one.example/v1"


def answer_of_test(scene: Scene, qtbot: QtBot) -> Reply:
    with qtbot.waitSignal(scene.service.tested) as told:
        scene.service.test("xidao")
    assert told.args is not None
    reply = told.args[1]
    assert isinstance(reply, Reply)
    return reply


def test_a_key_removed_during_its_test_stays_removed(scene: Scene, qtbot: QtBot) -> None:
    scene.service.keys.add("xidao", CANARY)
    settle(qtbot, scene, Known.STORED)
    reached, go_on = threading.Event(), threading.Event()

    async def slow(_target: Target) -> Reply:
        reached.set()
        await asyncio.to_thread(go_on.wait, 10)
        return Reply(True, "The key works.")

    scene.service._check = slow
    scene.service.test("xidao")
    qtbot.waitUntil(reached.is_set)
    scene.service.keys.remove("xidao")
    settle(qtbot, scene, Known.ABSENT)
    with qtbot.waitSignal(scene.service.tested):
        go_on.set()
    assert scene.service.keys.state("xidao") == KeyState(Known.ABSENT)


def test_s20_an_answer_that_echoes_the_key_is_shown_without_it(scene: Scene, qtbot: QtBot) -> None:
    scene.check.answer = ServerFailed(f"It said: no such key {CANARY}.", f"Replace {CANARY}.", status=401)
    scene.service.keys.add("xidao", CANARY)
    with qtbot.waitSignal(scene.service.tested) as told:
        scene.service.test("xidao")
    assert told.args is not None
    tested = told.args[1]
    assert not tested.ok
    assert "[removed]" in tested.words
    assert "canary" not in repr(tested)


def test_a_server_is_looked_at_before_it_is_added(scene: Scene, qtbot: QtBot) -> None:
    with qtbot.waitSignal(scene.service.found) as told:
        scene.service.find("192.168.1.20:8000", allowed=True, profile="vllm")
    assert told.args is not None
    assert told.args[0].base_url == "http://192.168.1.20:8000/v1"
    assert scene.check.targets[0].confirmed == ("http://192.168.1.20:8000/v1",)
    added = scene.service.add("vllm", "http://192.168.1.20:8000/v1", name="The rack", allowed=True)
    assert (added.id, added.name, added.confirmed) == (
        "the-rack",
        "The rack",
        ("http://192.168.1.20:8000/v1",),
    )


def test_only_the_last_question_is_answered(scene: Scene, qtbot: QtBot) -> None:
    answers: list[Reply] = []
    scene.service.found.connect(answers.append)
    scene.service.find("localhost:1000")
    scene.service.find("localhost:2000")
    qtbot.waitUntil(lambda: len(scene.check.targets) == 2 and bool(answers))
    assert [each.base_url for each in answers] == ["http://localhost:2000/v1"]


def test_bad_addresses_and_keys_are_said_at_once(scene: Scene) -> None:
    for address, key, error in (("ftp://x", "", BadInput), ("localhost:1", "a b", BadKey)):
        with pytest.raises(error):
            scene.service.find(address, key)
    with pytest.raises(BadInput):
        scene.service.add("bedrock", "https://bedrock.{region}.example/v1/x")


def test_the_same_kind_twice_has_another_name_and_key(scene: Scene) -> None:
    first, second = scene.service.add("deepseek"), scene.service.add("deepseek")
    assert (first.id, first.name) == ("deepseek", "DeepSeek")
    assert (second.id, second.name) == ("deepseek-2", "DeepSeek 2")


def test_a_provider_is_renamed_and_moved(scene: Scene) -> None:
    here = "https://api.xidao.online/v1"
    scene.service.change("xidao", "  My   gateway ", here)
    scene.service.change("xidao", " ", "http://10.0.0.1:80", allowed=True)
    (provider,) = scene.service.providers()
    assert (provider.name, provider.base_urls) == ("My gateway", ("http://10.0.0.1:80/v1",))
    assert provider.confirmed == provider.base_urls
    scene.service.change("xidao", "", here)
    (provider,) = scene.service.providers()
    assert (provider.base_urls, provider.confirmed) == ((), ())
    with pytest.raises(BadInput):
        scene.service.change("xidao", "x", "ftp://x")
    scene.service.change("gone", "x", here)
    assert scene.service.providers() == (provider,)


def test_several_addresses_are_kept_and_each_is_allowed_by_itself(scene: Scene) -> None:
    scene.service.change("xidao", "", " https://a.example/v1  10.0.0.1:80 https://a.example ", allowed=True)
    (provider,) = scene.service.providers()
    assert provider.base_urls == ("https://a.example/v1", "http://10.0.0.1:80/v1")
    assert provider.confirmed == ("http://10.0.0.1:80/v1",)
    with pytest.raises(BadInput):
        scene.service.change("xidao", "", "  ")


def test_consent_is_to_an_address_and_goes_with_it(scene: Scene) -> None:
    rack = scene.service.add("vllm", "https://rack.example/v1")
    scene.settings.update(allowed=("xidao", rack.id))
    scene.service.change(rack.id, "The rack", "https://rack.example/v1")
    assert list(scene.settings.values.allowed) == ["xidao", rack.id]
    scene.service.change(rack.id, "", "https://other.example/v1")
    assert list(scene.settings.values.allowed) == ["xidao"]
    scene.settings.update(allowed=("xidao", rack.id))
    scene.service.remove(rack.id)
    assert list(scene.settings.values.allowed) == ["xidao"]


def test_one_key_too_many_is_said_and_the_others_stay_known(scene: Scene, qtbot: QtBot) -> None:
    for number in range(8):
        scene.service.keys.add("xidao", f"{CANARY}{number}")
    qtbot.waitUntil(lambda: len(scene.service.keys.state("xidao").endings) == 8)
    with qtbot.waitSignal(scene.service.keys.failed) as failed:
        scene.service.keys.add("xidao", f"{CANARY}8")
    assert isinstance(failed.args[0], BadInput)
    assert len(settle(qtbot, scene, Known.STORED).endings) == 8


def test_the_hubs_token_is_kept_the_same_way(scene: Scene, qtbot: QtBot) -> None:
    scene.service.keys.add(HUB, CANARY)
    settle(qtbot, scene, Known.STORED, HUB)
    assert scene.holder.entries == {HUB: CANARY}
    scene.service.keys.remove(HUB)
    settle(qtbot, scene, Known.ABSENT, HUB)
    scene.service.keys.restore(HUB)
    settle(qtbot, scene, Known.STORED, HUB)
