"""S07: deleting a model deletes its own files and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import BadInput
from models.library import LocalModel
from models.library_file import Origin
from models.removal import delete_files


def model(path: Path, *names: str) -> LocalModel:
    origin = Origin("owner/repo", "c" * 40, names or (path.name,), (None,) * max(len(names), 1))
    return LocalModel("m", "m", path, 4, "downloaded", origin=origin)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "models" / "owner" / "repo"
    made.mkdir(parents=True)
    return made


def test_all_parts_go_and_emptied_folders_too(folder: Path, tmp_path: Path) -> None:
    names = ("m-00001-of-00002.gguf", "m-00002-of-00002.gguf")
    paths = [folder / name for name in names]
    for path in paths:
        path.write_text("x")
    assert delete_files(model(paths[0], *names), tmp_path / "models") == paths
    assert list((tmp_path / "models").iterdir()) == []


def test_others_in_the_folder_stay(folder: Path, tmp_path: Path) -> None:
    (folder / "m.gguf").write_text("x")
    (folder / "other.gguf").write_text("y")
    delete_files(model(folder / "m.gguf"), tmp_path / "models")
    assert [path.name for path in folder.iterdir()] == ["other.gguf"]


def test_s07_of_a_link_the_link_goes(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text("secret")
    (folder / "m.gguf").symlink_to(secret)
    delete_files(model(folder / "m.gguf"), tmp_path / "models")
    assert secret.read_text() == "secret"
    assert not (folder / "m.gguf").is_symlink()


def test_s07_a_folder_that_is_a_link_is_left_alone(folder: Path, tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.mkdir()
    (ssh / "m.gguf").write_text("secret")
    folder.rmdir()
    folder.symlink_to(ssh)
    with pytest.raises(BadInput):
        delete_files(model(folder / "m.gguf"), tmp_path / "models")
    assert (ssh / "m.gguf").read_text() == "secret"


def test_what_the_user_brought_stays(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_text("x")
    with pytest.raises(BadInput):
        delete_files(LocalModel("m", "m", path, 4, "added"), tmp_path)
    assert path.exists()
