"""Proxies for tests: HTTP's CONNECT and SOCKS5, which lead where they are told, and note it."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Mapping
from types import TracebackType


class Proxy:
    """A proxy on this machine for as long as the block lasts. `asked` are the "host:port" it was to reach.

    `leads` says where such a one really is; what is not in it is refused. With `login` ("name:password")
    nobody passes without it.
    """

    def __init__(self, leads: Mapping[str, str], *, login: str = "") -> None:
        self.leads, self.login = leads, login
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)  # noqa: TID251 - for tests
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._closing.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            first = await reader.readexactly(1)
            opened = await (self._socks if first == b"\x05" else self._http)(first, reader, writer)
            if opened is not None:
                await _both_ways(reader, writer, *opened)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _http(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        head = first + await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
        wanted = base64.b64encode(self.login.encode())
        if self.login and b"proxy-authorization: basic " + wanted.lower() not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return None
        opened = await self._open(target) if method == "CONNECT" else None
        writer.write(b"HTTP/1.1 %s\r\n\r\n" % (b"200 OK" if opened else b"502 Bad Gateway"))
        await writer.drain()
        return opened

    async def _socks(
        self, _first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """RFC 1928, with RFC 1929 where there is a login."""
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        method = 2 if self.login else 0
        if method not in methods:
            writer.write(b"\x05\xff")
            return None
        writer.write(bytes((5, method)))
        if self.login and not await self._knows(reader, writer):
            return None
        _version, _command, _reserved, kind = await reader.readexactly(4)
        length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        name = await reader.readexactly(length)
        host = name.decode() if kind == 3 else ".".join(map(str, name))
        opened = await self._open(f"{host}:{int.from_bytes(await reader.readexactly(2), 'big')}")
        writer.write(bytes((5, 0 if opened else 5, 0, 1)) + bytes(6))
        await writer.drain()
        return opened

    async def _knows(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.readexactly(1)
        name = await reader.readexactly((await reader.readexactly(1))[0])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        known = f"{name.decode()}:{password.decode()}" == self.login
        writer.write(bytes((1, not known)))
        return known

    async def _open(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self.asked.append(target)
        if target not in self.leads:
            return None
        host, _, port = self.leads[target].rpartition(":")
        return await asyncio.open_connection(host, int(port))  # noqa: TID251 - for tests


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    back: asyncio.StreamWriter,
) -> None:
    try:
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
    finally:
        back.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(64 << 10):
        target.write(data)
        await target.drain()
    target.write_eof() if target.can_write_eof() else None
