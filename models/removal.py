"""Deletes the files that Inshore downloaded or copied, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from models.errors import BadInput, StorageFailed
from models.library import LocalModel
from models.plain import shown


def delete_files(model: LocalModel, models_dir: Path) -> list[Path]:
    """Delete the files of a model that Inshore brought, and its folders if that empties them.

    Returns what was deleted. Of a link the link is deleted, never what it leads to. Raises as `own_files`,
    and StorageFailed.
    """
    present = own_files(model, models_dir)
    try:
        for path in present:
            path.unlink()
    except OSError as error:
        raise StorageFailed(
            f"“{shown(model.path.parent)}”: {error.strerror}.",
            "Close the programs that use it and try again.",
            title="The model can’t be deleted.",
        ) from error
    remove_empty(model, models_dir)
    return present


def own_files(model: LocalModel, models_dir: Path) -> list[Path]:
    """The files of a model that Inshore may delete, as far as they are there.

    Raises BadInput for a model that the user brought, or whose files are not really within `models_dir`.
    """
    if model.origin is None:
        raise BadInput("Inshore did not bring this model, so it does not delete its file.")
    folder = model.path.parent
    root = Path(os.path.realpath(models_dir))
    if not Path(os.path.realpath(folder)).is_relative_to(root) or Path(os.path.realpath(folder)) == root:
        raise BadInput(f"“{shown(folder)}” is not a folder of Inshore’s, so nothing in it is deleted.")
    paths = [folder / name.rpartition("/")[2] for name in model.origin.files]
    return [path for path in paths if path.is_symlink() or path.is_file()]


def remove_empty(model: LocalModel, models_dir: Path) -> None:
    """Remove the folders of a model that is gone, as far as nothing else is in them."""
    _remove_empty(model.path.parent, Path(os.path.realpath(models_dir)))


def _remove_empty(folder: Path, root: Path) -> None:
    here = Path(os.path.realpath(folder))
    while here != root and here.is_relative_to(root):
        try:
            here.rmdir()
        except OSError:
            return  # something else is in it
        here = here.parent
