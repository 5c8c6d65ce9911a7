"""What the two servers answer."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from tests.hub_server.server import Fault, HubServer, Repository, Request

_WEB_PAGE = b"<!DOCTYPE html><html><body>Welcome to Hotel WiFi. Please sign in.</body></html>"
_INFO = re.compile(r"/api/models/([^/]+(?:/[^/]+)?)(?:/revision/([^/]+))?")
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(slots=True)
class Answer:
    status: int
    content: memoryview = field(default_factory=lambda: memoryview(b""))
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers.setdefault("Content-Length", str(len(self.content)))


def answer_hub(server: HubServer, request: Request, fault: Fault) -> Answer:
    """Metadata, and redirects to where the bytes are."""
    broken = _broken(fault)
    if broken:
        return broken
    url = urlsplit(request.path)
    path = unquote(url.path)
    if path == "/api/models":
        page = _page(server, parse_qs(url.query))
        page.headers |= fault.headers
        return page
    if match := _INFO.fullmatch(path):
        repo = server.repositories.get(match[1])
        return _not_found() if repo is None else _json(_item(match[1], repo) | _files(repo))
    if match := _RESOLVE.fullmatch(path):
        return _resolve(server, request, fault, match[1], match[3])
    return _not_found()


def answer_store(server: HubServer, request: Request, fault: Fault) -> Answer:
    """The bytes, or the range of them that was asked for."""
    broken = _broken(fault)
    if broken:
        return broken
    _empty, owner, name, *rest = unquote(urlsplit(request.path).path).split("/")
    content = server.repositories[f"{owner}/{name}"].files["/".join(rest)]
    etag = fault.etag or f'"{len(content):x}-cdn"'
    view = memoryview(_flipped(content, fault.flip) if fault.flip is not None else content)
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    changed = request.headers.get("if-range", etag) != etag
    headers = {"ETag": etag, "Accept-Ranges": "bytes", **fault.headers}
    start, end, status = 0, len(view), 200
    if match and not changed and not fault.ignore_range:
        start, end, status = int(match[1]), min(int(match[2] or len(view) - 1) + 1, len(view)), 206
        if start >= len(view):
            return Answer(416, headers={"Content-Range": f"bytes */{len(view)}"})
        if fault.wrong_range:
            start, end = 0, end - start
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{fault.size or len(view)}"
    content_sent = view[start:end]
    if fault.short is not None:
        content_sent = content_sent[: fault.short]
    return Answer(status, content_sent, headers)


def _broken(fault: Fault) -> Answer | None:
    if fault.html:
        return Answer(
            fault.status or 200, memoryview(_WEB_PAGE), {"Content-Type": "text/html; charset=utf-8"}
        )
    if fault.status is not None:
        return Answer(fault.status, headers=dict(fault.headers))
    if fault.location is not None:
        return Answer(302, headers={"Location": fault.location, **fault.headers})
    return None


def _resolve(server: HubServer, request: Request, fault: Fault, name: str, file: str) -> Answer:
    repo = server.repositories.get(name)
    if repo is None or file not in repo.files:
        return _not_found()
    if repo.gated and request.headers.get("authorization") != f"Bearer {server.token}":
        status = 403 if "authorization" in request.headers else 401
        return Answer(
            status, headers={"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."}
        )
    return Answer(
        302,
        headers={
            "Location": f"{server.cdn_url}/{name}/{file}",
            "X-Repo-Commit": repo.commit,
            "X-Linked-Etag": f'"{fault.etag or repo.sha256_of(file)}"',
            "X-Linked-Size": str(len(repo.files[file])),
            **fault.headers,
        },
    )


def _page(server: HubServer, query: dict[str, list[str]]) -> Answer:
    """A page of results, and in the header “Link” where the next one is, as the real hub has it."""
    words = query.get("search", [""])[0].lower()
    limit = int(query.get("limit", ["50"])[0])
    start = int(base64.b64decode(query["cursor"][0])) if "cursor" in query else 0
    fitting = [(name, repo) for name, repo in server.repositories.items() if words in name.lower()]
    answer = _json([_item(name, repo) for name, repo in fitting[start : start + limit]])
    if start + limit < len(fitting):
        cursor = base64.b64encode(str(start + limit).encode()).decode()
        following = urlencode(query | {"cursor": [cursor]}, doseq=True)
        answer.headers["Link"] = f'<{server.url}/api/models?{following}>; rel="next"'
    return answer


def _item(name: str, repo: Repository) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": name,
        "sha": repo.commit,
        "gated": repo.gated,
        "downloads": 1234,
        "likes": 56,
        "lastModified": "2026-10-01T08:00:00.000Z",
        "tags": ["gguf", "license:apache-2.0"],
        "gguf": {"architecture": "llama", "context_length": 8192},
    }
    return item | repo.extra


def _files(repo: Repository) -> dict[str, Any]:
    siblings: list[dict[str, Any]] = [
        {
            "rfilename": name,
            "size": len(content),
            "lfs": {"sha256": repo.sha256_of(name), "size": len(content), "pointerSize": 135},
        }
        for name, content in repo.files.items()
    ]
    claimed = [{"rfilename": name, "size": 10} for name in repo.listed]
    return {"siblings": [*siblings, *claimed]} | {
        key: value for key, value in repo.extra.items() if key == "siblings"
    }


def _json(value: Any) -> Answer:
    return Answer(200, memoryview(json.dumps(value).encode()), {"Content-Type": "application/json"})


def _not_found() -> Answer:
    return Answer(404, headers={"X-Error-Code": "RepoNotFound"})


def _flipped(content: bytes, position: int) -> bytes:
    changed = bytearray(content)
    changed[position] ^= 0x01
    return bytes(changed)
