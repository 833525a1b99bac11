"""The line: JSON lines on a unix socket between a kernel and the courier of its home.

Both ends check that the socket's folder is their own user's and that the peer is, too. Frames of a kernel
have a `do`, frames of the courier an `event`; an answer carries the `re` of its request.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from nbalert import socket_paths
from nbalert.errors import CourierError
from nbalert.forks import keep_from_forks
from nbalert.home import private_folder

PROTOCOL = 1
FRAME_BYTES = 16 * 1024 * 1024
"""A longer frame ends the connection: it is garbage, or an attack."""
SEND_TIMEOUT_S = 5.0
BACKLOG_BYTES = 8 * 1024 * 1024
"""A peer that leaves this much unread is let go; it comes back and asks for what it missed."""

Frame = dict[str, Any]
WAKE: Frame = {"do": "wake"}
"""Have the courier look into the spool."""


class Line:
    """A kernel's end. All but `frames` may be called from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._sending = threading.Lock()
        self._owed: deque[Frame] = deque()
        keep_from_forks(connection)

    @classmethod
    def connect(cls, path: Path) -> Line:
        """Call the courier.

        Raises:
            OSError: Nobody listens there.
            CourierError: The socket belongs to another user.
        """
        _check_folder(path.parent)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SEND_TIMEOUT_S)
        try:
            socket_paths.connect(connection, path)
            _check_peer(connection)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def send(self, frame: Frame) -> None:
        """Send a frame, waiting up to `SEND_TIMEOUT_S` for room. Where there is none the line is cut.

        Raises:
            OSError: The connection is gone or stuck.
        """
        data = _encoded(frame)
        with self._sending:
            try:
                self._socket.sendall(data)
            except OSError:
                self._shut()  # half a frame may stand on the line: nothing can follow it
                raise
        self.send_owed()

    def owe(self, frame: Frame) -> None:
        """Have a frame sent by the next `send_owed`."""
        self._owed.append(frame)

    def send_owed(self) -> None:
        """Send what is owed, without waiting.

        Where there is no room the line is cut: the next greeting says it. A lost `WAKE` is no loss: the
        courier looks into the spool anyway.
        """
        # Whoever holds the lock looks here again when it is free: between two threads no frame is lost.
        while self._owed and self._sending.acquire(blocking=False):
            try:
                frames = [self._owed.popleft() for _ in range(len(self._owed))]
                if not self._has_sent(frames) and any(frame is not WAKE for frame in frames):
                    self._shut()
            finally:
                self._sending.release()

    def _has_sent(self, frames: Sequence[Frame]) -> bool:
        data = b"".join(map(_encoded, frames))
        try:
            return self._has_room() and self._socket.send(data) == len(data)
        except (OSError, ValueError):  # the connection is gone
            return False

    def _has_room(self) -> bool:
        room = select.poll()
        room.register(self._socket, select.POLLOUT)
        return bool(room.poll(0))

    def frames(self) -> Iterator[Frame]:
        """Frames as they come, until the connection ends."""
        rest = b""
        while data := self._receive():
            *whole, rest = (rest + data).split(b"\n")
            for text in whole:
                if (frame := _decoded(text)) is not None:
                    yield frame
            if len(rest) > FRAME_BYTES:
                return

    def _receive(self) -> bytes:
        while True:
            try:
                return self._socket.recv(65536)
            except TimeoutError:
                continue  # the timeout is for sending; silence is normal
            except OSError:
                return b""

    def close(self) -> None:
        """End the connection; `frames` ends, too."""
        self._shut()
        self._socket.close()

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


class Peer:
    """The courier's end of one connection.

    Args:
        pid: The other end's process, as the system knows it: 0 for one of another PID namespace; None where
            nobody tells.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pid: int | None = None
    ) -> None:
        self.pid = pid
        self._reader = reader
        self._writer = writer

    def send(self, frame: Frame) -> None:
        """Send without waiting. A peer that does not read is let go: it must not stall others."""
        if self._writer.is_closing():
            return
        self._writer.write(_encoded(frame))
        if self._writer.transport.get_write_buffer_size() > BACKLOG_BYTES:
            self._writer.transport.abort()

    async def drain(self) -> None:
        """Wait until the peer has read most of what was sent, or is gone."""
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def frames(self) -> AsyncIterator[Frame]:
        """Frames as they come, until the connection ends or sends garbage too long for a frame."""
        with contextlib.suppress(OSError, ValueError):
            while text := await self._reader.readline():
                if (frame := _decoded(text)) is not None:
                    yield frame

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


async def listen(path: Path, on_peer: Any) -> asyncio.AbstractServer:
    """Listen on the line.

    Args:
        path: The socket; a stale one is replaced: the caller holds the home's lock.
        on_peer: Coroutine function that takes a `Peer` and returns when the connection is done.
    """
    private_folder(path.parent)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            keep_from_forks(writer.get_extra_info("socket"))
            pid = _check_peer(writer.get_extra_info("socket"))
            await on_peer(Peer(reader, writer, pid))
        except CourierError:
            pass  # another user's process: no word to it
        finally:
            writer.close()

    listener = socket_paths.bound(path)
    keep_from_forks(listener)
    if sys.version_info >= (
        3,
        13,
    ):  # it would remove the socket at the end, by a name that may be gone by then
        return await asyncio.start_unix_server(accept, sock=listener, limit=FRAME_BYTES, cleanup_socket=False)
    return await asyncio.start_unix_server(accept, sock=listener, limit=FRAME_BYTES)


def _encoded(frame: Frame) -> bytes:
    return json.dumps(frame).encode() + b"\n"


def _decoded(text: bytes) -> Frame | None:
    """A frame, or None for garbage: one bad line must not end a connection that carries decisions."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None


def _check_folder(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise CourierError(f"{folder} is not a private folder of yours; remove it or set NBALERT_HOME")


def _check_peer(connection: socket.socket) -> int | None:
    """The other end is this user's. Only Linux tells; elsewhere the folder has to do.

    Returns:
        Its process, as the system knows it: 0 for one of another PID namespace; None where nobody tells.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", credentials)
    if uid != os.getuid():
        raise CourierError("the other end of the line belongs to another user")
    return int(pid)
