"""What is said of an answer: plain words, exact figures, and no line for what isn't known."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from desktop.storage.conversations import StoredMessage
from desktop.ui.chat.wording import details, progress_line, remarks, running_line, status_line, thought_line
from models.chat import Progress, Role, Stage, ThinkingEnd, Timings
from tests.desktop.ui.messages import stored


def answer(timings: Timings, **more: Any) -> StoredMessage:
    return stored(Role.ASSISTANT, "x", receipt={"timings": asdict(timings)} | more)


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(Stage.PROMPT, 1024, 4000, 6.2), "Reading 1,024 of 4,000 tokens · about 6 s left"),
        (Progress(Stage.PROMPT, 1024, 4000, 0.2), "Reading 1,024 of 4,000 tokens · about 1 s left"),
        (Progress(Stage.PROMPT, 1024, 4000, 95.0), "Reading 1,024 of 4,000 tokens · about 1 min 35 s left"),
        (Progress(Stage.PROMPT, 1024, 4000), "Reading 1,024 of 4,000 tokens…"),
        (Progress(Stage.LOAD), "Loading the model…"),
        (Progress(Stage.LOAD, 1, 3), "Loading the model: 33%…"),
        (Progress(Stage.LOAD, 999, 1000, 2.0), "Loading the model: 99% · about 2 s left"),
        (Progress(Stage.WAIT), "Waiting for another answer to end…"),
        (Progress(Stage.WAIT, 1, 5, 3.2), "Trying again in 4 s…"),
        (Progress(Stage.WAIT, 4, 5, 0.0), "Trying again in 1 s…"),
        (None, "Starting…"),
    ],
)
def test_progress_says_how_long_it_will_take(progress: Progress | None, words: str) -> None:
    assert progress_line(progress) == words


def test_details_say_how_it_was_computed() -> None:
    lines = details(
        answer(
            Timings(
                cache="q8_0",
                gpu_layers=0,
                drafted_tokens=40,
                accepted_tokens=31,
                thinking_ended=ThinkingEnd.CIRCLES,
                reuse_note="This model reads everything again at each turn.",
            )
        )
    ).splitlines()
    assert "Context stored as: q8_0" in lines
    assert "Layers on the graphics card: 0" in lines
    assert "Guessed ahead: 31 of 40 guesses were right" in lines
    assert "Thinking ended: because it went in circles" in lines
    assert lines[-1] == "This model reads everything again at each turn."


def test_details_name_the_request_for_whoever_runs_the_gateway() -> None:
    lines = details(answer(Timings(request_id="req-1", attempts=2))).splitlines()
    assert lines[-2:] == ["Attempts: 2", "Request: req-1"]
    assert "Attempts" not in details(answer(Timings(attempts=1)))


@pytest.mark.parametrize("end", list(ThinkingEnd))
def test_every_end_of_thinking_has_words(end: ThinkingEnd) -> None:
    assert "Thinking ended: " in details(answer(Timings(thinking_ended=end)))


def test_what_is_not_known_is_not_said() -> None:
    assert details(answer(Timings())) == "Model: starter"


def test_what_was_left_out_is_said_last() -> None:
    assert status_line(answer(Timings(decode_tps=41.0, left_out_messages=1))) == (
        "On this machine · 41 tok/s · free · 1 older message did not fit"
    )


def test_remarks_are_those_of_the_receipt() -> None:
    assert remarks(answer(Timings(), notices=["One.", "Two."])) == ["One.", "Two."]
    assert remarks(answer(Timings())) == []
    assert remarks(stored(Role.ASSISTANT, "x", receipt={"notices": "damaged"})) == []


def test_thinking_counts_its_time_and_its_tokens() -> None:
    message = replace(answer(Timings()), text="", receipt={"thought_s": 12.3, "thought_tokens": 340})
    assert thought_line(message, running=True) == "Thinking for 12 s · 340 tokens…"
    assert thought_line(message, running=False) == "Thought for 12 s · 340 tokens"
    exact = replace(message, text="Yes", receipt={"thought_s": 75.0, "usage": {"reasoning_tokens": 1234}})
    assert thought_line(exact, running=False) == "Thought for 1 min 15 s · 1,234 tokens"
    assert thought_line(replace(message, receipt=None), running=False) == "Thought"


def test_what_is_being_written_is_counted_and_priced() -> None:
    so_far = {
        "tokens": 1340,
        "thinking": 340,
        "estimated": True,
        "nano": 4_200_000,
        "thinking_nano": 1_530_000,
    }
    message = replace(
        answer(Timings()),
        receipt={"so_far": {**so_far, "currency": "CNY"}, "thought_s": 12.3, "thought_tokens": 1},
    )
    assert running_line(message) == "Writing · ≈ 1,340 tokens · ≈ ¥0.0042"
    assert thought_line(message, running=True) == "Thought for 12 s · ≈ 340 tokens · ≈ ¥0.0015"
    thinking = replace(message, text="", reasoning="Hm")
    assert running_line(thinking).startswith("Thinking · ≈ 1,340 tokens")
    assert thought_line(thinking, running=True) == "Thinking for 12 s · ≈ 340 tokens · ≈ ¥0.0015…"


def test_what_this_machine_writes_is_counted_exactly_and_has_no_price() -> None:
    so_far = {"tokens": 1, "thinking": 0, "estimated": False}
    assert running_line(replace(answer(Timings()), receipt={"so_far": so_far})) == "Writing · 1 token"
    assert running_line(answer(Timings())) == "Writing…"


def test_what_thinking_cost_is_said_apart() -> None:
    cost = {"nano": 9, "currency": "CNY", "estimated": False, "thinking_nano": 1_530_000}
    receipt = {"thought_s": 2.0, "usage": {"reasoning_tokens": 340}, "cost": cost}
    message = replace(answer(Timings()), receipt=receipt)
    assert thought_line(message, running=False) == "Thought for 2 s · 340 tokens · ¥0.0015"
