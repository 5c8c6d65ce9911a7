"""Addresses of hubs, as people type them."""

from __future__ import annotations

import pytest

from models.errors import BadInput
from models.hub_addresses import MAIN, checked_addresses


@pytest.mark.parametrize(
    ("lines", "addresses"),
    [
        ([], (MAIN,)),
        (["", "  "], (MAIN,)),
        ([" https://hub.example.org/ ", "https://huggingface.co"], ("https://hub.example.org", MAIN)),
        (["hub.example.org/hf"], ("https://hub.example.org/hf",)),
        (["https://a.example", "https://a.example/"], ("https://a.example",)),
        (["http://127.0.0.1:8080"], ("http://127.0.0.1:8080",)),
    ],
)
def test_what_can_be_used_is_written_properly(lines: list[str], addresses: tuple[str, ...]) -> None:
    assert checked_addresses(lines) == addresses


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("http://192.168.1.5:8080", "would not be encrypted"),
        ("ftp://hub.example.org", "not an address"),
        ("https://", "not an address"),
        ("https://hub.example.org:port", "not an address"),
        ("https://me:secret@hub.example.org", "a name or a password"),
        ("https://hub.example.org/?token=1", "more than an address"),
        ("https://hub.example.org/#models", "more than an address"),
        ("two words", "not an address"),
        ("https://mirr\u043er.example", "not an address"),  # a Cyrillic o
        ("https://[::1", "not an address"),
        (f"https://{'a' * 400}.example", "not an address"),
    ],
)
def test_what_can_not_be_used_says_why(line: str, why: str) -> None:
    with pytest.raises(BadInput, match=why) as caught:
        checked_addresses([MAIN, line])
    assert "secret" not in f"{caught.value.cause}{caught.value.hint}"


def test_there_is_an_end_to_them() -> None:
    with pytest.raises(BadInput, match="more than 8"):
        checked_addresses(f"https://{number}.example" for number in range(9))
