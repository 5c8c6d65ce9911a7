"""Keeps a record of what the command line sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from desktop.system.paths import Paths
from models.errors import StorageError

if TYPE_CHECKING:
    from desktop.storage.outbound_pending import Pending
    from models.outbound import Sent


@contextmanager
def recorded(paths: Paths, note: Callable[[str], None]) -> Iterator[Callable[[Sent], None]]:
    """Gives what `Outbound(record=…)` takes. At the end the lines go into the conversations' file.

    Where the window holds that file, or it can't be written, they wait beside it for the next start.
    A line that can't be kept at all is told by `note`, once, and stops nothing.
    """
    from desktop.storage.outbound_pending import Pending

    pending = Pending(paths.outbound_pending)
    failures: list[StorageError] = []

    def record(line: Sent) -> None:
        try:
            pending.record(line)
        except StorageError as error:
            failures.append(error)

    try:
        yield record
    finally:
        if failures:
            note(f"The record of what was sent has gaps. {failures[0].cause}")
        with suppress(StorageError):  # nothing is lost: they wait
            _settle(pending, paths)


def _settle(pending: Pending, paths: Paths) -> None:
    from desktop.storage.database import open_database
    from desktop.storage.outbound_log import OutboundLog

    if not paths.outbound_pending.exists():
        return
    with closing(open_database(paths.database, backups=paths.backups, patience_s=0.2)) as connection:
        pending.move_into(OutboundLog(connection))
