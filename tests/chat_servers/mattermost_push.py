"""Mattermost's websocket, the server's side: the challenge, numbered events, ways to lose a client."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.chat_servers.mattermost_world import World


class Push:
    """The websocket. Made and used on one event loop.

    Args:
        kept: What the server keeps.
    """

    def __init__(self, kept: World) -> None:
        self._world = kept
        self._loop = asyncio.get_running_loop()
        self._seqs: dict[ServerConnection, int] = {}
        self._server: Server | None = None
        self.is_refusing = False
        """Whether connections are closed before they are greeted."""
        self.drops = 0
        """So many more events are lost on their way, with their numbers."""
        self.greeted = 0
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await serve(self._hold, "127.0.0.1", 0, compression=None)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut all connections."""
        if self._server:
            await self.abort()
            self._server.close()
            await self._server.wait_closed()

    async def abort(self) -> None:
        """Every connection breaks off without a word."""
        for socket in list(self._seqs):
            socket.transport.abort()

    async def garble(self) -> None:
        """A frame that is no JSON."""
        for socket in list(self._seqs):
            await socket.send("{half")

    async def count(self) -> int:
        """How many are connected and greeted."""
        return len(self._seqs)

    def emit(self, event: str, data: dict[str, Any], channel: str) -> None:
        """An event for everybody; posts and reactions are JSON in a text. From any thread."""
        told = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in data.items()}
        self._loop.call_soon_threadsafe(lambda: self._spawn(self._emit(event, told, channel)))

    def _spawn(self, coroutine: Any) -> None:
        task = self._loop.create_task(coroutine)
        task.add_done_callback(lambda done: done.exception())

    async def _emit(self, event: str, data: dict[str, Any], channel: str) -> None:
        is_lost, self.drops = self.drops > 0, max(0, self.drops - 1)
        for socket in list(self._seqs):
            await self._event(socket, event, data, channel, is_lost=is_lost)

    async def _event(
        self,
        socket: ServerConnection,
        event: str,
        data: dict[str, Any],
        channel: str = "",
        *,
        is_lost: bool = False,
    ) -> None:
        broadcast = {"omit_users": None, "user_id": "", "channel_id": channel, "team_id": ""}
        frame = {"event": event, "data": data, "broadcast": broadcast, "seq": self._seqs[socket]}
        self._seqs[socket] += 1
        if not is_lost:
            with contextlib.suppress(ConnectionClosed):
                await socket.send(json.dumps(frame))

    async def _hold(self, socket: ServerConnection) -> None:
        assert socket.request
        if self.is_refusing or socket.request.path != "/api/v4/websocket":
            await socket.close(1011)
            return
        try:
            async for raw in socket:
                await self._take(socket, json.loads(raw))
        except ConnectionClosed:
            pass
        finally:
            self._seqs.pop(socket, None)

    async def _take(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        if frame["action"] != "authentication_challenge":
            return
        if frame["data"].get("token") != self._world.token:
            await socket.close()
            return
        self._seqs[socket] = 0
        await socket.send(json.dumps({"status": "OK", "seq_reply": frame["seq"]}))
        self.greeted += 1
        await self._event(
            socket, "hello", {"server_version": "10.11.0", "connection_id": self._world.new_id()}
        )
