"""What stands before a real mail server and misbehaves when told to: it spoils the next `MAIL FROM`.

The mischief is that of the other servers of the tests, said as SMTP says it (RFC 5321, RFC 4954).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque

from tests.chat_servers.webhook import GARBAGE, HANG, LOST, RESET, Answer
from tests.loops import LoopServer

_SAYS = {429: b"421 4.7.0 Try again later", 401: b"535 5.7.8 No", 403: b"535 5.7.8 Authentication failed"}


class SmtpFaults(LoopServer):
    """A server. Use as a context manager.

    Args:
        port: Of the server behind it, on this machine.
    """

    def __init__(self, port: int) -> None:
        super().__init__("smtp faults")
        self._behind = port
        self._planned: deque[Answer | None] = deque()
        self._serving: set[asyncio.Task[None]] = set()

    def plan(self, *answers: Answer | None) -> None:
        """What to do with the next mails, one each; None is as usual."""
        self._planned.extend(answers)

    async def _up(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _down(self) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind = await asyncio.open_connection("127.0.0.1", self._behind)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await _Conversation(reader, writer, behind_reader, behind, self._planned).hold()
        finally:
            writer.close()
            behind.close()


class _Conversation:
    """One client's, line by line."""

    def __init__(
        self,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        planned: deque[Answer | None],
    ) -> None:
        self._client, self._to_client = client, to_client
        self._server, self._to_server = server, to_server
        self._planned = planned
        self._is_lost = False

    async def hold(self) -> None:
        """Until one of them hangs up, or mischief ends it."""
        await self._pass_answer()
        while line := await self._client.readline():
            word = line[:4].upper()
            answer = self._planned.popleft() if word == b"MAIL" and self._planned else None
            if answer is LOST:
                self._is_lost = True
            elif answer is not None:
                await self._spoil(answer)
                return
            self._to_server.write(line)
            if await self._pass_answer() == b"354" and not await self._pass_mail():
                return

    async def _pass_mail(self) -> bool:
        """The mail and its answer; whether the conversation goes on."""
        while (line := await self._client.readline()) != b".\r\n":
            self._to_server.write(line)
        self._to_server.write(line)
        if not self._is_lost:
            await self._pass_answer()
            return True
        await self._server.readline()  # it has taken the mail
        self._reset()
        return False

    async def _pass_answer(self) -> bytes:
        """The server's next answer, of as many lines as it has; its code."""
        while True:
            line = await self._server.readuntil(b"\n")
            self._to_client.write(line)
            if line[3:4] != b"-":
                return line[:3]

    async def _spoil(self, answer: Answer) -> None:
        if answer is HANG:
            await self._client.read()
        elif answer is RESET:
            self._to_client.write(b"25")
            await self._to_client.drain()
            self._reset()
        elif answer is GARBAGE or answer.status == 200:
            self._to_client.write((answer.body if answer.status == 200 else b"\x00\xff") + b"\r\n")
        else:
            self._to_client.write(_SAYS.get(answer.status, b"451 4.3.0 Out of order") + b"\r\n")
        await self._to_client.drain()

    def _reset(self) -> None:
        sock = self._to_client.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
