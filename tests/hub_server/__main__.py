"""A hub in a process of its own with one model, for measuring: `python -m tests.hub_server FILE`.

Prints its address and serves until its standard input ends.
"""

from __future__ import annotations

import mmap
import sys
from pathlib import Path
from typing import cast

from tests.hub_server.server import HubServer

REPO, NAME = "owner/model-GGUF", "model.gguf"


def main() -> None:
    with (
        Path(sys.argv[1]).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        server = HubServer()
        server.add(REPO, {NAME: cast("bytes", content)}).sha256_of(NAME)
        with server:
            print(server.url, flush=True)
            sys.stdin.read()
        server.repositories.clear()


if __name__ == "__main__":
    main()
