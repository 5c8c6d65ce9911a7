"""F21: a model's file that is damaged, something else, gone, forbidden or replaced.

The list shows it with its problem, `models add` refuses it, and `ask` names it; each in plain words and
without any process having been started.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop import cli
from desktop.commands.services import Engine, Services
from desktop.system.paths import Paths, resources
from models.errors import (
    AppError,
    DamagedModel,
    ModelFileMissing,
    NotAModel,
    UnsupportedModel,
)
from models.library import Library
from tests.fixtures.gguf_writer import U32, Gguf, Typed, usual_metadata


def _corrupt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[24:64] = b"\xff" * 40
    path.write_bytes(data)


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


def _truncate_header(path: Path) -> None:
    os.truncate(path, 40)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _html(path: Path) -> None:
    path.write_text("<!DOCTYPE html><title>Sign in</title>")


def _missing(path: Path) -> None:
    path.unlink()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere.gguf"))


def _looping_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _newer(path: Path) -> None:
    Gguf(version=9).write(path)


def _not_for_chat(path: Path) -> None:
    Gguf(usual_metadata() | {"general.architecture": "clip"}).write(path)


FAULTS: dict[Callable[[Path], None], tuple[type[AppError], str]] = {
    _corrupt: (DamagedModel, "header"),
    _truncate: (DamagedModel, "ends early"),
    _truncate_header: (DamagedModel, "middle of its header"),
    _empty: (DamagedModel, "empty"),
    _html: (NotAModel, "web page"),
    _missing: (ModelFileMissing, "does not exist"),
    _folder: (NotAModel, "folder"),
    _pipe: (NotAModel, "device"),
    _broken_link: (ModelFileMissing, "does not exist"),
    _looping_link: (ModelFileMissing, "can’t be read"),
    _newer: (UnsupportedModel, "newer than this Inshore"),
    _not_for_chat: (UnsupportedModel, "images"),
}
if os.name == "nt":
    for fault in (_pipe, _broken_link, _looping_link):
        del FAULTS[fault]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good model file."""
    return Gguf().write(tmp_path / "mine.gguf")


def _services(tmp_path: Path) -> Services:
    paths = Paths.find({"INSHORE_HOME": str(tmp_path / "home")})
    return Services(paths, Library(paths.models, tmp_path / "no-starter"), _no_engine)


def _no_engine() -> Engine:
    raise AssertionError("nothing may be started for a file like this")


def _assert_told(services: Services, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "list"], services) == 0
    assert words in capsys.readouterr().out
    for arguments in (["ask", "?"], ["ask", "?", "--model", "mine"]):
        assert cli.main(arguments, services) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert words in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_f21_a_file_that_went_bad_is_listed_with_its_problem(
    tmp_path: Path, path: Path, fault: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    kind, words = FAULTS[fault]
    services = _services(tmp_path)
    services.library.add(path)

    fault(path)

    (model,) = services.library.models()
    assert type(model.problem) is kind
    assert words in model.problem.cause
    assert "\n" not in model.problem.one_line()
    with pytest.raises(kind):
        services.library.find("mine")
    _assert_told(services, words, capsys)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_f21_a_bad_file_is_not_added(
    tmp_path: Path, path: Path, fault: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    kind, words = FAULTS[fault]
    services = _services(tmp_path)
    fault(path)

    assert cli.main(["models", "add", str(path)], services) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert kind.title in err
    assert words in err
    assert services.library.models() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_f21_a_file_that_may_not_be_read(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    services = _services(tmp_path)
    # Nobody may not enter a checkout in root's home.
    shutil.copytree(resources() / "catalogue", tmp_path / "resources" / "catalogue")
    monkeypatch.setattr("desktop.commands.licences.resources", lambda: tmp_path / "resources")
    services.library.add(path)
    path.chmod(0)

    with _without_privileges(tmp_path):
        (model,) = services.library.models()
        assert type(model.problem) is ModelFileMissing
        _assert_told(services, "may not read", capsys)
        with pytest.raises(ModelFileMissing, match="may not read"):
            services.library.add(path)

    path.chmod(0o600)
    assert services.library.get("mine").problem is None


@contextmanager
def _without_privileges(folder: Path) -> Iterator[None]:
    """Root may read everything: be nobody meanwhile, who may enter the folders."""
    if os.geteuid() != 0:
        yield
        return
    above = [place for place in (folder, *folder.parents) if place.stat().st_uid == 0 and place != Path("/")]
    modes = {place: place.stat().st_mode for place in above}
    for place in (*above, folder / "home", folder / "home" / "models"):
        place.chmod(place.stat().st_mode | 0o055)
    (folder / "home" / "models" / "library.json").chmod(0o644)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for place, mode in modes.items():
            place.chmod(mode)


def test_f21_a_file_replaced_by_another_model_is_read_anew(tmp_path: Path, path: Path) -> None:
    library = _services(tmp_path).library
    library.add(path)
    other = Gguf(usual_metadata() | {"general.name": "Another", "general.file_type": Typed(U32, 7)})

    other.write(tmp_path / "new").replace(path)

    model = library.get("mine")
    assert (model.name, model.quantisation, model.problem) == ("Another", "Q8_0", None)


def test_f21_a_file_that_is_good_again_has_no_problem(tmp_path: Path, path: Path) -> None:
    library = _services(tmp_path).library
    library.add(path)
    good = path.read_bytes()
    _html(path)
    assert library.get("mine").problem is not None

    path.write_bytes(good)

    assert library.get("mine").problem is None
    assert library.find("mine") == path


@pytest.mark.skipif(os.name == "nt", reason="an open file can't be cut there")
def test_f21_a_file_cut_short_while_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading, not mapping: with a mapped file this would be the end of the process."""
    from models import gguf_source
    from models.gguf import read_header

    check = gguf_source._check_magic

    def cut_then_check(source: gguf_source.Source) -> None:
        os.truncate(path, 10)
        check(source)

    monkeypatch.setattr(gguf_source, "_FIRST_READ", 64)
    monkeypatch.setattr(gguf_source, "_check_magic", cut_then_check)
    with pytest.raises(DamagedModel):
        read_header(path)


def test_f21_a_disk_that_fails_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models import gguf_source
    from models.gguf import read_header

    def fail(_source: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(gguf_source, "_check_magic", fail)
    with pytest.raises(ModelFileMissing, match="Input/output error"):
        read_header(path)
