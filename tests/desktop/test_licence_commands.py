"""`models licences` and `models accept`, and the labels in `models list`."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desktop import cli
from desktop.commands.services import Services
from desktop.storage.acceptances import AcceptanceStore
from desktop.storage.database import open_database
from desktop.system.paths import Paths
from models.library import Library
from models.local.measures import MachineSpeed
from tests.fakes import FakeBackend
from tests.fixtures.gguf_writer import Gguf, usual_metadata

STARTER_ID = "smollm2-135m-instruct-q4_1"
GEMMA = {
    "general.architecture": "gemma3",
    "general.name": "Gemma 3 4b It",
    "general.size_label": "4B",
    "general.license": "gemma",
    "gemma3.context_length": 2048,
    "gemma3.block_count": 2,
}


class Engine(FakeBackend):
    """The shipped fake on an ordinary machine."""

    async def gauge(self) -> MachineSpeed:
        return MachineSpeed(20e9, ())


@pytest.fixture
def services(tmp_path: Path) -> Services:
    (tmp_path / "starter").mkdir()
    Gguf().write(tmp_path / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf")
    paths = Paths.find({"INSHORE_HOME": str(tmp_path / "home")})
    return Services(paths, Library(paths.models, tmp_path / "starter"), Engine)  # type: ignore[arg-type]


def _add(services: Services, folder: Path, name: str, **said: object) -> None:
    values = {key: value for key, value in (usual_metadata() | said).items() if value is not None}
    Gguf(values).write(folder / name)  # type: ignore[arg-type]
    services.paths.create()
    services.library.add(folder / name)


def _record(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_list_and_show_have_the_label_and_the_tier(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add(services, tmp_path, "g.gguf", **GEMMA)
    _add(services, tmp_path, "silent.gguf", **{"general.license": None})
    _add(services, tmp_path, "own.gguf", **{"general.license": "other", "general.license.name": "acme-1"})
    assert cli.main(["models", "list", "--json"], services) == 0
    models = {model["id"]: model for model in _record(capsys)["models"]}
    labels = {name: (m["licence"], m["licence_tier"], m["licence_label"]) for name, m in models.items()}
    assert labels == {
        STARTER_ID: ("Apache-2.0", 1, "Apache-2.0 · fully open"),
        "g": ("gemma", 2, "Gemma Terms of Use · conditionally open"),
        "silent": ("", None, "Licence unknown"),
        "own": ("acme-1", None, "acme-1 · terms not known here"),
    }
    assert cli.main(["models", "show", "silent"], services) == 0
    assert "only its author can allow you" in capsys.readouterr().out


def test_a_silent_file_takes_its_licence_from_its_catalogue_entry(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add(services, tmp_path, "g.gguf", **(GEMMA | {"general.license": None}))
    assert cli.main(["models", "show", "g", "--json"], services) == 0
    model = _record(capsys)
    assert (model["licence"], model["licence_tier"]) == ("", 2)
    assert model["advice"]["hardware"][0]["memory_gb"] == 16  # of the same entry
    assert model["advice"]["words"].startswith("The article advises 16 GB of memory")
    assert cli.main(["models", "show", "g"], services) == 0
    out = capsys.readouterr().out
    assert "Advised:      a laptop: at least 16 GB of memory." in out
    assert model["advice"]["words"] in out


def test_a_model_answers_only_when_its_licence_was_accepted(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add(services, tmp_path, "g.gguf", **GEMMA)
    _add(services, tmp_path, "silent.gguf", **{"general.license": None})
    assert cli.main(["ask", "Hello?", "--model", "g"], services) == 1
    refused = capsys.readouterr().err
    assert "The model’s licence must be accepted first." in refused
    assert 'models accept g --use "…"' in refused
    assert cli.main(["ask", "Hello?", "--model", "silent"], services) == 0  # nothing is known to accept
    assert cli.main(["models", "accept", "g", "--use", "my shop"], services) == 0
    assert cli.main(["ask", "Hello?", "--model", "g"], services) == 0


def test_while_the_window_holds_the_file_what_was_accepted_holds_and_nothing_else(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add(services, tmp_path, "g.gguf", **GEMMA)
    ask = ["ask", "Hello?", "--model", "g"]
    paths = services.paths
    with closing(open_database(paths.database)):
        assert cli.main(ask, services) == 1  # it can't be known whether it was accepted
        assert "Close that program" in capsys.readouterr().err
    with closing(open_database(paths.database)) as held:
        AcceptanceStore(held, copy=paths.accepted_copy).copy()  # as the window does after its start
        assert cli.main(ask, services) == 1
        assert "in the window" in capsys.readouterr().err
    assert cli.main(["models", "accept", "g", "--use", "my shop"], services) == 0
    with closing(open_database(paths.database)):
        assert cli.main(ask, services) == 0
        paths.accepted_copy.write_text('[{"licence": "gemma"}]')
        assert cli.main(ask, services) == 1


def test_accepting_shows_the_text_and_is_listed(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add(services, tmp_path, "g.gguf", **GEMMA)
    assert cli.main(["models", "licences", "--json"], services) == 0
    before = {row["model"]: row["accepted"] for row in _record(capsys)["licences"]}
    assert before == {STARTER_ID: "not needed", "g": "not accepted"}

    assert cli.main(["models", "accept", "g", "--use", "my shop"], services) == 0
    output = capsys.readouterr()
    assert output.out == "Accepted Gemma Terms of Use (2026-04-01) for g.\n"
    assert "https://ai.google.dev/gemma/terms" in output.err
    assert "not legal advice" in output.err

    assert cli.main(["models", "licences", "--csv"], services) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["model"], row["use"]) for row in rows] == [(STARTER_ID, ""), ("g", "my shop")]
    assert cli.main(["models", "licences", "--markdown"], services) == 0
    assert "| g | Gemma 3 4b It |" in capsys.readouterr().out
    assert cli.main(["models", "licences"], services) == 0
    assert "my shop" in capsys.readouterr().out.splitlines()[1]


def test_a_catalogue_model_is_accepted_before_it_is_here_and_by_its_gateway_name(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("gemma-3-4b", "xidao/llama-4-maverick"):
        assert cli.main(["models", "accept", name, "--use", "work", "--json"], services) == 0
    capsys.readouterr()
    _add(services, tmp_path, "g.gguf", **GEMMA)
    assert cli.main(["models", "licences", "--json"], services) == 0
    rows = _record(capsys)["licences"]
    assert [(row["model"], row["licence_tier"], row["use"]) for row in rows] == [
        (STARTER_ID, 1, ""),
        ("gemma-3-4b", 2, "work"),
        ("llama-4-maverick", 2, "work"),
    ]


def test_an_open_licence_is_not_recorded(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "accept", "phi-4-14b", "--use", "work"], services) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert "MIT asks for no acceptance" in output.err
    assert not services.paths.database.exists()


def test_what_can_t_be_accepted_is_said(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add(services, tmp_path, "silent.gguf", **{"general.license": None})
    assert cli.main(["models", "accept", "silent", "--use", "work"], services) == 1
    assert "nothing to accept for silent" in capsys.readouterr().err
    assert cli.main(["models", "accept", "nope", "--use", "work"], services) == 1
    assert "“nope” is not in your library" in capsys.readouterr().err
    assert cli.main(["models", "accept", "gemma-3-1b", "--use", " "], services) == 1
    assert "used for" in capsys.readouterr().err


def test_a_library_s_model_goes_before_the_catalogue_s_of_the_same_id(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add(services, tmp_path, "gemma-3-4b-x.gguf", **{"general.license": "llama4"})
    assert cli.main(["models", "accept", "gemma-3-4b-x", "--use", "work"], services) == 0
    assert "Llama 4 Community License" in capsys.readouterr().out


@pytest.mark.parametrize("flags", [["--csv", "--markdown"], ["--json", "--csv"]])
def test_one_form_at_a_time(services: Services, flags: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["models", "licences", *flags], services)
    assert caught.value.code == 2
