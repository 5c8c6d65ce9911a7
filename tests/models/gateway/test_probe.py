"""What an address says of itself: a real server, asked for its models, with the key and then without."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from models.errors import (
    AppError,
    BadReply,
    GatewayBusy,
    KeyMissing,
    KeyRefused,
    NetworkError,
    NotPermitted,
    Refused,
    RequestRefused,
    SignInPage,
    Unreachable,
)
from models.gateway.probe import Answered, probe
from models.outbound import Outbound
from tests.fakes import run

KEY = "sk-canary-0123456789abcdef-wxyz"


@dataclass
class Server:
    """A real server on this machine. Without the right key it answers `closed`, unless it is `open`."""

    url: str = ""
    status: int = 200
    body: bytes = b'{"object": "list", "data": [{"id": "one"}, {"id": "two"}]}'
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    open: bool = True
    closed: int = 401
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.headers.get("Authorization")
            state.asked.append((self.path, sent))
            right = state.open or sent == f"Bearer {KEY}"
            body = state.body if right else b'{"error": {"message": "no"}}'
            self.send_response(state.status if right else state.closed)
            for name, value in {**state.headers, "Content-Length": str(len(body))}.items():
                if name != "Server":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return state.headers.get("Server", "")

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


def ask(url: str, key: str | None = None, **options: object) -> Answered:
    async def work() -> Answered:
        outbound = Outbound(**options)  # type: ignore[arg-type]  # by name
        try:
            return await probe(outbound, url, key, name="The rack")
        finally:
            await outbound.aclose()

    return run(work())


def refused(url: str, key: str | None = None) -> AppError:
    with pytest.raises(AppError) as caught:
        ask(url, key)
    error = caught.value
    assert "canary" not in f"{error.one_line()} {error.details}"
    return error


def test_the_models_are_listed_and_the_key_is_not_given_away(server: Server) -> None:
    found = ask(server.url)
    assert (found.models, found.server, found.key_checked) == (("one", "two"), "", None)
    assert 0 < found.latency_s < 30
    assert server.asked == [("/v1/models", None)]


def test_a_key_that_opens_what_is_closed_without_it_works(server: Server) -> None:
    server.open = False
    assert ask(server.url, KEY).key_checked is True
    assert server.asked == [("/v1/models", f"Bearer {KEY}"), ("/v1/models", None)]


def test_a_list_for_everyone_says_nothing_of_the_key(server: Server) -> None:
    assert ask(server.url, KEY).key_checked is False


@pytest.mark.parametrize(
    ("owner", "header", "kind"),
    [
        ("vllm", "uvicorn", ("vLLM", "vllm")),
        ("sglang", "uvicorn", ("SGLang", "sglang")),
        ("tensorrt_llm", "uvicorn", ("TensorRT-LLM", "tensorrt-llm")),
        ("llamacpp", "", ("llama-server", "llama-server")),
        ("me", "llama.cpp", ("llama-server", "llama-server")),
        ("openai", "nginx", ("", "")),
    ],
)
def test_its_kind_is_known_by_what_it_says(
    server: Server, owner: str, header: str, kind: tuple[str, str]
) -> None:
    server.body = json.dumps({"data": [{"id": "m", "owned_by": owner}]}).encode()
    server.headers["Server"] = header
    found = ask(server.url)
    assert (found.server, found.profile) == kind


@pytest.mark.parametrize(
    ("status", "key", "kind"),
    [
        (401, None, KeyMissing),
        (403, None, KeyMissing),
        (401, KEY, KeyRefused),
        (403, KEY, NotPermitted),
        (404, KEY, RequestRefused),
        (405, None, RequestRefused),
        (429, KEY, GatewayBusy),
    ],
)
def test_refusals_are_said(server: Server, status: int, key: str | None, kind: type[AppError]) -> None:
    server.status = status
    server.body = f'{{"error": {{"message": "bad key {KEY}"}}}}'.encode()
    assert type(refused(server.url, key)) is kind


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[" * 100_000, b'"text"', b'{"data": 7}', b'{"other": []}', b"\xff\xfe", b"null"],
)
def test_what_is_no_list_of_models_is_said(server: Server, body: bytes) -> None:
    server.body = body
    assert type(refused(server.url)) is BadReply


def test_entries_that_can_t_be_used_are_left_out(server: Server) -> None:
    server.body = json.dumps({"data": [None, 1, {}, {"id": 3}, {"id": "a\u202eb\n"}, {"id": ""}]}).encode()
    assert ask(server.url).models == ("ab",)


def test_a_web_page_is_a_network_that_wants_a_sign_in(server: Server) -> None:
    server.headers["Content-Type"] = "text/html"
    server.body = b"<!DOCTYPE html><title>Welcome</title>"
    assert type(refused(server.url)) is SignInPage


def test_s10_a_redirect_elsewhere_is_not_followed(server: Server) -> None:
    server.status = 302
    server.headers["Location"] = "https://elsewhere.example/v1/models"
    assert type(refused(server.url, KEY)) is Refused
    assert len(server.asked) == 1


def test_an_endless_list_is_cut(server: Server) -> None:
    server.body = b" " * (9 << 20)
    assert isinstance(refused(server.url), NetworkError)


def test_nobody_there_is_said(server: Server) -> None:
    url = server.url.rsplit(":", 1)[0] + ":9/v1"
    assert type(refused(url)) is Unreachable


def test_without_encryption_only_where_it_was_allowed() -> None:
    assert type(refused("http://192.0.2.1/v1", KEY)) is Refused
