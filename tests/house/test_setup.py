"""The set-up scripts say what is missing, and do nothing when nothing is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"

pytestmark = pytest.mark.skipif(not shutil.which("apt-get"), reason="these are Debian's system packages")


def command(folder: Path, name: str, script: str) -> None:
    """Puts a stand-in for a system command into a folder of the PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def run(
    script: str, *arguments: str, path: Path, cwd: Path, **extra: str
) -> subprocess.CompletedProcess[str]:
    told = {"PYTHON", "SKIP_SYSTEM_CHECK"}
    environment = {name: value for name, value in os.environ.items() if name not in told}
    environment |= {"PATH": f"{path}:{os.environ['PATH']}"} | extra
    return subprocess.run(
        ["sh", str(PACKAGING / script), *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH folder of a machine without two libraries, used by someone who isn't root."""
    folder = tmp_path / "bin"
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    kept = [line for line in known.splitlines() if "xcb-cursor" not in line and "xcb-icccm" not in line]
    (tmp_path / "libraries").write_text("\n".join(kept))
    command(folder, "ldconfig", f"cat '{tmp_path}/libraries'")
    command(folder, "id", "echo 1000")
    return folder


def test_missing_libraries_are_named_with_the_line(bare: Path, tmp_path: Path) -> None:
    done = run("system_packages.sh", "run", path=bare, cwd=tmp_path)
    assert done.returncode == 1
    assert "sudo apt-get install -y --no-install-recommends libxcb-cursor0 libxcb-icccm4\n" in done.stderr


def test_root_gets_them_installed(bare: Path, tmp_path: Path) -> None:
    command(bare, "id", "echo 0")
    command(bare, "apt-get", f"echo \"$@\" >> '{tmp_path}/asked'")
    done = run("system_packages.sh", "run", path=bare, cwd=tmp_path)
    assert done.returncode == 0
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update == "update"
    assert install == "install -y --no-install-recommends libxcb-cursor0 libxcb-icccm4"


def test_the_check_can_be_skipped(bare: Path, tmp_path: Path) -> None:
    done = run("system_packages.sh", "run", path=bare, cwd=tmp_path, SKIP_SYSTEM_CHECK="1")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_old_python_is_explained(tmp_path: Path) -> None:
    old = tmp_path / "bin"
    for name in ("python", "python3", *(f"python3.{minor}" for minor in range(11, 15))):
        command(old, name, '[ "$1" = -V ] && echo Python 3.9.2 && exit 0; exit 1')
    done = run("find_python.sh", path=old, cwd=tmp_path)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; found here: Python 3.9.2." in done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A tree that setup.sh takes for installed, in a folder with a space."""
    root = tmp_path / "in shore"
    (root / ".venv/bin").mkdir(parents=True)
    shutil.copytree(PACKAGING, root / "packaging", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements.lock").write_text("a==1\n")
    (root / ".venv/bin/python").symlink_to(sys.executable)
    version = subprocess.run([sys.executable, "-V"], capture_output=True, text=True, check=True).stdout
    (root / ".venv/.installed-run").write_text(f"{version}a==1\n")
    (root / "packaging/system_packages.sh").write_text("echo looked\nexit 3\n")
    return root


def setup(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "packaging/setup.sh", "run"], cwd=project, capture_output=True, text=True, check=False
    )


def test_nothing_is_done_when_the_stamp_agrees(project: Path) -> None:
    done = setup(project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("change", ["lock", "stamp", "python"])
def test_a_change_is_seen(project: Path, change: str) -> None:
    if change == "lock":
        (project / "requirements.lock").write_text("a==2\n")
    elif change == "stamp":
        (project / ".venv/.installed-run").unlink()
    else:
        (project / ".venv/bin/python").unlink()
        (project / ".venv/bin/python").symlink_to("/nowhere/python")
    done = setup(project)
    assert (done.returncode, done.stdout) == (3, "looked\n")
