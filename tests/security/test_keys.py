"""S19, S20, S22: a key is in the keyring and in memory, and nowhere else, whatever is done with it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from desktop import cli
from desktop.app import Program
from desktop.commands.services import Services
from desktop.parts.gateway import Gateway
from desktop.services.keys import Known
from desktop.storage.export import Form
from desktop.system.key import Key
from desktop.system.keys import Keys
from desktop.system.paths import Paths, resources
from desktop.ui.theme import Appearance
from models.errors import ServerFailed
from models.fake import FakeBackend, says
from models.library import Library, LocalModel
from tests.fakes import ROOT, STUB, ask, collect, run, stub
from tests.fixtures.gateways import KINDS, Check
from tests.fixtures.keyrings import CANARY, MemoryHolder, keyring_of


def hits(folder: Path) -> list[str]:
    """Files that hold the key, as it is or as part of an address, or its inner part."""
    wanted = (
        CANARY.encode(),
        quote(CANARY, safe="").encode(),
        b"canary-0123456789",
        CANARY.encode("utf-16-le"),
    )
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if any(text in path.read_bytes() for text in wanted)]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.find({"INSHORE_HOME": str(tmp_path / "home")})
    paths.create()
    return paths


@pytest.fixture
def program(
    qapp: QApplication, qtbot: QtBot, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    program = Program(qapp, Appearance(qapp, resources() / "themes"), paths)
    program.__dict__["local"] = FakeBackend(says("Yes."))
    model = LocalModel("m", "m", Path("m"), 1, "added", context_length=4096)
    monkeypatch.setattr(program.models, "models", lambda: [model])
    qtbot.addWidget(program.window)
    program.window.show()
    yield program
    program.setParent(None)


def test_s19_the_search_finds_what_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"x{CANARY}y")
    (tmp_path / "b").write_text("nothing")
    assert hits(tmp_path) == [str(tmp_path / "a")]


def test_s19_a_key_set_and_used_in_the_window_is_in_no_file(
    program: Program, paths: Paths, qtbot: QtBot, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    holder, check = MemoryHolder(), Check()
    check.answer = ServerFailed(f"It said: bad key {CANARY}", f"Replace {CANARY}", status=401)
    gateway = Gateway(
        program.window,
        program.settings,
        program.background,
        program,
        check=check,
        profiles=lambda: KINDS,
        make_keys=lambda _asked: Keys(keyring_of(holder)),
    )
    program.window.show_page(gateway.make_card())
    service = gateway.providers
    service.keys.add("xidao", f"Bearer {CANARY}")
    qtbot.waitUntil(lambda: service.keys.state("xidao").known is Known.STORED)
    with qtbot.waitSignal(service.tested):
        service.test("xidao")
    service.add("vllm", "http://10.0.0.1:8000", name="rack", allowed=True)
    service.remove("xidao")
    service.restore("xidao")
    qtbot.waitUntil(lambda: service.keys.state("xidao").known is Known.STORED)
    with qtbot.waitSignal(program.chat.turn_finished):
        conversation = program.chat.send(None, "Is it so?")
    assert conversation is not None
    program.sidebar.list.export_requested.emit(conversation, Form.JSON)
    dialog = program.window.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "export.json"))
    dialog.close()
    assert (tmp_path / "export.json").exists()
    assert holder.entries == {"xidao": CANARY}
    assert (paths.database.with_name("inshore.db-wal")).exists()
    assert hits(tmp_path) == []  # while it runs: the write-ahead log, too
    program.window.close()
    program._close()
    assert hits(tmp_path) == []
    assert "canary" not in "".join(capfd.readouterr())


def test_s19_a_key_set_on_the_command_line_is_in_no_file(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    holder = MemoryHolder()
    services = Services(
        paths,
        Library(paths.models, tmp_path),
        FakeBackend,  # type: ignore[arg-type]  # no engine is needed
        keyring=lambda _asked: keyring_of(holder),
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(CANARY.encode())))
    assert cli.main(["key", "set", "xidao"], services) == 0
    for arguments in (["key", "status"], ["key", "status", "--json"], ["models", "list"]):
        assert cli.main(arguments, services) == 0
    (paths.data / "touched").touch()
    assert hits(tmp_path) == []
    assert "canary" not in "".join(capfd.readouterr())


def test_s19_the_worker_is_given_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INSHORE_GATEWAY_KEY", "OPENAI_API_KEY", "HF_TOKEN"):
        monkeypatch.setenv(name, CANARY)

    async def work() -> list[str]:
        keys = Keys(keyring_of(MemoryHolder()))
        await keys.add("xidao", Key.parse(CANARY))
        backend = stub()
        await collect(backend.stream(ask("say hi")))
        found = []
        for child in psutil.Process().children(recursive=True):
            found += [*child.cmdline(), *child.environ().values()]
        await backend.aclose()
        return found

    seen = run(work())
    assert STUB[1] in seen
    assert [text for text in seen if "canary" in text] == []


def test_s20_a_crash_with_the_key_in_its_words_is_reported_without_it(tmp_path: Path) -> None:
    """As the handler of the whole process sees it: main thread, other threads, and what is told of it."""
    script = """
