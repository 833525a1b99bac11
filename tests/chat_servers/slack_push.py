"""Socket Mode on the side of Slack: websockets that share what happens, each event on any one of them."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

ACK_S = 3.0
MOST = 10

_T = TypeVar("_T")


@dataclass(eq=False)
class Link:
    """One websocket."""

    connection: ServerConnection
    acknowledged: set[str] = field(default_factory=set)
    is_leaving: bool = False


class Push:
    """All websockets of one app. Its coroutines run on the server's loop.

    Args:
        loop: Runs elsewhere; the methods without `async` are called from the tests' thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.tls: ssl.SSLContext | None = None
        self.host = "127.0.0.1"
        """In addresses; another one where a proxy knows the way."""
        self.links: list[Link] = []
        self.opened = 0
        """How many connections have been greeted so far."""
        self.sent: list[tuple[str, Link]] = []
        """Envelope and link of each frame, oldest first."""
        self._loop = loop
        self._tickets: set[str] = set()
        self._server: Server | None = None
        self.port = 0

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def up(self) -> None:
        """Listen; a second time on the same port."""
        self._server = await serve(self._hold, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse connections, and cut those that there are."""
        for link in list(self.links):
            link.connection.transport.abort()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    def ticket(self) -> str:
        """A URL that is good for one connection."""
        ticket = uuid4().hex
        self._tickets.add(ticket)
        scheme = "wss" if self.tls else "ws"
        return f"{scheme}://{self.host}:{self.port}/link/?ticket={ticket}&app_id=A1"

    def wait_for_links(self, count: int) -> list[Link]:
        """Wait until so many are open; they, oldest first."""
        self.run(self._until(lambda: len(self.links) == count))
        return list(self.links)

    def wait_for_opened(self, count: int) -> None:
        """Wait until so many have been greeted since the beginning."""
        self.run(self._until(lambda: self.opened >= count))

    def disconnect(self, link: Link, reason: str, closes: bool = True) -> None:
        """Say goodbye to a connection.

        Args:
            closes: Whether to close it as well: soon for a refresh, as Slack does, else at once.
        """
        self.run(self._disconnect(link, reason, closes))

    def cut(self, link: Link) -> None:
        """A connection breaks without a word."""
        self._loop.call_soon_threadsafe(link.connection.transport.abort)

    def send(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        to: Link | None = None,
        times: int = 1,
        waits: bool = True,
    ) -> bool:
        """Push something to any one connection, and again to another one while nobody acknowledges it.

        Args:
            to: Which one gets it first.
            times: How often at once.
            waits: For that somebody acknowledges it.

        Returns:
            Whether it was acknowledged.
        """
        sending = asyncio.run_coroutine_threadsafe(self._send(kind, payload, to, times), self._loop)
        return sending.result(60) if waits else False

    async def _until(self, is_so: Any) -> None:
        async with asyncio.timeout(30):
            while not is_so():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.005)

    async def _hold(self, connection: ServerConnection) -> None:
        assert connection.request
        ticket = connection.request.path.partition("ticket=")[2].partition("&")[0]
        if ticket not in self._tickets:
            await connection.close(1008, "the address was used already")
            return
        self._tickets.discard(ticket)
        if len(self.links) >= MOST:
            await connection.send(json.dumps({"type": "disconnect", "reason": "too_many_websockets"}))
            return
        link = Link(connection)
        self.links.append(link)
        try:
            await connection.send(json.dumps(self._hello()))
            self.opened += 1
            async for text in connection:
                link.acknowledged.add(json.loads(text)["envelope_id"])
        except ConnectionClosed:
            pass
        finally:
            self.links.remove(link)

    def _hello(self) -> dict[str, Any]:
        info = {"host": "applink-1", "approximate_connection_time": 18060}
        number = len(self.links)
        return {
            "type": "hello",
            "num_connections": number,
            "debug_info": info,
            "connection_info": {"app_id": "A1"},
        }

    async def _disconnect(self, link: Link, reason: str, closes: bool) -> None:
        link.is_leaving = True
        frame = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
        await link.connection.send(json.dumps(frame))
        if closes:
            later_s = 1.0 if reason in ("warning", "refresh_requested") else 0.0
            self._loop.call_later(later_s, lambda: asyncio.ensure_future(link.connection.close()))

    async def _send(self, kind: str, payload: dict[str, Any], to: Link | None, times: int) -> bool:
        envelope = str(uuid4())
        frame = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": False}
        for attempt in range(3):
            able = [link for link in self.links if not link.is_leaving] or self.links
            if not able:
                return False
            link = to if to in self.links and attempt == 0 else random.choice(able)
            assert link
            for _ in range(times):
                with_retry = {**frame, "retry_attempt": attempt}
                with suppress(ConnectionClosed):  # it closes just now: not acknowledged, and sent to another
                    await link.connection.send(json.dumps(with_retry))
                self.sent.append((envelope, link))
            if await self._is_acknowledged(envelope, link):
                return True
        return False

    async def _is_acknowledged(self, envelope: str, link: Link) -> bool:
        """On whichever connection."""
        try:
            async with asyncio.timeout(ACK_S):
                await self._until(lambda: any(envelope in one.acknowledged for one in (link, *self.links)))
        except TimeoutError:
            return False
        return True
