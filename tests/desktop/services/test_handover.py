"""S33: the two requests a later start may make, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from desktop.services.handover import LONGEST, SHOW, may_become, request, understood

ROOT = Path(Path.cwd().anchor)


def offer(names: object) -> bytes:
    return b"offer " + json.dumps(names).encode() + b"\n"


@pytest.mark.parametrize("name", ["a.gguf", "天 🚢.GGUF", "new\nline.gguf", os.fsdecode(b"caf\xe9.gguf")])
def test_files_of_any_name_arrive_as_they_are(name: str) -> None:
    files = [ROOT / "models" / name, ROOT / "b.gguf"]
    assert understood(request(files)) == files


def test_without_files_only_the_window_is_asked_for() -> None:
    assert request([]) == SHOW
    assert understood(SHOW) == []


def test_of_too_many_files_as_many_go_as_there_is_room_for() -> None:
    files = [ROOT / f"{'x' * 900}-{number}.gguf" for number in range(100)]
    words = request(files)
    assert len(words) <= LONGEST
    heard = understood(words)
    assert heard
    assert heard == files[: len(heard)]


@pytest.mark.parametrize(
    "heard",
    [
        pytest.param(offer(["relative.gguf"]), id="a relative path"),
        pytest.param(offer([f"{ROOT}etc/passwd"]), id="not a model"),
        pytest.param(offer([f"{ROOT}a\0.gguf"]), id="a zero byte"),
        pytest.param(offer([]), id="no file"),
        pytest.param(offer([f"{ROOT}a.gguf"] * 33), id="too many"),
        pytest.param(offer({"path": f"{ROOT}a.gguf"}), id="not a list"),
        pytest.param(offer([7]), id="not a text"),
        pytest.param(b"offer \n", id="nothing"),
        pytest.param(b"offer " + b"[" * 10_000 + b"\n", id="deep"),
        pytest.param(offer([f"{ROOT}a.gguf"]) + b"show\n", id="two requests"),
        pytest.param(offer([f"{ROOT}a.gguf"])[:-1], id="unfinished"),
        pytest.param(b"load " + offer([f"{ROOT}a.gguf"])[6:], id="another verb"),
    ],
)
def test_s33_anything_else_is_not_understood(heard: bytes) -> None:
    assert understood(heard) is None


@pytest.mark.parametrize(
    ("heard", "may"),
    [
        (b"", True),
        (b"sh", True),
        (b"offe", True),
        (b'offer ["/a', True),
        (b"offer " + b"x" * LONGEST, False),
        (b"offer x\n", False),
        (b"open ", False),
        (b"show\nshow", False),
    ],
)
def test_s33_more_is_waited_for_only_where_it_can_become_a_request(heard: bytes, may: bool) -> None:
    assert may_become(heard) is may
