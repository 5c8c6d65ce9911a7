"""An exported conversation: readable, complete, and written whole or not at all."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from desktop.storage.conversations import Conversation, Status, StoredMessage
from desktop.storage.export import Form, as_json, as_markdown, file_name, text_of, write
from desktop.storage.seams import Part
from desktop.storage.values import StoredImage
from models.chat import Role
from models.errors import AppError

CONVERSATION = Conversation(1, "Roots", 0.0, 60.5, None, private=True, options={"seed": 7})


def message(role: Role, text: str, reasoning: str = "", status: Status = Status.COMPLETE) -> StoredMessage:
    answer = role is Role.ASSISTANT
    receipt: dict[str, object] | None = {"timings": {"seed": 7}} if answer else None
    model = "starter" if answer else None
    return StoredMessage(1, 1, None, role, text, reasoning, status, model, 0.0, receipt, None, (1,))


THREAD = [
    message(Role.USER, "√2?"),
    message(Role.ASSISTANT, "Irrational.", reasoning="Suppose it is p/q.\n\nThen…"),
]


def test_markdown_has_the_speakers_and_leaves_reasoning_out() -> None:
    assert as_markdown("Roots\nof two", THREAD, reasoning=False) == (
        "# Roots of two\n\n## You\n\n√2?\n\n## Answer · starter\n\nIrrational.\n"
    )


def test_markdown_folds_reasoning_before_its_answer() -> None:
    text = as_markdown("Roots", THREAD, reasoning=True)
    folded = "<details>\n<summary>Reasoning</summary>\n\nSuppose it is p/q.\n\nThen…\n\n</details>"
    assert text.endswith(f"## Answer · starter\n\n{folded}\n\nIrrational.\n")
    assert as_markdown("R", [THREAD[0]], reasoning=True) == "# R\n\n## You\n\n√2?\n"


def test_reasoning_that_speaks_of_the_tag_does_not_end_it() -> None:
    text = as_markdown("R", [message(Role.ASSISTANT, "A", "Say </Details> and <details>")], reasoning=True)
    assert text.lower().count("</details>") == 1
    assert text.lower().count("<details>") == 1
    assert "&lt;/Details>" in text


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("```py\nx = 1", "```py\nx = 1\n```"),
        ("~~~~\n~~~", "~~~~\n~~~\n~~~~"),
        ("```\nx\n```", "```\nx\n```"),
        ("```\n```py\n```", "```\n```py\n```"),
        ("a ``` b", "a ``` b"),
    ],
)
def test_code_that_was_left_open_does_not_swallow_what_follows(text: str, closed: str) -> None:
    shown = as_markdown("R", [message(Role.ASSISTANT, text)], reasoning=False)
    assert shown == f"# R\n\n## Answer · starter\n\n{closed}\n"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("One half, ", "and the rest.", "One half, \n\n*From here on Q, via XiDao*\n\nand the rest."),
        (
            "Code:\n\n```py\na = 1\n",
            "b = 2\n```",
            "Code:\n\n*From within this part on Q, via XiDao*\n\n```py\na = 1\nb = 2\n```",
        ),
        (
            "Sizes:\n\n| a | b |\n|---|---|\n| 1 ",
            "| 2 |",
            "Sizes:\n\n*From within this part on Q, via XiDao*\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        ),
        (
            "```\na\n```\n",
            "Then ```",
            "```\na\n```\n\n*From here on Q, via XiDao*\n\nThen ```",
        ),
    ],
)
def test_where_another_model_went_on_is_said(before: str, after: str, shown: str) -> None:
    parts = [Part(0, "small", "Small"), Part(len(before), "xidao/q", "Q", "via XiDao", remote=True)]
    answer = replace(
        message(Role.ASSISTANT, before + after), receipt={"parts": [asdict(part) for part in parts]}
    )
    text = as_markdown("R", [answer], reasoning=False)
    assert text == f"# R\n\n## Answer · small, then xidao/q\n\n{shown}\n"


def test_how_an_answer_ended_is_said() -> None:
    stopped = message(Role.ASSISTANT, "Half", status=Status.STOPPED)
    failed = message(Role.ASSISTANT, "", status=Status.FAILED)
    text = as_markdown("R", [stopped, failed], reasoning=False)
    assert "Half\n\n*Stopped here.*" in text
    assert text.endswith("*No answer.*\n")


def test_json_has_everything() -> None:
    values = json.loads(as_json(CONVERSATION, THREAD))
    assert (values["title"], values["private"], values["options"]) == ("Roots", True, {"seed": 7})
    assert values["created_at"] == "1970-01-01T00:00:00+00:00"
    asked, answer = values["messages"]
    assert (asked["role"], asked["text"], asked["receipt"]) == ("user", "√2?", None)
    assert answer["reasoning"] == "Suppose it is p/q.\n\nThen…"
    assert answer["receipt"]["timings"]["seed"] == 7


def test_the_form_decides() -> None:
    assert json.loads(text_of(CONVERSATION, THREAD, Form.JSON))["title"] == "Roots"
    assert "<details>" in text_of(CONVERSATION, THREAD, Form.MARKDOWN_WITH_REASONING)
    assert "<details>" not in text_of(CONVERSATION, THREAD, Form.MARKDOWN)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Trip to 京都", "Trip to 京都.md"),
        ("a/b\\c:d*?", "a b c d.md"),
        ("../../x", "x.md"),
        (" . ", "Conversation.md"),
        ("\x00\n", "Conversation.md"),
        ("x" * 300, "x" * 80 + ".md"),
    ],
)
def test_a_title_makes_a_usable_file_name(title: str, name: str) -> None:
    assert file_name(title, Form.MARKDOWN) == name
    assert file_name("x", Form.MARKDOWN_WITH_REASONING) == "x.md"
    assert file_name("x", Form.JSON) == "x.json"


@pytest.mark.parametrize("letter", ["日", "😀", "👩‍👩‍👧", "\ud800"])
def test_a_file_s_name_has_no_more_bytes_than_file_systems_take(letter: str) -> None:
    assert len(file_name(letter * 90, Form.JSON).encode()) <= 255


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    write(path, "old and longer")
    write(path, "new 天\ud800")
    assert path.read_text(encoding="utf-8") == "new 天?"
    assert [each.name for each in tmp_path.iterdir()] == ["x.md"]


def test_what_can_t_be_written_is_said_and_leaves_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.md"
    write(path, "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AppError) as caught:
        write(path, "new")
    assert "No space left" in caught.value.one_line()
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["x.md"]


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="can’t be written"):
        write(tmp_path / "gone" / "x.md", "x")


def test_a_model_name_stays_on_its_line() -> None:
    odd = replace(THREAD[1], model="a\n# b")
    assert "## Answer · a # b\n" in as_markdown("R", [odd], reasoning=False)


SHOWN = [
    replace(THREAD[0], images=(StoredImage(5, "image/png", 40, 20, 3), StoredImage(6, "image/jpeg", 9, 9, 3)))
]


def test_markdown_carries_pictures_behind_everything_else_and_names_those_that_are_gone() -> None:
    text = text_of(CONVERSATION, SHOWN, Form.MARKDOWN, {5: b"png"})
    assert text == (
        "# Roots\n\n## You\n\n![Picture, 40 × 20 pixels][picture-5]\n\n*Picture, 9 × 9 pixels*\n\n√2?\n\n"
        f"[picture-5]: data:image/png;base64,{base64.b64encode(b'png').decode()}\n"
    )


def test_json_carries_pictures() -> None:
    (first,) = json.loads(text_of(CONVERSATION, SHOWN, Form.JSON, {5: b"png"}))["messages"]
    assert base64.b64decode(first["images"][0].pop("base64")) == b"png"
    assert first["images"][0] == {"media_type": "image/png", "width": 40, "height": 20}
    assert first["images"][1]["base64"] is None
    assert "images" not in json.loads(as_json(CONVERSATION, THREAD))["messages"][0]
