"""The suite's own guard: a connection past the gate fails the test that made it."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from pathlib import Path

from models.outbound import Outbound
from tests.gateway_server import GatewayServer
from tests.network_guard import watched

ROOT = Path(__file__).resolve().parents[2]
_MAKE = "import socket\nsocket.socket(socket.AF_INET).close()\n"


def test_a_socket_that_the_program_makes_past_the_gate_is_noticed() -> None:
    with watched() as past:
        exec(compile(_MAKE, str(ROOT / "models" / "elsewhere.py"), "exec"))  # noqa: S102
    assert len(past) == 1
    assert "elsewhere.py" in past[0]


def test_those_of_tests_and_those_within_this_machine_are_none() -> None:
    with watched() as past:
        socket.socket(socket.AF_INET).close()
        if sys.platform != "win32":
            exec(compile(_MAKE.replace("INET", "UNIX"), str(ROOT / "desktop" / "own.py"), "exec"))  # noqa: S102
    assert past == []


def test_those_of_the_gate_are_none() -> None:
    async def ask(url: str) -> None:
        outbound = Outbound()
        try:
            async with outbound.request("GET", f"{url}/models", purpose="models") as response:
                await response.read(1 << 20)
        finally:
            await outbound.aclose()

    with GatewayServer() as server, watched() as past:
        asyncio.run(ask(server.url))
        assert server.received
    assert past == []


def test_a_library_that_connects_in_a_task_of_its_own_is_noticed() -> None:
    async def connect() -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):  # nobody listens there
            await loop.create_task(loop.create_connection(asyncio.Protocol, "127.0.0.1", 9))

    with watched() as past:
        asyncio.run(connect())
    assert past
