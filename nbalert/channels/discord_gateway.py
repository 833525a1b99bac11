"""One connection to Discord's gateway: identifies, beats, resumes, and hands on what it hears.

Source: Discord, "Gateway" and "Opcodes and Status Codes", 2026-08-06.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelUnreachable

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
GUILD_MESSAGES, GUILD_MESSAGE_REACTIONS, MESSAGE_CONTENT = 1 << 9, 1 << 10, 1 << 15
QUERY = "?v=10&encoding=json"

AGAIN = 4000
"""Our own code on leaving a connection whose session goes on; 1000 and 1001 would end it."""
FATAL = {
    4004: "the token is not valid; reset it in the Developer Portal, Bot",
    4010: "the gateway wants shards that it cannot serve",
    4011: "the bot is in so many servers that the gateway wants shards; use gateway = false",
    4012: "the gateway does not speak version 10",
    4013: "the gateway does not know what it was asked for",
    4014: "switch on Message Content Intent in the Developer Portal, Bot, or set gateway = false",
}
"""Closed with one of these, another try would end the same way."""
ENDED = frozenset({1000, 1001, 4007, 4009})
"""The session is over with these: identify anew."""
LOST = "LOST"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0
WINDOW_S = 5.0
"""`max_concurrency` identifies may be sent in it."""
RESUMES = 3
"""Failed connections after which a session is given up: its address may be gone."""


class Gateway:
    """A session and its connections, one after the other.

    Args:
        identity: `token` and `intents`, as Identify has them.
        about: Asks REST for the address and what is left of a day's identifies.
        connect: Opens a connection.
        hear: Called with name and data of each event. After `READY` others may be missing; `LOST` is one of
            our own: there is no connection just now.
    """

    def __init__(
        self,
        identity: Callable[[], Awaitable[Mapping[str, Any]]],
        about: Callable[[], Awaitable[Mapping[str, Any]]],
        connect: Callable[[str], Awaitable[ClientConnection]],
        hear: Callable[[str, Any], None],
    ) -> None:
        self._identity, self._about, self._connect, self._hear = identity, about, connect, hear
        self._session: tuple[str, str] | None = None  # its id, and the address to resume it at
        self._seq: int | None = None
        self._is_acked = True
        self._is_up = False
        self._pause_s = FIRST_PAUSE_S
        self._failures = 0
        self._identify_at = 0.0
        self.trouble = ""
        """Why there is no connection just now; empty while there is one."""

    async def run(self) -> None:
        """Stay connected.

        Raises:
            ChannelDenied: Another try would end the same way; says what to mend.
        """
        while True:
            try:
                await self._connected()
            except ChannelBusy as error:
                self.trouble = str(error)
                await asyncio.sleep(error.retry_after_s or self._pause_s)
            except (ChannelError, OSError, TimeoutError, WebSocketException, ValueError, KeyError) as error:
                if isinstance(error, ChannelError) and not error.retryable:
                    raise
                self._failed(error)
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def _failed(self, error: Exception) -> None:
        is_told = isinstance(error, ChannelUnreachable)
        self.trouble = str(error) if is_told else f"the gateway cannot be reached: {type(error).__name__}"
        self._failures += 1
        if self._failures >= RESUMES:
            self._session = None
        self._hear(LOST, {})

    async def _connected(self) -> None:
        """One connection, until it ends.

        Raises:
            ChannelUnreachable: It ended before it was of any use.
        """
        self._is_up = False
        socket = await self._connect((self._session[1] if self._session else await self._address()) + QUERY)
        beating: asyncio.Task[None] | None = None
        try:
            hello = json.loads(await asyncio.wait_for(socket.recv(), WINDOW_S))
            self._is_acked = True
            beating = asyncio.create_task(self._beat(socket, hello["d"]["heartbeat_interval"] / 1000))
            await self._introduce(socket)
            async for raw in socket:
                await self._take(socket, json.loads(raw))
        except ConnectionClosed:
            pass
        except (ValueError, KeyError, TypeError):
            await socket.close(AGAIN)
            raise
        finally:
            if beating:
                beating.cancel()
            await socket.close()  # where it is still open we are being closed: 1000 ends the session
        self._judge(socket.close_code or 1006)
        if not self._is_up:
            raise ChannelUnreachable(self.trouble)

    async def _address(self) -> str:
        about = await self._about()
        limit = about["session_start_limit"]
        if limit["remaining"] < 1:
            wait_s = limit["reset_after"] / 1000
            raise ChannelBusy(f"no identify is left today; the next in {wait_s:.0f} s", wait_s)
        await asyncio.sleep(max(0.0, self._identify_at - time.monotonic()))
        self._identify_at = time.monotonic() + WINDOW_S / max(1, limit.get("max_concurrency", 1))
        return str(about["url"]).rstrip("/") + "/"

    async def _introduce(self, socket: ClientConnection) -> None:
        identity = await self._identity()
        if self._session:
            data = {"token": identity["token"], "session_id": self._session[0], "seq": self._seq}
            await self._send(socket, RESUME, data)
            return
        self._seq = None
        properties = {"os": "linux", "browser": "nbalert", "device": "nbalert"}
        await self._send(socket, IDENTIFY, {**identity, "properties": properties})

    async def _take(self, socket: ClientConnection, frame: Mapping[str, Any]) -> None:
        op = frame["op"]
        if op == DISPATCH:
            self._seq = frame["s"]
            self._dispatched(frame["t"], frame["d"])
        elif op == HEARTBEAT:
            await self._send(socket, HEARTBEAT, self._seq)
        elif op == ACK:
            self._is_acked = True
        elif op == RECONNECT:
            await socket.close(AGAIN)
        elif op == INVALID:
            if not frame["d"]:
                self._session = None
                await asyncio.sleep(random.uniform(1.0, 5.0))
            await socket.close(AGAIN)

    def _dispatched(self, name: str, data: Any) -> None:
        if name == "READY":
            self._session = data["session_id"], data["resume_gateway_url"].rstrip("/") + "/"
        if name in ("READY", "RESUMED"):
            self._is_up, self.trouble = True, ""
            self._pause_s, self._failures = FIRST_PAUSE_S, 0
        self._hear(name, data)

    async def _beat(self, socket: ClientConnection, interval_s: float) -> None:
        """A sign of life each interval; a connection that leaves one unanswered is dead."""
        await asyncio.sleep(interval_s * random.random())
        with suppress(ConnectionClosed):
            while self._is_acked:
                self._is_acked = False
                await self._send(socket, HEARTBEAT, self._seq)
                await asyncio.sleep(interval_s)
            await socket.close(AGAIN)

    @staticmethod
    async def _send(socket: ClientConnection, op: int, data: object) -> None:
        await socket.send(json.dumps({"op": op, "d": data}))

    def _judge(self, code: int) -> None:
        if code in FATAL:
            raise ChannelDenied(f"Discord's gateway closed with {code}: {FATAL[code]}")
        self.trouble = f"the gateway closed with {code}"
        if code in ENDED:
            self._session = None
