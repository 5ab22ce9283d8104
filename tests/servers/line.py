"""A line to a server that a test can freeze or cut: a relay on loopback in front of its socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class Line:
    """Bytes pass while nothing is done to it. ``freeze`` holds them back, as a server does that
    hangs; ``cut`` drops every connection and ``restore`` ends both; a closed line refuses. ``strand``
    forgets the connections there are, as a firewall does: nobody is told, and new ones work. Where
    nobody listens at its other end, whoever connects is cut off."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._era = 0
        self.port = 0

    def freeze(self) -> None:
        self._flowing.clear()

    def strand(self) -> None:
        self._era += 1

    def restore(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        self.restore()
        await asyncio.sleep(0)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, there_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        era = self._era
        try:
            while chunk := await reader.read(65536):
                await self._flowing.wait()
                if era != self._era:
                    continue
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def line_to(target: Path) -> AsyncIterator[Line]:
    line = Line(target)
    await line.open()
    try:
        yield line
    finally:
        await line.close()
