"""Brings one file: its parts side by side, retried, hashed as they come, checked and repaired."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from models.download_fetch import Changed, Fetch, NoRanges, to_the_end
from models.download_file import PartFile
from models.download_journal import Part
from models.download_values import Checking, Event, Repairing, Retrying, StartedAnew, Target, Tuning, Verified
from models.errors import NetworkError, NotSecure, Refused, ServerFailed, SignInPage, WrongBytes
from models.hub_values import HubFile
from models.waiting import backoff_s

_HASHED_AT_A_TIME = 16 << 20
_MOST_CHANGES = 3
_WORTH_RETRYING = frozenset({403, 408, 425, 429})  # 403: a signed address of the store has expired


class OneFile:
    """One file on its way. `run` brings what is missing; cancelling it keeps what has come."""

    def __init__(
        self,
        target: Target,
        file: HubFile,
        part_file: PartFile,
        fetch: Fetch,
        tuning: Tuning,
        tell: Callable[[Event], None],
    ) -> None:
        self._target, self._file, self._part_file = target, file, part_file
        self._fetch, self._tuning, self._tell = fetch, tuning, tell
        self._parts = part_file.journal.parts
        self._endpoint = 0
        self._ranges = True

    async def run(self) -> tuple[Path, str]:
        """Its final path and its SHA-256. Raises what `Fetch.part` raises, tries exhausted."""
        await self._bring_all()
        digest = await self._digest()
        if self._file.sha256 not in (None, digest):
            digest = await self._repaired()
        self._tell(Verified(self._file.name, digest, announced=self._file.sha256 is not None))
        return await to_the_end(self._part_file.finish), digest

    async def _bring_all(self) -> None:
        for _ in range(_MOST_CHANGES):
            try:
                return await self._side_by_side(self._hash_along(), *self._workers(self._parts))
            except Changed:
                self._start_anew("The hub has another file there now.")
            except NoRanges:
                self._ranges = False
                if self._part_file.journal.done_bytes:
                    self._start_anew("This server sends the whole file only.")
        raise WrongBytes("The file on the hub changes all the time.", "Try again later.")

    def _start_anew(self, why: str) -> None:
        self._part_file.start_anew()
        self._tell(StartedAnew(why))

    def _workers(self, parts: Iterable[Part]) -> list[Coroutine[Any, Any, None]]:
        """As many as there may be connections; each takes the next part that is not complete."""
        if not self._ranges:
            return [self._retried(self._fetch.whole, None)]
        waiting = iter([part for part in parts if part.left])
        return [self._work(waiting) for _ in range(self._tuning.connections)]

    async def _work(self, waiting: Iterable[Part]) -> None:
        for part in waiting:
            await self._retried(lambda endpoint, part=part: self._fetch.part(part, endpoint), part)

    async def _retried(self, bring: Callable[..., Coroutine[Any, Any, None]], part: Part | None) -> None:
        """Try until it is complete; from endpoint to endpoint, with growing waits."""
        attempt = 0
        while self._left(part):
            before, used = self._left(part), self._endpoint
            try:
                await bring(self._target.endpoints[used])
            except NetworkError as error:
                if not self._left(part):
                    return
                if part is not None and part.left < before:
                    attempt = 0
                attempt += 1
                if not _worth_retrying(error) or attempt >= self._tuning.tries:
                    raise
                if part is None:
                    self._part_file.start_anew()
                else:
                    part.interrupted = True
                self._leave(used)
                await self._wait(error, attempt)

    def _left(self, part: Part | None) -> int:
        return part.left if part else sum(each.left for each in self._parts)

    def _leave(self, used: int) -> None:
        """Go to the next endpoint, unless another connection that failed there did so already."""
        if self._endpoint == used:
            self._endpoint = (used + 1) % len(self._target.endpoints)

    async def _wait(self, error: NetworkError, attempt: int) -> None:
        asked = error.retry_after_s if isinstance(error, ServerFailed) else None
        wait_s = backoff_s(attempt, self._tuning.first_wait_s, asked)
        self._tell(Retrying(error.cause, wait_s, attempt))
        await asyncio.sleep(wait_s)

    async def _hash_along(self) -> None:
        """Hash what has come without a gap, until all has."""
        while (left := await to_the_end(self._part_file.hash_on, _HASHED_AT_A_TIME)) or self._left(None):
            if left < _HASHED_AT_A_TIME // 4:
                await asyncio.sleep(self._tuning.tick_s / 5)

    async def _digest(self) -> str:
        self._tell(Checking(self._file.name))
        while await to_the_end(self._part_file.hash_on, _HASHED_AT_A_TIME):
            pass
        return self._part_file.digest()

    async def _repaired(self) -> str:
        """Fetch the bad parts again. Raises WrongBytes, and then nothing of the file is left.

        Those that the disk lost are known by their sums. Where the disk is right, the server sent wrong
        bytes: parts are asked for once more, interrupted ones first, until one comes differently and the
        whole is right.
        """
        damaged = await to_the_end(self._part_file.damaged_parts)
        if damaged:
            self._tell(Repairing(len(damaged)))
            await self._again(damaged)
            if (digest := await self._digest()) == self._file.sha256:
                return digest
        elif self._ranges:
            self._tell(Repairing(len(self._parts)))
            for part in sorted(self._parts, key=lambda part: not part.interrupted):
                before = part.crc
                await self._again([part])
                if part.crc != before and (digest := await self._digest()) == self._file.sha256:
                    return digest
        self._part_file.discard()
        raise WrongBytes(
            f"“{self._file.name}” came with other bytes than the hub announced; it was removed.",
            "Try again, or another address of the hub: somebody on the way may have changed the file.",
        )

    async def _again(self, parts: list[Part]) -> None:
        for part in parts:
            self._part_file.drop(part)
        try:
            await self._side_by_side(*self._workers(parts))
        except (Changed, NoRanges) as error:
            raise WrongBytes("The file on the hub has changed meanwhile.", "Try again.") from error

    async def _side_by_side(self, *work: Coroutine[Any, Any, None]) -> None:
        """Run them together; the first error ends all of them and is raised."""
        tasks = [asyncio.ensure_future(each) for each in work]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _worth_retrying(error: NetworkError) -> bool:
    if isinstance(error, ServerFailed):
        return error.status >= 500 or error.status in _WORTH_RETRYING
    return not isinstance(error, Refused | NotSecure | SignInPage)
