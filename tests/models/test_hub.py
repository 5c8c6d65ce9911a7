"""Searching hubs and looking at repositories, none of which is trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from models.errors import AppError, Gated, HubError, NotOnHub, Offline, ServerFailed, SignInPage, Unreachable
from models.hub import Endpoint, Hub, More, Token, no_token
from models.hub_values import Found, Gate, Repo, found, repo_of
from models.outbound import Outbound
from tests.hub_server import Fault, HubServer

REPO = "owner/model-GGUF"
COMMIT = "a" * 40


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as made:
        made.add(REPO, {"m-Q4_0.gguf": b"1" * 10, "m-Q8_0.gguf": b"2" * 20, "README.md": b"#"})
        made.add("owner/other-GGUF", {})
        yield made


def ask(endpoints: Sequence[str], what: str, *, token: Token = no_token, repo: str = REPO) -> Any:
    async def go() -> Any:
        outbound = Outbound()
        hub = Hub(outbound, [Endpoint(url) for url in endpoints], token)
        try:
            return await (hub.search("model") if what == "search" else hub.info(repo))
        finally:
            await outbound.aclose()

    return asyncio.run(go())


def repo(siblings: object, **more: object) -> Repo:
    return repo_of({"sha": COMMIT, "siblings": siblings, **more}, REPO)


def file(name: str, size: object = 10, sha256: object = "b" * 64) -> dict[str, object]:
    return {"rfilename": name, "size": size, "lfs": {"size": size, "sha256": sha256}}


def test_a_search_tells_what_decides(server: HubServer) -> None:
    results = ask([server.url], "search")
    assert results.found == [
        Found(REPO, "apache-2.0", Gate.OPEN, 1234, 56, "2026-10-01T08:00:00.000Z", None, "llama", 8192)
    ]
    query = parse_qs(urlsplit(server.requests[0].path).query)
    assert (query["filter"], query["search"]) == (["gguf"], ["model"])


def test_a_search_goes_on_where_the_hub_says(server: HubServer) -> None:
    async def go(url: str) -> list[list[str]]:
        outbound, pages = Outbound(), []
        try:
            hub = Hub(outbound, [Endpoint(url)])
            results = await hub.search("go", limit=2)
            pages.append([one.repo for one in results.found])
            while results.more is not None:
                results = await hub.search_on(results.more)
                pages.append([one.repo for one in results.found])
        finally:
            await outbound.aclose()
        return pages

    for number in range(5):
        server.add(f"go/{number}", {})
    assert asyncio.run(go(server.url)) == [["go/0", "go/1"], ["go/2", "go/3"], ["go/4"]]
    assert all("expand" in request.path for request in server.requests)  # the same question each time


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ('<https://elsewhere.example/api/models?cursor=abc>; rel="next"', "/api/models?cursor=abc"),
        (
            "<https://h/api/models?a=1>; rel=prev, <https://h/api/models?cursor=2>; rel=next",
            "/api/models?cursor=2",
        ),
        ('<https://elsewhere.example/steal?cursor=abc>; rel="next"', None),
        ('<https://h/api/models?cursor=abc>; rel="last"', None),
        ("<https://[/api/models?cursor=abc>; rel=next", None),
        ("", None),
    ],
)
def test_s09_the_next_page_is_asked_of_the_same_hub(server: HubServer, link: str, path: str | None) -> None:
    server.faults = [Fault(where="hub", headers={"Link": link})]
    more = ask([server.url], "search").more
    assert more == (More(Endpoint(server.url), path) if path else None)


def test_a_repository_has_its_files_with_size_hash_and_commit(server: HubServer) -> None:
    endpoint, info = ask([server.url], "info")
    assert endpoint == Endpoint(server.url)
    assert info.commit == server.repositories[REPO].commit
    assert {(each.name, each.size_bytes) for each in info.files} >= {("m-Q4_0.gguf", 10), ("m-Q8_0.gguf", 20)}
    assert info.files[0].sha256 == server.repositories[REPO].sha256_of("m-Q4_0.gguf")
    assert [model[0].name for model in info.models()] == ["m-Q4_0.gguf", "m-Q8_0.gguf"]


@pytest.mark.parametrize("fault", [Fault(where="hub", status=503), Fault(where="hub", html=True)])
def test_the_mirror_is_asked_when_the_first_fails(server: HubServer, fault: Fault) -> None:
    with HubServer() as first:
        first.faults = [fault]
        endpoint, _ = ask([first.url, server.url], "info")
    assert endpoint == Endpoint(server.url)


def test_nobody_answers(server: HubServer) -> None:
    with pytest.raises(Unreachable):
        ask(["http://127.0.0.1:9", "http://localhost:9"], "search")


def test_offline_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Offline) as caught:
        ask(["https://one.invalid", "https://two.invalid"], "search")
    assert caught.value.one_line() == (
        "You are offline. No hub can be reached. Models that you have work all the same."
    )


def test_gated_explains_and_links(server: HubServer) -> None:
    server.faults = [Fault(where="hub", status=403, headers={"X-Error-Code": "GatedRepo"})]
    with pytest.raises(Gated) as caught:
        ask([server.url], "info")
    assert caught.value.link == f"{server.url}/{REPO}"
    assert caught.value.link in caught.value.hint


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(where="hub", status=404), NotOnHub),
        (Fault(where="hub", status=401, headers={"X-Error-Code": "RepoNotFound"}), NotOnHub),
        (Fault(where="hub", status=500), ServerFailed),
        (Fault(where="hub", status=429, headers={"Retry-After": "7"}), ServerFailed),
        (Fault(where="hub", html=True), SignInPage),
    ],
)
def test_refusals(server: HubServer, fault: Fault, error: type[AppError]) -> None:
    fault.used = 0
    server.faults = [fault]
    with pytest.raises(error) as caught:
        ask([server.url], "info")
    if fault.status == 429:
        assert getattr(caught.value, "retry_after_s") == 7  # noqa: B009 - only ServerFailed has it


def test_s09_a_token_is_sent_to_its_endpoint_only(server: HubServer) -> None:
    with HubServer() as elsewhere:
        server.faults = [Fault(where="hub", location=f"{elsewhere.url}/api/models/{REPO}")]
        elsewhere.add(REPO, {})
        ask([server.url], "info", token=lambda _host: "hf_canary")
        assert server.requests[0].headers["authorization"] == "Bearer hf_canary"
        assert len(elsewhere.requests) == 1
        assert "authorization" not in elsewhere.requests[0].headers


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "x",
        {},
        {"sha": "main"},
        {"sha": COMMIT},
        {"sha": COMMIT, "siblings": {}},
        {"sha": COMMIT, "siblings": [{}] * 5001},
    ],
)
def test_an_answer_that_makes_no_sense(answer: object) -> None:
    with pytest.raises(HubError):
        repo_of(answer, REPO)


def test_s06_unsafe_names_are_set_apart() -> None:
    made = repo([file("../../x.gguf"), file("good.gguf"), file("a\x1b[2J.gguf"), file("CON.gguf")])
    assert [each.name for each in made.files] == ["good.gguf"]
    assert made.refused == ("../../x.gguf", "a[2J.gguf", "CON.gguf")


@pytest.mark.parametrize("size", [None, -1, 0, 1 << 60, "10", 1.5, True, [], float("nan")])
def test_absurd_sizes_are_left_out(size: object) -> None:
    assert repo([file("a.gguf", size)]).files == ()


@pytest.mark.parametrize("sha256", [None, "", "b" * 63, "B" * 64, "../" + "b" * 61, 5])
def test_a_hash_that_is_none_is_unknown(sha256: object) -> None:
    (only,) = repo([file("a.gguf", sha256=sha256)]).files
    assert only.sha256 is None


def test_names_that_some_systems_can_not_tell_apart_come_once() -> None:
    assert [each.name for each in repo([file("A.gguf"), file("a.gguf")]).files] == ["A.gguf"]


def test_split_models_are_one_and_incomplete_ones_none() -> None:
    names = [
        "b-00002-of-00002.gguf",
        "b-00001-of-00002.gguf",
        "c-00001-of-00003.gguf",
        "d-00001-of-99999.gguf",
        "a.gguf",
    ]
    made = repo([file(name) for name in names])
    assert [[each.name for each in model] for model in made.models()] == [
        ["a.gguf"],
        ["b-00001-of-00002.gguf", "b-00002-of-00002.gguf"],
    ]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("*q4*", ["x/m-Q4.gguf"]), ("m-q8.gguf", ["m-Q8.gguf"]), ("M-Q4.GGUF", ["x/m-Q4.gguf"]), ("q4", [])],
)
def test_choosing_by_pattern(pattern: str, names: list[str]) -> None:
    made = repo([file("x/m-Q4.gguf"), file("m-Q8.gguf")])
    assert [model[0].name for model in made.matching(pattern)] == names


@pytest.mark.parametrize(
    ("more", "licence"),
    [
        ({"tags": ["license:mit"]}, "mit"),
        ({"cardData": {"license": "llama4"}, "tags": ["license:mit"]}, "llama4"),
        ({"cardData": {"license": "other", "license_name": "nemotron"}}, "nemotron"),
        ({"cardData": {"license": ["a"]}, "tags": "license:mit"}, ""),
        ({}, ""),
        ({"tags": ["license:a\x1b[31m"]}, "a[31m"),
    ],
)
def test_the_licence(more: dict[str, object], licence: str) -> None:
    assert repo([], **more).licence == licence


@pytest.mark.parametrize(
    ("gated", "gate"),
    [(False, "open"), ("auto", "auto"), ("manual", "manual"), (True, "manual"), ([], "open")],
)
def test_the_gate(gated: object, gate: str) -> None:
    assert repo([], gated=gated).gate == gate


@pytest.mark.parametrize("item", [None, 3, {}, {"id": "../x"}, {"id": 5}, {"id": "a/b/c"}])
def test_a_result_that_makes_no_sense_is_left_out(item: object) -> None:
    assert found(item) is None


def test_texts_of_a_result_are_made_plain() -> None:
    made = found({"id": REPO, "lastModified": "\x1b]0;x\x07", "downloads": -5, "likes": "9", "gguf": 3})
    assert made == Found(REPO, "", Gate.OPEN, None, None, "]0;x", None, "", None)
