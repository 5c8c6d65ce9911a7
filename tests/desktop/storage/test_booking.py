"""What an attempt is in the ledger's words."""

from __future__ import annotations

import pytest

from desktop.storage.booking import attempt_of, broken_off, finished, heard_of, settlement_of
from desktop.storage.ledger_values import Outcome
from models.chat import ChatRequest, Finished, FinishReason, Message, Role, Sampling, Timings, Usage
from models.errors import Refused
from models.gateway import attempts
from models.pricing import Price, worst_case
from models.route import Route

PRICE = Price(1_000, 2_000, None, "CNY", "test", "2026-11")
ASKED = ChatRequest("x/m", (Message(Role.USER, "Hello?" * 10),), sampling=Sampling(max_tokens=50))


def test_the_worst_case_holds_an_answer_that_is_gone_on_with() -> None:
    going_on = ChatRequest("x/m", ASKED.messages, sampling=ASKED.sampling, answer_so_far="word " * 1_000)
    first, later = (attempt_of(Route("gateway", "x/m", ""), one, PRICE) for one in (ASKED, going_on))
    assert (later.prompt_limit or 0) >= (first.prompt_limit or 0) + 5_000
    assert first.prompt_limit is not None
    assert worst_case(first.prompt_limit, 50, PRICE).nano >= (60 * 1_000 + 50 * 2_000)


@pytest.mark.parametrize(
    ("tps", "usage", "speed"),
    [
        (20.0, Usage(9, None, None, 40), 20_000),
        (None, Usage(9, None, None, 40), None),  # all at once
        (20.0, Usage(9, None, None, 40, estimated=True), None),
        (20.0, Usage(9, None, None, 40, flagged="too many"), None),
    ],
)
def test_a_gateway_s_speed_is_told_where_its_tokens_were_counted(
    tps: float | None, usage: Usage, speed: int | None
) -> None:
    one = attempts.Attempt("x", "x", "x/m", "h", 1, 0.0, attempts.Outcome.FINISHED, 200, tps=tps, usage=usage)
    assert settlement_of(one).speed_mtps == speed


def test_a_local_answer_has_its_duration() -> None:
    event = Finished(FinishReason.STOP, Usage(8, 0, 0, 4), Timings(decode_tps=12.5))
    assert finished(event, 1.5).duration_ms == 1_500
    assert broken_off(None, Usage(), 0.25).duration_ms == 250


def test_a_local_answer_that_breaks_off_is_counted_as_an_estimate() -> None:
    heard = heard_of(ASKED, 12, 5)
    assert (heard.reasoning_tokens, heard.completion_tokens, heard.estimated) == (5, 12, True)
    assert heard.prompt_tokens
    stopped, failed = broken_off(None, heard), broken_off(Refused("No.", ""), heard)
    assert (stopped.outcome, stopped.reported, stopped.usage) == (Outcome.STOPPED, False, heard)
    assert (failed.outcome, failed.note) == (Outcome.FAILED, "Refused")


def test_before_its_first_word_it_is_not_known_what_was_read() -> None:
    assert heard_of(ASKED, 0, 0) == Usage()
    assert broken_off(None, heard_of(ASKED, 0, 0)).reported
