"""Which models are installed, and the list that remembers them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.errors import BadInput, DamagedModel, ModelFileMissing, ModelNotFound, NotAModel, StorageFailed
from models.file_facts import FileFacts, read_facts
from models.library import Library
from models.library_file import Origin
from tests.fixtures.gguf_writer import U32, Gguf, Typed, usual_metadata

STARTER_ID = "smollm2-135m-instruct-q4_1"
STARTER_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the starter's and the library's folders and one model of the user's."""
    (tmp_path / "starter").mkdir()
    Gguf().write(tmp_path / "starter" / STARTER_FILE)
    Gguf().write(tmp_path / "Mine v2.Q4_K_M.gguf")
    return tmp_path


def _library(home: Path) -> Library:
    return Library(home / "models", home / "starter")


def _ids(library: Library) -> list[str]:
    return [model.id for model in library.models()]


def _list_file(home: Path, content: Any) -> Path:
    path = home / "models" / "library.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_starter_is_there_from_the_beginning(home: Path) -> None:
    (model,) = _library(home).models()

    assert (model.id, model.source, model.licence) == (STARTER_ID, "starter", "Apache-2.0")
    assert model.name == "SmolLM2 135M Instruct"
    assert model.path == home / "starter" / STARTER_FILE
    assert model.problem is None
    assert not (home / "models").exists()  # looking makes nothing


def test_without_a_starter_there_is_nothing(tmp_path: Path) -> None:
    library = _library(tmp_path)
    assert library.models() == []
    assert library.default() is None


def test_an_added_file_is_used_where_it_lies(home: Path) -> None:
    model = _library(home).add(home / "Mine v2.Q4_K_M.gguf")

    assert model.id == "mine-v2-q4_k_m"
    assert model.path == home / "Mine v2.Q4_K_M.gguf"
    assert (model.name, model.licence, model.parameters) == ("Tiny Test", "mit", "1M")
    assert (model.architecture, model.quantisation, model.context_length) == ("llama", "Q4_K_M", 2048)
    assert model.size_bytes == model.path.stat().st_size
    assert _library(home).get(model.id) == model
    assert _library(home).find(model.id) == model.path
    assert _ids(_library(home)) == [STARTER_ID, model.id]


def test_adding_again_changes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = _library(home)
    first = library.add(home / "Mine v2.Q4_K_M.gguf")
    monkeypatch.chdir(home)

    assert library.add(Path("Mine v2.Q4_K_M.gguf")) == first
    assert _ids(library) == [STARTER_ID, first.id]


def test_adding_the_starter_gives_the_starter(home: Path) -> None:
    assert _library(home).add(home / "starter" / STARTER_FILE).id == STARTER_ID


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_a_link_and_is_not_a_second_model(home: Path) -> None:
    (home / "blob").mkdir()
    blob = Gguf().write(home / "blob" / "3f2a9c")
    link = home / "Nice Name.gguf"
    link.symlink_to(Path("blob") / "3f2a9c")
    library = _library(home)

    model = library.add(link)

    assert (model.id, model.path) == ("nice-name", link)
    assert library.add(blob) == model
    assert library.add(home / "blob" / ".." / "Nice Name.gguf") == model


def test_ids_are_unique_slugs(home: Path) -> None:
    library = _library(home)
    for folder in ("a", "b", "c"):
        (home / folder).mkdir()
        Gguf().write(home / folder / "Same.gguf")
        library.add(home / folder / "Same.gguf")
    shutil.copy(home / "starter" / STARTER_FILE, home / STARTER_FILE)
    library.add(home / STARTER_FILE)
    library.add(Gguf().write(home / "通义千问 7B.gguf"))
    library.add(Gguf().write(home / "---.gguf"))

    assert _ids(library)[1:] == ["same", "same-2", "same-3", f"{STARTER_ID}-2", "通义千问-7b", "model"]


def test_the_starters_id_stays_its_own(home: Path) -> None:
    (home / "starter" / STARTER_FILE).rename(home / STARTER_FILE)
    assert _library(home).add(home / STARTER_FILE).id == f"{STARTER_ID}-2"


@pytest.mark.skipif(os.name == "nt", reason="Windows names are text")
def test_a_name_that_is_no_text(home: Path) -> None:
    path = home / "bad\udcff.gguf"
    Gguf().write(path)
    model = _library(home).add(path)

    assert model.id == "bad"
    assert _library(home).find("bad") == path


def test_removing_forgets_and_deletes_nothing(home: Path) -> None:
    library = _library(home)
    model = library.add(home / "Mine v2.Q4_K_M.gguf")
    library.set_default(model.id)

    library.remove(model.id)

    assert model.path.exists()
    assert _ids(library) == [STARTER_ID]
    with pytest.raises(ModelNotFound, match="mine-v2"):
        library.remove(model.id)
    with pytest.raises(BadInput, match="part of Inshore"):
        library.remove(STARTER_ID)


