"""The worker as a child process, seen from the window's side."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.errors import EngineMissing
from models.hardware import out_of_memory_kills
from models.local.protocol import (
    FINAL,
    FRAME_BYTES,
    AnswerNow,
    Cancel,
    ProtocolError,
    Reply,
    Request,
    decode_reply,
    encode,
)

_SECRET = re.compile(r"API_?KEY|_KEY$|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
_STDERR_BYTES = 16_000
_DYING_S = 2.0


class WorkerDied(Exception):
    """The process ended without having been told to.

    Since it began, the system has ended `memory_kills` processes because memory ran out.
    """

    def __init__(self, returncode: int | None, stderr: str, memory_kills: int = 0) -> None:
        super().__init__(f"worker ended with {returncode}")
        self.returncode = returncode
        self.stderr = stderr
        self.memory_kills = memory_kills


def default_command() -> list[str]:
    """How this program starts itself as a worker, from source or frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--worker"]
    return [sys.executable, str(Path(__file__).parents[2] / "main.py"), "--worker"]


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what looks like a secret: a model file has no business with it."""
    return {name: value for name, value in environment.items() if not _SECRET.search(name)}


class WorkerProcess:
    """One worker and the one request it is busy with. Used from one asyncio loop, one task at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("started without pipes")
        self._process = process
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._last_id = 0
        self._memory_kills = out_of_memory_kills() or 0
        self._busy: int | None = None
        self._killed = False
        self._said = bytearray()
        self._reading = asyncio.Lock()  # a kill may come from another task than the one that receives
        self._listening = asyncio.create_task(self._listen(), name="worker stderr")

    @classmethod
    async def start(cls, command: Sequence[str]) -> WorkerProcess:
        """Start it; it works off requests as soon as it is up. Raises EngineMissing."""
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                limit=FRAME_BYTES,
                env=scrubbed(os.environ),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows would show a console
            )
        except OSError as error:
            raise EngineMissing(
                f"“{command[0]}” can’t be run: {error.strerror or error}.",
                "Install Inshore again.",
                details=str(error),
            ) from error
        return cls(process)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as is known."""
        ended = self._killed or self._process.returncode is not None or self._stdout.at_eof()
        return not ended

    @property
    def busy(self) -> bool:
        """Whether a request is not answered yet."""
        return self._busy is not None

    @property
    def stderr(self) -> str:
        """The last of what it wrote to its standard error."""
        return self._said.decode("utf-8", "replace")

    async def send(self, request: Request) -> None:
        """Give it a request; `receive` brings the answers. Raises WorkerDied."""
        self._last_id += 1
        self._busy = self._last_id
        await self._write(encode(self._last_id, request))

    async def receive(self) -> Reply:
        """The next reply to the request; one of `FINAL` is the last. Raises WorkerDied, ProtocolError.

        May be cancelled without losing a reply. Replies to earlier requests are dropped.
        """
        while True:
            id_, reply = decode_reply(await self._line())
            if id_ == self._busy:
                if isinstance(reply, FINAL):
                    self._busy = None
                return reply

    async def answer_now(self) -> None:
        """Have the answer that it is busy with begin. That it died will be seen by who receives."""
        if self._busy is None:
            return
        try:
            self._stdin.write(encode(self._busy, AnswerNow()))
            await self._stdin.drain()
        except OSError:
            return

    async def settle(self, within_s: float) -> None:
        """Have it free: cancel its request and wait for the end of it, or kill the process."""
        if self._busy is None:
            return
        try:
            async with asyncio.timeout(within_s):
                await self._write(encode(self._busy, Cancel()))
                while self._busy is not None:
                    await self.receive()
        except (TimeoutError, WorkerDied, ProtocolError):
            await self.kill()

    async def kill(self) -> None:
        """End it now and take its last words; no zombie and no open pipe stays."""
        self._killed = True
        if self._process.returncode is None:
            self._process.kill()
        try:
            async with asyncio.timeout(_DYING_S):
                await self._reap()
        except TimeoutError:
            return  # stuck in the kernel, on a dead disk; it dies when that lets go

    async def close(self, within_s: float) -> None:
        """Let it end by itself, which it does when its input ends; else kill it."""
        self._stdin.close()
        try:
            async with asyncio.timeout(within_s):
                await self._reap()
        except TimeoutError:
            await self.kill()

    async def death(self) -> WorkerDied:
        """How it ended, as an exception to raise; a process that only closed its pipes is ended."""
        try:
            async with asyncio.timeout(_DYING_S):
                await self._reap()
        except TimeoutError:
            await self.kill()
        kills = (out_of_memory_kills() or 0) - self._memory_kills
        return WorkerDied(self._process.returncode, self.stderr, kills)

    async def _write(self, data: bytes) -> None:
        try:
            self._stdin.write(data)
            await self._stdin.drain()
        except OSError as error:
            raise await self.death() from error

    async def _line(self) -> bytes:
        try:
            async with self._reading:
                line = await self._stdout.readline()
        except ValueError as error:  # longer than the limit
            raise ProtocolError(f"a frame over {FRAME_BYTES} bytes") from error
        if not line.endswith(b"\n"):
            raise await self.death()
        return line

    async def _reap(self) -> None:
        self._stdin.close()
        async with self._reading:
            while await self._stdout.read(FRAME_BYTES):
                pass  # the transport ends only when its pipes are read to the end
        await self._process.wait()
        await asyncio.wait([self._listening])

    async def _listen(self) -> None:
        while data := await self._stderr.read(4096):
            self._said += data
            del self._said[:-_STDERR_BYTES]
