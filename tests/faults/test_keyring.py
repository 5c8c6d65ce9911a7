"""F38: a keyring that is absent, locked, dismissed, silent or unfaithful costs neither window nor key.

The stubs show each fault by itself; a real Secret Service in a private session shows that they are real.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from desktop.system import vaults
from desktop.system.secrets import SystemKeyring
from desktop.system.vaults import Ready
from models.errors import (
    KeyringDismissed,
    KeyringError,
    KeyringLocked,
    KeyringSilent,
    KeyringUnfaithful,
    NoKeyring,
)
from tests.fakes import ROOT, run
from tests.fixtures.keyrings import (
    CANARY,
    Discarding,
    Garbling,
    MemoryHolder,
    Sleeping,
    keyring_of,
)

# -- each fault by itself


def test_f38_a_keyring_that_hangs_is_left_alone_after_the_deadline() -> None:
    holder = Sleeping()
    keyring = keyring_of(holder, deadline_s=0.2)

    async def work() -> None:
        began = time.monotonic()
        with pytest.raises(KeyringSilent, match=r"0\.2 seconds"):
            await keyring.read("a")
        assert 0.1 < time.monotonic() - began < 2
        with pytest.raises(KeyringSilent, match="earlier question"):
            await keyring.write("a", ("text",))
        assert holder.calls == 1
        assert keyring._stuck is not None
        assert keyring._stuck.daemon  # the process need not wait for it
        holder.wake.set()
        keyring._stuck.join(10)
        await keyring.write("a", ("text",))
        assert await keyring.read("a") == ("text",)

    run(work())


def test_f38_giving_up_waiting_takes_no_time() -> None:
    holder = Sleeping()
    keyring = keyring_of(holder, deadline_s=60)

    async def work() -> None:
        task = asyncio.create_task(keyring.read("a"))
        while not holder.calls:
            await asyncio.sleep(0)
        began = time.monotonic()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert time.monotonic() - began < 0.5

    run(work())
    holder.wake.set()


def test_f38_a_keyring_that_never_answers_does_not_keep_the_program_from_ending(tmp_path: Path) -> None:
    script = """
import sys
from desktop import cli
from desktop.commands.services import Services
from desktop.system.paths import Paths
from models.library import Library
from tests.fixtures.keyrings import Sleeping, keyring_of
paths = Paths.find({"INSHORE_HOME": sys.argv[1]})
library = Library(paths.models, paths.models)
services = Services(paths, library, None, keyring=lambda _asked: keyring_of(Sleeping(), deadline_s=0.3))
sys.exit(cli.main(["key", "status", "xidao"], services))
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Your keyring does not answer. It said nothing for 0.3 seconds.")
    assert done.stderr.count("\n") == 1


def test_f38_a_question_to_the_user_may_take_longer_and_is_told() -> None:
    holder = Sleeping()
    asked: list[str] = []
    vault = vaults.Vault("it", holder, lambda: Ready.LOCKED)

    def answer_later() -> None:
        asked.append("asked")
        threading.Timer(0.5, holder.wake.set).start()

    async def work() -> None:
        keyring = SystemKeyring(lambda: vault, deadline_s=0.2, prompt_s=30, asked=answer_later)
        assert await keyring.read("a") == ()

    run(work())
    assert asked == ["asked"]


def test_f38_a_keyring_that_is_not_there_yet_is_not_made_by_looking() -> None:
    holder = MemoryHolder()

    async def work() -> None:
        keyring = keyring_of(holder, Ready.EMPTY)
        assert await keyring.read("a") == ()
        await keyring.write("a", ())
        assert holder.calls == 0

    run(work())


@pytest.mark.parametrize("holder", [Discarding(), Garbling()], ids=["null", "garbling"])
def test_f38_what_reads_back_differently_was_not_kept(holder: MemoryHolder) -> None:
    with pytest.raises(KeyringUnfaithful):
        run(keyring_of(holder).write("a", (CANARY,)))


def test_f38_windows_limit_is_said_before_anything_is_written() -> None:
    holder = MemoryHolder()
    with pytest.raises(KeyringUnfaithful, match="1,280"):
        run(keyring_of(holder, most=1_280).write("a", ("x" * 1_281,)))
    assert holder.entries == {}


def test_f38_each_error_has_words_without_the_key() -> None:
    import keyring.errors as theirs

    async def work(error: Exception) -> KeyringError:
        with pytest.raises(KeyringError) as caught:
            await keyring_of(MemoryHolder(error)).write("a", (CANARY,))
        return caught.value

    cases: list[tuple[Exception, type[KeyringError]]] = [
        (theirs.KeyringLocked("Failed to unlock the collection!"), KeyringLocked),
        (theirs.PasswordSetError("Cancelled by user"), KeyringDismissed),
        (RuntimeError(f"odd, with {CANARY} in it"), KeyringError),
        (OSError(5, "Input/output error"), KeyringError),
    ]
    for raised, expected in cases:
        error = run(work(raised))
        assert type(error) is expected
        assert error.cause
        assert "canary" not in f"{error.one_line()} {error.details}"


def test_f38_only_four_keyrings_are_ever_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would have keyring itself choose a plain-text file or nothing has no say."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(NoKeyring) as caught:
            vaults.usual()
        assert caught.value.details
    assert "keyring.backends.chainer" not in _imported_by_vaults()