def test_the_default_comes_first(home: Path) -> None:
    library = _library(home)
    model = library.add(home / "Mine v2.Q4_K_M.gguf")
    assert _default(library) == STARTER_ID

    library.set_default(model.id)

    assert _ids(library) == [model.id, STARTER_ID]
    assert _default(_library(home)) == model.id
    with pytest.raises(ModelNotFound):
        library.set_default("nothing")


def test_a_default_that_is_gone_is_passed_over(home: Path) -> None:
    library = _library(home)
    model = library.add(home / "Mine v2.Q4_K_M.gguf")
    library.set_default(model.id)
    model.path.unlink()
    assert _default(library) == STARTER_ID

    (home / "starter" / STARTER_FILE).unlink()
    assert _default(library) == model.id  # better than nothing: its problem is told


def _default(library: Library) -> str:
    model = library.default()
    assert model is not None
    return model.id


def test_an_unknown_name_lists_what_is_installed(home: Path) -> None:
    with pytest.raises(ModelNotFound) as caught:
        _library(home).get("\x1b[31mnone")
    assert STARTER_ID in caught.value.hint
    assert "\x1b" not in caught.value.one_line()


def test_a_file_that_is_no_model_is_not_added(home: Path) -> None:
    page = home / "page.gguf"
    page.write_text("<html></html>")
    with pytest.raises(NotAModel):
        _library(home).add(page)
    with pytest.raises(ModelFileMissing):
        _library(home).add(home / "nowhere.gguf")
    assert _ids(_library(home)) == [STARTER_ID]


def test_a_file_that_changes_is_read_again(home: Path) -> None:
    library = _library(home)
    path = home / "Mine v2.Q4_K_M.gguf"
    model = library.add(path)
    content = path.read_bytes()

    path.write_bytes(content[:-1])
    assert isinstance(library.get(model.id).problem, DamagedModel)
    with pytest.raises(DamagedModel):
        library.find(model.id)

    path.unlink()
    assert isinstance(library.get(model.id).problem, ModelFileMissing)

    Gguf(usual_metadata() | {"general.file_type": Typed(U32, 2)}).write(path)
    assert library.get(model.id).quantisation == "Q4_0"


def test_a_header_is_read_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = _library(home)
    library.models()
    monkeypatch.setattr("models.library.read_facts", None)
    assert library.get(STARTER_ID).problem is None


def test_a_kept_problem_holds_no_memory(home: Path) -> None:
    (home / "starter" / STARTER_FILE).write_bytes(b"GGUF" + bytes(100))
    problem = _library(home).get(STARTER_ID).problem
    assert problem is not None
    assert (problem.__traceback__, problem.__cause__, problem.__context__) == (None, None, None)


# -- the list's file


def test_the_list_is_private_and_whole(home: Path) -> None:
    _library(home).add(home / "Mine v2.Q4_K_M.gguf")

    path = home / "models" / "library.json"
    assert json.loads(path.read_text())["models"] == [
        {"id": "mine-v2-q4_k_m", "path": str(home / "Mine v2.Q4_K_M.gguf")}
    ]
    assert [file.name for file in path.parent.iterdir()] == ["library.json"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_list_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = _library(home)
    library.add(home / "Mine v2.Q4_K_M.gguf")
    before = (home / "models" / "library.json").read_bytes()
    other = Gguf().write(home / "other.gguf")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailed, match="No space left"):
        library.add(other)

    assert (home / "models" / "library.json").read_bytes() == before
    assert [file.name for file in (home / "models").iterdir()] == ["library.json"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '"x"', "{}", '{"models": {}}', "[" * 200_000, "\ufeff\0", "9" * 5_000_000],
)
def test_a_damaged_list_is_kept_aside(home: Path, content: str) -> None:
    path = _list_file(home, content)
    library = _library(home)

    assert _ids(library) == [STARTER_ID]
    assert library.problem is not None
    assert "library.bad-1.json" in library.problem.hint
    assert (path.parent / "library.bad-1.json").read_text() == content
    assert _ids(library) == [STARTER_ID]
    assert library.problem is None  # a fresh list was begun


def test_several_damaged_lists_are_all_kept(home: Path) -> None:
    for number in (1, 2):
        _list_file(home, f"broken {number}")
        _library(home).models()
    kept = sorted((home / "models").glob("library.bad-*.json"))
    assert [path.read_text() for path in kept] == ["broken 1", "broken 2"]


@pytest.mark.parametrize(
    "item",
    [
        None,
        7,
        {"id": "x"},
        {"id": 7, "path": "/x"},
        {"id": "x", "path": 7},
        {"id": "a b", "path": "/x"},
        {"id": "", "path": "/x"},
        {"id": "\x1b[31m", "path": "/x"},
        {"id": "x", "path": "relative.gguf"},
        {"id": "mine", "path": "/twice"},
    ],
)
def test_a_bad_entry_costs_only_itself(home: Path, item: object) -> None:
    mine = {"id": "mine", "path": str(home / "Mine v2.Q4_K_M.gguf")}
    _list_file(home, {"default": "mine", "models": [mine, item]})
    library = _library(home)

    assert _ids(library) == ["mine", STARTER_ID]
    assert (home / "models" / "library.bad-1.json").exists()
    assert _ids(_library(home)) == ["mine", STARTER_ID]
    assert not (home / "models" / "library.bad-2.json").exists()


