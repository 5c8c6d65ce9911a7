"""Which names from a server may become files here."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path

from models.errors import BadName
from models.plain import plain, shown

_LONGEST_STEP_BYTES = 200  # room for what is appended while a file is incomplete
_LONGEST_BYTES = 600
_MOST_STEPS = 8
_FORBIDDEN = frozenset('<>:"|?*\\')
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE
)
_REPO = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")


def checked_name(name: str) -> str:
    """The name of a file in a repository, its folders divided by "/", unchanged.

    Raises BadName if on any system it would be written outside its folder, be a device, or look like
    another name.
    """
    reason = _harm(name)
    if reason:
        raise BadName(
            f"“{plain(name)}” {reason}.", "Inshore did not download it. Tell the model’s publisher."
        )
    return name


def checked_repo(repo: str) -> str:
    """A repository's name, "owner/name" or "name", unchanged. Raises BadName."""
    steps = repo.split("/")
    fine = len(steps) <= 2 and all(_REPO.fullmatch(step) and not _RESERVED.fullmatch(step) for step in steps)
    if not fine or ".." in repo or "--" in repo:
        raise BadName(f"“{plain(repo)}” is not a repository’s name.", "It looks like “owner/name”.")
    return repo


def place(folder: Path, *names: str) -> Path:
    """The path of checked names below a folder, whose folders are made (0700).

    Raises BadName if a link on the way leads elsewhere, and OSError.
    """
    steps = [step for name in names for step in checked_name(name).split("/")]
    here = folder
    for step in steps[:-1]:
        here /= step
        here.mkdir(mode=0o700, exist_ok=True)
        if not stat.S_ISDIR(os.lstat(here).st_mode):
            raise BadName(f"“{shown(here)}” is a link to another place.", "Remove the link.")
    return here / steps[-1]


def _harm(name: str) -> str:
    steps = name.split("/")
    if len(name.encode("utf-8", "replace")) > _LONGEST_BYTES or len(steps) > _MOST_STEPS:
        return "is too long for a file’s name"
    return next((reason for step in steps if (reason := _harm_of_step(step))), "")


def _harm_of_step(step: str) -> str:
    if step in ("", ".", ".."):
        return "leads out of its folder"
    if len(step.encode("utf-8", "replace")) > _LONGEST_STEP_BYTES:
        return "is too long for a file’s name"
    if any(sign in _FORBIDDEN for sign in step):
        return "holds a character that is no part of a file’s name"
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for sign in step):
        return "holds invisible characters"
    if step != step.strip() or step.endswith("."):
        return "begins or ends with a space or a dot"
    return "is the name of a device" if _RESERVED.fullmatch(step) else ""
