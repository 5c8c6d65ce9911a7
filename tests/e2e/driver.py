"""Runs the real program in a real window and plays one scenario in it, as a user's hands would.

    python -m tests.e2e.driver SCENARIO

The scenario is a generator in tests/e2e/scenarios.py: it acts through widgets found by their object
names and yields conditions to wait for. `say(…)` prints a line of JSON for the test that started this.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop import app
from desktop.app import Program

Condition = Callable[[], Any]
Scenario = Generator[Condition, None, None]
W = TypeVar("W", bound=QWidget)
_PATIENCE_S = 40.0


class Hands:
    """What a scenario can do: look for widgets, type, and say what it sees."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.window = program.window

    def find(self, name: str, kind: type[W] = QWidget) -> W:  # type: ignore[assignment]
        """The visible widget with an object name."""
        found = [widget for widget in self.window.findChildren(kind, name) if widget.isVisible()]
        assert found, f"no visible widget is called {name}"
        return found[-1]

    def shows(self, name: str) -> bool:
        """Whether a widget with this name is visible."""
        return any(widget.isVisible() for widget in self.window.findChildren(QWidget, name))

    def type(self, text: str) -> None:
        """Key by key into whatever has the focus."""
        QTest.keyClicks(self.find("composer"), text)

    def picture(self, path: str) -> None:
        """The window as it looks, as a PNG."""
        self.window.grab().save(path)


def say(**values: Any) -> None:
    """One line of JSON for the test."""
    print(json.dumps(values, ensure_ascii=False), flush=True)


class _Player:
    """Steps through a scenario whenever what it waits for has come true."""

    def __init__(self, scenario: Scenario, end: Callable[[int], None]) -> None:
        self._scenario, self._end = scenario, end
        self._condition: Condition = lambda: True
        self._deadline = time.monotonic() + _PATIENCE_S
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        try:
            if self._condition():
                self._condition = next(self._scenario)
                self._deadline = time.monotonic() + _PATIENCE_S
            elif time.monotonic() > self._deadline:
                line = getattr(self._condition, "__code__", None)
                raise TimeoutError(f"the scenario waited in vain: {line}")
        except StopIteration:
            self._finish(0)
        except BaseException:  # noqa: BLE001 - whatever it is fails the journey
            traceback.print_exc()
            self._finish(1)

    def _finish(self, code: int) -> None:
        self._timer.stop()
        self._end(code)


def _activated(hands: Hands, scenario: Scenario) -> Scenario:
    """The scenario in a window that has the keyboard: without a window manager nobody gives it."""

    def active() -> bool:
        hands.window.activateWindow()
        return hands.window.isActiveWindow()

    yield active
    yield from scenario


def main() -> int:
    """Open the window as main.py does, and play the scenario named on the command line."""
    from tests.e2e import remote, sample_hub, scenarios

    name = sys.argv[1]
    play = getattr(scenarios, name, None) or getattr(remote, name, None) or getattr(sample_hub, name)
    ended: list[int] = []
    run = Program.run

    def run_scenario(program: Program) -> int:
        hands = Hands(program)

        def end(code: int) -> None:
            ended.append(code)
            program.window.close()

        player: list[_Player] = []
        QTimer.singleShot(0, lambda: player.append(_Player(_activated(hands, play(hands)), end)))
        return run(program)

    Program.run = run_scenario  # type: ignore[method-assign, assignment]
    if "INSHORE_TEST_RESOURCES" in os.environ:
        from pathlib import Path

        app.resources = lambda: Path(os.environ["INSHORE_TEST_RESOURCES"])  # type: ignore[attr-defined]
    if "INSHORE_TEST_WORKER" in os.environ:
        from models.local import backend

        worker = [sys.executable, os.environ["INSHORE_TEST_WORKER"]]
        backend.default_command = lambda: worker  # type: ignore[attr-defined]
    code = app.main()
    return code or (ended[0] if ended else 0)


if __name__ == "__main__":
    sys.exit(main())
