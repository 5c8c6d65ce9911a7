"""Imports are Python's own once Qt is there."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import builtins
import PySide6.QtCore
assert "feature" in repr(builtins.__import__), "Qt no longer replaces it: our module can go"
from desktop.ui import imports
imports.restore()
import PySide6.QtWidgets, inspect
inspect.getsource = None
import openai
assert "feature" not in repr(builtins.__import__)
"""


def test_importing_qt_leaves_python_its_own_import() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
