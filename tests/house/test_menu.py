"""The entry in the applications menu starts Inshore wherever it lies, and goes away whole."""

from __future__ import annotations

import configparser
import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def menu() -> ModuleType:
    spec = importlib.util.spec_from_file_location("menu", ROOT / "packaging" / "menu.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(text: str) -> dict[str, str]:
    """The entry's values as a desktop reads them: escapes undone."""
    parser = configparser.RawConfigParser(delimiters=("=",), strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    escapes = {"\\\\": "\\", "\\n": "\n", "\\t": "\t", "\\r": "\r"}
    values = dict(parser["Desktop Entry"])
    for key, value in values.items():
        done, rest = "", value
        while rest:
            pair = escapes.get(rest[:2])
            done, rest = (done + pair, rest[2:]) if pair else (done + rest[0], rest[1:])
        values[key] = done
    return values


@pytest.mark.parametrize(
    "folder",
    ["/opt/inshore", "/home/a b/In shore", "/x/100 %/a", '/x/"q"/$HOME/`a`', "/x/back\\slash", "/家/应用"],
)
def test_it_starts_the_program_of_its_folder(menu: ModuleType, folder: str) -> None:
    values = read(menu.entry(Path(folder)))
    command = values["Exec"].replace("%%", "%")  # double quotes mean there what they mean in a shell
    said = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True
    )
    python, script, files = said.stdout.splitlines()
    assert python == f"{folder}/.venv/bin/python" == values["TryExec"]
    assert script == f"{folder}/main.py"
    assert files == "%F"
    assert values["Path"] == folder
    assert values["Icon"] == "inshore"


def test_what_it_writes_is_taken_away_again(menu: ModuleType, tmp_path: Path) -> None:
    for _ in range(2):
        menu.install(tmp_path, ROOT)
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert written == [
        "applications/inshore.desktop",
        "icons/hicolor/scalable/apps/inshore.svg",
        "mime/packages/inshore.xml",
    ]
    kind = read(menu.entry(ROOT))["MimeType"].rstrip(";")
    type_of_files = (tmp_path / "mime/packages/inshore.xml").read_text()
    assert f'<mime-type type="{kind}">' in type_of_files
    assert '<glob pattern="*.gguf"/>' in type_of_files
    for _ in range(2):
        menu.remove(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_only_an_absolute_folder_counts(menu: ModuleType) -> None:
    assert menu.data_home({"XDG_DATA_HOME": "/data"}) == Path("/data")
    assert menu.data_home({"XDG_DATA_HOME": "here"}) == Path.home() / ".local/share"
    assert menu.data_home({}) == Path.home() / ".local/share"
