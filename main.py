"""Inshore's three doors: a worker, the command line, the window. Nothing is imported before one is chosen."""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """Go through the door that the arguments name; the exit code."""
    have_streams()
    keep_private()
    if arguments[:1] == ["--worker"]:
        from models.local import worker

        return worker.main()
    if arguments and not all(is_model_file(argument) for argument in arguments):
        from desktop import cli

        return cli.main(arguments)
    from desktop.ui import imports

    imports.restore()
    from desktop import app

    return app.main(arguments)


def is_model_file(argument: str) -> bool:
    """Whether it is a file that the window can offer to add, as “open with” gives it; no word ends so."""
    return argument.lower().endswith(".gguf") and os.path.isfile(argument)  # noqa: PTH113 - pathlib is slow


def have_streams() -> None:
    """Have the three standard streams, if only to nowhere: else the next file that is opened takes the place
    of a closed one, and what is printed goes into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def keep_private() -> None:
    """What we write is for this user only, and a crash leaves no conversation in a core file."""
    os.umask(0o077)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
