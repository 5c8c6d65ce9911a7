"""F16, F17 and S33: one window for one data folder, whatever an earlier one left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from desktop.services import instance as module
from desktop.services.instance import Outcome, SingleInstance
from models.errors import AppError

ROOT = Path(__file__).parents[2]

# Says its outcome; the first then says each request and stays until its input ends.
_SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QSocketNotifier
from desktop.services.instance import Outcome, SingleInstance
app = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]), files=[Path(name) for name in sys.argv[2:]])
instance.show_requested.connect(lambda: print("SHOW", flush=True))
instance.files_offered.connect(lambda files: print(*files, flush=True))
outcome = instance.claim()
print(outcome.name, flush=True)
if outcome is Outcome.FIRST:
    end = QSocketNotifier(0, QSocketNotifier.Type.Read)
    end.activated.connect(app.quit)
    app.exec()
    instance.release()
sys.exit(1 if outcome is Outcome.HUNG else 0)
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, and notifiers on pipes")

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    return tmp_path / "inshore.lock"


@pytest.fixture
def start(lock_file: Path) -> Iterator[Start]:
    """Starts another Inshore on the same folder; all are ended afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(*files: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, lock_file, *files],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        with process:
            pass  # closes its pipes


def word(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def holder(start: Start) -> subprocess.Popen[str]:
    process = start()
    assert word(process) == "FIRST"
    return process


def left_behind(start: Start) -> None:
    """The lock of a process that was killed."""
    process = holder(start)
    process.kill()
    process.wait()


def rewrite(lock_file: Path, line: int, value: str) -> None:
    lines = lock_file.read_text().splitlines()
    lines[line] = value
    lock_file.write_text("\n".join(lines) + "\n")


def claims_first(lock_file: Path) -> bool:
    instance = SingleInstance(lock_file, patience_ms=300)
    outcome = instance.claim()
    instance.release()
    return outcome is Outcome.FIRST


def test_f16_of_twenty_starts_at_once_one_opens_and_the_rest_leave(start: Start) -> None:
    processes = [start() for _ in range(20)]
    said = [word(process) for process in processes]
    assert sorted(said) == ["FIRST"] + ["HANDED_OVER"] * 19
    first = processes.pop(said.index("FIRST"))
    assert {process.wait(10) for process in processes} == {0}
    assert [word(first) for _ in processes] == ["SHOW"] * 19
    assert first.stdin is not None
    first.stdin.close()
    assert first.wait(10) == 0


def test_f16_files_that_a_later_start_was_given_are_offered_by_the_first(
    start: Start, tmp_path: Path
) -> None:
    first = holder(start)
    second = start(tmp_path / "天 a.gguf", tmp_path / "b.gguf")
    assert word(second) == "HANDED_OVER"
    assert second.wait(10) == 0
    assert word(first) == "SHOW"
    assert word(first) == f"{tmp_path / '天 a.gguf'} {tmp_path / 'b.gguf'}"


def test_f16_one_starts_where_another_has_just_left(start: Start) -> None:
    first = holder(start)
    assert first.stdin is not None
    first.stdin.close()
    assert word(start()) == "FIRST"


def test_f17_a_lock_left_by_a_kill_is_taken_over(start: Start) -> None:
    left_behind(start)
    holder(start)
    assert word(start()) == "HANDED_OVER"


def test_f17_a_lock_whose_process_id_was_reused_is_taken_over(
    start: Start, lock_file: Path, qapp: QCoreApplication
) -> None:
    left_behind(start)
    command = [sys.executable, "-c", "input()"]  # by its name and id, it could be the owner
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stranger:
        rewrite(lock_file, 0, str(stranger.pid))
        os.utime(lock_file, (time.time() - 3600,) * 2)
        assert claims_first(lock_file)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        pytest.param(2, "renamed-host", id="the host was renamed"),
        pytest.param(4, "00000000-0000-0000-0000-000000000000", id="another boot"),
    ],
)
def test_f17_a_lock_from_before_is_taken_over(
    start: Start, lock_file: Path, qapp: QCoreApplication, line: int, value: str
) -> None:
    left_behind(start)
    rewrite(lock_file, line, value)
    assert claims_first(lock_file)


@pytest.mark.parametrize("content", [b"", b"\0" * 60, b"no number\n\n\n\n\n"])
def test_f17_an_unwritten_lock_is_taken_over_once_it_is_old(
    lock_file: Path, qapp: QCoreApplication, content: bytes
) -> None:
    lock_file.write_bytes(content)
    assert not claims_first(lock_file)
    os.utime(lock_file, (time.time() - 60,) * 2)
    assert claims_first(lock_file)


def test_f17_a_living_owner_keeps_its_lock_however_old_it_looks(
    start: Start, lock_file: Path, qapp: QCoreApplication
) -> None:
    holder(start)
    os.utime(lock_file, (1.0, 1.0))
    assert SingleInstance(lock_file).claim() is Outcome.HANDED_OVER
    rewrite(lock_file, 0, "4194303")
    os.utime(lock_file, (1.0, 1.0))
    assert SingleInstance(lock_file).claim() is Outcome.HANDED_OVER


def test_f17_another_computers_lock_is_respected(
    start: Start, lock_file: Path, qapp: QCoreApplication
) -> None:
    left_behind(start)
    rewrite(lock_file, 2, "elsewhere")
    rewrite(lock_file, 3, "another machine's id")
    assert not claims_first(lock_file)


