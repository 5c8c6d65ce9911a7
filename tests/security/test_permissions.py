"""Files are this user's alone, and a crash leaves nothing of what was written."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CANARY = "the-secret-prompt"

resource = pytest.importorskip("resource", reason="file modes and signals are of Unix")

_WRITE_EVERYTHING = """
import os, sys
os.umask(0)
from contextlib import closing
from desktop.services.instance import SingleInstance
from desktop.storage.backups import back_up
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from desktop.system import crash, settings
from desktop.system.paths import Paths
from PySide6.QtCore import QCoreApplication

app = QCoreApplication([])
paths = Paths.find({"INSHORE_HOME": sys.argv[1]})
paths.create()
crash.install(paths.crash_log)
settings.save(paths.settings_file, settings.Settings())
instance = SingleInstance(paths.lock_file)
instance.claim()
with closing(open_database(paths.database)) as connection:
    ConversationStore(connection).create("title")
    back_up(connection, paths.backups, version=1)
    for folder, _, files in os.walk(sys.argv[1]):
        for path in [folder, *(os.path.join(folder, name) for name in files)]:
            print(f"{os.stat(path).st_mode & 0o777:o}", os.path.relpath(path, sys.argv[1]))
instance.release()
"""

_CRASH = """
import os, sys
from pathlib import Path
from desktop.system import crash
os.chdir(sys.argv[1])
crash.install(Path("crash.log"))
def work(prompt):
    os.kill(os.getpid(), int(sys.argv[2]))
work(sys.argv[3])
"""


def test_s21_every_file_and_folder_is_private_under_any_umask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", _WRITE_EVERYTHING, home],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    modes = {name: mode for mode, name in (line.split(" ", 1) for line in done.stdout.splitlines())}
    folders = {name for name in modes if (home / name).is_dir()}
    assert {"data", "config", "models", "cache", "data/backups"} <= folders
    assert {
        "data/inshore.db",
        "data/inshore.db-wal",
        "data/crash.log",
        "config/settings.json",
    } <= modes.keys()
    assert any(name.startswith("data/backups/inshore-") for name in modes)
    # a socket's execute bit means nothing; nobody else reaches it either way
    loose = {
        name: mode for name, mode in modes.items() if not name.endswith(".socket") and name not in folders
    }
    assert set(loose.values()) == {"600"}
    assert {modes[name] for name in folders} == {"700"}
    assert modes["data/inshore.socket"] in ("600", "700")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT])
def test_s22_a_fatal_signal_leaves_a_trace_and_no_core(tmp_path: Path, number: signal.Signals) -> None:
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    done = subprocess.run(
        [sys.executable, "-c", _CRASH, tmp_path, str(int(number)), CANARY],
        cwd=ROOT,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (limit, limit)),
    )
    assert done.returncode == -number
    assert [path.name for path in tmp_path.iterdir()] == ["crash.log"]
    log = (tmp_path / "crash.log").read_text()
    assert "Fatal Python error" in log
    assert " in work" in log
    assert CANARY not in log


def test_s22_what_a_process_starts_writes_no_core_either(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys; from pathlib import Path; from desktop.system import crash;"
        "crash.install(Path(sys.argv[1]));"
        "subprocess.run(['sh', '-c', 'ulimit -c; cat /proc/self/coredump_filter || echo 0'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "crash.log"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [int(line, 16) for line in done.stdout.split()] == [0, 0]
