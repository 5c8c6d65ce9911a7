"""What people do in the window, step by step; each ends by itself or waits to be killed."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QListView, QPushButton, QWidget

from desktop.storage.conversations import Status, StoredMessage
from desktop.storage.outbound_reports import RecordFilter
from desktop.ui.usage.statement import StatementCard
from models.chat import Thinking
from tests.e2e.driver import Hands, Scenario, say
from tests.e2e.sample_usage import BUDGETS, fill, write_statement

QUESTION = "What is the capital of France? Answer in one sentence."
_USAGE_PX = 250  # from the budgets to the chart’s legend
LONG = "Tell me a long story about a fisherman, his boat and the sea."


def _shown(hands: Hands) -> list[StoredMessage]:
    transcript = hands.program.page.transcript
    return [transcript._latest(message)[0] for message in transcript.messages()]


def _answer(hands: Hands) -> StoredMessage:
    return _shown(hands)[-1]


def _ask(hands: Hands, text: str) -> None:
    hands.type(text)
    QTest.keyClick(hands.find("composer"), Qt.Key.Key_Return)


def _idle(hands: Hands) -> bool:
    return hands.shows("send") and not hands.shows("stop")


def _worker_pid(hands: Hands) -> int:
    worker = hands.program.local._worker
    assert worker is not None
    return int(worker.pid or 0)


def ask_and_answer(hands: Hands) -> Scenario:
    """The main job: type a question, get an answer, see where it came from."""
    yield lambda: hands.shows("welcome")
    _ask(hands, QUESTION)
    yield lambda: hands.shows("transcript") and _answer(hands).status is Status.COMPLETE
    yield lambda: _idle(hands)
    line = hands.find("status-line", QLabel).text()
    say(text=_answer(hands).text, status_line=line, question=_shown(hands)[0].text)


def write_until_killed(hands: Hands) -> Scenario:
    """Begin a long answer and a draft, say so, and go on for ever."""
    _ask(hands, LONG)
    yield lambda: hands.shows("transcript") and len(_answer(hands).text) > 40
    hands.type("a draft that was never sent")
    yield lambda: hands.program.chat.draft(hands.program.page.conversation) == "a draft that was never sent"
    answer = _answer(hands)
    yield lambda: len(hands.program.chat._store.message(answer.id).text) >= len(answer.text)
    say(worker=_worker_pid(hands), text=_answer(hands).text, at=time.time())
    while True:
        say(text=_answer(hands).text, at=time.time())
        yield lambda: True


def look_after_a_crash(hands: Hands) -> Scenario:
    """Open the first conversation in the list and say what it holds."""
    listed = hands.find("conversation-list", QListView)
    row = listed.model().index(1, 0)
    QTest.mouseClick(
        listed.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        listed.visualRect(row).center(),
    )
    yield lambda: hands.shows("transcript")
    say(
        text=_answer(hands).text,
        status=_answer(hands).status.value,
        draft=hands.program.page.composer.text(),
        can_continue=hands.shows("continue"),
    )


def kill_the_worker_while_writing(hands: Hands) -> Scenario:
    """The engine dies in mid-answer: text stays, one message with Retry, and it goes on."""
    _ask(hands, LONG)
    yield lambda: hands.shows("transcript") and len(_answer(hands).text) > 40
    before = _answer(hands).text
    os.kill(_worker_pid(hands), 9)
    yield lambda: _answer(hands).status is Status.FAILED
    yield lambda: hands.shows("error-card")
    failed = _answer(hands)
    assert failed.text.startswith(before[:40])
    QTest.mouseClick(hands.find("next-step"), Qt.MouseButton.LeftButton)
    yield lambda: len(_answer(hands).text) > len(failed.text) + 10
    QTest.mouseClick(hands.find("stop"), Qt.MouseButton.LeftButton)
    yield lambda: _answer(hands).status is Status.STOPPED
    continued = _answer(hands).text
    _ask(hands, "What is two plus two?")
    yield lambda: len(_shown(hands)) == 4 and len(_answer(hands).text) > 0
    say(kept=continued.startswith(failed.text), error=dict(failed.error or {}), text=failed.text)


def kill_the_worker_while_idle(hands: Hands) -> Scenario:
    """The engine dies while nothing is asked: nobody notices, and the next message works."""
    _ask(hands, QUESTION)
    yield lambda: hands.shows("transcript") and _answer(hands).status is Status.COMPLETE
    os.kill(_worker_pid(hands), 9)
    _ask(hands, "And of Italy?")
    yield lambda: len(_shown(hands)) == 4 and _answer(hands).status is not Status.RUNNING
    say(status=_answer(hands).status.value, text=_answer(hands).text)


def stop_and_go_on(hands: Hands) -> Scenario:
    """Stop shows at once, the text stays, Continue goes on from there, Answer again makes a version."""
    _ask(hands, LONG)
    yield lambda: hands.shows("transcript") and len(_answer(hands).text) > 40
    pressed = time.monotonic()
    QTest.mouseClick(hands.find("stop"), Qt.MouseButton.LeftButton)
    assert _idle(hands), "Stop did not take effect on the screen at once"
    stop_s = time.monotonic() - pressed
    stopped = _answer(hands)
    assert stopped.status is Status.STOPPED
    QTest.mouseClick(hands.find("continue"), Qt.MouseButton.LeftButton)
    yield lambda: len(_answer(hands).text) > len(stopped.text) + 10
    QTest.keyClick(hands.find("composer"), Qt.Key.Key_Escape)
    yield lambda: _answer(hands).status is Status.STOPPED
    continued = _answer(hands)
    QTest.mouseClick(hands.find("regenerate"), Qt.MouseButton.LeftButton)
    yield lambda: _answer(hands).id != continued.id and len(_answer(hands).text) > 10
    QTest.mouseClick(hands.find("stop"), Qt.MouseButton.LeftButton)
    yield lambda: _idle(hands)
    say(
        stop_s=stop_s,
        kept=continued.text.startswith(stopped.text),
        versions=len(_answer(hands).versions),
    )


def delete_and_undo(hands: Hands) -> Scenario:
    """A deleted conversation is gone at once, and back at once."""
    _ask(hands, QUESTION)
    yield lambda: hands.shows("transcript") and _answer(hands).status is Status.COMPLETE
    kept = [message.text for message in _shown(hands)]
    listed = hands.find("conversation-list", QListView)
    listed.setFocus()
    QTest.keyClick(listed, Qt.Key.Key_Delete)
    yield lambda: hands.shows("welcome") and listed.model().rowCount() == 0
    QTest.mouseClick(hands.find("notice-action"), Qt.MouseButton.LeftButton)
    yield lambda: hands.shows("transcript") and listed.model().rowCount() == 2
    say(same=[message.text for message in _shown(hands)] == kept)


PREAMBLE = "Here is what I did on my holidays before I came to you with my sums. " * 14
"""Most of a conversation is not what the next question is about."""


def think_and_hurry(hands: Hands) -> Scenario:
    """Reasoning is shown folded away, unfolds, folds again, and “Answer now” ends it."""
    yield lambda: hands.shows("welcome")
    hands.program.settings.update(thinking=Thinking.ON)
    hands.program.page.composer.set_text(PREAMBLE)
    _ask(hands, "What is 21 + 34?")
    yield lambda: hands.shows("transcript") and bool(_answer(hands).reasoning)
    yield lambda: hands.shows("answer-now")
    thinking = hands.find("thought", QPushButton).text()
    assert not hands.shows("copy-reasoning")
    QTest.mouseClick(hands.find("thought"), Qt.MouseButton.LeftButton)
    yield lambda: hands.shows("copy-reasoning")
    QTest.mouseClick(hands.find("thought"), Qt.MouseButton.LeftButton)
    yield lambda: not hands.shows("copy-reasoning")
    QTest.mouseClick(hands.find("answer-now"), Qt.MouseButton.LeftButton)
    yield lambda: _answer(hands).status is Status.COMPLETE
    yield lambda: not hands.program.local.has_idle_work
    first = _answer(hands)
    say(
        thinking=thinking,
        thought=hands.find("thought", QPushButton).text(),
        text=first.text,
        reasoning=first.reasoning,
        receipt=first.receipt,
    )


def go_on_after_a_restart(hands: Hands) -> Scenario:
    """Open the first conversation of the list and ask one thing more."""
    listed = hands.find("conversation-list", QListView)
    QTest.mouseClick(
        listed.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        listed.visualRect(listed.model().index(1, 0)).center(),
    )
    yield lambda: hands.shows("transcript")
    _ask(hands, "What is 48 + 31?")
    yield lambda: len(_shown(hands)) == 4 and _answer(hands).status is Status.COMPLETE
    say(receipt=_answer(hands).receipt, reasoning=_answer(hands).reasoning, text=_answer(hands).text)


def no_model(hands: Hands) -> Scenario:
    """Without a model the window opens and says what to do."""
    yield lambda: hands.shows("no-model")
    _ask(hands, "Hello?")
    yield lambda: hands.shows("error-card")
    say(error=dict(_answer(hands).error or {}), picker=hands.program.page.picker.text())


def wait_to_be_raised(hands: Hands) -> Scenario:
    """Minimise, and say when another start brought the window back."""
    hands.window.showMinimized()
    yield lambda: hands.window.isMinimized()
    say(ready=True)
    yield lambda: not hands.window.isMinimized()
    say(raised=True)


def say_ready_and_wait(hands: Hands) -> Scenario:
    """A window that does nothing, until it is killed."""
    yield lambda: hands.window.isVisible()
    say(ready=True)
    yield lambda: False


def pose(hands: Hands) -> Scenario:
    """The pictures in docs/images: the first page, and a conversation that the starter model holds."""
    folder, theme = os.environ["INSHORE_TEST_PICTURES"], hands.program.settings.values.theme.value
    yield lambda: hands.shows("welcome")
    hands.picture(f"{folder}/welcome-{theme}.png")
    for question in (
        "Which three planets are closest to the sun?",
        "Write a Python function that adds two numbers.",
    ):
        _ask(hands, question)
        yield lambda: hands.shows("transcript") and _answer(hands).status is Status.COMPLETE
    hands.picture(f"{folder}/conversation-{theme}.png")
    yield from _pose_models(hands, f"{folder}/{{}}-{theme}.png")
    yield from _pose_usage(hands, f"{folder}/usage-{theme}.png")
    yield from _pose_statement(hands, f"{folder}/statement-{theme}.png")


def _pose_usage(hands: Hands, picture: str) -> Scenario:
    """The Usage page with three weeks of made-up requests."""
    program = hands.program
    fill(program._connection, [one.id for one in program.chat.conversations()])
    program.settings.update(budgets=BUDGETS)
    program._show_page("usage")
    yield lambda: hands.shows("chart-over-time")
    program._pages["usage"].verticalScrollBar().setValue(_USAGE_PX)
    hands.picture(picture)


def pose_statement(hands: Hands) -> Scenario:
    """The picture of a statement alone, which needs no model."""
    folder, theme = os.environ["INSHORE_TEST_PICTURES"], hands.program.settings.values.theme.value
    fill(hands.program._connection, [])
    hands.program._show_page("usage")
    yield lambda: hands.shows("chart-over-time")
    yield from _pose_statement(hands, f"{folder}/statement-{theme}.png")


def _pose_statement(hands: Hands, picture: str) -> Scenario:
    """The Usage page with a gateway’s own list of those requests, compared."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "XiDao 2026-11.csv"
        write_statement(hands.program._connection, file)
        card = hands.find("statement", StatementCard)
        card._choose_file(str(file))
        yield lambda: hands.shows("statement-correct")
    result = card._result
    yield lambda: result.height() >= result.heightForWidth(result.width())  # it is laid out
    page = hands.program._pages["usage"]
    inner = page.widget()
    assert inner is not None
    page.verticalScrollBar().setValue(card.mapTo(inner, QPoint(0, -16)).y())
    hands.picture(picture)