@pytest.mark.parametrize("path", ["/nul\0.gguf", "/half\ud800.gguf", "/" + "x" * 5000, "/dev/null", "/"])
def test_an_impossible_path_is_listed_with_its_problem(home: Path, path: str) -> None:
    _list_file(home, {"models": [{"id": "odd", "path": path}]})
    model = _library(home).get("odd")
    assert model.problem is not None
    assert _library(home).models()[1].problem is not None


def test_an_entry_cannot_take_the_starters_place(home: Path) -> None:
    _list_file(home, {"models": [{"id": STARTER_ID, "path": str(home / "Mine v2.Q4_K_M.gguf")}]})
    assert _library(home).find(STARTER_ID) == home / "starter" / STARTER_FILE
    assert _ids(_library(home)) == [STARTER_ID]


def test_an_unreadable_list_is_not_written_over(home: Path) -> None:
    (home / "models" / "library.json").mkdir(parents=True)
    library = _library(home)

    assert _ids(library) == [STARTER_ID]
    assert isinstance(library.problem, StorageFailed)
    with pytest.raises(StorageFailed):
        library.add(home / "Mine v2.Q4_K_M.gguf")


def test_a_folder_that_cannot_be_made_is_named(home: Path) -> None:
    (home / "models").write_text("a file")
    with pytest.raises(StorageFailed, match="models"):
        _library(home).add(home / "Mine v2.Q4_K_M.gguf")


@pytest.mark.skipif(os.name == "nt", reason="no lock there yet")
def test_processes_that_add_at_once_lose_nothing(home: Path) -> None:
    files = [Gguf().write(home / f"model-{number}.gguf") for number in range(6)]
    root = Path(__file__).parents[2]
    adding = [
        subprocess.Popen([sys.executable, "-c", _ADD, home / "models", home / "starter", file], cwd=root)
        for file in files
    ]
    assert [process.wait(60) for process in adding] == [0] * len(files)
    assert len(_ids(_library(home))) == 1 + len(files)


_ADD = """
import sys
from pathlib import Path
from models.library import Library
from models.library_file import Origin
models, starter, file = map(Path, sys.argv[1:])
Library(models, starter).add(file)
"""


@pytest.mark.parametrize("origin", [None, 3, {}, {"repo": 1}, {"repo": "a/b", "commit": "c", "files": [3]}])
def test_an_origin_that_makes_no_sense_costs_the_origin_only(tmp_path: Path, origin: object) -> None:
    path = Gguf().write(tmp_path / "m.gguf")
    (tmp_path / "library").mkdir()
    item = {"id": "m", "path": str(path), "origin": origin}
    (tmp_path / "library" / "library.json").write_text(json.dumps({"default": None, "models": [item]}))
    library = Library(tmp_path / "library", tmp_path / "starter")
    assert [(model.id, model.source) for model in library.models()] == [("m", "added")]
    assert library.problem is None


def test_an_origin_is_kept_and_added_to_a_known_file(tmp_path: Path) -> None:
    path = Gguf().write(tmp_path / "m.gguf")
    library = Library(tmp_path / "library", tmp_path / "starter")
    library.add(path)
    origin = Origin("owner/repo", "c" * 40, ("m.gguf",), ("a" * 64,))
    library.add(path, origin=origin)
    (model,) = Library(tmp_path / "library", tmp_path / "starter").models()
    assert (model.source, model.origin) == ("downloaded", origin)


def test_of_many_unknown_files_only_so_many_are_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = _library(home)
    for number in range(4):
        Gguf().write(home / f"m{number}.gguf")
        library.add(home / f"m{number}.gguf")
    library.set_default("m3")
    (home / "m1.gguf").unlink()
    kept = home / "kept.json"
    fresh = Library(home / "models", home / "starter", kept)
    read: list[str] = []

    def reading(path: Path) -> FileFacts:
        read.append(path.name)
        return read_facts(path)

    monkeypatch.setattr("models.library.read_facts", reading)
    models = {model.id: model for model in fresh.models(2)}
    assert [(one, model.read) for one, model in models.items()] == [
        ("m3", True),
        (STARTER_ID, True),
        ("m0", False),
        ("m1", True),  # gone, which is seen without reading
        ("m2", False),
    ]
    assert models["m1"].problem is not None
    assert (models["m0"].name, models["m0"].problem) == ("m0", None)
    assert [name for name in read if name != "m1.gguf"] == ["m3.gguf", STARTER_FILE]
    assert all(model.read for model in fresh.models(2))
    assert all(model.read for model in Library(home / "models", home / "starter", kept).models(0))
