"""Nothing leaves the machine that was not asked for: idle, looked around in, and with no network at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Play

pytestmark = [
    pytest.mark.journey,
    pytest.mark.model,
    pytest.mark.skipif(sys.platform != "linux", reason="strace and namespaces are Linux’s"),
]


def test_s25_an_idle_first_run_and_a_look_around_ask_nobody(play: Play, home: Path) -> None:
    """The calls of it and of all other journeys are watched by `play`."""
    (home / "config" / "settings.json").unlink()
    run = play("look_around")
    assert run.heard(120) == {"pages": ["models", "usage", "settings", "record"], "left": 0}
    assert run.ends() == 0
    assert run.errors() == ""


def test_s24_what_stays_here_goes_its_way_without_any_network(play: Play, home: Path) -> None:
    values = json.loads((home / "config" / "settings.json").read_text()) | {"privacy": "stays here"}
    for scenario, name in (
        ("ask_and_answer", "text"),
        ("delete_and_undo", "same"),
        ("stop_and_go_on", "kept"),
    ):
        own = home.with_name(scenario)
        (own / "config").mkdir(parents=True)
        (own / "config" / "settings.json").write_text(json.dumps(values))
        run = play(scenario, INSHORE_HOME=str(own))
        said = run.heard(120)[name]
        assert said is True or "Paris" in said
        assert run.ends() == 0
        assert run.errors() == ""
