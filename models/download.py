"""The download guardian: brings a model safely, however often it is interrupted."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from models.download_fetch import Fetch, to_the_end
from models.download_file import (
    PartFile,
    allocated_bytes,
    disk_error,
    free_bytes,
    no_space,
    part_paths,
    remove_parts,
    sha256_of,
)
from models.download_journal import load
from models.download_one import OneFile
from models.download_rate import Rate, Throttle
from models.download_values import (
    Checking,
    Done,
    Event,
    Paused,
    Progress,
    Queued,
    Stalled,
    Started,
    StartedAnew,
    Target,
    Tuning,
    Verified,
)
from models.errors import NetworkError, NoSpace
from models.file_names import place
from models.hub import Token, no_token
from models.hub_values import HubFile
from models.outbound import Outbound


class Guardian:
    """Brings one model at a time; the others wait in the order they came. For one asyncio loop.

    A file gets its name only when all of it is there, hashed, and the hash is the one the hub announced.
    """

    def __init__(
        self,
        outbound: Outbound,
        *,
        tuning: Tuning | None = None,
        token: Token = no_token,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._outbound, self._token, self._free = outbound, token, free
        self._tuning = tuning or Tuning()
        self._turn = asyncio.Lock()
        self.throttle = Throttle(self._tuning.limit_bytes_s)

    async def bring(self, target: Target) -> AsyncGenerator[Event, None]:
        """Download what is missing of a model; the last event is Done.

        Closing or cancelling it is a pause: what has come stays, and bringing the same again goes on there,
        in another process, too. Raises NoSpace, WrongBytes, DownloadBusy, DownloadError, HubError or
        NetworkError; after Paused it goes on as well.
        """
        if self._turn.locked():
            yield Queued()
        async with self._turn:
            events: asyncio.Queue[Event | None] = asyncio.Queue()
            run = _Run(
                self._outbound,
                self._token,
                self._free,
                self.throttle,
                self._tuning,
                target,
                events.put_nowait,
            )
            work = asyncio.ensure_future(run.all())
            work.add_done_callback(lambda _: events.put_nowait(None))
            begun = False
            try:
                while (event := await events.get()) is not None:
                    begun = begun or isinstance(event, Started)
                    yield event
                try:
                    yield await work
                except (NetworkError, NoSpace) as error:
                    if begun:
                        yield Paused(error.cause)
                    raise
            finally:
                work.cancel()
                await asyncio.wait([work])

    def discard(self, target: Target) -> None:
        """Cancel for good: remove what has come of a model that isn't being brought. Raises OSError."""
        for file in target.files:
            remove_parts(place(target.folder, *target.names(file)))


@dataclass(slots=True)
class _Run:
    """One model on its way."""

    outbound: Outbound
    token: Token
    free: Callable[[Path], int]
    throttle: Throttle
    tuning: Tuning
    target: Target
    tell: Callable[[Event], None]
    finished_bytes: int = 0
    current: PartFile | None = None
    rate: Rate = field(default_factory=Rate)

    async def all(self) -> Done:
        """Bring all files, and watch over it meanwhile."""
        finals = await to_the_end(self._places)
        self._check_space(finals[0].parent, await to_the_end(self._missing_bytes, finals))
        known = await to_the_end(self._known_bytes, finals)
        self.tell(Started(self.target.size_bytes, known))
        work = asyncio.ensure_future(self._bring(finals))
        watch = asyncio.ensure_future(self._watch(finals[0].parent))
        try:
            await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
            return await (work if work.done() else watch)
        finally:
            work.cancel()
            watch.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def _bring(self, finals: list[Path]) -> Done:
        brought = []
        for file, final in zip(self.target.files, finals, strict=True):
            brought.append(await self._there_already(file, final) or await self._one(file, final))
            self.finished_bytes += file.size_bytes
        self.tell(Progress(self.target.size_bytes, self.target.size_bytes, None, 0.0))
        return Done(tuple(path for path, _ in brought), tuple(digest for _, digest in brought))

    async def _there_already(self, file: HubFile, final: Path) -> tuple[Path, str] | None:
        """A file that was finished before, hashed again."""
        if not _is_complete(final, file):
            return None
        self.tell(Checking(file.name))
        try:
            digest = await to_the_end(sha256_of, final)
        except OSError as error:
            raise disk_error(error, final) from error
        if file.sha256 not in (None, digest):
            self.tell(StartedAnew("The file that was there is not the one on the hub."))
            return None
        self.tell(Verified(file.name, digest, announced=file.sha256 is not None))
        await to_the_end(remove_parts, final)
        return final, digest

    async def _one(self, file: HubFile, final: Path) -> tuple[Path, str]:
        part_bytes = self.tuning.part_size(file.size_bytes)
        part_file = await to_the_end(PartFile, final, file, self.target.commit, part_bytes)
        try:
            if part_file.started_anew:
                self.tell(StartedAnew(part_file.started_anew))
            await to_the_end(part_file.reserve)
            self.current = part_file
            fetch = Fetch(self.outbound, self.target, file, part_file, self.tuning, self.throttle, self.token)
            return await OneFile(self.target, file, part_file, fetch, self.tuning, self.tell).run()
        finally:
            self.current = None
            part_file.close()

    async def _watch(self, folder: Path) -> Done:
        """Tell the progress and silence; raises NoSpace when others have nearly filled the disk."""
        heard_at, before, told = time.monotonic(), -1, False
        while True:
            await asyncio.sleep(self.tuning.tick_s)
            done = self.finished_bytes + (self.current.journal.done_bytes if self.current else 0)
            now = time.monotonic()
            if done != before:
                heard_at, before, told = now, done, False
            elif now - heard_at >= self.tuning.stall_notice_s and not told and self._waits():
                self.tell(Stalled(now - heard_at))
                told = True
            self._tell_progress(done)
            self._check_space(folder, 0)

    def _waits(self) -> bool:
        """Whether bytes are still to come, rather than to be hashed."""
        return self.current is not None and self.current.journal.done_bytes < self.current.journal.size_bytes

    def _tell_progress(self, done: int) -> None:
        total, rate = self.target.size_bytes, self.rate.add(done)
        self.tell(Progress(done, total, rate, (total - done) / rate if rate else None))

    def _check_space(self, folder: Path, more_bytes: int) -> None:
        """Raises NoSpace where less than the floor would be left."""
        lacking = more_bytes + self.tuning.floor_bytes - self.free(folder)
        if lacking > 0:
            raise no_space(lacking, folder)

    def _places(self) -> list[Path]:
        folder = self.target.folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return [place(folder, *self.target.names(file)) for file in self.target.files]
        except OSError as error:
            raise disk_error(error, folder) from error

    def _missing_bytes(self, finals: list[Path]) -> int:
        """What the disk still has to provide."""
        pairs = zip(self.target.files, finals, strict=True)
        return sum(
            max(file.size_bytes - allocated_bytes(part_paths(final)[0]), 0)
            for file, final in pairs
            if not _is_complete(final, file)
        )

    def _known_bytes(self, finals: list[Path]) -> int:
        """What has come before."""
        total = 0
        for file, final in zip(self.target.files, finals, strict=True):
            if _is_complete(final, file):
                total += file.size_bytes
            elif journal := load(part_paths(final)[1], file, self.target.commit):
                total += journal.done_bytes
        return total


def _is_complete(final: Path, file: HubFile) -> bool:
    try:
        info = os.lstat(final)
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_size == file.size_bytes
