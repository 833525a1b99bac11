"""A small HTTP proxy on a real socket: forwards absolute requests and tunnels CONNECT (RFC 9110, 9112).

It knows where the hosts of a test are, so that no name is looked up; all of them are on this machine. With a
user and password it answers 407 to whoever does not show them (RFC 7617).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.loops import LoopServer


@dataclass
class Proxy(LoopServer):
    """The proxy. Use as a context manager.

    Args:
        ports: Host → port on this machine.
        login: `user:password`; empty lets everybody through.
        tls: For a proxy that is itself reached by TLS.
    """

    ports: dict[str, int]
    login: str = ""
    tls: ssl.SSLContext | None = None
    targets: list[str] = field(default_factory=list)
    """What was asked for and let through, oldest first: `CONNECT host:443`, `POST http://host/path`."""
    denied: int = 0
    """How often it answered 407."""

    def __post_init__(self) -> None:
        super().__init__("proxy")
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def url(self, login: str = "") -> str:
        """As HTTP_PROXY has it."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{login + '@' if login else ''}127.0.0.1:{self.port}"

    async def _up(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _down(self) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
        method, target, _ = line.split(" ")
        if not self._lets_through(fields):
            self.denied += 1
            writer.write(
                b"HTTP/1.1 407 hush-reason\r\nProxy-Authenticate: Basic realm=proxy\r\n"
                b"Connection: close\r\nContent-Length: 0\r\n\r\n"
            )
            await writer.drain()
            return
        self.targets.append(f"{method} {target}")
        place = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host = place.hostname or ""
        if host not in self.ports:
            writer.write(b"HTTP/1.1 502 Unknown host\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        inward, outward = await asyncio.open_connection("127.0.0.1", self.ports[host])
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                kept = [f for f in fields if not f.lower().startswith(("proxy-", "connection:"))]
                outward.write(
                    "\r\n".join([f"{method} {place.path} HTTP/1.1", *kept, "", ""]).encode("latin-1")
                )
            await _both_ways((reader, outward), (inward, writer))
        finally:
            outward.transport.abort()

    def _lets_through(self, fields: list[str]) -> bool:
        named = dict(one.split(": ", 1) for one in fields)
        shown = {name.lower(): value for name, value in named.items()}.get("proxy-authorization", "")
        return not self.login or shown == f"Basic {base64.b64encode(self.login.encode()).decode()}"


async def _both_ways(*pairs: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Until one side is done."""
    tasks = [asyncio.create_task(_pass_on(*pair)) for pair in pairs]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
