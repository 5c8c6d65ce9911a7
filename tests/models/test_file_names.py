"""S06: which names from a server may become files."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import BadName
from models.file_names import checked_name, checked_repo, place

HOSTILE = [
    "", ".", "..", "../x", "..\\..\\x", "a/../b", "/abs", "a//b", "a/", "C:\\x", "C:x", "\\\\h\\s",
    "a\0b", "a\nb", "x:ads", "CON", "con.gguf", "a/NUL/b", "LPT1.txt", "COM¹", "CONIN$", "AUX .gguf",
    "x" * 300, "a/" * 9 + "b", "é" * 101, "/".join(["d" * 100] * 7), "\u202egguf.exe", "a\u200bb", "a\ud800",
    "a\U000e0041", "\x7f", "trailing.", "trailing ", " leading", "a?b", "a*", "a|b", "a<b", 'a"b',
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_s06_a_hostile_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadName):
        checked_name(name)
    with pytest.raises(BadName):
        place(tmp_path, "owner/repo", name)


@pytest.mark.parametrize(
    "name",
    ["model-Q4_K_M.gguf", "sub/a.gguf", ".gitattributes", "模型.gguf", "console.gguf", "a b.gguf", "é.gguf"],
)
def test_a_harmless_name_is_taken(name: str, tmp_path: Path) -> None:
    assert checked_name(name) == name
    assert place(tmp_path, "owner/repo", name) == tmp_path / "owner" / "repo" / name


@pytest.mark.parametrize(
    "repo",
    [
        "",
        "/",
        "a/",
        "/b",
        "a/b/c",
        "../a",
        "a/..",
        "a/b..c",
        "a--b/c",
        "a b/c",
        "a/.b",
        "a/b.",
        "a/CON",
        "é/a",
    ],
)
def test_a_repository_that_is_none(repo: str) -> None:
    with pytest.raises(BadName):
        checked_repo(repo)


@pytest.mark.parametrize("repo", ["gpt2", "Qwen/Qwen3-8B-GGUF", "a/b_c.d-1", "01-ai/Yi"])
def test_a_repository(repo: str) -> None:
    assert checked_repo(repo) == repo


def test_s07_a_link_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "owner").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadName):
        place(tmp_path / "models", "owner/repo", "x.gguf")
    assert list((tmp_path / "elsewhere").iterdir()) == []
