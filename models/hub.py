"""Hugging Face and what speaks like it: searching for models, and what a repository holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from models.errors import (
    BadInput,
    Gated,
    HubError,
    NetworkError,
    NotOnHub,
    Offline,
    Refused,
    ServerFailed,
    SignInPage,
    Unreachable,
)
from models.file_names import checked_name, checked_repo
from models.hosts import is_loopback
from models.hub_addresses import MAIN
from models.hub_values import Found, Repo, found, repo_of
from models.outbound import Outbound, Response
from models.waiting import retry_after_s

_HUGGING_FACE = ("huggingface.co", ".huggingface.co", ".hf.co")
_LONGEST_ANSWER = 32 << 20
_MOST_RESULTS = 100
_IDLE_S = 20.0
_SEARCH, _SEARCHING = "/api/models", "search the hub"
_NEXT = re.compile(r'<(?P<url>[^<>\s]+)>\s*;\s*rel="?next"?')
_LONGEST_LINK = 8_000
_EXPANDED = ("gguf", "cardData", "downloads", "likes", "lastModified", "gated", "tags")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that answers like Hugging Face. `stores` are hosts its files may come from, besides.

    A store that begins with a dot is all hosts below it.
    """

    url: str = MAIN
    stores: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def hosts(self) -> tuple[str, ...] | None:
        """Where its answers may come from; mirrors send on to Hugging Face's own stores."""
        if is_loopback(self.host):
            return ("localhost", "127.0.0.1", "::1")
        return (self.host, f".{self.host}", *_HUGGING_FACE, *self.stores)

    def file_url(self, repo: str, commit: str, name: str) -> str:
        """The address of a file at a commit."""
        path = f"{quote(checked_repo(repo))}/resolve/{quote(commit)}/{quote(checked_name(name))}"
        return f"{self.url.rstrip('/')}/{path}"


Token = Callable[[str], str | None]
"""The token for an endpoint's host, or None. It is asked each time, and never kept."""


