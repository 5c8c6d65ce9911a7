"""Downloads that began and did not end, from one run to the next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.download_values import Target
from models.hub import Endpoint
from models.hub_values import HubFile
from models.unfinished import Begun, Unfinished

FILE = HubFile("Q4/model-00001-of-00002.gguf", 1000, "ab" * 32)


def target(folder: Path, repo: str = "owner/model") -> Target:
    other = HubFile("Q4/model-00002-of-00002.gguf", 900, None)
    endpoints = (Endpoint("https://hub.example", (".cdn.example",)), Endpoint())
    return Target(repo, "c" * 40, (FILE, other), folder, endpoints, under=repo)


def test_what_is_remembered_comes_back_the_same(tmp_path: Path) -> None:
    assert not Unfinished(tmp_path).any()
    Unfinished(tmp_path).remember(target(tmp_path), "A model")
    Unfinished(tmp_path).remember(target(tmp_path), "A model")
    assert Unfinished(tmp_path).any()
    assert Unfinished(tmp_path).all() == [Begun(target(tmp_path), "A model")]


def test_forgetting_leaves_the_others(tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path)
    for repo in ("owner/model", "owner/other"):
        unfinished.remember(target(tmp_path, repo), repo)
    unfinished.forget(target(tmp_path))
    unfinished.forget(target(tmp_path))
    assert [begun.name for begun in unfinished.all()] == ["owner/other"]


@pytest.mark.parametrize(
    "change",
    [
        {"repo": "../../etc"},
        {"commit": "../x"},
        {"files": [["../../.bashrc", 10, None]]},
        {"files": [["a.gguf", -1, None]]},
        {"files": [["a.gguf", 10, "zz"]]},
        {"files": []},
        {"endpoints": []},
        {"version": 2},
        {"files": 3},
    ],
)
def test_s06_what_can_t_be_understood_is_skipped(tmp_path: Path, change: dict[str, object]) -> None:
    unfinished = Unfinished(tmp_path)
    unfinished.remember(target(tmp_path), "A model")
    (path,) = (tmp_path / ".unfinished").glob("*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert unfinished.all() == []
    path.write_text("{")
    assert unfinished.all() == []
