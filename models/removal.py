"""Deletes the files that Inshore downloaded, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from models.errors import BadInput, StorageFailed
from models.library import LocalModel
from models.plain import shown


def delete_files(model: LocalModel, models_dir: Path) -> list[Path]:
    """Delete a downloaded model's files, and its folders if that empties them; returns what was deleted.

    Of a link the link is deleted, never what it leads to. Raises BadInput for a model that the user
    brought, or whose files are not really within `models_dir`, and StorageFailed.
    """
    if model.origin is None:
        raise BadInput("Inshore did not download this model, so it does not delete its file.")
    folder = model.path.parent
    root = Path(os.path.realpath(models_dir))
    if not Path(os.path.realpath(folder)).is_relative_to(root) or Path(os.path.realpath(folder)) == root:
        raise BadInput(f"“{shown(folder)}” is not a folder of Inshore’s, so nothing in it is deleted.")
    paths = [folder / name.rpartition("/")[2] for name in model.origin.files]
    try:
        present = [path for path in paths if path.is_symlink() or path.is_file()]
        for path in present:
            path.unlink()
    except OSError as error:
        raise StorageFailed(
            f"“{shown(folder)}”: {error.strerror}.", title="The model can’t be deleted."
        ) from error
    _remove_empty(folder, root)
    return present


def _remove_empty(folder: Path, root: Path) -> None:
    here = Path(os.path.realpath(folder))
    while here != root and here.is_relative_to(root):
        try:
            here.rmdir()
        except OSError:
            return  # something else is in it
        here = here.parent