def _pose_models(hands: Hands, picture: str) -> Scenario:
    """The catalogue, one model in full, and a comparison with its charts."""
    hands.program._show_page("models")
    QTest.mouseClick(hands.find("tab-catalogue"), Qt.MouseButton.LeftButton)
    yield lambda: hands.program.measures.machine() is not None
    yield lambda: hands.shows("offers")
    hands.picture(picture.format("catalogue"))
    offers = hands.find("offers", QListView)
    rows = {str(offers.model().index(row, 0).data()): row for row in range(offers.model().rowCount())}
    for name in ("Qwen3 235B", "Phi-4 14B", "Gemma 3 27B"):
        row = next(number for words, number in rows.items() if name in words)
        offers.setCurrentIndex(offers.model().index(row, 0))
        QTest.keyClick(offers, Qt.Key.Key_Space)
    QTest.mouseClick(hands.find("compare-models"), Qt.MouseButton.LeftButton)
    facts: QWidget = hands.find("compared-facts")
    yield lambda: any(
        type(widget).__name__ == "PlotWidget" and widget.isVisible()
        for widget in hands.window.findChildren(QWidget)
    )
    yield lambda: facts.height() >= facts.sizeHint().height()
    hands.picture(picture.format("comparison"))
    QTest.mouseClick(hands.find("back-to-models"), Qt.MouseButton.LeftButton)
    yield lambda: hands.shows("offers")
    offers.setCurrentIndex(offers.model().index(rows["Gemma 3 12B"], 0))
    QTest.keyClick(offers, Qt.Key.Key_Return)
    yield lambda: hands.shows("back-to-models")
    hands.picture(picture.format("model"))


def look_around(hands: Hands) -> Scenario:
    """A first run: nothing is done until it has tidied up, then a draft is typed and every page looked at."""
    yield lambda: "record" in hands.program.__dict__  # what is tidied first 5 s after the start
    hands.type("a draft")
    yield lambda: not hands.program.local.has_idle_work
    names = ["models", "usage", "settings", "record"]
    for name in names:
        hands.program._show_page(name)
        yield lambda page=hands.program._pages[name]: page.isVisible()  # type: ignore[misc]
    QTest.mouseClick(hands.find("toggle-sidebar"), Qt.MouseButton.LeftButton)
    hands.program._show_page("models")
    QTest.mouseClick(hands.find("tab-catalogue"), Qt.MouseButton.LeftButton)
    yield lambda: hands.shows("offers")
    figures = hands.program.room.service.figures(RecordFilter())
    say(pages=names, left=figures.sums.requests if figures else None)
