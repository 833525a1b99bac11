"""Socket Mode: what happens in Slack, pushed over a websocket that all asks of one app token share.

The client is slack_sdk's, one for each connection. When Slack refreshes a connection a second one is opened
before the first is closed, which that client by itself does the other way round.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable

from nbalert.channels.sharing import Shared
from nbalert.channels.slack_api import SlackApi
from nbalert.channels.slack_board import Board
from nbalert.channels.slack_connection import Connection, parting
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError

log = logging.getLogger(__name__)

OVERLAP_S = 10.0
"""How long an old connection is read on when a new one is up; Slack closes it (Source: Socket Mode)."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 300.0
_REFRESHED = ("warning", "refresh_requested")


class Socket:
    """The connection of one app token, for as long as anybody uses it.

    Args:
        api: With the app token. It is closed with the socket.
        way: Of a URL: its proxy, and whose certificates are believed.
    """

    def __init__(
        self,
        api: SlackApi,
        way: Callable[[str], tuple[str, ssl.SSLContext | None]],
    ) -> None:
        self.board = Board(self._stray)
        self.is_up = False
        self.is_shared = False
        """Others are connected with this token, and get what is meant for us."""
        self.why = ""
        """What keeps it from being up."""
        self.is_refused = False
        """It will not be up unless something is mended."""
        self._api = api
        self._way = way
        self._open: set[Connection] = set()
        self._retiring: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._run(), name="slack socket")

    async def aclose(self) -> None:
        """Close all connections."""
        tasks = [self._task, *self._retiring]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(one.shut() for one in list(self._open)), return_exceptions=True)
        self.board.close()
        await self._api.aclose()

    async def _run(self) -> None:
        pause_s, old = FIRST_PAUSE_S, None
        while True:
            try:
                current = await self._connected()
            except ChannelError as error:
                self._down(error, is_down=old is None or old.has_ended)
                await _pause(_wish(error) or pause_s)
                pause_s = pause_s if _wish(error) else min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            if old:
                self._retire(old)
            pause_s, old = FIRST_PAUSE_S, None
            reason = await asyncio.shield(current.over)
            if reason in _REFRESHED:
                old = current
                continue
            await self._closed(current)
            self._down(parting(reason), is_down=True)
            await _pause(_wish(parting(reason)) or FIRST_PAUSE_S)

    async def _connected(self) -> Connection:
        url = str((await self._api.call("apps.connections.open"))["url"])
        proxy, context = self._way(url)
        connection = Connection(url, proxy, context, self.board.take)
        self._open.add(connection)
        try:
            number = await connection.open()
        except BaseException:
            await self._closed(connection)
            raise
        # Our own old connection is among them while it is replaced.
        self.is_shared = number > len(self._open)
        self.is_up, self.is_refused, self.why = True, False, ""
        self.board.wake()  # what has happened meanwhile was pushed to nobody
        return connection

    def _down(self, error: ChannelError, is_down: bool) -> None:
        self.is_up = self.is_up and not is_down
        self.is_refused, self.why = isinstance(error, ChannelDenied), str(error)
        log.info("Slack's socket is not up: %s", error)
        self.board.wake()

    def _stray(self) -> None:
        if not self.is_shared:
            self.is_shared = True
            self.board.wake()

    def _retire(self, old: Connection) -> None:
        task = asyncio.create_task(self._retired(old))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retired(self, old: Connection) -> None:
        """What still comes on it is heard: `over` was its warning, so its end is that of its reading."""
        if old.message_receiver:
            await asyncio.wait([old.message_receiver], timeout=OVERLAP_S)
        await self._closed(old)

    async def _closed(self, connection: Connection) -> None:
        await connection.shut()
        self._open.discard(connection)


async def _pause(seconds: float) -> None:
    """Not all couriers come back at once, and none of them too early."""
    await asyncio.sleep(seconds * random.uniform(1.0, 1.2))


def _wish(error: ChannelError) -> float | None:
    """How long to wait after an error that says so; None leaves it to the usual pauses."""
    if isinstance(error, ChannelDenied):
        return LONGEST_PAUSE_S
    return error.retry_after_s if isinstance(error, ChannelBusy) else None


SOCKETS: Shared[Socket] = Shared()
"""By base URL and app token."""
