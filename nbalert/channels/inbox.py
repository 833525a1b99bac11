"""The built-in inbox: messages by POST, answers by one stream for all open questions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from nbalert.channels.base import Channel, Member
from nbalert.channels.http import Http
from nbalert.channels.inbox_settings import InboxSettings
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable
from nbalert.fields import ChannelSettings
from nbalert.message import Message, Receipt
from nbalert.policy import ANYONE, Reply
from nbalert.question import Question

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


class InboxChannel(Channel):
    """The inbox page, over HTTP like any other chat."""

    kind: ClassVar[str] = "inbox"
    Settings: ClassVar[type[ChannelSettings]] = InboxSettings
    can_edit: ClassVar[bool] = True
    edits_files: ClassVar[bool] = True
    can_reply: ClassVar[bool] = True
    settings: InboxSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        token = self.settings.token.get_secret_value() if self.settings.token else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = Http(name, settings, self.settings.url.rstrip("/") + "/", headers)
        self._stream = _ReplyStream(self._http)
        # httpx's pool takes time that grows with the square of the requests that queue in it.
        self._few = asyncio.Semaphore(8)

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver, exactly once a key."""
        body = {"key": key, "message": message.to_json()}
        response = await self._http.request("POST", "api/messages", json=body)
        try:
            answer = response.json()
            return Receipt(channel=self.name, reference=answer["id"], link=answer["link"])
        except (ValueError, KeyError, TypeError):
            raise ChannelUnreachable(
                f"{self.name}: {response.url.host} has not answered as an inbox does; check the url"
            ) from None

    async def update(self, receipt: Receipt, message: Message) -> None:
        """Replace the message in place; a decision takes its buttons away."""
        body = {"message": message.to_json()}
        await self._http.request("PUT", f"api/messages/{receipt.reference}", json=body)

    async def respond(self, receipt: Receipt, reply: Reply, text: str) -> None:
        """A line on the message that only this person sees."""
        body = {"reply": reply.reference, "text": text}
        await self._http.request("POST", f"api/messages/{receipt.reference}/notices", json=body)

    async def remind(self, receipt: Receipt, message: Message, key: str) -> None:
        """Bring the question up again on the page, marked for those who are mentioned."""
        body = {"key": key, "title": message.title, "mention": list(message.mention)}
        await self._http.request("POST", f"api/messages/{receipt.reference}/reminders", json=body)

    async def problems(self) -> list[str]:
        """Whether the URL is an inbox, the token is good, and the approvers can sign in."""
        try:
            response = await self._http.request("GET", "api/sender")
            people = set(response.json()["people"])
        except ChannelDenied as denied:
            return [f"{denied}; on the inbox's machine `nbalert inbox sender NAME` tells both anew"]
        except (ChannelRefused, ValueError, KeyError, TypeError):
            return [f"{self.name}: this is no inbox; check the url in the settings"]
        named = {one for one in self.settings.approvers if not one.startswith("group:")}
        strangers = sorted(named - people - {ANYONE})
        return [
            f"{self.name}: nobody was ever invited by the name {name}; there: nbalert inbox invite {name}"
            for name in strangers
        ]

    async def members(self) -> list[Member]:
        """Who can sign in there."""
        people = (await self._http.request("GET", "api/sender")).json()["people"]
        return [Member(name, name) for name in people]

    async def replies(self, question: Question, receipt: Receipt) -> AsyncIterator[Reply]:
        """Answers given already, then new ones as they are pushed; survives cuts and restarts."""
        listener = self._stream.join(receipt.reference)
        try:
            # Once the stream is up whatever comes later is pushed, so nothing falls between it and the list.
            await listener.ready()
            last = 0
            for reply in await self._given(receipt.reference):
                last = int(reply.reference)
                yield reply
            while True:
                reply = await listener.next()
                if int(reply.reference) > last:
                    last = int(reply.reference)
                    yield reply
        finally:
            await self._stream.leave(listener)

    async def aclose(self) -> None:
        """Close the stream and all connections."""
        await self._stream.aclose()
        await self._http.aclose()

    async def _given(self, id_: str) -> list[Reply]:
        pause = _Pause()
        while True:
            try:
                async with self._few:
                    answer = await self._http.request("GET", f"api/messages/{id_}/replies")
                return [Reply.from_json(reply) for reply in answer.json()["replies"]]
            except ChannelError as error:
                await pause.after(error)


