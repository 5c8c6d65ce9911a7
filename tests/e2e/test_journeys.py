"""Journeys through the real program: a real window, a real model, real processes that are killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from desktop.storage.database import open_database
from desktop.system.paths import Paths
from models.library import Library
from tests.e2e.conftest import ROOT, Play
from tests.fixtures.keyrings import CANARY
from tests.gateway_server import GatewayServer, scripts
from tests.gateway_server.server import Hold, Received, Reply

pytestmark = [pytest.mark.journey, pytest.mark.model]


def gone_within(pid: int, seconds: float) -> bool:
    """Whether a process ends in that time."""
    try:
        psutil.Process(pid).wait(seconds)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_a_typed_question_is_answered(play: Play) -> None:
    run = play("ask_and_answer")
    said = run.heard()
    assert "Paris" in said["text"]
    assert said["question"] == "What is the capital of France? Answer in one sentence."
    assert said["status_line"].startswith("On this machine · ")
    assert said["status_line"].endswith("tok/s · free")
    assert run.ends() == 0
    assert run.errors() == ""


def test_f06_killed_in_mid_answer_it_comes_back_with_the_text(play: Play) -> None:
    run = play("write_until_killed")
    said = run.heard()
    assert psutil.pid_exists(said["worker"])
    heard = [said]
    while heard[-1]["at"] < said["at"] + 1.5:
        heard.append(run.heard())
    killed_at = time.time()
    run.process.send_signal(signal.SIGKILL)
    assert gone_within(said["worker"], 2.0)
    run.ends()
    again = play("look_after_a_crash")
    found = again.heard()
    assert found["status"] == "interrupted"
    assert found["can_continue"]
    assert found["draft"] == "a draft that was never sent"
    a_second_before = [line["text"] for line in heard if line["at"] <= killed_at - 1.0][-1]
    assert found["text"].startswith(a_second_before)
    assert again.ends() == 0


def test_f42_sigterm_in_mid_answer_keeps_the_text(play: Play) -> None:
    run = play("write_until_killed")
    said = run.heard()
    run.process.send_signal(signal.SIGTERM)
    assert run.ends() == 0
    assert gone_within(said["worker"], 2.0)
    found = play("look_after_a_crash").heard()
    assert found["status"] == "interrupted"
    assert found["text"].startswith(said["text"])


def test_f01_the_worker_killed_in_mid_answer(play: Play) -> None:
    run = play("kill_the_worker_while_writing")
    said = run.heard()
    assert said["kept"]
    assert said["error"]["next_step"] == "retry"
    assert "memory" in said["error"]["cause"]
    assert run.ends() == 0


def test_f01_the_worker_killed_while_idle(play: Play) -> None:
    run = play("kill_the_worker_while_idle")
    said = run.heard()
    assert said["status"] == "complete"
    assert said["text"]
    assert run.ends() == 0


def test_f36_stop_continue_and_answer_again(play: Play) -> None:
    run = play("stop_and_go_on")
    said = run.heard()
    assert said["stop_s"] < 0.3
    assert said["kept"]
    assert said["versions"] == 2
    assert run.ends() == 0


def test_delete_and_undo(play: Play) -> None:
    run = play("delete_and_undo")
    assert run.heard()["same"]
    assert run.ends() == 0


def test_think_answer_now_restart_and_go_on_without_reading_anew(play: Play, home: Path) -> None:
    """With the model that really thinks, on a machine slow enough to watch it."""
    paths = Paths.find({"INSHORE_HOME": str(home)})
    paths.create()
    library = Library(paths.models, home / "no starter")
    library.set_default(library.add(ROOT / "tests" / "fixtures" / "thinker" / "thinker.gguf").id)
    slow = str(ROOT / "tests" / "fixtures" / "slow_worker.py")
    run = play("think_and_hurry", INSHORE_TEST_WORKER=slow)
    said = run.heard()
    assert re.fullmatch(r"Thinking for \d+ s · \d+ tokens?…", said["thinking"])
    assert said["thought"].startswith("Thought for ")
    assert said["thought"].endswith(" tokens")
    assert said["receipt"]["timings"]["thinking_ended"] == "asked"
    assert said["reasoning"]
    assert said["text"]
    assert run.ends() == 0
    again = play("go_on_after_a_restart", INSHORE_TEST_WORKER=slow)
    receipt = again.heard()["receipt"]
    assert receipt["timings"]["reused_tokens"] > 0.95 * receipt["usage"]["prompt_tokens"]
    assert receipt["usage"]["reasoning_tokens"] > 0
    assert again.ends() == 0


def test_without_a_model_the_window_says_how_to_add_one(play: Play, tmp_path: Path) -> None:
    bare = tmp_path / "resources"
    shutil.copytree(ROOT / "resources" / "themes", bare / "themes")
    run = play("no_model", INSHORE_TEST_RESOURCES=str(bare))
    said = run.heard()
    assert said["error"]["next_step"] == "add_model"
    assert said["picker"] == "No model installed"
    assert run.ends() == 0


def test_f16_a_second_start_raises_the_first_window(play: Play, home: Path) -> None:
    first = play("wait_to_be_raised")
    assert first.heard() == {"ready": True}
    second = subprocess.run(
        [sys.executable, "main.py"],
        cwd=ROOT,
        env=os.environ | {"INSHORE_HOME": str(home)},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (second.returncode, second.stdout, second.stderr) == (0, b"", b"")
    assert first.heard() == {"raised": True}
    assert first.ends() == 0


def test_f17_a_lock_left_by_kill_9_does_not_stop_the_next_start(play: Play) -> None:
    first = play("say_ready_and_wait")
    assert first.heard() == {"ready": True}
    first.process.kill()
    first.ends()
    begun = time.monotonic()
    assert play("say_ready_and_wait").heard() == {"ready": True}
    assert time.monotonic() - begun < 10


def test_enter_a_key_test_it_ask_with_thinking_stop_and_go_on(play: Play, home: Path) -> None:
    def respond(request: Received) -> Reply:
        if "authorization" not in request.headers:
            return scripts.error(401, "No key.")
        if not request.path.endswith("/chat/completions"):
            return scripts.respond(request)
        match len(server.chats):
            case 1:
                return Reply(
                    [*scripts.thought("Let me think.", "both"), scripts.text("Half an answer"), Hold()]
                )
            case 2:
                return scripts.answer(" that is whole now.")
        return scripts.respond(request)

    with GatewayServer(respond=respond) as server:
        provider = {"id": "xidao", "profile": "xidao", "name": "XiDao", "base_urls": [server.url]}
        settings = home / "config" / "settings.json"
        settings.write_text(json.dumps({"providers": [provider]}), encoding="utf-8")
        run = play("through_a_gateway")
        said = run.heard()
        assert run.ends() == 0, run.errors()
    assert CANARY not in said["shown"]
    assert "4" in said["tested"]
    assert said["question"]["next_step"] == "allow"
    assert said["reasoning"] == "Let me think."
    assert said["text"] == "Half an answer that is whole now."
    assert said["status_line"].startswith("Via XiDao")
    assert "reads text only" in said["refused"]["words"]
    assert said["refused"]["text"] == "And the ebb?"
    first, second, third = server.chats
    assert first.gone.is_set()
    # What goes on inside an answer has been thought about already.
    assert [chat.json["enable_thinking"] for chat in (first, second, third)] == [True, False, True]
    assert any(each.get("content") == "Half an answer" for each in second.json["messages"])
    assert third.json["model"] == "xidao/deepseek-v3"
    assert all(chat.headers["authorization"] == f"Bearer {CANARY}" for chat in server.chats)
    assert said["worker"] is None
    assert CANARY not in "".join(
        path.read_text("latin-1") for path in home.rglob("*") if path.is_file() and not path.is_socket()
    )
    assert run.errors() == ""


def test_f01_killed_in_mid_answer_a_gateway_finishes_it_with_consent(play: Play, home: Path) -> None:
    def respond(request: Received) -> Reply:
        asked = request.path.endswith("/chat/completions")
        return scripts.answer(" And that is all.") if asked else scripts.respond(request)

    with GatewayServer(respond=respond) as server:
        provider = {"id": "xidao", "profile": "xidao", "name": "XiDao", "base_urls": [server.url]}
        values = {"providers": [provider], "allowed": ["xidao"], "mode": "hybrid", "max_tokens": 600}
        (home / "config" / "settings.json").write_text(json.dumps(values), encoding="utf-8")
        run = play("killed_and_finished_there")
        said = run.heard()
        assert run.ends() == 0, run.errors()
    assert said["offer"].startswith("Finish on ")
    assert said["text"] == said["before"] + " And that is all."
    assert said["status_line"].startswith("On this machine, then via XiDao")
    assert len(said["answers"]) == 1
    (chat,) = server.chats
    assert any(each.get("content") == said["before"] for each in chat.json["messages"])
    with closing(open_database(home / "data" / "inshore.db")) as connection:
        rows = list(connection.execute("SELECT turn_id, attempt, place, outcome FROM usage ORDER BY id"))
    (turn,) = said["answers"]
    assert rows == [(turn, 1, "local", "failed"), (turn, 2, "remote", "finished")]