import sys, threading
from pathlib import Path
from desktop.system import crash
from desktop.system.key import Key
crash.install(Path(sys.argv[1]), lambda words: print("TOLD", words, flush=True))
key = Key.parse(sys.stdin.read())
def fail():
    raise TypeError("in a thread: " + key.reveal())
thread = threading.Thread(target=fail)
thread.start()
thread.join()
getattr(object(), key.reveal())
"""
    odd = "odd/key+without=prefix.0815"
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "crash.log"],
        cwd=ROOT,
        input=odd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    log = (tmp_path / "crash.log").read_text()
    assert log.count("Error") >= 2
    assert "[removed]" in log
    for text in (log, done.stdout, done.stderr):
        assert "odd/key" not in text
        assert "0815" not in text


def test_s22_a_fatal_signal_while_a_key_is_in_use_leaves_no_core_and_no_key(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
import main
from desktop.system import crash
from desktop.system.key import Key
main.keep_private()
os.chdir(sys.argv[1])
crash.install(Path("crash.log"))
def send(key, header):
    os.kill(os.getpid(), signal.SIGSEGV)
key = Key.parse(sys.stdin.read())
send(key, "Bearer " + key.reveal())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        cwd=ROOT,
        input=CANARY,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode < 0
    assert [path.name for path in tmp_path.iterdir()] == ["crash.log"]
    assert " in send" in (tmp_path / "crash.log").read_text()
    assert hits(tmp_path) == []
    assert "canary" not in done.stdout + done.stderr


@pytest.mark.skipif(
    not all(map(shutil.which, ("gnome-keyring-daemon", "dbus-run-session"))),
    reason="needs gnome-keyring and dbus",
)
def test_s19_with_a_real_keyring_the_key_is_in_no_file_and_no_process(tmp_path: Path) -> None:
    """The program as it is started, its arguments and environment while it runs, and all that it leaves."""
    (tmp_path / "home").mkdir()
    (tmp_path / "runtime").mkdir(mode=0o700)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "XDG_RUNTIME_DIR": str(tmp_path / "runtime"),
        "LC_ALL": "C.UTF-8",
    }
    program = f"{sys.executable} {ROOT / 'main.py'}"
    script = (
        "printf %s password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; "
        f"{program} key set xidao && {program} key status --json && {program} doctor --json; "
        f"{program} key clear xidao && {program} key status xidao"
    )
    process = subprocess.Popen(
        ["dbus-run-session", "--", "sh", "-c", script],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    seen: list[str] = []
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, ended, seen))
    watcher.start()
    out, err = process.communicate(CANARY + "\n", timeout=100)
    ended.set()
    watcher.join()
    lines = out.splitlines()
    assert lines[0] == "xidao: key …wxyz, kept in the Secret Service", err
    assert json.loads(lines[1])["present"]
    assert lines[-1] == "xidao: no key"
    assert any("main.py key set xidao" in text for text in seen)
    assert [text for text in [*seen, out, err] if "canary" in text] == []
    assert hits(tmp_path) == []


def _watch(pid: int, ended: threading.Event, seen: list[str]) -> None:
    """The arguments and environment of a process's children, looked at again and again while it runs."""
    while not ended.wait(0.02):
        try:
            for child in psutil.Process(pid).children(recursive=True):
                seen.append(" ".join([*child.cmdline(), *child.environ().values()]))
        except psutil.Error:
            continue
