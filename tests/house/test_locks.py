"""What is installed is pinned, hashed, and named in the notices."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted([*ROOT.glob("*.lock"), *(ROOT / "packaging").glob("*.lock")])
ENTRY = re.compile(
    r"^(\S+==\S+(?: ; .*?)?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def entries(lock: Path) -> set[str]:
    return {line for line, _ in ENTRY.findall(lock.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_s37_every_locked_package_has_hashes(lock: Path) -> None:
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if line and line[0] not in " #"]
    assert lines
    assert len(lines) == len(entries(lock))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_name_no_index(lock: Path) -> None:
    assert not re.search(
        r"https?://|--index|--extra-index|--find-links|-i ", lock.read_text(encoding="utf-8")
    )


def test_the_test_lock_contains_the_other() -> None:
    """Perhaps for more systems than the other needs it on."""
    shipped, tested = (
        {entry.partition(" ;")[0] for entry in entries(ROOT / name)}
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert shipped <= tested


@pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info[:2] != (3, 11),
    reason="packages that are locked for another system or Python have no metadata to read here",
)
def test_notices_are_current() -> None:
    check = [sys.executable, str(ROOT / "packaging" / "notices.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
