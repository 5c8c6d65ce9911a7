"""What gateways offer: kept for a day, refreshed on request and at a test, described by the catalogue."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.keys import KeyService
from desktop.services.providers import ProviderService, Reply, Target
from desktop.services.remote_models import RemoteModelService, remote_models
from desktop.services.settings import SettingsService
from desktop.system.keys import Keys
from desktop.system.model_lists import DAY_S, ModelLists, Offered
from desktop.system.paths import resources
from desktop.system.providers import Provider
from models.catalogue import Catalogue, load
from models.errors import AppError, Unreachable
from tests.fixtures.gateways import KINDS, Check
from tests.fixtures.keyrings import CANARY, MemoryHolder, keyring_of

XIDAO = Provider("xidao", "xidao", "XiDao")
RACK = Provider("rack", "vllm", "Rack", ("http://127.0.0.1:8000/v1",))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(resources() / "catalogue")


class Scene:
    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self.background, self.check = Background(), Check()
        self.lists, self.now = ModelLists(folder / "gateways"), 1_000_000.0
        self.answer: Sequence[str] | AppError = ["a"]
        self.asked: list[Target] = []
        holder = MemoryHolder()
        holder.entries = {"xidao": CANARY}
        keys = KeyService(lambda _asked: Keys(keyring_of(holder)), self.background)
        settings = SettingsService(folder / "settings.json")
        self.providers = ProviderService(settings, lambda: KINDS, keys, self.check, self.background)
        self.service = RemoteModelService(
            self.providers,
            lambda: catalogue,
            self.lists,
            self.ask,
            self.background,
            clock=lambda: self.now,
        )

    async def ask(self, target: Target) -> Sequence[str]:
        self.asked.append(target)
        if isinstance(self.answer, AppError):
            raise self.answer
        return self.answer

    def close(self) -> None:
        async def nothing() -> None:
            pass

        self.background.close(nothing)


@pytest.fixture
def scene(qtbot: QtBot, tmp_path: Path, catalogue: Catalogue) -> Iterator[Scene]:
    scene = Scene(tmp_path, catalogue)
    yield scene
    scene.close()


def test_the_catalogue_s_models_are_there_before_anybody_was_asked(catalogue: Catalogue) -> None:
    found = {each.id: each for each in remote_models([XIDAO], catalogue, {})}
    model = found["xidao/deepseek-v3"]
    assert (model.name, model.provider, model.listed) == ("DeepSeek V3", "XiDao", None)
    assert model.context
    assert found["xidao/gemma-3-27b"].sees is True


def test_what_a_server_lists_is_described_where_it_is_known(catalogue: Catalogue) -> None:
    offered = Offered(1.0, RACK.base_urls[0], ("google/gemma-3-27b", "own/model"))
    one, other = remote_models([RACK], catalogue, {"rack": offered})
    assert (one.id, one.sees, one.listed) == ("rack/google/gemma-3-27b", True, True)
    assert (other.id, other.name, other.context, other.sees) == ("rack/own/model", "own/model", None, None)


def test_what_is_no_longer_listed_says_so(catalogue: Catalogue) -> None:
    offered = Offered(1.0, "", ("deepseek-v3", "brand-new"))
    found = {each.id: each.listed for each in remote_models([XIDAO], catalogue, {"xidao": offered})}
    assert found["xidao/deepseek-v3"] is True
    assert found["xidao/brand-new"] is True
    assert found["xidao/gemma-3-27b"] is False


def test_a_refresh_asks_with_the_key_and_is_kept(scene: Scene, qtbot: QtBot) -> None:
    scene.answer = ["deepseek-v3", "brand-new"]
    before = scene.service.models()
    with qtbot.waitSignal(scene.service.changed):
        scene.service.refresh("xidao")
    assert scene.asked[0].key is not None
    assert scene.asked[0].base_url == "https://api.xidao.online/v1"
    assert "xidao/brand-new" not in [each.id for each in before]
    assert scene.service.model("xidao/brand-new") is not None
    assert scene.lists.read("xidao", "") == Offered(scene.now, "", ("deepseek-v3", "brand-new"))


def test_a_use_asks_once_a_day(scene: Scene, qtbot: QtBot) -> None:
    for passed, asked in ((0.0, 1), (DAY_S - 1, 1), (2.0, 2)):
        scene.now += passed
        scene.service.use("xidao")
        qtbot.waitUntil(lambda: not scene.service._asking)
        assert len(scene.asked) == asked


def test_a_failure_is_told_only_where_it_was_asked_for(scene: Scene, qtbot: QtBot) -> None:
    scene.answer = Unreachable("It did not answer.")
    failures: list[AppError] = []
    scene.service.failed.connect(failures.append)
    scene.service.use("xidao")
    qtbot.waitUntil(lambda: len(scene.asked) == 1 and not scene.service._asking)
    scene.service.use("xidao")  # not again at once
    assert (len(scene.asked), failures) == (1, [])
    scene.service.refresh("xidao")
    qtbot.waitUntil(lambda: bool(failures))
    assert scene.service.models()


def test_a_test_of_the_key_brings_the_list_too(scene: Scene, qtbot: QtBot) -> None:
    scene.check.answer = Reply(True, "The key works.", models=("xidao/brand-new", f"x-{CANARY}"))
    with qtbot.waitSignal(scene.service.changed):
        scene.providers.test("xidao")
    assert scene.service.model("xidao/brand-new") is not None
    assert CANARY not in str(scene.service.models())


def test_a_gateway_s_own_names_are_kept_for_asking_it(scene: Scene, qtbot: QtBot) -> None:
    assert scene.service.names("xidao") == ()
    scene.answer = ["xidao/brand-new", "deepseek-v3"]
    with qtbot.waitSignal(scene.service.changed):
        scene.service.refresh("xidao")
    assert scene.service.names("xidao") == ("xidao/brand-new", "deepseek-v3")
    assert scene.service.model("xidao/brand-new") is not None
    assert scene.service.model("xidao/xidao/brand-new") is None
    scene.providers.change("xidao", "", "https://other.example/v1")
    assert scene.service.names("xidao") == ()


def test_another_address_is_another_list(scene: Scene, qtbot: QtBot) -> None:
    scene.lists.write("xidao", Offered(1.0, "", ("brand-new",)))
    assert scene.service.model("xidao/brand-new") is not None
    with qtbot.waitSignal(scene.service.changed):
        scene.providers.change("xidao", "XiDao", "https://other.example/v1")
    assert scene.service.model("xidao/brand-new") is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"at": true, "address": "", "names": []}', '{"at": 1, "address": "", "names": 3}'],
)
def test_f41_a_damaged_list_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "xidao.json").write_text(text)
    assert ModelLists(tmp_path).read("xidao", "") is None


def test_odd_names_in_a_list_are_left_out_and_odd_ids_have_none(tmp_path: Path) -> None:
    names = ["good", 3, "", "two\nlines", "x" * 300]
    (tmp_path / "xidao.json").write_text(json.dumps({"at": 1, "address": "", "names": names}))
    lists = ModelLists(tmp_path)
    assert lists.read("xidao", "") == Offered(1.0, "", ("good",))
    lists.write("../evil", Offered(1.0, "", ()))
    assert [path.name for path in tmp_path.iterdir()] == ["xidao.json"]
    assert not (tmp_path.parent / "evil.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="modes are Unix's")
def test_s19_what_is_kept_is_private_and_holds_no_key(tmp_path: Path) -> None:
    lists = ModelLists(tmp_path / "gateways")
    lists.write("xidao", Offered(1.0, "", ("sk-looks-like-a-key-0123456789abcdef",)))
    (file,) = (tmp_path / "gateways").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert "0123456789abcdef" not in file.read_text()
