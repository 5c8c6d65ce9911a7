"""The program as it is started by hand: `main.py`, a new home, and keys from the keyboard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from desktop.storage.conversations import ConversationStore, Status, StoredMessage
from desktop.storage.database import open_database
from models.chat import Role
from tests.e2e.conftest import ROOT
from tests.e2e.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.model]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    settings = tmp_path / "inshore" / "config" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"temperature": 0.0}', encoding="utf-8")  # what is drawn is now and then not Paris
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment |= {"HOME": str(tmp_path), "INSHORE_HOME": str(tmp_path / "inshore")}
    with subprocess.Popen([sys.executable, "main.py"], cwd=ROOT, env=environment) as process:
        yield process
        process.kill()


def xdotool(*words: str) -> str:
    """What xdotool printed; nothing where it found nothing."""
    done = subprocess.run(["xdotool", *words], capture_output=True, text=True, check=False, timeout=20)
    return done.stdout.strip()


def test_a_question_typed_on_the_keyboard_is_answered(
    program: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    until(lambda: xdotool("search", "--onlyvisible", "--name", "^Inshore$"))
    xdotool("mousemove", "700", "700", "click", "1")
    xdotool("type", "--delay", "20", "What is the capital of France? Answer in one sentence.")
    xdotool("key", "Return")
    (worker,) = until(lambda: psutil.Process(program.pid).children())
    until(lambda: worker.cpu_times().user > 0.5 and worker.cpu_percent(1.0) < 10.0)
    program.send_signal(signal.SIGTERM)
    assert program.wait(30) == 0
    question, answer = stored(tmp_path / "inshore" / "data" / "inshore.db")
    assert (question.role, question.text) == (
        Role.USER,
        "What is the capital of France? Answer in one sentence.",
    )
    assert answer.status is Status.COMPLETE
    assert "Paris" in answer.text


def stored(database: Path) -> list[StoredMessage]:
    """The messages of the only conversation in a file."""
    connection = open_database(database)
    try:
        store = ConversationStore(connection)
        (conversation,) = store.conversations()
        return store.thread(conversation.id)
    finally:
        connection.close()
