"""One address for HTTP and a websocket that are served on ports of their own, as a service has it."""

from __future__ import annotations

import asyncio
import contextlib


class Front:
    """Passes each connection on, by its first request. Made and used on one event loop.

    Args:
        http: Port of the HTTP server.
        websocket: Port of the other.
    """

    def __init__(self, http: int, websocket: int) -> None:
        self._http, self._websocket = http, websocket
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and cut those that there are."""
        if self._server:
            self._server.close()
        while self._writers:
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        self._writers |= ends
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            port = self._websocket if b"upgrade: websocket" in head.lower() else self._http
            answers, back = await asyncio.open_connection("127.0.0.1", port)
            ends.add(back)
            self._writers.add(back)
            back.write(head)
            forth = asyncio.create_task(_pump(reader, back))
            await _pump(answers, writer)
            back.transport.abort()
            await forth
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            for end in ends:
                end.close()
            self._writers -= ends


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until its end; a reset is passed on."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
    except OSError:
        writer.transport.abort()
