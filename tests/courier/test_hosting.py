"""Which process works a channel, seen from the courier: real lines, processes that speak by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from nbalert.channels.base import Channel
from nbalert.courier.attendance import Presence
from nbalert.courier.hosting import PART_CHARS, Hosting
from nbalert.courier.projects import NotReady
from nbalert.errors import ChannelBusy, ChannelRefused, ChannelUnreachable
from nbalert.home import Home
from nbalert.line import Frame, Peer, listen
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from tests.inboxes import question

RECEIPT = Receipt(channel="mine", reference="1")


class Worker:
    """A process that is asked to work: its end of a line, read and written by hand."""

    def __init__(
        self, presence: Presence, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.presence = presence
        self._reader, self._writer = reader, writer

    async def asked(self) -> tuple[Frame, Frame]:
        """The next call: its last frame, and what is to be done."""
        parts = []
        while True:
            frame = await self.frame()
            parts.append(frame["part"])
            assert len(parts[-1]) <= PART_CHARS
            if frame["is_last"]:
                return frame, json.loads("".join(parts))

    async def frame(self) -> Frame:
        """The next frame."""
        async with asyncio.timeout(20):
            frame: Frame = json.loads(await self._reader.readline())
        return frame

    def close(self) -> None:
        """Go."""
        self._writer.close()


class Exchange:
    """The courier's end of a line, with its hosting."""

    def __init__(self, path: Path) -> None:
        self.hosting = Hosting()
        self._path = path
        self._came: asyncio.Queue[Presence] = asyncio.Queue()
        self._workers: list[Worker] = []

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Exchange]:
        """Listen until the end of the block."""
        server = await listen(self._path, self._hold)
        try:
            yield self
        finally:
            server.close()
            for worker in self._workers:
                worker.close()

    async def _hold(self, peer: Peer) -> None:
        presence = Presence(peer=peer, origin="o", pid=7, notebook="", project="p")
        self._came.put_nowait(presence)
        async for frame in peer.frames():
            self.hosting.hear(presence, frame)
        self.hosting.leave(presence)

    async def worker(self, works: dict[str, int] | None = None) -> Worker:
        """A process of the project `p` that can work `mine`."""
        reader, writer = await asyncio.open_unix_connection(self._path, limit=2**24)
        self._workers.append(Worker(await self._came.get(), reader, writer))
        self.hosting.offer(self._workers[-1].presence, {"mine": 1} if works is None else works)
        return self._workers[-1]

    def channel(self, project: str = "p", name: str = "mine") -> Channel:
        """As the courier uses it."""
        return self.hosting.channel(project, name, "waits for a process")


def say(worker: Worker, **frame: Any) -> None:
    """Answer."""
    worker._writer.write(json.dumps({"do": "worked", **frame}).encode() + b"\n")


def run(home: Home, work: Callable[[Exchange], Awaitable[object]]) -> None:
    """Do something with a line that is served."""

    async def with_line() -> None:
        async with Exchange(home.socket).served() as exchange, asyncio.timeout(60):
            await work(exchange)

    asyncio.run(with_line())


def posting(exchange: Exchange, message: Message | None = None) -> asyncio.Task[Receipt]:
    """A post that is under way."""
    return asyncio.ensure_future(exchange.channel().post(message or Message(title="x"), "key"))


def test_a_call_and_its_answer(home: Home) -> None:
    """Message and key go there, the receipt comes back; the error as well."""

    async def work(exchange: Exchange) -> None:
        worker, message = await exchange.worker(), Message(title="x" * 3 * PART_CHARS)
        post = posting(exchange, message)
        frame, body = await worker.asked()
        assert (frame["channel"], body["does"], body["key"]) == ("mine", "post", "key")
        assert Message.from_json(body["message"]) == message
        say(worker, call=frame["call"], receipt=RECEIPT.to_json())
        assert await post == RECEIPT
        post = posting(exchange)
        frame, _ = await worker.asked()
        say(worker, call=frame["call"], error={"is": "busy", "says": "later", "retry_after_s": 3})
        with pytest.raises(ChannelBusy, match="later"):
            await post
        say(worker, call=frame["call"], receipt=RECEIPT.to_json())  # nobody waits for it any more

    run(home, work)


