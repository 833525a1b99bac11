"""Server-sent events: what changed, pushed at once.

A stream keeps a position, not a queue: when woken it asks the archive for what came later. A client that
cuts and comes back, to this server or to the next one, names its position and misses nothing; a client that
does not read is let go, and costs no memory.
"""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, cast

from tornado.http1connection import HTTP1Connection
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import HTTPError

from nbalert.inbox.access import Auth, Handler
from nbalert.inbox.site import Seat
from nbalert.inbox.views import linked, person_view

BATCH = 20
"""So few at a time that the largest batch fits in memory."""
RETRY_MS = 1000

Event = tuple[int, str, Any]
"""Position after it, name, data."""


class EventStream(Handler):
    """A response that does not end."""

    _taken: Seat | None = None

    async def get(self) -> None:
        """Send what came after the client's position, then what comes."""
        position = self._start()
        with self._seat() as seat:
            self._socket.set_nodelay(True)
            self.set_header("Content-Type", "text/event-stream")
            self.set_header("X-Accel-Buffering", "no")  # nginx would hold events back
            with suppress(StreamClosedError, TimeoutError):
                await self._send(f"retry: {RETRY_MS}\n\n{_text((position, 'hello', self.hello(position)))}")
                await self._follow(seat, position)

    async def _follow(self, seat: Seat, position: int) -> None:
        while not seat.is_over:
            seat.wake.clear()
            if not self.may_stay():
                return
            events = self.events(position)
            if events:
                position = events[-1][0]
                await self._send("".join(map(_text, events)))
            elif not await _woken(seat.wake, self.site.heartbeat_s):
                await self._send(": \n\n")
        if seat.is_displaced:
            await self._send(_text((position, "displaced", {})))

    async def _send(self, text: str) -> None:
        self.write(text)
        try:
            async with asyncio.timeout(self.site.send_timeout_s):
                await self.flush()
        except TimeoutError:
            self._socket.close()
            raise

    @property
    def _socket(self) -> IOStream:
        return cast(HTTP1Connection, self.request.connection).stream

    def _start(self) -> int:
        """The client's position; without one, or with one of an archive that is gone: now."""
        asked = self.request.headers.get("Last-Event-ID") or self.get_query_argument("after", "")
        last = self.last()
        return min(int(asked), last) if asked.isdecimal() and len(asked) < 19 else last

    @contextmanager
    def _seat(self) -> Iterator[Seat]:
        seat = self.site.seats.take(self.owner())
        if seat is None:
            self._retry_after_s = 5
            raise HTTPError(503, "too many streams are open")
        self._taken = seat
        try:
            yield seat
        finally:
            self.site.seats.leave(seat)

    def on_connection_close(self) -> None:
        """Give the seat back at once, not with the next heartbeat."""
        super().on_connection_close()
        if self._taken:
            self._taken.is_over = True
            self._taken.wake.set()

    @abstractmethod
    def owner(self) -> str:
        """Whose stream it is, for the limit."""

    @abstractmethod
    def last(self) -> int:
        """The newest position."""

    @abstractmethod
    def may_stay(self) -> bool:
        """Whether session or token are still good: they may have been revoked."""

    @abstractmethod
    def events(self, position: int) -> list[Event]:
        """At most `BATCH` events after a position."""

    def hello(self, position: int) -> dict[str, Any]:
        """What the first event says."""
        return {"after": position}


class PageEvents(EventStream):
    """`api/events`: messages as they come and change, for the page."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person"}

    def owner(self) -> str:
        """A person: their tabs share a limit."""
        return f"person {self.session.person}"

    def last(self) -> int:
        """The last change."""
        return self.site.archive.last_change

    def may_stay(self) -> bool:
        """Until signed out."""
        return self.find_session() is not None

    def events(self, position: int) -> list[Event]:
        """Each changed message once, as it is now."""
        return [
            (entry.change, "message", person_view(entry, self.session.person))
            for entry in self.site.archive.changed(position, BATCH)
        ]


class ReplyEvents(EventStream):
    """`api/replies/stream`: answers to a sender's messages."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "sender"}

    def owner(self) -> str:
        """A sender: its channels share a limit."""
        return f"sender {self.sender}"

    def last(self) -> int:
        """The last reply."""
        return self.site.archive.last_reply

    def may_stay(self) -> bool:
        """Until revoked."""
        return self.find_sender() is not None

    def events(self, position: int) -> list[Event]:
        """Replies in order."""
        return [
            (int(reply.reference), "reply", {"message": id_, "reply": linked(reply, id_, self.site.url)})
            for id_, reply in self.site.archive.replies_after(self.sender, position, BATCH)
        ]


def _text(event: Event) -> str:
    position, name, data = event
    return f"id: {position}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


async def _woken(wake: asyncio.Event, wait_s: float) -> bool:
    try:
        async with asyncio.timeout(wait_s):
            await wake.wait()
    except TimeoutError:
        return False
    return True
