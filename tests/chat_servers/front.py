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
        self._tasks: set[asyncio.Task[None]] = set()
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
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        back: asyncio.StreamWriter | None = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            port = self._websocket if b"upgrade: websocket" in head.lower() else self._http
            answers, back = await asyncio.open_connection("127.0.0.1", port)
            back.write(head)
            forth = asyncio.create_task(_pump(reader, back))
            await _pump(answers, writer)
            forth.cancel()
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            for end in (writer, back):
                if end:
                    end.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until its end; a reset is passed on by whoever waits for this."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