class _Listener:
    """One question's share of the stream."""

    def __init__(self, id_: str, up: asyncio.Event) -> None:
        self.id = id_
        self._up = up
        self._arrived: asyncio.Queue[Reply | ChannelError] = asyncio.Queue()
        self._failure: ChannelError | None = None

    async def ready(self) -> None:
        """Wait until the stream has been up since this listener joined."""
        await self._up.wait()
        if self._failure:
            raise self._failure

    def put(self, arrived: Reply | ChannelError) -> None:
        """Bring a reply, or the end."""
        if isinstance(arrived, ChannelError):
            self._failure = arrived
        self._arrived.put_nowait(arrived)

    async def next(self) -> Reply:
        """The next reply."""
        arrived = await self._arrived.get()
        if isinstance(arrived, ChannelError):
            raise arrived
        return arrived


class _ReplyStream:
    """The one connection that brings the answers to all open questions, for as long as there are any.

    The position survives cuts: a connection names the last reply that was seen and gets what came later.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._listeners: dict[str, set[_Listener]] = {}
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._after: int | None = None

    def join(self, id_: str) -> _Listener:
        """Listen for answers to a message; connects if nobody did."""
        if self._task is None or self._task.done():
            self._up, self._after = asyncio.Event(), None
            self._task = asyncio.create_task(self._run(), name="inbox replies")
        listener = _Listener(id_, self._up)
        self._listeners.setdefault(id_, set()).add(listener)
        return listener

    async def leave(self, listener: _Listener) -> None:
        """Listen no longer; the last one to go closes the connection."""
        self._listeners.get(listener.id, set()).discard(listener)
        if not self._listeners.get(listener.id):
            self._listeners.pop(listener.id, None)
        if not self._listeners:
            await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        task, self._task = self._task, None
        if task:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        pause = _Pause()
        try:
            while True:
                try:
                    await self._connected(pause)
                    await pause.after(None)
                except ChannelError as error:
                    await pause.after(error)
        except ChannelError as refused:
            for listener in [one for some in self._listeners.values() for one in some]:
                listener.put(refused)
            self._up.set()

    async def _connected(self, pause: _Pause) -> None:
        """One connection, until it ends. It counts as up with its first event."""
        after = {} if self._after is None else {"after": str(self._after)}
        headers = {"Accept": "text/event-stream"}
        async with self._http.stream("GET", "api/replies/stream", params=after, headers=headers) as lines:
            async for event in _events(lines):
                self._take(*event)
                pause.reset()

    def _take(self, position: int, name: str, data: Any) -> None:
        if name == "reply":
            reply = Reply.from_json(data["reply"])
            for listener in self._listeners.get(data["message"], ()):
                listener.put(reply)
        self._after = position
        self._up.set()


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[int, str, Any]]:
    """Position, name and data of server-sent events, of the plain form that our own server writes."""
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if {"id", "event", "data"} <= fields.keys():
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
        fields = {}


class _Pause:
    """How long to wait before the next try: longer each time, until something works."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """It works."""
        self._next_s = FIRST_PAUSE_S

    async def after(self, error: ChannelError | None) -> None:
        """Wait; a refusal is raised instead, because another try would end the same way."""
        if error and not error.retryable:
            raise error
        wished_s = error.retry_after_s if isinstance(error, ChannelBusy) else None
        await asyncio.sleep(self._next_s if wished_s is None else wished_s)
        self._next_s = min(2 * self._next_s, LONGEST_PAUSE_S)
