"""`ask` and the class of what is asked: what stays here is never sent, whatever the mode."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop import cli
from desktop.commands.services import Services
from desktop.system.providers import Provider, written
from models.leave import for_leave
from tests.desktop.test_ask_cloud import ASK, holder, services
from tests.fixtures.keyrings import CANARY, MemoryHolder
from tests.fixtures.pictures import png
from tests.gateway_server import GatewayServer, answer

__all__ = ["holder", "services"]  # fixtures


@pytest.fixture
def server(services: Services, holder: MemoryHolder) -> GatewayServer:  # type: ignore[misc]
    holder.entries = {"xidao": CANARY}
    with GatewayServer(answer()) as server:
        keep(services, server, "may go out")
        yield server


def keep(services: Services, server: GatewayServer, privacy: str, **more: str) -> None:
    providers = written((Provider("xidao", "xidao", "XiDao", (server.url,)),))
    values = {"providers": providers, "privacy": privacy, **more}
    services.paths.settings_file.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("set_to", "said"), [("stays here", ()), ("may go out", ("--privacy", "here")), ("ask each time", ())]
)
def test_s27_what_may_not_leave_is_not_sent(
    services: Services,
    server: GatewayServer,
    capsys: pytest.CaptureFixture[str],
    set_to: str,
    said: tuple[str, ...],
) -> None:
    keep(services, server, set_to)
    assert cli.main([*ASK, *said], services) != 0
    assert server.received == []
    out, err = capsys.readouterr()
    assert out == ""
    assert "--privacy out" in err


@pytest.mark.parametrize("set_to", ["stays here", "ask each time"])
def test_s27_pictures_may_be_held_more_strictly(
    services: Services, server: GatewayServer, tmp_path: Path, set_to: str
) -> None:
    keep(services, server, "may go out", picture_privacy=set_to)
    (tmp_path / "a.png").write_bytes(png())
    assert cli.main([*ASK, "--image", str(tmp_path / "a.png")], services) != 0
    assert server.received == []
    assert cli.main(ASK, services) == 0
    assert len(server.chats) == 1


@pytest.mark.parametrize("set_to", ["stays here", "ask each time"])
def test_it_is_sent_once_that_is_said(
    services: Services, server: GatewayServer, capsys: pytest.CaptureFixture[str], set_to: str
) -> None:
    keep(services, server, set_to)
    assert cli.main([*ASK, "--privacy", "out"], services) == 0
    assert capsys.readouterr().out == "Hello there.\n"
    assert len(server.chats) == 1
    assert for_leave.get() is None


@pytest.mark.parametrize("privacy", ["here", "ask"])
def test_s27_the_hybrid_mode_sends_nothing_of_it_either(
    services: Services, server: GatewayServer, capsys: pytest.CaptureFixture[str], privacy: str
) -> None:
    code = "Write a Python function that sorts a list of dates, with tests."
    asked = ["ask", code, "--mode", "hybrid", "--model", "xidao/qwen3-235b", "--privacy", privacy]
    assert cli.main(asked, services) != 0
    assert server.received == []
    assert capsys.readouterr().out == ""
