"""Jobs run on another thread and report in the GUI thread, in order, ending exactly once."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, Iterator

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background, Outcome


async def nothing() -> None:
    """A farewell with nothing to close."""


@pytest.fixture
def background(qtbot: QtBot) -> Iterator[Background]:
    background = Background()
    yield background
    background.close(nothing)


async def count(upto: int) -> AsyncGenerator[int, None]:
    for number in range(upto):
        yield number


async def forever(begun: threading.Event, ended: threading.Event) -> AsyncGenerator[int, None]:
    try:
        yield 0
        begun.set()
        await asyncio.Event().wait()
    finally:
        ended.set()


def test_events_arrive_in_order_in_the_gui_thread(background: Background, qtbot: QtBot) -> None:
    events: list[tuple[int, bool]] = []
    ends: list[Outcome] = []
    here = threading.get_ident()
    background.start(count(500), lambda n: events.append((n, threading.get_ident() == here)), ends.append)
    qtbot.waitUntil(lambda: bool(ends))
    assert events == [(n, True) for n in range(500)]
    assert ends == [Outcome()]


def test_a_failure_is_an_outcome(background: Background, qtbot: QtBot) -> None:
    async def failing() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("broken")

    ends: list[Outcome] = []
    background.start(failing(), lambda _n: None, ends.append)
    qtbot.waitUntil(lambda: bool(ends))
    assert isinstance(ends[0].error, ValueError)


def test_cancelling_ends_the_stream_and_silences_it(background: Background, qtbot: QtBot) -> None:
    begun, ended = threading.Event(), threading.Event()
    ends: list[Outcome] = []
    late: list[int] = []
    job = background.start(
        forever(begun, ended), lambda n: late.append(n) if job.muted else None, ends.append
    )
    qtbot.waitUntil(begun.is_set)
    job.cancel()
    qtbot.waitUntil(lambda: bool(ends))
    assert ended.is_set()
    assert ends == [Outcome(cancelled=True)]
    assert late == []


def test_cancelling_before_it_began_still_ends_it_once(background: Background, qtbot: QtBot) -> None:
    ends: list[Outcome] = []
    job = background.start(count(5), lambda _n: None, ends.append)
    job.cancel()
    qtbot.waitUntil(lambda: bool(ends))
    assert len(ends) == 1


def test_one_failing_callback_does_not_cost_the_others(background: Background, qtbot: QtBot) -> None:
    ends: list[Outcome] = []

    def fail() -> None:
        raise ValueError("ours")

    with qtbot.captureExceptions() as caught:
        background._post(fail)
        background._post(lambda: ends.append(Outcome()))
        qtbot.waitUntil(lambda: bool(ends))
    assert [error for _kind, error, _trace in caught if isinstance(error, ValueError)]


def test_a_job_that_nobody_holds_goes_on(qtbot: QtBot) -> None:
    background = Background()
    begun, ended = threading.Event(), threading.Event()

    async def goodbye() -> None: ...

    background.start(forever(begun, ended), lambda _n: None, lambda _outcome: None)
    qtbot.waitUntil(begun.is_set)
    gc.collect()
    assert not ended.is_set()
    background.close(goodbye)
    assert ended.is_set()


def test_what_is_asked_in_the_window_s_thread_is_answered_or_raised(qtbot: QtBot) -> None:
    background = Background()
    outcomes: list[Outcome] = []
    here = threading.get_ident()

    def refuse() -> None:
        raise ValueError("no")

    background.run(background.asked(threading.get_ident), outcomes.append)
    background.run(background.asked(refuse), outcomes.append)
    qtbot.waitUntil(lambda: len(outcomes) == 2)
    assert {outcome.value for outcome in outcomes} == {here, None}
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == ["no"]

    async def goodbye() -> None: ...

    background.close(goodbye)


def test_closing_ends_every_job_and_says_farewell(qtbot: QtBot) -> None:
    background = Background()
    begun, ended, farewell = threading.Event(), threading.Event(), threading.Event()
    ends: list[Outcome] = []

    async def goodbye() -> None:
        farewell.set()

    background.start(forever(begun, ended), lambda _n: None, ends.append)
    qtbot.waitUntil(begun.is_set)
    background.close(goodbye)
    assert ended.is_set()
    assert farewell.is_set()
    assert ends == [Outcome(cancelled=True)]


def test_five_thousand_signals(background: Background, qtbot: QtBot) -> None:
    """PySide6 6.12.0 on Python 3.11 aborts before the 1,000th `emit`; the pinned version must not."""
    ends: list[Outcome] = []
    seen: list[bool] = []
    background._posted.connect(lambda value: seen.append(value is True))
    for _ in range(5_000):
        background._posted.emit(True)
    background.run(nothing(), ends.append)
    qtbot.waitUntil(lambda: bool(ends))
    assert sum(seen) == 5_000
