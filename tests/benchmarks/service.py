"""A service that takes whatever is posted, as fast as Python can, and notes when.

One for all: the Web API of Slack says `ok`, every other path says 200. It checks nothing, so that what is
measured is who posts, and not this.
"""

from __future__ import annotations

import asyncio
import threading
import time

from tests.loops import LoopServer

SLACK = b'{"ok":true,"channel":"C1","ts":"1764212400.000100","message":{"ts":"1764212400.000100"}}'
END = b"\r\n\r\n"


class Service(LoopServer):
    """The server, in a thread. Use as a context manager."""

    def __init__(self) -> None:
        super().__init__("service")
        self.times: list[float] = []
        """When each request had been answered, on the clock `time.monotonic`, which all processes share."""
        self._news = threading.Condition()
        self._server: asyncio.Server | None = None
        self.open: set[asyncio.Transport] = set()

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def forget(self) -> None:
        """What came until now."""
        with self._news:
            self.times.clear()

    def until(self, count: int, timeout_s: float = 120) -> list[float]:
        """Wait until so many have come; when each did."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.times) >= count, timeout_s):
                raise TimeoutError(f"{len(self.times)} of {count} alerts came in {timeout_s:.0f} s")
            return list(self.times)

    def note(self) -> None:
        """One has been answered."""
        with self._news:
            self.times.append(time.monotonic())
            self._news.notify_all()

    async def _up(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _down(self) -> None:
        assert self._server
        self._server.close()
        for transport in self.open:
            transport.abort()
        await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    """One connection: as many requests as the client has."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._service.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        assert self._transport
        self._service.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """A part of a request, or several."""
        self._data += data
        while END in self._data:
            head, _, rest = self._data.partition(END)
            length = _length(head)
            if len(rest) < length:
                return
            self._data = rest[length:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        body = SLACK if b" /api/" in head[:64] else b"{}"
        lines = (b"HTTP/1.1 200 OK", b"Content-Type: application/json", b"Content-Length: %d" % len(body))
        assert self._transport
        self._transport.write(b"\r\n".join(lines) + END + body)
        self._service.note()


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
