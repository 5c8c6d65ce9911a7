"""S10 to S13, S20, S23, S29, S30: what a gateway, or the network before it, may not do."""

from __future__ import annotations

import datetime
import ipaddress
import logging
import ssl
import traceback
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from models.errors import AppError, EndlessReply, KeyRefused, NotSecure, Refused, SignInPage
from models.gateway.sse import Caps
from models.outbound import Outbound
from tests.fakes import finished, text_of
from tests.gateway_server import FAULTS, GatewayServer, Reply, answer, error, usage
from tests.gateway_server.asking import KEY, ask_gateway, backend, connection, request

PROMPT = "canary-prompt-7f3a"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_s10_nothing_follows_a_redirect(status: int) -> None:
    with GatewayServer() as other:
        moved = Reply([], status, {"Location": f"{other.url}/chat/completions"}, sized=True)
        with GatewayServer(moved) as server:
            told = ask_gateway(connection(server.url), request(PROMPT))
        assert told.error is not None
        assert other.received == []
    assert [one.status for one in told.sent] == [status]


def test_s10_the_other_host_is_named() -> None:
    moved = Reply([], 307, {"Location": "https://evil.example/v1"}, sized=True)
    with GatewayServer(moved) as server:
        told = ask_gateway(connection(server.url))
    assert isinstance(told.error, SignInPage)
    assert "evil.example" in told.error.cause


def test_s11_a_key_never_travels_unencrypted() -> None:
    told = ask_gateway(connection("http://192.0.2.1:8000/v1"))
    assert isinstance(told.error, Refused)
    assert "not be encrypted" in told.error.cause
    assert [(one.bytes_out, bool(one.refused)) for one in told.sent] == [(0, True)]


def test_s11_the_policy_is_asked_before_anything_leaves() -> None:
    with GatewayServer() as server:
        outbound = Outbound(policy=lambda ask: f"No {ask.purpose} today.")
        told = ask_gateway(connection(server.url), outbound=outbound)
    assert isinstance(told.error, Refused)
    assert "No chat today." in told.error.cause
    assert server.received == []


def test_s12_the_environment_of_other_tools_is_ignored(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in {
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_API_KEY": "sk-environment",
        "OPENAI_ADMIN_KEY": "sk-environment",
        "OPENAI_ORG_ID": "environment",
        "OPENAI_PROJECT_ID": "environment",
        "OPENAI_CUSTOM_HEADERS": "X-Environment: environment\nAuthorization: Bearer environment",
        "OPENAI_LOG": "debug",
        "SSL_CERT_FILE": "/nowhere/environment.pem",
    }.items():
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.DEBUG, "root")
    with GatewayServer(answer()) as server:
        told = ask_gateway(connection(server.url), request(PROMPT))
    assert text_of(told.events) == "Hello there."
    headers = server.chats[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "environment" not in str(headers)
    assert set(headers) == {
        "host",
        "connection",
        "accept",
        "content-type",
        "content-length",
        "accept-encoding",
        "user-agent",
        "authorization",
    }
    written = "".join(capfd.readouterr()) + caplog.text
    assert KEY not in written
    assert PROMPT not in written


def _certificate(folder: Path, *, name: str, days: tuple[int, int]) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([_name(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.mark.parametrize(
    ("name", "days", "trusted", "words"),
    [
        ("127.0.0.1", (-1, 1), False, "vouches for itself"),
        ("127.0.0.1", (-9, -1), True, "has expired"),
        ("127.0.0.1", (1, 9), True, "not valid yet"),
        ("other.example", (-1, 1), True, "for another server"),
    ],
    ids=["self-signed", "expired", "wrong-clock", "wrong-host"],
)
def test_s13_a_certificate_that_proves_nothing_is_refused(
    name: str,
    days: tuple[int, int],
    trusted: bool,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls = _certificate(tmp_path, name=name, days=days)
    if trusted:  # so that nothing but the date or the name is wrong
        trusting = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
        monkeypatch.setattr("httpcore2.default_ssl_context", lambda **_values: trusting)
    with GatewayServer(tls=tls) as server:
        told = ask_gateway(connection(server.url), request(PROMPT))
    assert isinstance(told.error, NotSecure)
    assert words in told.error.cause
    assert server.received == []
    assert len(told.attempts) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_s20_a_key_that_is_echoed_is_redacted(status: int) -> None:
    echo = f"Incorrect API key provided: {KEY}. Authorization: Bearer {KEY}"
    with GatewayServer(*(error(status, echo) for _ in range(9))) as server:
        told = ask_gateway(connection(server.url))
    assert told.error is not None
    words = told.error.one_line() + told.error.details + repr(told.events) + repr(told.attempts)
    words += "".join(traceback.format_exception(told.error))
    assert KEY not in words
    assert "[key]" in told.error.details


def test_s20_no_object_shows_a_key() -> None:
    place = connection("http://127.0.0.1:1/v1")
    one = backend(place)
    assert KEY not in repr(place) + repr(one) + repr(vars(one))


@pytest.mark.parametrize("key", ["sk-ключ", "two words", "sk\nnewline"])
def test_s20_what_can_be_no_key_is_not_sent(key: str) -> None:
    with GatewayServer() as server:
        told = ask_gateway(connection(server.url), keys=(key,))
    assert isinstance(told.error, KeyRefused)
    assert key not in told.error.one_line()
    assert server.received == []


def test_s23_no_prompt_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with GatewayServer(answer(PROMPT)) as server:
        ask_gateway(connection(server.url), request(PROMPT))
    assert PROMPT not in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("absurd", [10**12, -5, float("nan"), float("inf"), "12", True, 1.5, [1]])
def test_s29_a_number_that_cannot_be_is_unknown_and_flagged(absurd: Any) -> None:
    with GatewayServer(answer(told=usage(12, absurd))) as server:
        told = ask_gateway(connection(server.url))
    counted = finished(told.events).usage
    assert (counted.prompt_tokens, counted.completion_tokens) == (12, None)
    assert counted.flagged == "completion_tokens"


def test_s29_a_part_is_not_larger_than_its_whole() -> None:
    with GatewayServer(answer(told=usage(12, 4, cached=13, reasoning=5))) as server:
        told = ask_gateway(connection(server.url))
    counted = finished(told.events).usage
    assert (counted.cached_tokens, counted.reasoning_tokens) == (None, None)
    assert counted.flagged == "cached_tokens, reasoning_tokens"


@pytest.mark.parametrize("fault", ["huge", "huge-event", "tiny-events", "bomb", "endless"])
def test_s30_an_answer_without_end_is_cut(fault: str) -> None:
    caps = Caps(total_bytes=8 << 20, event_bytes=1 << 20, events=20_000)
    FAULTS[fault]()  # what is made once is not measured
    tracemalloc.start()
    try:
        with GatewayServer(FAULTS[fault]()) as server:
            told = ask_gateway(connection(server.url), caps=caps)
            peak = tracemalloc.get_traced_memory()[1]
            assert server.chats[0].gone.wait(5) or fault in ("bomb", "huge-event")
    finally:
        tracemalloc.stop()
    assert isinstance(told.error, EndlessReply)
    assert peak < 80 << 20
    assert len(server.chats) == 1


def test_s30_a_refusal_without_end_is_cut() -> None:
    with GatewayServer(Reply(FAULTS["huge"]().parts, 400)) as server:
        told = ask_gateway(connection(server.url))
    assert isinstance(told.error, AppError)
    assert sum(one.bytes_in for one in told.sent) < 1 << 20
