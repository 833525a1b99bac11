"""Channels that a process on the line works for the courier, because the courier does not have their class.

    delivery, listening ─▶ HostedChannel ─▶ work ══line══▶ that process's workbench ─▶ channel ─▶ chat
                                        ◀─ worked, brought ══line══

Retries stay with the courier: a call is one try, and it ends at once when its process goes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from nbalert.channels.base import Channel
from nbalert.channels.carried import unpacked
from nbalert.courier.attendance import Presence
from nbalert.courier.projects import NotReady
from nbalert.errors import ChannelUnreachable, SettingsError
from nbalert.fields import ChannelSettings
from nbalert.line import Frame, Peer
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Question

PART_CHARS = 262_144
"""A message with pictures may be longer than what a peer may leave unread: it goes in parts."""


@dataclass(eq=False)
class _Call:
    """One call to one process; None among what is heard is the end of its line."""

    presence: Presence
    heard: asyncio.Queue[Frame | None] = field(default_factory=asyncio.Queue)
    is_over: bool = False


class Hosting:
    """Which process can work which channels, and the calls that are open."""

    def __init__(self) -> None:
        self._offers: dict[Presence, Mapping[str, int]] = {}
        self._calls: dict[str, _Call] = {}
        self._silent: set[Presence] = set()

    def offer(self, presence: Presence, works: Mapping[str, int]) -> bool:
        """A process says what it can work; it comes first from now on, for its classes are the newest.

        Args:
            works: Name of a channel of its project → number of its class's registration.

        Returns:
            Whether that is something else than it has said before.
        """
        known = self._offers.pop(presence, {})
        self._offers[presence] = works
        return works != known

    def leave(self, presence: Presence) -> None:
        """A line has ended, and with it every call on it."""
        self._offers.pop(presence, None)
        self._silent.discard(presence)
        for call in self._calls.values():
            if call.presence is presence:
                call.heard.put_nowait(None)

    def hear(self, presence: Presence, frame: Frame) -> None:
        """What a process says of a call; of one that was given up it is heard that the process lives."""
        self._silent.discard(presence)
        call = self._calls.get(frame["call"])
        if call and call.presence is presence:
            call.heard.put_nowait(frame)

    def channel(self, project: str, name: str, reason: str, look: Mapping[str, Any] | None = None) -> Channel:
        """A channel that is worked elsewhere.

        Args:
            reason: What it waits for where no process can work it.
            look: Settings that take the place of its own.
        """
        return HostedChannel(self, project, name, reason, look or {})

    async def work(self, project: str, name: str, reason: str, body: Frame) -> AsyncIterator[Frame]:
        """Let a process do something; the frames that it answers, the last of them says `worked`.

        Raises:
            NotReady: No process can, or none any more.
            ChannelUnreachable: The one that was at it has gone, and another one can.
            Exception: As the channel itself; see `carried`.
        """
        presence = self._find(project, name, reason)
        id_, call = uuid4().hex, _Call(presence)
        self._calls[id_] = call
        try:
            await _hand_over(presence.peer, id_, name, json.dumps(body))
            while frame := await call.heard.get():
                call.is_over = frame["do"] == "worked"
                if "error" in frame:
                    raise _raised(frame["error"])
                yield frame
                if call.is_over:
                    return
        finally:
            del self._calls[id_]
            if not call.is_over and presence in self._offers:
                self._silent.add(presence)
                presence.peer.send({"event": "stop", "call": id_})
        self._find(project, name, reason)
        raise ChannelUnreachable(f"{name}: process {presence.pid} went while it worked; another one is there")

    def _find(self, project: str, name: str, reason: str) -> Presence:
        """The process that offered last; one that has not answered for long comes after all others."""
        able = [p for p in reversed(self._offers) if p.project == project and name in self._offers[p]]
        if not able:
            raise NotReady(reason)
        return min(able, key=lambda presence: presence in self._silent)


class HostedChannel(Channel):
    """One that a process on the line works; which one is decided anew for every call."""

    Settings: ClassVar[type[ChannelSettings]] = ChannelSettings
    can_reply: ClassVar[bool] = True

    def __init__(
        self, hosting: Hosting, project: str, name: str, reason: str, look: Mapping[str, Any]
    ) -> None:
        super().__init__(name, ChannelSettings(kind="hosted"))
        self._hosting = hosting
        self._project = project
        self._reason = reason
        self._look = dict(look)

    async def post(self, message: Message, key: str) -> Receipt:
        """As the class over there does."""
        end = await self._done({"does": "post", "message": message.to_json(), "key": key})
        return Receipt.from_json(end["receipt"])

    async def update(self, receipt: Receipt, message: Message) -> None:
        """As the class over there does."""
        await self._done({"does": "update", "receipt": receipt.to_json(), "message": message.to_json()})

    async def renew(self, receipt: Receipt, message: Message, key: str) -> Receipt:
        """As the class over there does."""
        body = {"does": "renew", "receipt": receipt.to_json(), "message": message.to_json(), "key": key}
        return Receipt.from_json((await self._done(body))["receipt"])

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """As the class over there does."""
        body = {"does": "respond", "receipt": receipt.to_json(), "reply": reply.to_json(), "text": text}
        await self._done(body)

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """As the class over there does."""
        body = {"does": "remind", "receipt": receipt.to_json(), "message": message.to_json(), "key": key}
        await self._done(body)

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """As the class over there brings them."""
        body = {"does": "replies", "question": question.to_json(), "receipt": receipt.to_json()}
        async with aclosing(self._work(body)) as frames:  # type: ignore[type-var]
            async for frame in frames:
                if "reply" in frame:
                    yield Reply.from_json(frame["reply"])

    async def problems(self) -> list[str]:
        """As the class over there finds them."""
        return list((await self._done({"does": "problems"})).get("problems", []))

    async def _done(self, body: Frame) -> Frame:
        async with aclosing(self._work(body)) as frames:  # type: ignore[type-var]
            return [frame async for frame in frames][-1]

    def _work(self, body: Frame) -> AsyncIterator[Frame]:
        look = {"look": self._look} if self._look else {}
        return self._hosting.work(self._project, self.name, self._reason, {**body, **look})


async def _hand_over(peer: Peer, call: str, name: str, body: str) -> None:
    for start in range(0, len(body), PART_CHARS):
        part, is_last = body[start : start + PART_CHARS], start + PART_CHARS >= len(body)
        peer.send({"event": "work", "call": call, "channel": name, "part": part, "is_last": is_last})
        await peer.drain()


def _raised(error: Frame) -> Exception:
    known = unpacked(error)
    return NotReady(str(known)) if isinstance(known, SettingsError) else known
