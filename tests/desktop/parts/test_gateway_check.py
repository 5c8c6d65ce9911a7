"""A real server, tested: its models, its kind, and whether the key is what opened it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from desktop.parts.gateway_check import ask_gateway, list_gateway
from desktop.services.providers import Reply, Target
from desktop.system.key import Key
from models.errors import AppError, KeyRefused, Refused
from models.outbound import Sent
from tests.fakes import run
from tests.fixtures.keyrings import CANARY as KEY


@dataclass
class Server:
    """A real server on this machine. Without the right key it answers 401, unless it is `open`."""

    url: str = ""
    body: bytes = b'{"object": "list", "data": [{"id": "one"}, {"id": "two"}]}'
    open: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.headers.get("Authorization")
            state.asked.append((self.path, sent))
            right = state.open or sent == f"Bearer {KEY}"
            body = state.body if right else f'{{"error": {{"message": "not {sent}"}}}}'.encode()
            self.send_response(200 if right else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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


def ask(server: Server, key: str | None = None) -> Reply:
    target = Target(server.url, "vllm", Key.parse(key) if key else None, name="The rack")
    return run(ask_gateway(target))


def test_without_a_key_it_just_answers(server: Server) -> None:
    reply = ask(server)
    assert (reply.ok, reply.words, reply.models) == (True, "It answers.", ("one", "two"))
    assert reply.latency_s
    assert server.asked == [("/v1/models", None)]


def test_a_key_works_where_it_opens_what_is_closed_without_it(server: Server) -> None:
    server.open = False
    assert ask(server, KEY).words == "The key works."
    assert server.asked == [("/v1/models", f"Bearer {KEY}"), ("/v1/models", None)]


def test_a_list_for_everyone_says_nothing_of_the_key(server: Server) -> None:
    assert "names its models to anyone" in ask(server, KEY).words


def test_s20_a_refused_key_is_said_without_it(server: Server) -> None:
    server.open = False
    with pytest.raises(AppError) as caught:
        ask(server, "sk-canary-of-another-kind-0000")
    assert type(caught.value) is KeyRefused
    assert "canary" not in f"{caught.value.one_line()} {caught.value.details}"


@pytest.mark.parametrize(
    ("owner", "kind"),
    [
        ("vllm", ("vLLM", "vllm")),
        ("sglang", ("SGLang", "sglang")),
        ("tensorrt_llm", ("TensorRT-LLM", "tensorrt-llm")),
        ("llamacpp", ("llama-server", "llama-server")),
        ("ollama", ("Ollama", "")),
        ("somebody", ("", "")),
    ],
)
def test_its_kind_names_the_profile_that_fits(server: Server, owner: str, kind: tuple[str, str]) -> None:
    server.body = json.dumps({"data": [{"id": "m", "owned_by": owner}]}).encode()
    reply = ask(server)
    assert (reply.server, reply.profile) == kind


def test_what_is_sent_for_it_is_recorded(server: Server) -> None:
    sent: list[Sent] = []
    run(ask_gateway(Target(server.url, "vllm"), sent.append))
    run(list_gateway(Target(server.url, "vllm"), sent.append))
    assert [(line.host, line.purpose, line.status) for line in sent] == [("127.0.0.1", "models", 200)] * 2


def test_the_list_has_the_gateway_s_own_names(server: Server) -> None:
    server.body = b'{"data": [{"id": "xidao/one"}, {"id": "two"}]}'
    assert list(run(list_gateway(Target(server.url, "xidao")))) == ["xidao/one", "two"]


def test_without_encryption_only_where_it_was_allowed() -> None:
    with pytest.raises(Refused):
        run(ask_gateway(Target("http://192.0.2.1/v1", "vllm", Key.parse(KEY))))
