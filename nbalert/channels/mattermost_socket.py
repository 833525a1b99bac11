"""Mattermost's websocket: authenticates, hands on what it hears, and comes back when it is lost.

Source: Mattermost, API Reference, "WebSocket" (2023-06-29); mattermost/mattermost,
`platform/websocket_router.go` (2026-08): a token that is not valid is answered by closing the connection.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from nbalert.errors import ChannelError, ChannelUnreachable

HELLO_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0
UP, LOST = "UP", "LOST"
"""Events of our own: there is a connection, or none."""

Hear = Callable[[str, Mapping[str, Any]], None]


class Socket:
    """Connections, one after the other.

    Args:
        token: Of the bot.
        connect: Opens one.
        check: Asks REST whether the token is good: the websocket does not say why it closes.
        hear: Called with name and data of each event. After `UP` and `LOST` others may have been missed.
    """

    def __init__(
        self,
        token: str,
        connect: Callable[[], Awaitable[ClientConnection]],
        check: Callable[[], Awaitable[object]],
        hear: Hear,
    ) -> None:
        self._token, self._connect, self._check, self._hear = token, connect, check, hear
        self._pause_s = FIRST_PAUSE_S
        self._seq = 0
        self.trouble = ""
        """Why there is no connection just now; empty while there is one."""

    async def run(self) -> None:
        """Stay connected.

        Raises:
            ChannelError: Another try would end the same way; says what to mend.
        """
        while True:
            try:
                await self._check()
                await self._connected()
            except ChannelError as error:
                if not error.retryable:
                    raise
                self.trouble = str(error)
            except (OSError, TimeoutError, WebSocketException, ValueError, KeyError, TypeError) as error:
                self.trouble = f"the websocket cannot be used: {type(error).__name__}"
            self._hear(LOST, {})
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    async def _connected(self) -> None:
        """One connection, until it ends.

        Raises:
            ChannelUnreachable: It has ended.
        """
        socket = await self._connect()
        try:
            challenge = {"seq": 1, "action": "authentication_challenge", "data": {"token": self._token}}
            await socket.send(json.dumps(challenge))
            async with asyncio.timeout(HELLO_S):
                while not self._is_greeted(json.loads(await socket.recv())):
                    pass
            self._pause_s, self.trouble = FIRST_PAUSE_S, ""
            self._hear(UP, {})
            async for raw in socket:
                self._take(json.loads(raw))
        except ConnectionClosed:
            pass
        finally:
            await socket.close()
        raise ChannelUnreachable(f"the websocket closed with {socket.close_code or 1006}")

    def _is_greeted(self, frame: Mapping[str, Any]) -> bool:
        if frame.get("status") == "FAIL":
            raise ChannelUnreachable("the websocket takes no token; it goes through REST")
        self._seq = int(frame.get("seq", 0)) + 1
        return frame.get("event") == "hello"

    def _take(self, frame: Mapping[str, Any]) -> None:
        if "event" not in frame:
            return  # an answer to a request
        if frame["seq"] != self._seq:
            self._hear(UP, {})
        self._seq = int(frame["seq"]) + 1
        self._hear(str(frame["event"]), frame.get("data") or {})
