"""Stands before an HTTP server and does to what passes whatever a fault says, on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

from tests.loops import LoopThread


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong between a courier and a service.

    Args:
        name: As reports have it.
        meets: What happens to a request; it may pass the request on, and the connection ends with it. None
            leaves requests alone.
        reaches: Whether the service takes the message nevertheless. Such a fault happens to one message; any
            other goes on until it is lifted.
        copies: Whether the service gets it twice within one try.
        connects: What happens to a connection before a request is read; true is the end of it.
        refuses: Whether nobody listens.
        is_tls: Whether there must be TLS for it to happen.
        wish_s: How long the service asks to be left alone.
        timeout_s: How long a channel waits that is to see it.
    """

    name: str
    meets: Callable[[Exchange], Awaitable[None]] | None = None
    reaches: bool = False
    copies: bool = False
    connects: Callable[[Connection], Awaitable[bool]] | None = None
    refuses: bool = False
    is_tls: bool = False
    wish_s: float = 0.0
    timeout_s: float = 10.0


NOTHING = Fault("nothing")


class Gates:
    """Any number of them, on one thread. Use as a context manager."""

    def __init__(self) -> None:
        self._loop = LoopThread("gates")
        self._gates: list[Gate] = []

    def __enter__(self) -> Self:
        self._loop.start()
        return self

    def __exit__(self, *exc: object) -> None:
        for gate in self._gates:
            self.run(gate.close())
        self._loop.end()

    def open(self, port: int, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> Gate:
        """One more.

        Args:
            port: Of the server behind it, on this machine.
            tls: For HTTPS: with a certificate that is trusted, and with one that is not.
        """
        gate = Gate(self, port, tls)
        self._gates.append(gate)
        self.run(gate.listen())
        return gate

    def run(self, work: Any) -> Any:
        """Do something on the gates' loop."""
        return self._loop.run(work, 30)


class Gate:
    """One address, and what is wrong with it."""

    def __init__(self, gates: Gates, behind: int, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> None:
        self._gates = gates
        self._server: asyncio.Server | None = None
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.behind, self.tls = behind, tls
        self.port = 0
        self.fault = NOTHING
        self.marker = b""
        self.met = 0
        """How many requests and connections the fault has happened to."""
        self.came_at: list[float] = []
        """When each request came, since the fault began; seconds of the wall clock."""
        self.lifted = asyncio.Event()

    def begin(self, fault: Fault, marker: str) -> None:
        """From now on, for connections that there are as well.

        Args:
            marker: What stands in the message to which a fault happens that reaches the service.
        """
        self._gates.run(self._begin(fault, marker.encode()))

    def lift(self) -> None:
        """All is well again."""
        self._gates.run(self._lift())

    async def listen(self) -> None:
        """On the port of the first time."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections, and cut those that there are."""
        if self._server:
            self._server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def takes(self, request: bytes) -> bool:
        """Whether the fault happens to this request."""
        self.came_at.append(time.time())
        if not self.fault.meets or (self.fault.reaches and (self.met or self.marker not in request)):
            return False
        self.met += 1
        return True

    async def _begin(self, fault: Fault, marker: bytes) -> None:
        self.fault, self.marker = fault, marker
        self.came_at.clear()
        if fault.refuses or fault.connects:
            await self.close()
        if fault.connects:
            await self.listen()

    async def _lift(self) -> None:
        if self.fault.refuses:
            await self.listen()
        if not self.fault.reaches:
            self.fault = NOTHING
        self.lifted.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving[task] = writer
        connection = Connection(self, reader, writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await connection.serve()
        finally:
            connection.end()
            del self._serving[task]


class Connection:
    """One of a client's."""

    def __init__(self, gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.gate, self.reader, self.writer = gate, reader, writer
        self._behind: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def serve(self) -> None:
        """Until its end."""
        fault = self.gate.fault
        if fault.connects:
            self.gate.met += 1
            if await fault.connects(self):
                return
        if self.gate.tls:
            await self.encrypt(self.gate.tls[0])
        while True:
            request = await _read(self.reader)
            exchange = Exchange(self, request)
            if self.gate.takes(request):
                assert self.gate.fault.meets
                await self.gate.fault.meets(exchange)
                return
            await exchange.say(await exchange.passed())

    async def encrypt(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on."""
        await self.writer.start_tls(context)

    async def behind(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The service."""
        self._behind = self._behind or await asyncio.open_connection("127.0.0.1", self.gate.behind)
        return self._behind

    def reset(self) -> None:
        """What is not sent is dropped, and the other side is told so: RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    def end(self) -> None:
        """Close both sides; what is sent arrives."""
        self.writer.close()
        if self._behind:
            self._behind[1].transport.abort()


class Exchange:
    """A request, and what is done with it."""

    def __init__(self, connection: Connection, request: bytes) -> None:
        self._connection, self._request = connection, request

    async def passed(self) -> bytes:
        """The service's answer, as it came over the wire."""
        reader, writer = await self._connection.behind()
        writer.write(self._request)
        await writer.drain()
        return await _read(reader)

    async def say(self, answer: bytes) -> None:
        """To the client."""
        self._connection.writer.write(answer)
        await self._connection.writer.drain()

    def reset(self) -> None:
        """Cut the connection."""
        self._connection.reset()

    async def gone(self) -> None:
        """Wait until the client has had enough."""
        await self._connection.reader.read()

    async def lifted(self) -> None:
        """Wait until all is well again."""
        await self._connection.gate.lifted.wait()

    @property
    def is_lifted(self) -> bool:
        """Whether all is well again."""
        return self._connection.gate.lifted.is_set()


async def _read(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer of HTTP whose length stands in its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return head + await reader.readexactly(int(length[1]) if length else 0)
