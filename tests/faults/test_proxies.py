"""F35, S12: behind a proxy, past it, and with what other tools have left in the environment."""

from __future__ import annotations

import gc
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from models.errors import ProxyFailed, Unreachable
from tests.fakes import text_of
from tests.gateway_server import GatewayServer, answer
from tests.gateway_server.asking import KEY, Asking, ask_gateway, connection
from tests.gateway_server.certificates import certificate
from tests.gateway_server.proxies import Proxy

HOST = "gateway.test"
TARGET = f"{HOST}:443"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayServer]:
    """A gateway that is only found through a proxy, with a certificate that is trusted in this test."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    tls = certificate(tmp_path, name=HOST, days=(-1, 1))
    trusting = ssl.create_default_context(cafile=tmp_path / "server.pem")
    monkeypatch.setattr("httpcore2.default_ssl_context", lambda **_: trusting)
    with GatewayServer(answer(), answer(), tls=tls) as server:
        yield server


def leads(server: GatewayServer) -> dict[str, str]:
    return {TARGET: f"127.0.0.1:{urlsplit(server.url).port}"}


def ask(url: str = f"https://{HOST}/v1") -> Asking:
    told = ask_gateway(connection(url))
    with warnings.catch_warnings():
        # WORKAROUND: httpcore2 leaves the socket of a SOCKS proxy that refuses to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return told


@pytest.mark.parametrize("scheme", ["http://", "", "socks5://", "socks5h://", "socks://"])
@pytest.mark.parametrize("variable", ["https_proxy", "ALL_PROXY"])
def test_f35_a_proxy_leads_to_the_gateway(
    scheme: str, variable: str, server: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(leads(server)) as proxy:
        monkeypatch.setenv(variable, f"{scheme}127.0.0.1:{proxy.port}")
        told = ask()
    assert told.error is None, told.error
    assert text_of(told.events) == "Hello there."
    assert proxy.asked == [TARGET]  # the proxy looks the name up
    assert server.chats[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY.encode() not in b"".join(proxy.heads)


@pytest.mark.parametrize("scheme", ["http://", "socks5://"])
def test_f35_a_proxy_gets_its_name_and_password_and_the_gateway_does_not(
    scheme: str, server: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(leads(server), login="ann:pass-word") as proxy:
        monkeypatch.setenv("https_proxy", f"{scheme}ann:pass-word@127.0.0.1:{proxy.port}")
        told = ask()
    assert text_of(told.events) == "Hello there."
    assert "proxy-authorization" not in server.chats[0].headers


@pytest.mark.parametrize("scheme", ["http://", "socks5://"])
def test_f35_a_wrong_password_is_told_without_it(
    scheme: str, server: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(leads(server), login="ann:right") as proxy:
        monkeypatch.setenv("https_proxy", f"{scheme}ann:wrong-pass@127.0.0.1:{proxy.port}")
        told = ask()
    assert isinstance(told.error, ProxyFailed)
    assert "wrong-pass" not in told.error.one_line() + told.error.details
    assert server.received == []


@pytest.mark.parametrize("scheme", ["http://", "socks5://"])
def test_f35_a_proxy_that_does_not_get_there_is_told(
    scheme: str, server: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy({}) as proxy:
        monkeypatch.setenv("https_proxy", f"{scheme}127.0.0.1:{proxy.port}")
        told = ask()
    assert isinstance(told.error, ProxyFailed | Unreachable)
    assert told.error.hint


@pytest.mark.parametrize("hosts", [HOST, ".test", "other.test,gateway.test", "*"])
def test_f35_no_proxy_is_heeded(hosts: str, server: GatewayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy(leads(server)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", hosts)
        told = ask()
    assert told.error is not None  # the name exists behind the proxy only
    assert proxy.asked == []


JUNK = {
    "SSL_CERT_FILE": "/nowhere/old.pem",
    "SSL_CERT_DIR": "/nowhere",
    "REQUESTS_CA_BUNDLE": "/nowhere/old.pem",
    "SSLKEYLOGFILE": "/nowhere/keys.log",
    "NETRC": "/nowhere/netrc",
}


@pytest.mark.parametrize(
    "junk", ["", "x", "://", "http://", "http://[", "http://a b", "socks4://h:1", "\u00fc"]
)
@pytest.mark.parametrize("variable", ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "NO_PROXY"])
def test_s12_what_other_tools_left_never_crashes(
    junk: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (JUNK | {variable: junk}).items():
        monkeypatch.setenv(name, value)
    with GatewayServer(answer()) as here:
        assert text_of(ask(here.url).events) == "Hello there."
    told = ask("https://gateway.invalid/v1")
    assert told.error is not None
    assert told.error.cause
