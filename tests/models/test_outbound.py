"""The one gate to the network."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from models.errors import BadInput, NetworkError, Offline, Refused, Unreachable
from models.hosts import check_address, check_redirect, is_loopback, origin
from models.leave import Leave, for_leave
from models.outbound import Ask, Outbound, Sent, for_conversation
from models.route import Mode, Privacy
from tests.hub_server import Fault, HubServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as made:
        made.add("owner/model", {"a.gguf": b"x" * 1000})
        yield made


def get(outbound: Outbound, url: str, *, limit: int = 10_000, **how: object) -> bytes:
    async def go() -> bytes:
        try:
            async with outbound.request("GET", url, purpose="test", **how) as response:  # type: ignore[arg-type]
                return await response.read(limit)
        finally:
            await outbound.aclose()

    return asyncio.run(go())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "LOCALHOST"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["localhost.evil.example", "128.0.0.1", "8.8.8.8", "192.168.1.1", "evil", "", "::2"]
)
def test_not_this_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://",
        "https://good@evil.example/",
        "https://name:secret@example.com/",
        "http://192.168.1.20:8081/",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_refused(url: str) -> None:
    confirmed = {origin(urlsplit("http://192.168.1.20:8080"))}
    assert check_address(urlsplit(url), confirmed, None)
    with pytest.raises(Refused):
        get(Outbound(confirmed=["http://192.168.1.20:8080"]), url)


def test_a_confirmed_address_may_be_without_encryption() -> None:
    confirmed = {origin(urlsplit("http://192.168.1.20:8080"))}
    assert check_address(urlsplit("http://192.168.1.20:8080/x"), confirmed, None) is None


@pytest.mark.parametrize(
    ("host", "fine"),
    [
        ("huggingface.co", True),
        ("cdn.hf.co", True),
        ("hf.co", False),
        ("evilhf.co", False),
        ("huggingface.co.evil", False),
    ],
)
def test_a_list_of_hosts(host: str, fine: bool) -> None:
    reason = check_address(urlsplit(f"https://{host}/x"), (), ("huggingface.co", ".hf.co"))
    assert (reason is None) == fine


@pytest.mark.parametrize(
    ("first", "here", "fine"),
    [
        ("https://a.example", "https://b.example", True),
        ("https://a.example", "http://b.example", False),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://127.0.0.1", False),
        ("https://a.example", "http://localhost:11434", False),
        ("http://127.0.0.1:1", "http://127.0.0.1:2", True),
        ("http://127.0.0.1:1", "http://b.example", False),
        ("http://192.168.1.2:1", "http://192.168.1.3:1", False),
    ],
)
def test_s09_where_a_server_may_send_us(first: str, here: str, fine: bool) -> None:
    assert (check_redirect(urlsplit(first), urlsplit(here)) is None) == fine


def test_the_policy_is_asked_first_and_refusals_are_recorded(server: HubServer) -> None:
    asked: list[Ask] = []
    record: list[Sent] = []

    def never(ask: Ask) -> str:
        asked.append(ask)
        return "You are in local mode."

    with pytest.raises(Refused, match="local mode"):
        get(Outbound(policy=never, record=record.append), f"{server.url}/api/models", content=b"prompt")
    assert asked == [Ask("127.0.0.1", "test", "GET", 6)]
    assert [(sent.refused, sent.bytes_out, sent.status) for sent in record] == [
        ("You are in local mode.", 0, None)
    ]
    assert server.requests == []


def test_the_record_has_every_hop(server: HubServer) -> None:
    record: list[Sent] = []
    url = f"{server.url}/owner/model/resolve/main/a.gguf"
    assert get(Outbound(record=record.append), url) == b"x" * 1000
    assert [(sent.status, sent.bytes_in) for sent in record] == [(302, 0), (200, 1000)]


def test_an_answer_without_end_is_cut(server: HubServer) -> None:
    with pytest.raises(NetworkError):
        get(Outbound(), f"{server.url}/owner/model/resolve/main/a.gguf", limit=999)


def test_nothing_of_the_environment_is_used(
    server: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    get(Outbound(), f"{server.url}/api/models")
    (request,) = server.requests
    assert "authorization" not in request.headers
    assert request.headers["user-agent"] == "Inshore"


def test_a_proxy_of_the_environment_is_used_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(Unreachable):
        get(Outbound(), "https://example.invalid/")


def test_a_proxy_sees_nothing_that_it_could_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(Offline):  # it is looked for directly, and not at the proxy
        get(Outbound(confirmed=["http://name.invalid:8000"]), "http://name.invalid:8000/v1/models")


def test_a_proxy_of_an_unknown_kind_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "gopher://127.0.0.1:9")
    with pytest.raises(BadInput, match="proxy"):
        get(Outbound(), "https://example.invalid/")


def test_f31_words_differ(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Offline):
        get(Outbound(), "https://name.invalid/")
    with pytest.raises(Unreachable, match="does not accept"):
        get(Outbound(), "http://127.0.0.1:9/")
    server.faults = [Fault(where="hub", stall_after=1)]
    with pytest.raises(Unreachable, match="silent"):
        get(Outbound(), f"{server.url}/api/models", idle_s=0.1)
    server.faults = [Fault(where="hub", drop_after=1)]
    with pytest.raises(Unreachable, match="broke off"):
        get(Outbound(), f"{server.url}/api/models")


def test_an_address_that_is_none() -> None:
    with pytest.raises(BadInput):
        get(Outbound(), "https://[::1/")


def test_the_client_is_not_loaded_before_somebody_asks() -> None:
    code = "import sys, models.outbound, models.hub, models.download; sys.exit('httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_a_line_names_the_conversation_that_its_task_asks_for(server: HubServer) -> None:
    sent: list[Sent] = []

    async def turn(outbound: Outbound, conversation_id: int | None) -> None:
        for_conversation.set(conversation_id)
        for_leave.set(Leave(Mode.CLOUD, Privacy.OUT))
        async with outbound.request("GET", f"{server.url}/api/models", purpose="test") as response:
            await response.read(10_000)

    async def go() -> None:
        outbound = Outbound(record=sent.append)
        await asyncio.gather(turn(outbound, 1), turn(outbound, 2), turn(outbound, None))
        await outbound.aclose()

    asyncio.run(go())
    assert {line.conversation_id for line in sent} == {1, 2, None}
    assert for_conversation.get() is None


def test_s27_nothing_leaves_for_a_conversation_of_which_nobody_said_what_may(server: HubServer) -> None:
    sent: list[Sent] = []

    async def go() -> None:
        for_conversation.set(1)
        outbound = Outbound(record=sent.append)
        try:
            async with outbound.request("GET", f"{server.url}/api/models", purpose="test"):
                pass
        finally:
            await outbound.aclose()

    with pytest.raises(Refused, match="Nobody has said"):
        asyncio.run(go())
    assert [line.bytes_out for line in sent] == [0]
