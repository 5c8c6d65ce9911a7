"""S05: the window's process holds none of the code that handles untrusted model files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = ("llama_cpp", "jinja2", "gguf", "numpy", "openai", "keyring")
WORKER_ONLY = ("models.local.engine", "models.local.worker")


def _modules(package: str) -> list[str]:
    """Every module of a package that the window's process may load."""
    paths = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / package).rglob("*.py"))
    names = (".".join(path.parts).removesuffix(".__init__") for path in paths)
    return sorted(name for name in names if not name.startswith(WORKER_ONLY))


def _loaded_with(*modules: str) -> list[str]:
    """Which of the forbidden packages a fresh process holds after importing these."""
    run = subprocess.run(
        [sys.executable, "-c", _IMPORT, json.dumps([modules, FORBIDDEN])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    loaded: list[str] = json.loads(run.stdout)
    return loaded


_IMPORT = """
import importlib, json, sys
modules, forbidden = json.loads(sys.argv[1])
for name in modules:
    importlib.import_module(name)
print(json.dumps([name for name in forbidden if name in sys.modules]))
"""


def test_s05_the_search_finds_our_modules() -> None:
    found = {*_modules("desktop"), *_modules("models")}
    assert {"desktop.cli", "desktop.commands.ask", "models", "models.gguf", "models.local.backend"} <= found
    assert not any(name.startswith("models.local.engine") for name in found)


def test_s05_the_models_package_loads_no_engine() -> None:
    assert _loaded_with(*_modules("models")) == []


@pytest.mark.parametrize("package", ["desktop/commands", "desktop/system", "desktop/storage"])
def test_s05_what_knows_no_qt_loads_no_engine(package: str) -> None:
    assert _loaded_with("desktop.cli", *_modules(package)) == []


CHARTS = ("desktop.ui.manager.charts", "desktop.ui.usage.charts", "desktop.ui.plots")


def test_s05_the_window_loads_no_engine() -> None:
    assert _loaded_with(*(name for name in _modules("desktop") if name not in CHARTS)) == []


def test_s05_charts_need_numpy_and_load_nothing_else_of_the_engine() -> None:
    """They plot our own numbers, and are loaded with the first chart."""
    assert _loaded_with(*CHARTS) == ["numpy"]


@pytest.mark.parametrize("package", ["models", "desktop/commands", "desktop/system", "desktop/storage"])
def test_s05_what_knows_no_qt_loads_no_qt(package: str) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            _IMPORT,
            json.dumps([["main", "desktop.cli", *_modules(package)], ["PySide6"]]),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stdout.strip()) == (0, "[]"), run.stderr
