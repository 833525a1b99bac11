"""A way to a server that a test can look at, cut, and take words out of. On loopback, port 0."""

from __future__ import annotations

import asyncio
import contextlib

from tests.loops import LoopServer


class Between(LoopServer):
    """Passes on what comes. Use as a context manager.

    Args:
        port: Of the server behind it, on this machine.
        without: Words that the server's own lines lose on the way.
    """

    def __init__(self, port: int, without: bytes = b"") -> None:
        super().__init__("between")
        self._behind = port
        self._without = without
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.said: list[bytes] = []

    def cut(self) -> None:
        """All connections end, without a word."""
        self._loop.run(self._cut())

    async def _up(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _down(self) -> None:
        self._server.close()
        await self._cut()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            behind_reader, behind = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:
            writer.close()
            return
        for source, target, is_client in ((reader, behind, True), (behind_reader, writer, False)):
            task = asyncio.create_task(self._pass(source, target, is_client))
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, is_client: bool
    ) -> None:
        self._open.add(target)
        try:
            with contextlib.suppress(OSError):
                while line := await source.readline():
                    if is_client:
                        self.said.append(line.strip())
                    elif self._without and line.startswith(b"* "):
                        line = line.replace(self._without, b"")
                    target.write(line)
                    await target.drain()
        finally:
            self._open.discard(target)
            target.close()