def test_a_word_to_one_person_and_a_reminder(home: Home) -> None:
    """Whatever else a channel can say is said by the class over there, too."""

    async def work(exchange: Exchange) -> None:
        worker, channel = await exchange.worker(), exchange.channel()
        answer = Reply(reference="r", person="bob", text="yes", at=question().asked_at)
        told = asyncio.ensure_future(channel.respond(RECEIPT, answer, "too late"))
        frame, body = await worker.asked()
        assert (body["does"], Reply.from_json(body["reply"]), body["text"]) == ("respond", answer, "too late")
        say(worker, call=frame["call"])
        await told
        reminder = Message(title="5 min left", mention=("bob",))
        told = asyncio.ensure_future(channel.remind(RECEIPT, reminder, "key"))
        frame, body = await worker.asked()
        assert (body["does"], Message.from_json(body["message"]), body["key"]) == ("remind", reminder, "key")
        say(worker, call=frame["call"], error={"is": "refused", "says": "no"})
        with pytest.raises(ChannelRefused, match="no"):
            await told

    run(home, work)


def test_nobody_can(home: Home) -> None:
    """No process, one of another project, one that can work another channel: it waits, and says for what."""

    async def work(exchange: Exchange) -> None:
        await exchange.worker({"other": 1})
        for project, name in (("p", "mine"), ("q", "other")):
            with pytest.raises(NotReady, match="waits for a process"):
                await exchange.channel(project, name).post(Message(title="x"), "key")

    run(home, work)


def test_it_goes_within_a_call(home: Home) -> None:
    """The call ends at once; also what it has said last is heard."""

    async def work(exchange: Exchange) -> None:
        for has_answered in (False, True):
            worker = await exchange.worker()
            post = posting(exchange)
            frame, _ = await worker.asked()
            if has_answered:
                say(worker, call=frame["call"], receipt=RECEIPT.to_json())
            worker.close()
            with contextlib.nullcontext() if has_answered else pytest.raises(NotReady, match="waits for"):
                assert await post == RECEIPT

    run(home, work)


def test_another_one_is_there(home: Home) -> None:
    """When one goes within a call, it is tried again soon."""

    async def work(exchange: Exchange) -> None:
        await exchange.worker()
        worker = await exchange.worker()
        post = posting(exchange)
        await worker.asked()
        worker.close()
        with pytest.raises(ChannelUnreachable, match="process 7 went while it worked; another one is there"):
            await post

    run(home, work)


def test_the_newest_works_unless_it_is_silent(home: Home) -> None:
    """A call that is given up is stopped; until its process says something others are preferred."""

    async def work(exchange: Exchange) -> None:
        older, newer = await exchange.worker(), await exchange.worker()
        post = posting(exchange)
        first, _ = await newer.asked()
        post.cancel()
        assert await newer.frame() == {"event": "stop", "call": first["call"]}
        post = posting(exchange)
        second, _ = await older.asked()
        say(older, call=second["call"], receipt=RECEIPT.to_json())
        await post
        say(newer, call=first["call"], error={"is": "fault", "says": "CancelledError"})
        while exchange.hosting._silent:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        post = posting(exchange)
        third, _ = await newer.asked()
        say(newer, call=third["call"], receipt=RECEIPT.to_json())
        await post

    run(home, work)


def test_answers_are_brought_until_it_stops(home: Home) -> None:
    """One by one; closing stops the call over there; what breaks off over there is an error here."""

    async def work(exchange: Exchange) -> None:
        worker = await exchange.worker()
        replies: Any = exchange.channel().replies(question(), RECEIPT)
        first = asyncio.ensure_future(anext(replies))
        frame, body = await worker.asked()
        assert (body["does"], body["receipt"]) == ("replies", RECEIPT.to_json())
        said = {"reference": "1", "person": "bob", "text": "yes", "at": "2026-01-01T00:00:00+00:00"}
        say(worker, do="brought", call=frame["call"], reply=said)
        assert (await first).person == "bob"
        await replies.aclose()
        assert await worker.frame() == {"event": "stop", "call": frame["call"]}
        broken: Any = exchange.channel().replies(question(), RECEIPT)
        first = asyncio.ensure_future(anext(broken))
        frame, _ = await worker.asked()
        say(worker, call=frame["call"], error={"is": "unreachable", "says": "gone"})
        with pytest.raises(ChannelUnreachable, match="gone"):
            await first

    run(home, work)


def test_an_offer_that_is_new(home: Home) -> None:
    """Open questions are listened to anew only where something has changed."""

    async def work(exchange: Exchange) -> None:
        worker = await exchange.worker()
        assert not exchange.hosting.offer(worker.presence, {"mine": 1})
        assert exchange.hosting.offer(worker.presence, {"mine": 2})

    run(home, work)