def no_token(_host: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class More:
    """Where a search goes on."""

    endpoint: Endpoint
    path: str


@dataclass(frozen=True, slots=True)
class Results:
    """A page of a search's results; `more` is None where there is nothing after it."""

    found: list[Found]
    more: More | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    endpoint: Endpoint
    value: Any
    link: str


class Hub:
    """Asks the endpoints in their order until one answers. For one asyncio loop.

    A token goes to its own endpoint's address only. Everything an endpoint says is checked first.
    """

    def __init__(
        self, outbound: Outbound, endpoints: Sequence[Endpoint] = (Endpoint(),), token: Token = no_token
    ) -> None:
        if not endpoints:
            raise BadInput("No hub is set.", f"The usual one is {MAIN}.")
        self.endpoints = tuple(endpoints)
        self._outbound = outbound
        self._token = token

    async def search(self, text: str, *, limit: int = 50, sort: str = "downloads") -> Results:
        """Repositories with GGUF files whose name fits, those first that the hub puts first.

        Raises NetworkError (Offline once, not for each endpoint) or HubError.
        """
        query = [
            ("search", text[:200]),
            ("filter", "gguf"),
            ("sort", sort),
            ("direction", "-1"),
            ("limit", str(max(1, min(limit, _MOST_RESULTS)))),
            *(("expand[]", name) for name in _EXPANDED),
        ]
        return _results(await self._ask(f"{_SEARCH}?{urlencode(query)}", _SEARCHING, text))

    async def search_on(self, more: More) -> Results:
        """What follows, from the hub that said so. Raises as `search` does."""
        return _results(await self._ask_one(more.endpoint, more.path, _SEARCHING, ""))

    async def info(self, repo: str, revision: str = "main") -> tuple[Endpoint, Repo]:
        """What a repository holds now, and the endpoint that said so.

        Raises NotOnHub, Gated, BadName, HubError or NetworkError.
        """
        path = f"/api/models/{quote(checked_repo(repo))}/revision/{quote(checked_name(revision), safe='')}"
        answer = await self._ask(f"{path}?blobs=true", "look at a model", repo)
        return answer.endpoint, repo_of(answer.value, repo)

    def token_for(self, endpoint: Endpoint) -> str | None:
        return self._token(endpoint.host)

    async def _ask(self, path: str, purpose: str, about: str) -> _Answer:
        """The first answer. Where all fail, the error that says most: not "offline" if one did answer."""
        errors: list[NetworkError | HubError] = []
        for endpoint in self.endpoints:
            try:
                return await self._ask_one(endpoint, path, purpose, about)
            except (Refused, Gated):
                raise
            except (NetworkError, HubError) as error:
                errors.append(error)
        raise _most_telling(errors)

    async def _ask_one(self, endpoint: Endpoint, path: str, purpose: str, about: str) -> _Answer:
        async with self._outbound.request(
            "GET",
            endpoint.url.rstrip("/") + path,
            purpose=purpose,
            token=self._token(endpoint.host),
            hosts=endpoint.hosts,
            idle_s=_IDLE_S,
        ) as response:
            check_status(response, endpoint, about)
            value = _parsed(response, await response.read(_LONGEST_ANSWER))
            return _Answer(endpoint, value, response.headers.get("link", ""))


def _results(answer: _Answer) -> Results:
    if not isinstance(answer.value, list):
        raise HubError("It is not a list of models.", "Try another address of the hub.")
    items = (found(item) for item in answer.value[:_MOST_RESULTS])
    return Results([item for item in items if item is not None], _more(answer))


def _more(answer: _Answer) -> More | None:
    """Of the next page's address only the query is used: a mirror may name the hub that it mirrors."""
    match = _NEXT.search(answer.link[:_LONGEST_LINK])
    if match is None or not answer.value:
        return None
    try:
        url = urlsplit(match["url"])
    except ValueError:
        return None
    goes_on = url.path.endswith(_SEARCH) and url.query.isascii() and url.query.isprintable()
    return More(answer.endpoint, f"{_SEARCH}?{url.query}") if goes_on else None


def check_status(response: Response, endpoint: Endpoint, about: str) -> None:
    """Raise what a hub's refusal means: Gated, NotOnHub or ServerFailed; nothing for 200 to 299."""
    status, code = response.status, response.headers.get("x-error-code", "")
    if 200 <= status < 300:
        return
    link = f"{endpoint.url.rstrip('/')}/{about}"
    if code == "GatedRepo" or (status in (401, 403) and code not in ("RepoNotFound", "")):
        raise Gated(
            f"The publisher of {about} gives it only to those who accept its terms.",
            f"Sign in and accept them at {link}, then give Inshore an access token of your account.",
            link=link,
        )
    if status in (401, 404):
        raise NotOnHub(
            f"{endpoint.host} has no “{about}”, or it is private.",
            "Check the name. A private one needs an access token.",
        )
    raise ServerFailed(
        _words_for(status, endpoint.host),
        "Try again later.",
        status=status,
        retry_after_s=retry_after_s(response.headers.get("retry-after")),
    )


def check_not_a_page(headers: Mapping[str, str], host: str) -> None:
    """Raise SignInPage where a web page came instead of what was asked for."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() in (
        "text/html",
        "application/xhtml+xml",
    ):
        raise SignInPage(
            f"A web page came instead of {host}’s answer.",
            "Open a page in your browser, sign in to the network, and try again.",
        )


def _words_for(status: int, host: str) -> str:
    if status == 429:
        return f"{host} asks for a pause: too many requests."
    if status == 511:
        return "The network asks you to sign in first."
    return f"{host} is overloaded or out of order." if status >= 500 else f"{host} refused the request."


def _parsed(response: Response, content: bytes) -> Any:
    host = urlsplit(response.url).hostname or ""
    check_not_a_page(response.headers, host)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise HubError(f"{host} sent something that is no answer.", "Try again later.") from error


def _most_telling(errors: Sequence[NetworkError | HubError]) -> NetworkError | HubError:
    for error in errors:
        if not isinstance(error, Offline | Unreachable):
            return error
    if all(isinstance(error, Offline) for error in errors):
        return Offline("No hub can be reached.", "Models that you have work all the same.")
    return next(error for error in errors if isinstance(error, Unreachable))
