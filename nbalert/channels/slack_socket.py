"""Socket Mode: what happens in Slack, pushed over a websocket that all asks of one app token share.

The client is slack_sdk's, one for each connection. When Slack refreshes a connection a second one is opened
before the first is closed, which that client by itself does the other way round.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import ClientError, WSMsgType
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from nbalert.channels.sharing import Shared
from nbalert.channels.slack_api import SlackApi
from nbalert.channels.slack_board import Board
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelUnreachable

log = logging.getLogger(__name__)
_QUIET = logging.getLogger(f"{__name__}.sdk")
_QUIET.disabled = True  # slack_sdk logs the address of a connection, which is a secret, and what is said

CONNECT_S = 15.0
OVERLAP_S = 10.0
"""How long an old connection is read on when a new one is up; Slack closes it (Source: Socket Mode)."""
CLOSE_S = 2.0
PING_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 300.0
TOO_MANY_S = 30.0
"""An app has at most ten connections (Source: Socket Mode, "Using multiple connections")."""
_REFRESHED = ("warning", "refresh_requested")


class _Connection(SocketModeClient):
    """One websocket.

    Args:
        url: Good for one connection.
        proxy: URL; empty for none.
        context: Whose certificates are believed.
        take: Called with kind, envelope id and payload of what is pushed.
    """

    def __init__(
        self,
        url: str,
        proxy: str,
        context: ssl.SSLContext | None,
        take: Callable[[str, str, dict[str, Any]], None],
    ) -> None:
        web = AsyncWebClient(ssl=context, logger=_QUIET)
        super().__init__("", _QUIET, web, auto_reconnect_enabled=False, ping_interval=PING_S)
        self.proxy = proxy or None
        self.wss_uri = url
        loop = asyncio.get_running_loop()
        self.hello: asyncio.Future[int] = loop.create_future()
        self.over: asyncio.Future[str] = loop.create_future()
        self._take = take

    async def open(self) -> int:
        """Connect and be greeted; the number of the app's connections.

        Raises:
            ChannelError: It did not come to that.
        """
        try:
            async with asyncio.timeout(CONNECT_S):
                await self.connect()
                ends: list[asyncio.Future[Any]] = [self.hello, self.over]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except (TimeoutError, OSError, ClientError):  # their texts have the address
            raise ChannelUnreachable("the websocket cannot be opened") from None
        if self.hello.done():
            return self.hello.result()
        raise _parting(self.over.result())

    async def connect(self) -> None:
        """Once: slack_sdk's own goes on trying an address that is good for one connection."""
        self.current_session = await self.aiohttp_client_session.ws_connect(
            str(self.wss_uri),
            autoping=False,
            heartbeat=self.ping_interval,
            proxy=self.proxy,
            ssl=self.web_client.ssl or True,
        )
        self.message_receiver = asyncio.ensure_future(self.receive_messages())

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes on it."""
        return self.message_receiver is None or self.message_receiver.done()

    async def receive_messages(self) -> None:
        """Read until the end, and say so at once: slack_sdk's own loop goes on looking at a closed socket."""
        assert self.current_session is not None
        with suppress(OSError, ClientError):
            async for message in self.current_session:
                if message.type == WSMsgType.TEXT:
                    await self.enqueue_message(message.data)
                elif message.type == WSMsgType.PING:
                    await self.current_session.pong(message.data)
        # Behind what has come before, which may say why.
        await self.enqueue_message(json.dumps({"type": "disconnect", "reason": "dropped"}))

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Acknowledge first: Slack pushes again what is not within three seconds."""
        kind = message.get("type")
        if kind == "hello" and not self.hello.done():
            self.hello.set_result(int(message.get("num_connections", 1)))
        elif kind == "disconnect":
            self._end(str(message.get("reason", "")))
        elif envelope := message.get("envelope_id"):
            with suppress(Exception):  # the connection ends just now: it will be pushed again, and known
                await self.send_socket_mode_response(SocketModeResponse(envelope))
            self._take(str(kind), str(envelope), message.get("payload") or {})

    async def shut(self) -> None:
        """Close it, also where the other end is silent."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.close(), CLOSE_S)  # type: ignore[no-untyped-call]
        await self.aiohttp_client_session.close()
        self._end("closed")

    def _end(self, reason: str) -> None:
        if not self.over.done():
            self.over.set_result(reason)


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
        self._open: set[_Connection] = set()
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
            self._down(_parting(reason), is_down=True)
            await _pause(_wish(_parting(reason)) or FIRST_PAUSE_S)

    async def _connected(self) -> _Connection:
        url = str((await self._api.call("apps.connections.open"))["url"])
        proxy, context = self._way(url)
        connection = _Connection(url, proxy, context, self.board.take)
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

    def _retire(self, old: _Connection) -> None:
        task = asyncio.create_task(self._retired(old))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retired(self, old: _Connection) -> None:
        """What still comes on it is heard: `over` was its warning, so its end is that of its reading."""
        if old.message_receiver:
            await asyncio.wait([old.message_receiver], timeout=OVERLAP_S)
        await self._closed(old)

    async def _closed(self, connection: _Connection) -> None:
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


def _parting(reason: str) -> ChannelError:
    """Why a connection ended."""
    if reason == "too_many_websockets":
        return ChannelBusy("the app has too many connections; an app for each host has room", TOO_MANY_S)
    if reason == "link_disabled":
        return ChannelDenied("Socket Mode is switched off; switch it on at https://api.slack.com/apps")
    return ChannelUnreachable("the websocket was closed")


SOCKETS: Shared[Socket] = Shared()
"""By base URL and app token."""
