"""`ask --mode cloud`: stored providers and keys, and what the environment puts in their place."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from desktop import cli
from desktop.commands.remote import Gateways, StandIn, stand_in_of
from desktop.commands.services import Services
from desktop.system.crash import redacted
from desktop.system.model_lists import ModelLists, Offered
from desktop.system.paths import Paths
from desktop.system.providers import Provider, written
from models.chat import ChatRequest, Image, Message, Role
from models.errors import CannotSee
from models.library import Library
from models.local.backend import LocalBackend
from tests.fakes import ROOT, FakeBackend
from tests.fixtures.keyrings import CANARY, MemoryHolder, Sleeping, keyring_of, no_keyring
from tests.fixtures.pictures import CANARY as PLACE
from tests.fixtures.pictures import halves, jpeg, png
from tests.gateway_server import GatewayServer, answer, error

ASK = ["ask", "Hello?", "--mode", "cloud", "--model", "xidao/qwen3-235b"]
ASK_SEEING = [*ASK[:-1], "xidao/one-that-may-see"]


@pytest.fixture
def holder() -> MemoryHolder:
    return MemoryHolder()


@pytest.fixture
def services(tmp_path: Path, holder: MemoryHolder) -> Services:
    paths = Paths.find({"INSHORE_HOME": str(tmp_path / "home")})
    paths.create()
    return Services(
        paths,
        Library(paths.models, tmp_path),
        FakeBackend,  # type: ignore[arg-type]  # no engine is needed
        keyring=lambda _asked: keyring_of(holder),
    )


def _local(folder: Path) -> Services:
    paths = Paths.find({"INSHORE_HOME": str(folder / "local")})
    return Services(paths, Library(paths.models, ROOT / "resources" / "starter"), FakeBackend)  # type: ignore[arg-type]


Keep = Callable[..., None]


@pytest.fixture
def keep(services: Services) -> Keep:
    def keep(*providers: Provider) -> None:
        services.paths.settings_file.write_text(json.dumps({"providers": written(providers)}))

    return keep


def xidao(url: str, **values: tuple[str, ...]) -> Provider:
    return replace(Provider("xidao", "xidao", "XiDao", (url,)), **values)  # type: ignore[arg-type]


def test_a_stored_key_is_sent_to_the_stored_address(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries = {"xidao": CANARY}
    with GatewayServer(answer()) as server:
        keep(xidao(server.url))
        assert cli.main([*ASK, "--thinking", "on"], services) == 0
    out, err = capsys.readouterr()
    assert out == "Hello there.\n"
    assert "Answered by xidao/qwen3-235b" in err
    (chat,) = server.chats
    assert chat.headers["authorization"] == f"Bearer {CANARY}"
    assert chat.json["enable_thinking"] is True
    assert chat.json["model"] == "xidao/qwen3-235b"


def test_a_licence_is_accepted_before_a_gateway_s_model_is_asked(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries = {"xidao": CANARY}
    ask = [*ASK[:-1], "xidao/mistral-large-3"]
    with GatewayServer(answer()) as server:
        keep(xidao(server.url))
        assert cli.main(ask, services) == 1
        assert 'models accept mistral-large-3 --use "…"' in capsys.readouterr().err
        assert not server.chats
        assert cli.main(["models", "accept", "mistral-large-3", "--use", "a test"], services) == 0
        assert cli.main(ask, services) == 0


def test_s18_what_was_sent_is_in_the_record(services: Services, holder: MemoryHolder, keep: Keep) -> None:
    from desktop.storage.database import open_database

    holder.entries = {"xidao": CANARY}
    with GatewayServer(answer()) as server:
        keep(xidao(server.url))
        assert cli.main(ASK, services) == 0
    connection = open_database(services.paths.database)
    rows = list(connection.execute("SELECT host, purpose FROM outbound"))
    connection.close()
    assert rows == [("127.0.0.1", "chat")]


def test_json_tells_the_route_and_the_exact_cost(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries = {"xidao": CANARY}
    with GatewayServer(answer()) as server:
        keep(xidao(server.url))
        assert cli.main([*ASK, "--json"], services) == 0
    end = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert end["route"]["backend"] == "gateway"
    assert end["usage"]["completion_tokens"]
    assert end["cost"] == {"nano": 12 * 1_500 + 4 * 4_500, "currency": "CNY"}


def test_another_provider_has_its_own_key(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries = {"xidao": "sk-of-another-provider", "rack": CANARY}
    with GatewayServer(answer()) as server:
        keep(xidao("https://api.example/v1"), Provider("rack", "vllm", "Rack", (server.url,)))
        assert cli.main([*ASK[:4], "--model", "rack/Qwen/Qwen3-32B", "--thinking", "off"], services) == 0
    (chat,) = server.chats
    assert chat.headers["authorization"] == f"Bearer {CANARY}"
    assert chat.json["chat_template_kwargs"] == {"enable_thinking": False}
    assert capsys.readouterr().out == "Hello there.\n"


def test_several_keys_take_turns(services: Services, holder: MemoryHolder, keep: Keep) -> None:
    from tests.gateway_server import error

    holder.entries = {"xidao": "sk-first-0123456789", "xidao/2": CANARY}
    with GatewayServer(error(429), answer()) as server:
        keep(xidao(server.url))
        assert cli.main(ASK, services) == 0
    assert [one.headers["authorization"][-4:] for one in server.chats] == ["6789", CANARY[-4:]]


def test_a_missing_key_names_the_command_that_stores_one(
    services: Services, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    with GatewayServer() as server:
        keep(xidao(server.url))
        assert cli.main(ASK, services) == 1
    assert "key set xidao" in capsys.readouterr().err
    assert server.received == []


def test_a_server_without_a_key_is_asked_without_one(services: Services, keep: Keep) -> None:
    without = replace(services, keyring=lambda _asked: no_keyring())
    with GatewayServer(answer()) as server:
        keep(Provider("rack", "vllm", "Rack", (server.url,)))
        assert cli.main([*ASK[:4], "--model", "rack/m"], without) == 0
    assert "authorization" not in server.chats[0].headers


def test_without_a_keyring_the_way_around_is_told(
    services: Services, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(xidao("https://api.example/v1"))
    assert cli.main(ASK, replace(services, keyring=lambda _asked: no_keyring())) == 1
    assert "INSHORE_GATEWAY_KEY" in capsys.readouterr().err


def test_a_server_whose_models_are_not_known_has_to_be_asked_for_one(
    services: Services, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(Provider("rack", "vllm", "Rack", ("http://127.0.0.1:1/v1",)))
    assert cli.main(ASK[:4], services) == 1
    assert "--model rack/NAME" in capsys.readouterr().err


def test_f38_a_keyring_that_hangs_is_told_in_time(
    services: Services, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = Sleeping()
    hanging = replace(services, keyring=lambda _asked: keyring_of(holder, deadline_s=0.2))
    keep(xidao("https://api.example/v1"))
    assert cli.main(ASK, hanging) == 1
    assert "said nothing for 0.2 seconds" in capsys.readouterr().err
    holder.wake.set()


def test_the_environment_stands_in_for_this_run(services: Services, holder: MemoryHolder, keep: Keep) -> None:
    holder.entries = {"xidao": "sk-stored-0123456789"}
    keep(xidao("https://api.example/v1"))
    before = services.paths.settings_file.read_bytes()
    with GatewayServer(answer()) as server:
        environment = {"INSHORE_GATEWAY_URL": server.url, "INSHORE_GATEWAY_KEY": CANARY}
        assert cli.main(ASK, replace(services, stand_in=stand_in_of(environment))) == 0
    assert server.chats[0].headers["authorization"] == f"Bearer {CANARY}"
    assert services.paths.settings_file.read_bytes() == before
    assert holder.entries == {"xidao": "sk-stored-0123456789"}
    assert CANARY not in redacted(f"what a crash would say: {CANARY}")


def test_s20_a_stored_key_never_goes_to_an_address_of_the_environment(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries = {"xidao": CANARY}
    keep(xidao("https://api.example/v1"))
    with GatewayServer() as server:
        assert cli.main(ASK, replace(services, stand_in=StandIn(server.url))) == 1
    assert server.received == []
    assert "INSHORE_GATEWAY_KEY" in capsys.readouterr().err


def test_s11_an_unencrypted_address_is_used_only_where_it_was_allowed(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries = {"xidao": CANARY}
    url = "http://192.0.2.1:9/v1"
    keep(xidao(url))
    assert cli.main(ASK, services) == 1
    assert "encrypted" in capsys.readouterr().err
    gateways = Gateways((xidao(url, confirmed=(url,)),), lambda: keyring_of(holder))
    outbound = gateways.backend()._outbound  # type: ignore[attr-defined]
    assert outbound._confirmed == {("http", "192.0.2.1", 9)}


def test_an_unknown_provider_lists_those_there_are(
    services: Services, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(xidao("https://api.example/v1"), Provider("rack", "vllm", "Rack", ("http://127.0.0.1:1/v1",)))
    assert cli.main([*ASK[:4], "--model", "nowhere/m"], services) == 1
    err = capsys.readouterr().err
    assert "nowhere" in err
    assert "xidao/, rack/" in err


def test_models_are_the_catalogue_s_and_those_that_were_offered(tmp_path: Path) -> None:
    lists = ModelLists(tmp_path)
    rack = Provider("rack", "vllm", "Rack", ("http://127.0.0.1:1/v1",))
    lists.write("rack", Offered(1.0, rack.base_urls[0], ("Qwen/Qwen3-32B",)))
    ids = Gateways((Provider("xidao", "xidao", "XiDao"), rack), no_keyring, lists=lists).models()
    assert "xidao/deepseek-v3" in ids
    assert ids[-1] == "rack/Qwen/Qwen3-32B"


@pytest.mark.parametrize(
    ("listed", "asked"),
    [("xidao/qwen3-235b", "xidao/qwen3-235b"), ("qwen3-235b", "qwen3-235b"), ("other", "xidao/qwen3-235b")],
)
def test_a_model_is_asked_for_by_the_name_that_the_gateway_lists(
    listed: str, asked: str, services: Services, holder: MemoryHolder, keep: Keep
) -> None:
    holder.entries["xidao"] = CANARY
    with GatewayServer(answer()) as server:
        keep(xidao(server.url))
        ModelLists(services.paths.model_lists).write("xidao", Offered(1.0, server.url, (listed,)))
        assert cli.main(ASK, services) == 0
    assert server.chats[0].json["model"] == asked


def test_f28_a_model_that_is_gone_names_the_nearest(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries["xidao"] = CANARY
    with GatewayServer(error(404, "The model does not exist.")) as server:
        keep(xidao(server.url))
        ModelLists(services.paths.model_lists).write(
            "xidao", Offered(1.0, server.url, ("xidao/qwen3-235b-a22b", "xidao/phi-4"))
        )
        assert cli.main(ASK, services) == 1
    assert "Similar ones there: “xidao/qwen3-235b-a22b”." in capsys.readouterr().err


def test_an_answer_that_ends_with_a_wish_for_a_tool_says_so(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries = {"xidao": CANARY}
    with GatewayServer(answer("Let me look.", finish="tool_calls")) as server:
        keep(xidao(server.url))
        assert cli.main(ASK, services) == 0
    assert "asked for a tool" in capsys.readouterr().err


@pytest.mark.parametrize("json_lines", [True, False])
def test_reasoning_that_only_ends_is_told_as_soon_as_it_ends(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str], json_lines: bool
) -> None:
    holder.entries = {"xidao": CANARY}
    with GatewayServer(answer("Two and two.\n</think>\n\nFour.")) as server:
        keep(xidao(server.url, confirmed=(server.url,)))
        assert cli.main([*ASK, *(["--json"] if json_lines else [])], services) == 0
    out, err = capsys.readouterr()
    if not json_lines:
        assert out == "Two and two.\nFour.\n"
        assert "The text up to here was the model’s thinking" in err
        return
    events = [json.loads(line) for line in out.splitlines()]
    (at,) = (number for number, event in enumerate(events) if event.get("stage") == "rethought")
    texts = [
        "".join(event.get("text", "") for event in part if event["event"] == "text")
        for part in (events[:at], events[at:])
    ]
    assert texts == ["Two and two.\n", "Four."]


def test_f29_a_wait_is_counted_down(
    services: Services, holder: MemoryHolder, keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries["xidao"] = CANARY
    with GatewayServer(error(429, retry_after="1"), answer()) as server:
        keep(xidao(server.url))
        assert cli.main([*ASK, "--json"], services) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "Trying again in 2 s" in [event.get("text") for event in events]


def test_s29_a_picture_is_sent_without_what_the_camera_wrote(
    services: Services, holder: MemoryHolder, keep: Keep, tmp_path: Path
) -> None:
    holder.entries = {"xidao": CANARY}
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "b.png").write_bytes(png())
    pictures = ["--image", str(tmp_path / "a.jpg"), "--image", str(tmp_path / "b.png")]
    with GatewayServer(answer()) as server:
        keep(xidao(server.url))
        assert cli.main([*ASK_SEEING, *pictures], services) == 0
    (chat,) = server.chats
    (message,) = chat.json["messages"]
    *parts, words = message["content"]
    assert words == {"type": "text", "text": "Hello?"}
    urls = [part["image_url"]["url"] for part in parts]
    assert [url.partition(",")[0] for url in urls] == ["data:image/jpeg;base64", "data:image/png;base64"]
    for url in urls:
        data = base64.b64decode(url.partition(",")[2], validate=True)
        assert PLACE not in data
        assert QImage.fromData(data).width() == 40
    assert PLACE not in chat.body


def test_a_picture_that_is_too_large_is_not_sent(
    services: Services,
    holder: MemoryHolder,
    keep: Keep,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    holder.entries = {"xidao": CANARY}
    (tmp_path / "b.png").write_bytes(png(halves(3000, 2)))
    with GatewayServer() as server:
        keep(xidao(server.url))
        assert cli.main([*ASK_SEEING, "--image", str(tmp_path / "b.png")], services) == 1
    assert "3,000 × 2 pixels" in capsys.readouterr().err
    assert server.received == []


def test_a_gateway_s_model_that_reads_text_only_gets_no_picture(
    services: Services,
    holder: MemoryHolder,
    keep: Keep,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    holder.entries = {"xidao": CANARY}
    (tmp_path / "b.png").write_bytes(png())
    with GatewayServer() as server:
        keep(xidao(server.url))
        assert cli.main([*ASK, "--image", str(tmp_path / "b.png")], services) == 1
    assert "“xidao/qwen3-235b” reads text only" in capsys.readouterr().err
    assert server.received == []


def test_a_local_model_does_not_get_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def go() -> None:
        picture = Image("image/png", png(), 40, 20)
        backend = LocalBackend(Library(tmp_path, tmp_path).find)
        with pytest.raises(CannotSee):
            await anext(backend.stream(ChatRequest("m", (Message(Role.USER, "?", images=(picture,)),))))
        await backend.aclose()

    asyncio.run(go())
    (tmp_path / "no.txt").write_text("words")
    assert cli.main(["ask", "?", "--image", str(tmp_path / "no.txt")], _local(tmp_path)) == 1
    assert "neither a PNG nor a JPEG" in capsys.readouterr().err
