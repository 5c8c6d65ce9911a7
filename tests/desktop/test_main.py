"""The three doors."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import main


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which door was gone through, with what; behind each stands a stand-in."""
    gone: list[str] = []

    def door(name: str) -> SimpleNamespace:
        def enter(*arguments: object) -> int:
            gone.append(f"{name}{list(arguments)}")
            return 7

        return SimpleNamespace(main=enter)

    monkeypatch.setattr(main, "keep_private", lambda: gone.append("private"))
    for package, module in (("models.local", "worker"), ("desktop", "cli"), ("desktop", "app")):
        importlib.import_module(package)
        monkeypatch.setitem(sys.modules, f"{package}.{module}", door(module))
        monkeypatch.setattr(sys.modules[package], module, door(module), raising=False)
    return gone


@pytest.mark.parametrize(
    ("arguments", "door"),
    [
        (["--worker"], "worker[]"),
        ([], "app[[]]"),
        (["ask", "--worker"], "cli[['ask', '--worker']]"),
        (["--help"], "cli[['--help']]"),
        (["nonsense"], "cli[['nonsense']]"),
        (["-platform"], "cli[['-platform']]"),
        (["gone.gguf"], "cli[['gone.gguf']]"),
    ],
)
def test_each_word_has_its_door(doors: list[str], arguments: list[str], door: str) -> None:
    assert main.main(arguments) == 7
    assert doors == ["private", door]  # in this order


def test_model_files_open_the_window_which_offers_them(doors: list[str], tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.gguf", "B.GGUF")]
    for name in names:
        Path(name).touch()
    assert main.main(names) == 7
    assert main.main([*names, "doctor"]) == 7
    assert doors == ["private", f"app[{names}]", "private", f"cli[{[*names, 'doctor']}]"]


@pytest.mark.skipif(os.name != "posix", reason="closes streams as a Unix shell does")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere(closed: str) -> None:
    """Else the next file that is opened gets what is printed."""
    code = "import main, os, sys; main.have_streams(); f = open(os.devnull); assert f.fileno() > 2; "
    code += "print('a'); print('b', file=sys.stderr); assert not sys.stdin.read()"
    shell = f'"{sys.executable}" -c "{code}" {closed}'
    ran = subprocess.run(["/bin/sh", "-c", shell], cwd=Path(main.__file__).parent, input="", text=True)
    assert ran.returncode == 0
