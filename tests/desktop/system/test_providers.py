"""Providers in the settings file: read leniently, addresses checked, never with a key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop.system.providers import DEFAULT, Provider, address, free_id, read, unencrypted, written
from desktop.system.settings import Settings, load, save
from models.errors import BadInput
from tests.fixtures.keyrings import CANARY

LAN = Provider(
    "rack",
    "vllm",
    "The rack",
    ("http://192.168.1.20:8000/v1", "https://rack.example/v1"),
    ("http://192.168.1.20:8000",),
    {"new": [1]},
)


def test_the_first_start_knows_one_gateway() -> None:
    assert [each.id for each in Settings().providers] == ["xidao"]


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    for providers in ((*DEFAULT, LAN), (LAN,), ()):
        save(path, Settings(providers=providers))
        loaded, problems = load(path)
        assert ([*loaded.providers], problems) == ([*_whole(providers)], [])


def _whole(providers: tuple[Provider, ...]) -> list[Provider]:
    """Confirmed addresses are stored whole, too."""
    return [*read(written(providers))[0]]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "xidao",
        {},
        {"id": "a"},
        {"id": 1, "profile": "x", "name": "x"},
        {"id": "A b", "profile": "x", "name": "x"},
        {"id": "huggingface-hub", "profile": "x", "name": "x"},
        {"id": "a", "profile": "x", "name": ""},
        {"id": "a", "profile": "x", "name": "x" * 81},
        {"id": "a", "profile": "x", "name": "x", "base_urls": "https://x"},
        {"id": "a", "profile": "x", "name": "x", "base_urls": [1]},
        {"id": "a", "profile": "x", "name": "x", "base_urls": ["ftp://x"]},
        {"id": "a", "profile": "x", "name": "x", "base_urls": ["https://me:pass@x"]},
        {"id": "a", "profile": "x", "name": "x", "base_urls": ["https://x/v1?key=abc"]},
        {"id": "xidao", "profile": "again", "name": "again"},
    ],
)
def test_f45_an_entry_that_can_t_be_used_costs_only_itself(entry: object) -> None:
    providers, bad = read([*written(DEFAULT), entry])
    assert providers == DEFAULT
    assert bad == ["providers/2"]


def test_f45_what_is_no_list_is_the_default() -> None:
    assert read("nonsense") == (DEFAULT, ["providers"])
    assert len(read([{"id": f"a{n}", "profile": "x", "name": "x"} for n in range(100)])[0]) == 32


def test_s19_a_key_in_the_file_is_named_not_used_and_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    entry = {"id": "a", "profile": "x", "name": "x", "api_key": CANARY}
    path.write_text(json.dumps({"providers": [entry]}))
    settings, problems = load(path)
    assert "providers/a/api_key" in problems[0]
    assert "canary" not in " ".join(problems) + repr(settings)
    save(path, settings)
    assert "canary" not in path.read_text()


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("https://api.example.org/v1", "https://api.example.org/v1"),
        (" https://api.example.org/v1/ \n", "https://api.example.org/v1"),
        ("https://api.example.org/v1/chat/completions", "https://api.example.org/v1"),
        ("https://api.example.org/v1/models", "https://api.example.org/v1"),
        ("api.example.org", "https://api.example.org/v1"),
        ("localhost:8000", "http://localhost:8000/v1"),
        ("127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("[::1]:8000", "http://[::1]:8000/v1"),
        ("192.168.1.20:30000", "http://192.168.1.20:30000/v1"),
        ("http://rack:8000/openai/v1", "http://rack:8000/openai/v1"),
        ('"https://x.example"', "https://x.example/v1"),
    ],
)
def test_an_address_is_made_whole(typed: str, whole: str) -> None:
    assert address(typed) == whole
    assert address(whole) == whole


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ftp://x",
        "file:///etc/passwd",
        "http://",
        "https://x:99999",
        "https://bedrock.{region}.example",
        "https://a b",
        "https://me:password@x",
        "https://x/v1?key=1",
        "https://x/#y",
        "https://" + "x" * 600,
        "https://[",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_is_said(typed: str) -> None:
    with pytest.raises(BadInput) as caught:
        address(typed)
    assert caught.value.hint
    assert "password@" not in caught.value.one_line()


def test_only_this_machine_may_do_without_encryption() -> None:
    assert not unencrypted("http://localhost:8000/v1")
    assert not unencrypted("http://127.0.0.1/v1")
    assert not unencrypted("https://192.168.1.20/v1")
    assert unencrypted("http://192.168.1.20:8000/v1")


def test_ids_are_free_and_never_the_hubs() -> None:
    assert free_id("vllm", ()) == "vllm"
    assert free_id("My Räck", ()) == "my-r-ck"
    assert free_id("机架", ()) == "server"
    assert free_id("rack", (LAN,)) == "rack-2"
    assert free_id("huggingface hub", ()) == "huggingface-hub-2"
