"""Watches a program's calls to the network from outside, and runs one where there is no network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.e2e.waiting import until

_CALLS = "socket,connect,bind,sendto,sendmsg,sendmmsg"
_ELSEWHERE = re.compile(r"\b(?:socket\(|sa_family=)(?!AF_UNIX\b|AF_LOCAL\b)AF_\w+")
_LOOPBACK = re.compile(r"\bsocket\(AF_INET6?,|inet_addr\(\"127\.|inet_pton\(AF_INET6, \"::1\"")


def traced(command: Sequence[str], log: Path) -> list[str]:
    """The command with its calls to the network, and its children's, written down.

    As it is where strace is missing, or may not watch other programs.
    The program stays a child of whoever starts it, and only these calls are stopped at.
    """
    if not can_watch():
        return list(command)
    log.touch()
    return ["strace", "-D", "-f", "--seccomp-bpf", "-e", f"trace={_CALLS}", "-o", str(log), *command]


@cache
def can_watch() -> bool:
    """Whether strace is there and works."""
    return shutil.which("strace") is not None and _works(
        "strace", "-f", "--seccomp-bpf", "-e", "trace=socket"
    )


@cache
def can_isolate() -> bool:
    """Whether a program can be run where there is no network."""
    return _works(*without_network([]))


def without_network(command: Sequence[str]) -> list[str]:
    """The command in a namespace of its own that has no interfaces, for root or for anybody else."""
    mine = ["unshare", "-n"] if os.geteuid() == 0 and _works("unshare", "-n") else ["unshare", "-Urn"]
    return [*mine, *command]


def attempts(log: Path, pid: int, *, loopback: bool = False) -> list[str]:
    """The calls of an ended program that concern anything but this machine's own sockets.

    With `loopback` those to this machine's own address are no such calls.
    """
    until(lambda: re.search(rf"^{pid} +\+\+\+", log.read_text(errors="replace"), re.MULTILINE))
    lines = log.read_text(errors="replace").splitlines()
    found = [line for line in lines if _ELSEWHERE.search(line)]
    return [line for line in found if not (loopback and _LOOPBACK.search(line))]


def _works(*command: str) -> bool:
    return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
