"""Discord's Gateway v10, the server's side: sessions, replay, heartbeats, and each way to lose a client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.chat_servers import discord_world as world
from tests.chat_servers.discord_rest import without_content
from tests.chat_servers.discord_world import World
from tests.chat_servers.schemas import faults

GUILDS, MESSAGES, REACTIONS, CONTENT = 1 << 0, 1 << 9, 1 << 10, 1 << 15
_INTENTS = {
    "MESSAGE_CREATE": MESSAGES,
    "MESSAGE_UPDATE": MESSAGES,
    "MESSAGE_REACTION_ADD": REACTIONS,
    "INTERACTION_CREATE": 0,
}
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11


@dataclass(eq=False)
class Session:
    """What a client may come back to."""

    intents: int
    socket: ServerConnection | None
    id: str = field(default_factory=lambda: uuid4().hex)
    seq: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)


class Push:
    """The gateway.

    Args:
        kept: What the server keeps.
        tls: For wss.
    """

    def __init__(self, kept: World, tls: ssl.SSLContext | None = None) -> None:
        self._world, self._tls = kept, tls
        self.heartbeat_ms = 41_250
        self.identifies_left = 1000
        self.reset_after_ms = 3_600_000
        self.is_mute = False
        """Whether heartbeats go unanswered, as of a connection that is dead without saying so."""
        self.rejects = 0
        """The code with which every identify is answered; 0 is as it should be."""
        self.refuses = 0
        """So many more connections are closed before Hello."""
        self.received: list[dict[str, Any]] = []
        self.closed: list[int] = []
        """Codes with which clients closed their connections."""
        self.paths: list[str] = []
        self.faults: list[str] = []
        self._sessions: dict[str, Session] = {}
        self._sockets: set[ServerConnection] = set()
        self._server: Server | None = None
        self._loop = asyncio.get_running_loop()
        self.port = 0

    async def start(self) -> None:
        """Listen; a second time on the same port."""
        self._server = await serve(self._hold, "127.0.0.1", self.port, ssl=self._tls, compression=None)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and cut those that there are."""
        if self._server:
            for socket in self._sockets:
                socket.transport.abort()
            self._server.close()
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}"

    def about(self) -> dict[str, Any]:
        """What `GET /gateway/bot` says."""
        limit = {
            "total": 1000,
            "remaining": max(0, self.identifies_left),
            "reset_after": self.reset_after_ms,
            "max_concurrency": 16,
        }
        return {"url": self.url, "shards": 1, "session_start_limit": limit}

    def ops(self, op: int) -> list[Any]:
        """What clients have sent with that op."""
        return [frame.get("d") for frame in self.received if frame["op"] == op]

    def ready(self, session: str) -> dict[str, Any]:
        """The first event of a session."""
        return {
            "v": 10,
            "user": world.user(world.BOT),
            "guilds": [{"id": world.GUILD, "unavailable": True}],
            "session_id": session,
            "resume_gateway_url": f"{self.url}/resume",
            "application": {"id": world.APP, "flags": 64, "flags_new": "64"},
        }

    # From any thread

    def emit(self, name: str, data: dict[str, Any]) -> None:
        """An event for everybody who wants it."""
        copied = json.loads(json.dumps(data))
        self._loop.call_soon_threadsafe(lambda: self._spawn(self._emit(name, copied)))

    def run(self, coroutine: Any) -> Any:
        """Do something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def close(self, code: int) -> None:
        """Close every connection with that code; a session that is over is forgotten."""
        if code in (1000, 1001, 4007, 4009):
            self._sessions.clear()
        for socket in list(self._sockets):
            await socket.close(code)

    async def abort(self) -> None:
        """Every connection breaks off without a word."""
        for socket in self._sockets:
            socket.transport.abort()

    async def say(self, op: int, data: object = None) -> None:
        """A frame to everybody: reconnect, invalid session, heartbeat."""
        if op == INVALID and data is False:
            self._sessions.clear()
        for socket in list(self._sockets):
            await self._send(socket, {"op": op, "d": data})

    async def garble(self) -> None:
        """A frame that is no JSON."""
        for socket in list(self._sockets):
            await socket.send("{half")

    # On the loop

    def _spawn(self, coroutine: Any) -> None:
        task = self._loop.create_task(coroutine)
        task.add_done_callback(lambda done: done.exception())

    async def _emit(self, name: str, data: dict[str, Any]) -> None:
        for session in list(self._sessions.values()):
            if session.intents & _INTENTS[name] == _INTENTS[name]:
                is_message = name.startswith("MESSAGE_") and "content" in data
                hidden = is_message and not session.intents & CONTENT
                await self._dispatch(session, name, without_content(data) if hidden else data)

    async def _dispatch(self, session: Session, name: str, data: object) -> None:
        session.seq += 1
        frame = {"op": DISPATCH, "t": name, "s": session.seq, "d": data}
        session.sent.append(frame)
        if session.socket:
            await self._send(session.socket, frame)

    async def _send(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps({"s": None, "t": None, "d": None, **frame}))

    async def _hold(self, socket: ServerConnection) -> None:
        assert socket.request
        self.paths.append(socket.request.path)
        if self.refuses:
            self.refuses -= 1
            await socket.close(1011)
            return
        query = parse_qs(urlsplit(socket.request.path).query)
        if query.get("v") != ["10"] or query.get("encoding") != ["json"]:
            await socket.close(4012)
            return
        self._sockets.add(socket)
        try:
            await self._send(socket, {"op": HELLO, "d": {"heartbeat_interval": self.heartbeat_ms}})
            await self._converse(socket)
        except ConnectionClosed as closed:
            self.closed.append(closed.rcvd.code if closed.rcvd else 1006)
        finally:
            self._sockets.discard(socket)
            for session in self._sessions.values():
                session.socket = None if session.socket is socket else session.socket

    async def _converse(self, socket: ServerConnection) -> None:
        session: Session | None = None
        async for raw in socket:
            frame = self._parsed(raw)
            if frame is None:
                await socket.close(4002)
                return
            self.received.append(frame)
            op = frame["op"]
            if op == HEARTBEAT:
                await self._beat(socket, frame)
            elif op in (IDENTIFY, RESUME):
                if session:
                    await socket.close(4005)
                    return
                session = await (self._identify if op == IDENTIFY else self._resume)(socket, frame)
            else:
                await socket.close(4001 if session else 4003)
                return
        self.closed.append(socket.close_code or 1006)

    def _parsed(self, raw: str | bytes) -> dict[str, Any] | None:
        try:
            frame = json.loads(raw)
        except ValueError:
            return None
        names = {HEARTBEAT: "Heartbeat", IDENTIFY: "Identify", RESUME: "Resume"}
        if len(raw) > 4096 or frame.get("op") not in names:
            return frame if len(raw) <= 4096 else None
        if wrong := faults(f"discord_Gateway{names[frame['op']]}", frame):
            self.faults += wrong
            return None
        return dict(frame)

    async def _beat(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        if not self.is_mute:
            await self._send(socket, {"op": ACK})

    async def _identify(self, socket: ServerConnection, frame: dict[str, Any]) -> Session | None:
        data = frame["d"]
        self.identifies_left -= 1
        is_wanting = data["intents"] & CONTENT and not self._world.flags & world.CONTENT_FLAG
        is_other = data["token"] != self._world.token
        for is_wrong, code in ((self.rejects, self.rejects), (is_other, 4004), (is_wanting, 4014)):
            if is_wrong:
                await socket.close(code)
                return None
        session = Session(data["intents"], socket)
        self._sessions[session.id] = session
        await self._dispatch(session, "READY", self.ready(session.id))
        if session.intents & GUILDS:
            await self._dispatch(session, "GUILD_CREATE", world.guild())
        return session

    async def _resume(self, socket: ServerConnection, frame: dict[str, Any]) -> Session | None:
        data = frame["d"]
        session = self._sessions.get(data["session_id"])
        if data["token"] != self._world.token:
            await socket.close(4004)
            return None
        if session is None:
            await self._send(socket, {"op": INVALID, "d": False})
            return None
        if data["seq"] > session.seq:
            await socket.close(4007)
            return None
        session.socket = socket
        for missed in session.sent[data["seq"] :]:
            await self._send(socket, missed)
        await self._dispatch(session, "RESUMED", {})
        return session
