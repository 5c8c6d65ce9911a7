"""The starter model is checked before it gets its name."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "fetch_starter.py"


@pytest.fixture
def starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, working in an empty folder and never downloading."""
    spec = importlib.util.spec_from_file_location("fetch_starter", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "MODEL", tmp_path / "model.gguf")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".checked")

    def no_network(folder: Path) -> Path:
        raise module.NotToBeHad("no network in tests")

    monkeypatch.setattr(module, "download", no_network)
    return module


def test_s08_another_file_never_gets_the_name(starter: ModuleType) -> None:
    with pytest.raises(starter.NotToBeHad):
        starter.put_in_place(io.BytesIO(b"GGUF, but another"))
    assert list(starter.FOLDER.iterdir()) == []


def test_a_damaged_model_is_fetched_again(starter: ModuleType) -> None:
    starter.MODEL.write_bytes(b"GGUF, but truncated")
    with pytest.raises(starter.NotToBeHad):
        starter.ensure()


def test_a_checked_model_is_not_read_again(starter: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    starter.MODEL.write_bytes(b"any")
    starter.STAMP.write_text(starter.fingerprint())
    monkeypatch.setattr(starter, "is_right", lambda path: pytest.fail("it was read"))
    starter.ensure()


def test_a_touched_model_is_checked_again(starter: ModuleType) -> None:
    starter.MODEL.write_bytes(b"any")
    starter.STAMP.write_text(starter.fingerprint())
    starter.MODEL.write_bytes(b"another")
    assert not starter.stamped()


@pytest.mark.parametrize(("optional", "code"), [(True, 0), (False, 1)])
def test_without_a_network(
    starter: ModuleType, optional: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert starter.main(optional) == code
    said = capsys.readouterr().err
    assert "could not be fetched" in said
    assert ("models add FILE" in said) is optional
