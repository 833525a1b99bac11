"""A small HTTP server on a real socket that records requests and misbehaves when told to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True)
class Request:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The idempotency key."""
        return self.headers.get("webhook-id", "")

    @property
    def message(self) -> dict[str, Any]:
        """The message in the body."""
        return dict(json.loads(self.body)["data"])

    @property
    def title(self) -> str:
        """Of the message."""
        return str(self.message["title"])


@dataclass(frozen=True)
class Answer:
    """What the server does with a request: an ordinary answer, or mischief."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"
    delay_s: float = 0.0
    mischief: str = ""
    stream: Callable[[], AsyncGenerator[bytes, None]] | None = None
    """What follows the body, in its own time; the connection ends with it."""

    def raw(self) -> bytes:
        """As it goes over the wire."""
        if self.mischief == "garbage":
            return b"\x00\xffthis is no HTTP\r\n\r\n"
        size = ("Connection", "close") if self.stream else ("Content-Length", str(len(self.body)))
        fields = (*self.headers, size)
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in fields), "", ""]
        return "\r\n".join(lines).encode() + self.body


OK = Answer()
RESET = Answer(mischief="reset")
"""The connection is reset in the middle of the answer."""
LOST = Answer(mischief="lost")
"""The request is taken, and the connection reset in place of an answer."""
HANG = Answer(mischief="hang")
"""Accepts and never answers."""
GARBAGE = Answer(mischief="garbage")


def status(code: int, **headers: str) -> Answer:
    """An answer with that status; `Retry_After="1"` is a header."""
    return Answer(code, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


class Webhook:
    """The server. Use as a context manager.

    Args:
        answer: What to do with a request for which nothing was planned.
        tls: For HTTPS.
    """

    def __init__(
        self, answer: Callable[[Request], Answer] = lambda request: OK, tls: ssl.SSLContext | None = None
    ) -> None:
        self._tls = tls
        self._answer = answer
        self._planned: deque[Answer | None] = deque()
        self._tries: list[tuple[Request, int]] = []
        self._news = threading.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="webhook server")
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.up()
        return self

    def __exit__(self, *exc: object) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Where it listens; the path stands for a secret."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/secret-path"

    def up(self) -> None:
        """Listen; a second time on the same port."""
        asyncio.run_coroutine_threadsafe(self._up(), self._loop).result(10)

    def down(self) -> None:
        """Refuse connections, and cut those that there are."""
        asyncio.run_coroutine_threadsafe(self._down(), self._loop).result(10)

    def plan(self, *answers: Answer | None) -> None:
        """What to do with the next requests, one each; None is as usual."""
        self._planned.extend(answers)

    def always(self, answer: Answer) -> None:
        """What to do with every request from now on."""
        self._answer = lambda request: answer

    @property
    def requests(self) -> list[Request]:
        """Every try, oldest first."""
        with self._news:
            return [request for request, _ in self._tries]

    @property
    def accepted(self) -> list[Request]:
        """Those that were answered with 2xx, oldest first."""
        with self._news:
            return [request for request, code in self._tries if 200 <= code < 300]

    @property
    def titles(self) -> list[str]:
        """Titles of the accepted messages, oldest first; a message that came twice is there once."""
        return list({request.key: request.title for request in self.accepted}.values())

    def until(self, matches: Callable[[Webhook], bool], timeout_s: float = 30) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + timeout_s
        with self._news:
            while not matches(self):
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"it did not come to that; accepted: {self.titles}"
                self._news.wait(left_s)

    async def _up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _down(self) -> None:
        if self._server:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        while self._writers:  # noqa: ASYNC110 - they end within a turn or two
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            writer.close()
            self._writers.discard(writer)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection goes on."""
        request = await _read(reader)
        answer = self._planned.popleft() if self._planned else None
        if answer is None or answer is LOST:
            taken = await self._take(request, reader)
            answer = taken if answer is None else replace(taken, mischief="lost")
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        self._note(request, answer.status if answer.mischief in ("", "lost") else 0)
        if answer.mischief == "hang":
            await reader.read()
            return False
        raw = answer.raw()
        if answer.mischief in ("reset", "lost"):
            writer.write(raw[: len(raw) // 2])
            await writer.drain()
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        writer.write(raw)
        await writer.drain()
        if answer.stream:
            await _streamed(answer.stream(), reader, writer)
        return not (answer.mischief or answer.stream)

    async def _take(self, request: Request, reader: asyncio.StreamReader) -> Answer:
        """What to answer as usual. A forwarding server blocks, so it has a thread."""
        return await asyncio.to_thread(self._answer, request)

    def _note(self, request: Request, code: int) -> None:
        with self._news:
            self._tries.append((request, code))
            self._news.notify_all()


async def _streamed(
    chunks: AsyncGenerator[bytes, None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send them until there are no more, or whoever reads is gone."""
    gone = asyncio.ensure_future(reader.read())
    try:
        while True:
            chunk = asyncio.ensure_future(anext(chunks, b""))
            await asyncio.wait({gone, chunk}, return_when=asyncio.FIRST_COMPLETED)
            if not chunk.done() or not chunk.result():
                chunk.cancel()
                await asyncio.gather(chunk, return_exceptions=True)
                return
            writer.write(chunk.result())
            await writer.drain()
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await chunks.aclose()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    pairs = (line.partition(": ") for line in head[1:] if line)
    headers = {name.lower(): value for name, _, value in pairs}
    return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))