def test_f17_a_hung_first_is_said_within_three_seconds(
    start: Start, lock_file: Path, qapp: QCoreApplication
) -> None:
    first = holder(start)
    os.kill(first.pid, signal.SIGSTOP)
    began = time.monotonic()
    second = SingleInstance(lock_file)
    assert second.claim() is Outcome.HUNG
    assert time.monotonic() - began <= 3
    error = second.explanation()
    assert error.title == "Inshore is already open."
    assert str(first.pid) in error.hint
    os.kill(first.pid, signal.SIGCONT)
    assert second.claim() is Outcome.HANDED_OVER


def test_f17_a_first_that_dies_while_asked_is_succeeded(
    start: Start, lock_file: Path, qapp: QCoreApplication
) -> None:
    first = holder(start)
    os.kill(first.pid, signal.SIGSTOP)
    second = start()
    second_is_asking = f"/proc/{second.pid}/fd"
    if Path(second_is_asking).is_dir():
        wait_for(lambda: any("socket:" in link for link in links(second_is_asking)))
    first.kill()
    first.wait()
    assert word(second) == "FIRST"


def links(folder: str) -> list[str]:
    found = []
    for each in Path(folder).iterdir():
        with suppress(FileNotFoundError):  # closed since
            found.append(str(each.readlink()))
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, qapp: QCoreApplication) -> None:
    instance = SingleInstance(tmp_path / "absent" / "inshore.lock")
    with pytest.raises(AppError) as caught:
        instance.claim()
    assert str(tmp_path / "absent") in caught.value.cause


@pytest.mark.skipif(sys.platform != "linux", reason="paths are text, and a socket's is short")
@pytest.mark.parametrize("name", [b"caf\xe9", "天 🚢\n".encode(), b"z" * 240])
def test_f19_a_folder_of_any_name(tmp_path: Path, qapp: QCoreApplication, name: bytes) -> None:
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    first = SingleInstance(folder / "inshore.lock")
    assert first.claim() is Outcome.FIRST
    assert sorted(each.name for each in folder.iterdir()) == ["inshore.lock", "inshore.socket"]
    first.release()
    assert list(folder.iterdir()) == []


# -- S33: what a client may do


@pytest.fixture
def first(lock_file: Path, qapp: QCoreApplication) -> Iterator[SingleInstance]:
    instance = SingleInstance(lock_file)
    assert instance.claim() is Outcome.FIRST
    yield instance
    instance.release()


def client(lock_file: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.fspath(lock_file.with_suffix(".socket")))
    connection.setblocking(False)
    return connection


def reply(connection: socket.socket, qtbot: QtBot) -> bytes:
    """What comes until the other side hangs up."""
    heard = bytearray()

    def ended() -> bool:
        try:
            piece = connection.recv(100)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        heard.extend(piece)
        return not piece

    qtbot.waitUntil(ended, timeout=10_000)
    return bytes(heard)


def test_s33_the_one_word_shows_the_window(first: SingleInstance, lock_file: Path, qtbot: QtBot) -> None:
    with closing(client(lock_file)) as connection, qtbot.waitSignal(first.show_requested):
        connection.send(b"sh")
        qtbot.waitUntil(lambda: bool(first.findChildren(QLocalSocket)))
        connection.send(b"ow\n")
        assert reply(connection, qtbot) == b"here\n"


def test_s33_an_offer_that_comes_in_pieces_is_heard(
    first: SingleInstance, lock_file: Path, qtbot: QtBot
) -> None:
    with closing(client(lock_file)) as connection, qtbot.waitSignal(first.files_offered) as offered:
        connection.send(b'offer ["/models')
        qtbot.waitUntil(lambda: bool(first.findChildren(QLocalSocket)))
        connection.send(b'/a.gguf"]\n')
        assert reply(connection, qtbot) == b"here\n"
    assert offered.args == [[Path("/models/a.gguf")]]


@pytest.mark.parametrize(
    "words",
    [
        b'offer ["/etc/passwd"]\n',
        b'load ["/a.gguf"]\n',
        b"offer " + b"x" * 20_000,
        b"open /etc/passwd\n",
        b"show",
        b"show\nshow\n",
        b"show /tmp\n",
        b"\0",
        b"SHOW\n",
        b"x" * 200_000,
    ],
)
def test_s33_anything_else_is_hung_up_on(
    first: SingleInstance, lock_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, words: bytes
) -> None:
    monkeypatch.setattr(module, "_CLIENT_MS", 100)
    with closing(client(lock_file)) as connection, qtbot.assertNotEmitted(first.show_requested):
        connection.send(words)
        assert reply(connection, qtbot) == b""


def test_s33_a_client_can_not_fill_the_memory(first: SingleInstance, lock_file: Path, qtbot: QtBot) -> None:
    with closing(client(lock_file)) as connection:
        sent = 0

        def refused() -> bool:
            nonlocal sent
            try:
                sent += connection.send(b"s" * 65_536)
            except BlockingIOError:
                return False
            except ConnectionError:
                return True
            return False

        qtbot.waitUntil(refused, timeout=10_000)
    assert sent < 4 << 20


def test_s33_a_silent_client_is_hung_up_on(
    first: SingleInstance, lock_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CLIENT_MS", 50)
    with closing(client(lock_file)) as connection:
        assert reply(connection, qtbot) == b""


def test_s33_nobody_else_reaches_the_socket(first: SingleInstance, lock_file: Path) -> None:
    assert lock_file.with_suffix(".socket").stat().st_mode & 0o077 == 0
    assert lock_file.stat().st_mode & 0o077 == 0
