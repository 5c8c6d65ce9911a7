"""Testing an address and a key before they are used."""

from __future__ import annotations

import asyncio

import pytest

from models.errors import BadReply, KeyMissing, RequestRefused, SignInPage, Unreachable
from models.gateway.check import Checked, Server, check
from models.outbound import Outbound
from tests.gateway_server import GatewayServer, Reply, error
from tests.gateway_server.asking import KEY, connection
from tests.gateway_server.scripts import OFFERED, models, page


def checked(url: str, key: str | None = KEY, profile: str = "xidao") -> Checked:
    async def go() -> Checked:
        outbound = Outbound()
        try:
            return await check(connection(url, profile=profile), key, outbound)
        finally:
            await outbound.aclose()

    return asyncio.run(go())


def test_an_address_that_works() -> None:
    with GatewayServer() as server:
        found = checked(server.url)
    assert found.error is None
    assert found.models is not None
    assert found.models.models == OFFERED
    assert found.models.wire_names == OFFERED
    assert found.latency_s is not None
    assert [(one.method, one.path) for one in server.received] == [("GET", "/v1/models")]


def test_a_key_that_is_refused() -> None:
    with GatewayServer(error(401, f"bad key {KEY}")) as server:
        found = checked(server.url)
    assert found.key_refused
    assert found.error is not None
    assert KEY not in found.error.details


@pytest.mark.parametrize(
    ("reply", "server"),
    [
        (models(["a"], "vllm"), Server.VLLM),
        (models(["a"], "llamacpp"), Server.LLAMA_SERVER),
        (models(["a"], "x", Server="SGLang/0.5"), Server.SGLANG),
        (models(["a"], "system"), Server.UNKNOWN),
    ],
)
def test_what_it_looks_like(reply: Reply, server: Server) -> None:
    with GatewayServer(reply) as gateway:
        assert checked(gateway.url, None, "vllm").server is server


def test_a_server_that_wants_a_key() -> None:
    with GatewayServer(error(401, "Unauthorized")) as server:
        found = checked(server.url, None, "vllm")
    assert isinstance(found.error, KeyMissing)
    assert found.key_refused


def test_a_web_server_without_a_gateway() -> None:
    with GatewayServer(page(404)) as server:
        found = checked(server.url)
    assert isinstance(found.error, RequestRefused)
    assert found.error.one_line().endswith("Check the address; it often ends with /v1.")


def test_what_is_no_gateway() -> None:
    with GatewayServer(page(), Reply([b"[1"], headers={}, sized=True)) as server:
        assert isinstance(checked(server.url).error, SignInPage)
        assert isinstance(checked(server.url).error, BadReply)
    assert isinstance(checked("http://127.0.0.1:9/v1").error, Unreachable)
