"""A key shows at most its last four characters, and what can't be one is refused in words."""

from __future__ import annotations

import copy
import dataclasses
import json

import pytest

from desktop.system.crash import redacted, report_of
from desktop.system.key import Key
from models.errors import BadKey
from tests.fixtures.keyrings import CANARY


@dataclasses.dataclass
class Holder:
    key: Key


@pytest.mark.parametrize(
    "pasted",
    [
        CANARY,
        f"  {CANARY}\n",
        f"\r\n{CANARY}\r\n\r\n",
        f'"{CANARY}"',
        f" ‘{CANARY}’ ",
        f"Bearer {CANARY}",
        f"Authorization: Bearer {CANARY}\n",
        f"\ufeff{CANARY}\u200b",
        f"'bearer   {CANARY}'",
    ],
)
def test_what_a_copy_brings_along_is_trimmed(pasted: str) -> None:
    assert Key.parse(pasted).reveal() == CANARY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no key"),
        (" \n", "no key"),
        ("Bearer ", "no key"),
        ("sk-12", "too short"),
        ("x" * 4_097, "too long"),
        ("x" * 10_000_000, "too long"),
        ("sk-one sk-two-three", "spaces"),
        ("sk-one\nsk-two-three", "spaces"),
        ("https://api.example.org/v1", "address"),
        ("www.example.org/keys", "address"),
        ("sk-0123456789é", "plain letters"),
        ("sk-01234\x0056789", "plain letters"),
        ("密钥密钥密钥密钥密钥", "plain letters"),
        ("sk-…wxyz-0123", "shortened"),
        ("sk-********wxyz", "shortened"),
    ],
)
def test_what_can_t_be_a_key_is_refused_without_quoting_it(text: str, said: str) -> None:
    with pytest.raises(BadKey) as caught:
        Key.parse(text)
    assert said in caught.value.cause
    assert len(text.strip()) < 4 or text.strip() not in caught.value.one_line()


def test_s19_a_key_never_shows_itself() -> None:
    key = Key.parse(CANARY)
    views = [
        str(key),
        repr(key),
        f"{key}",
        f"{key!r:>60}",
        "%s %r" % (key, key),  # noqa: UP031 - this way, too
        repr(Holder(key)),
        repr({key: [key]}),
        repr(vars(Holder(key))),
        str(dataclasses.asdict(Holder(key))),
        json.dumps({"key": key}, default=str),
    ]
    for text in views:
        assert "wxyz" in text
        assert CANARY[:-4] not in text
        assert "canary" not in text


def test_s19_a_key_can_t_be_pickled_or_changed() -> None:
    key = Key.parse(CANARY)
    for protocol in range(6):
        with pytest.raises(TypeError) as caught:
            key.__reduce_ex__(protocol)
        assert "canary" not in str(caught.value)
    with pytest.raises(AttributeError):
        key._text = "other"
    assert copy.copy(key) is key
    assert copy.deepcopy([key]) == [key]


def test_keys_are_equal_by_their_text() -> None:
    assert Key.parse(CANARY) == Key.parse(f" {CANARY}")
    assert Key.parse(CANARY) != Key.parse(CANARY + "0")
    assert Key.parse(CANARY) != CANARY
    assert len({Key.parse(CANARY), Key.parse(CANARY)}) == 1


def test_of_a_short_key_not_even_the_end_is_shown() -> None:
    assert str(Key.parse("12345678")) == "…"


def test_s20_a_known_key_is_removed_from_any_text() -> None:
    odd = "0xAB/cd+ef=gh:ij"  # looks like nothing in particular
    assert odd in redacted(f"<{odd}>")
    Key.parse(odd)
    for text in (f"echo {odd} in a body", "https://x/?key=0xAB%2Fcd%2Bef%3Dgh%3Aij&y"):
        assert "[removed]" in redacted(text)
        assert "gh" not in redacted(text)


def test_s20_a_traceback_with_a_key_in_it_is_redacted() -> None:
    secret = Key.parse("odd.secret.4711.0815")
    with pytest.raises(NameError) as caught:
        raise NameError(f"{'x' * 290}{secret.reveal()}")
    report = report_of(caught.value)
    assert "NameError" in report
    assert "odd.s" not in report
