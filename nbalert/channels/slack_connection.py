"""One websocket of Slack's Socket Mode, by slack_sdk's client; what outlives it is in `slack_socket`."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import ClientError, WSMsgType
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelUnreachable

_QUIET = logging.getLogger(f"{__name__}.sdk")
_QUIET.disabled = True  # slack_sdk logs the address of a connection, which is a secret, and what is said

CONNECT_S = 15.0
CLOSE_S = 2.0
PING_S = 10.0
TOO_MANY_S = 30.0
"""An app has at most ten connections (Source: Socket Mode, "Using multiple connections")."""


class Connection(SocketModeClient):
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
        raise parting(self.over.result())

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
        """Acknowledge what was heard: Slack pushes again what is not within three seconds."""
        kind = message.get("type")
        if kind == "hello" and not self.hello.done():
            self.hello.set_result(int(message.get("num_connections", 1)))
        elif kind == "disconnect":
            self._end(str(message.get("reason", "")))
        elif envelope := message.get("envelope_id"):
            try:
                self._take(str(kind), str(envelope), message.get("payload") or {})
                await asyncio.sleep(
                    0
                )  # who waits for an answer goes first: it is on record before Slack forgets it
            finally:
                with suppress(Exception):  # the connection ends just now: it will be pushed again, and known
                    await self.send_socket_mode_response(SocketModeResponse(envelope))

    async def shut(self) -> None:
        """Close it, also where the other end is silent."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.close(), CLOSE_S)  # type: ignore[no-untyped-call]
        await self.aiohttp_client_session.close()
        self._end("closed")

    def _end(self, reason: str) -> None:
        if not self.over.done():
            self.over.set_result(reason)


def parting(reason: str) -> ChannelError:
    """Why a connection ended."""
    if reason == "too_many_websockets":
        return ChannelBusy("the app has too many connections; an app for each host has room", TOO_MANY_S)
    if reason == "link_disabled":
        return ChannelDenied("Socket Mode is switched off; switch it on at https://api.slack.com/apps")
    return ChannelUnreachable("the websocket was closed")