def _imported_by_vaults() -> str:
    return Path(vaults.__file__).read_text(encoding="utf-8")


# -- a real Secret Service

needs_service = pytest.mark.skipif(
    not all(map(shutil.which, ("gnome-keyring-daemon", "dbus-run-session"))),
    reason="needs gnome-keyring and dbus",
)

_UNLOCKED = "printf %s password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"
_WITHOUT_A_KEYRING = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1"

_SCRIPT = """
import asyncio, json, sys
from contextlib import closing
from desktop.system.key import Key
from desktop.system.keys import Keys
from desktop.system.secrets import SystemKeyring

def lock():
    from keyring.backends.SecretService import secretstorage
    with closing(secretstorage.dbus_init()) as bus:
        secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").lock()

def told(held):
    why = type(held.why).__name__ if held.why else None
    return [[str(key) for key in held.keys], held.place, why, held.keyring]

async def main(canary, said):
    asked = []
    def keys(): return Keys(SystemKeyring(deadline_s=20, prompt_s=20, asked=lambda: asked.append(1)))
"""


def session(body: str, prepare: str, tmp_path: Path, **variables: str) -> list[Any]:
    """What a script says that runs in a private message bus with its own home."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    (tmp_path / "home").mkdir()
    script = tmp_path / "script.py"
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    script.write_text(
        f"{_SCRIPT}{lines}said = []\nasyncio.run(main({CANARY!r}, said))\nprint(json.dumps(said))\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        **variables,
    }
    command = f"{prepare}; exec {sys.executable} {script}"
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", command],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@needs_service
def test_f38_a_real_keyring_keeps_reads_back_and_forgets(tmp_path: Path) -> None:
    body = """
said.append(told(await keys().get("xidao")))
said.append(told(await keys().add("xidao", Key(canary))))
said.append(told(await keys().add("xidao", Key("sk-another-key-5678"))))
said.append(told(await keys().get("xidao")))
said.append((await keys().get("xidao")).keys[0].reveal() == canary)
said.append(told(await keys().replace("xidao", ())))
said.append(told(await keys().get("xidao")))
said.append(asked)
"""
    where = "the Secret Service"
    assert session(body, _UNLOCKED, tmp_path) == [
        [[], "none", None, ""],
        [["…wxyz"], "keyring", None, where],
        [["…wxyz", "…5678"], "keyring", None, where],
        [["…wxyz", "…5678"], "keyring", None, where],
        True,
        [[], "none", None, ""],
        [[], "none", None, ""],
        [],
    ]
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "script.py"]
    assert any(path.suffix == ".keyring" for path in left)
    assert not [path for path in left if CANARY.encode() in path.read_bytes()]


@needs_service
def test_f38_a_locked_real_keyring_is_said_and_nothing_in_it_is_lost(tmp_path: Path) -> None:
    """Its question can't be shown here, which is as if it had been closed."""
    body = """
await keys().add("xidao", Key(canary))
lock()
one = keys()
said.append(told(await one.get("xidao")))
said.append(told(await one.add("xidao", Key("sk-another-key-5678"))))
said.append(len(asked) >= 1)
"""
    locked = "KeyringLocked"
    assert session(body, _UNLOCKED, tmp_path) == [
        [[], "none", locked, ""],
        [["…5678"], "run", locked, ""],
        True,
    ]


@needs_service
def test_f38_a_dismissed_question_leaves_the_key_for_this_run(tmp_path: Path) -> None:
    """There is no keyring yet, and the question for its password can't be shown."""
    body = """
said.append(told(await keys().get("xidao")))
said.append(list(asked))
said.append(told(await keys().add("xidao", Key(canary))))
"""
    assert session(body, _WITHOUT_A_KEYRING, tmp_path) == [
        [[], "none", None, ""],
        [],
        [["…wxyz"], "run", "KeyringDismissed", ""],
    ]


@needs_service
@pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", "disabled:", "nonsense"])
def test_f38_without_a_message_bus_there_is_no_keyring(tmp_path: Path, address: str) -> None:
    body = 'said.append(told(await keys().add("xidao", Key(canary))))'
    prepare = f"export DBUS_SESSION_BUS_ADDRESS={address}"
    assert session(body, prepare, tmp_path) == [[["…wxyz"], "run", "NoKeyring", ""]]


@needs_service
def test_f38_a_real_keyring_that_is_stopped_is_not_waited_for(tmp_path: Path) -> None:
    body = """
import os, psutil, signal, time
await keys().add("xidao", Key(canary))
pid = next(one.pid for one in psutil.process_iter()
    if one.name().startswith("gnome-keyring") and one.status() != psutil.STATUS_ZOMBIE
    and one.environ().get("HOME") == os.environ["HOME"])
os.kill(pid, signal.SIGSTOP)
began = time.monotonic()
held = await Keys(SystemKeyring(deadline_s=0.5)).add("xidao", Key("sk-another-key-5678"))
took = time.monotonic() - began
os.kill(pid, signal.SIGCONT)
said.append(told(held))
said.append(took < 5)
"""
    assert session(body, _UNLOCKED, tmp_path) == [[["…5678"], "run", "KeyringSilent", ""], True]
