"""One connection to a mailbox: lines, and the strings of bytes in them that are told by their length.

Source: RFC 3501, "Data Formats".
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

LARGEST_BYTES = 1_000_000
"""Of a mail this much is fetched: an answer stands at its beginning, figures come after it."""
LINE_BYTES = 1_000_000
CLOSE_S = 1.0
_LITERAL = re.compile(rb"\{(\d{1,10})\}$")


class ImapLost(Exception):
    """The connection is of no use any more: it has ended, or what came is not IMAP."""


@dataclass(frozen=True, slots=True)
class Line:
    """One answer of the server: its words, and the strings that were told by their length."""

    text: bytes
    literals: tuple[bytes, ...] = ()


class Wire:
    """What is sent and read.

    Args:
        timeout_s: For each line that is waited for.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout_s: float) -> None:
        self._reader = reader
        self._writer = writer
        self._timeout_s = timeout_s

    @classmethod
    async def open(cls, host: str, port: int, context: ssl.SSLContext | None, timeout_s: float) -> Wire:
        """Connect.

        Args:
            context: For TLS; None is plain.

        Raises:
            OSError, TimeoutError: There is no connection.
        """
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port, ssl=context, limit=LINE_BYTES)
        _keep_alive(writer.get_extra_info("socket"))
        return cls(reader, writer, timeout_s)

    async def send(self, line: str) -> None:
        """Send a line.

        Raises:
            ImapLost: It cannot be sent.
        """
        try:
            self._writer.write(f"{line}\r\n".encode())
            await self._writer.drain()
        except OSError as error:
            raise ImapLost("it has closed the connection") from error

    async def line(self) -> Line:
        """The next one.

        Raises:
            TimeoutError: It does not come.
            ImapLost: It never will.
        """
        async with asyncio.timeout(self._timeout_s):
            return await self.next_line()

    async def next_line(self) -> Line:
        """The same, however long that takes. Nothing is lost where the wait is given up.

        Raises:
            ImapLost: It never comes.
        """
        text = b""
        literals: list[bytes] = []
        try:
            while True:
                part = (await self._reader.readuntil(b"\r\n"))[:-2]
                text += part
                found = _LITERAL.search(part)
                if found is None:
                    return Line(text, tuple(literals))
                if int(found[1]) > LARGEST_BYTES:
                    raise ImapLost("it sends more than was asked for")
                literals.append(await self._reader.readexactly(int(found[1])))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ImapLost("it has closed the connection") from error

    async def aclose(self) -> None:
        """Say goodbye, and close."""
        with suppress(OSError):
            self._writer.write(b"z LOGOUT\r\n")
        self._writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._writer.wait_closed()
        self._writer.transport.abort()  # by TLS a close waits for the other end, which may be gone
        await asyncio.sleep(0)  # the loop closes it in its next turn


def _keep_alive(sock: socket.socket) -> None:
    """A dead way is noticed within minutes, and not at the end of IDLE."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
