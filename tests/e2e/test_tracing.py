"""What watches the journeys: it sees a call to the network, and takes this machine's own sockets for none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.tracing import attempts, can_isolate, can_watch, traced, without_network

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace and namespaces are Linux’s")
_CONNECT = """
import socket, subprocess, sys
with socket.socket(socket.{}) as one:
    one.connect_ex({})
"""


def test_s24_the_journeys_are_watched_on_a_build_machine() -> None:
    """Elsewhere they go unwatched where strace is missing, and with a network where that can't be helped."""
    assert (can_watch() and can_isolate()) or os.geteuid() != 0


def watched(program: str, log: Path, *, loopback: bool = False) -> list[str]:
    if not can_watch():
        pytest.skip("strace is not installed, or may not watch other programs")
    with subprocess.Popen(traced([sys.executable, "-c", program], log)) as process:
        process.wait(30)
    return attempts(log, process.pid, loopback=loopback)


def test_a_connection_to_elsewhere_is_seen(tmp_path: Path) -> None:
    program = _CONNECT.format("AF_INET", ("192.0.2.1", 9)).replace("with", "one = None\nwith")
    assert watched(
        program.replace("one.connect_ex", "one.setblocking(False); one.connect_ex"), tmp_path / "log"
    )


def test_one_of_a_child_is_seen(tmp_path: Path) -> None:
    inner = "import socket; socket.socket(socket.AF_INET6)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    assert watched(outer, tmp_path / "log")


def test_a_socket_of_this_machine_is_none(tmp_path: Path) -> None:
    assert watched(_CONNECT.format("AF_UNIX", repr(str(tmp_path / "none"))), tmp_path / "log") == []


def test_this_machine_s_own_address_counts_unless_it_may_be_used(tmp_path: Path) -> None:
    program = _CONNECT.format("AF_INET", ("127.0.0.1", 9))
    assert watched(program, tmp_path / "one")
    assert watched(program, tmp_path / "two", loopback=True) == []


def test_s24_without_network_there_is_none() -> None:
    program = "import socket; print(socket.socket(socket.AF_INET).connect_ex(('192.0.2.1', 9)))"
    command = without_network([sys.executable, "-c", program])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and os.geteuid() != 0:
        pytest.skip("this system lets nobody make a namespace")
    assert done.stdout.strip() == "101", done.stderr  # the network is unreachable
