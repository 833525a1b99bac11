"""Questions that are put on a channel and listened to, for tests of what answers do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, cast

from nbalert.channels.base import Channel
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Decision, Question, decide
from nbalert.testing.questions import question
from nbalert.testing.rows import Row

LIMIT_S = 20


@dataclass
class Ask:
    """A question that was put, and what was answered so far."""

    row: Row
    channel: Channel
    question: Question
    receipt: Receipt
    replies: list[Reply] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def decision(self) -> Decision | None:
        """What the answers so far decide."""
        return decide(self.question, self.replies)

    async def answer(self, person: str, text: str, way: str) -> None:
        """Somebody answers."""
        await asyncio.to_thread(self.row.answer, self.receipt, person, text, way)

    async def until(self, holds: Callable[[Ask], Any]) -> None:
        """Take answers until something is so."""
        async with asyncio.timeout(LIMIT_S):
            while not holds(self):
                self._news.clear()
                await self._news.wait()

    async def listen(self) -> None:
        """Take answers for ever."""
        async with aclosing(cast(Any, self.channel.replies(self.question, self.receipt))) as stream:
            async for reply in stream:
                self.replies.append(replace(reply, channel="team"))
                self._news.set()


def asking(row: Row, work: Callable[..., Awaitable[Any]], count: int = 1, **options: Any) -> None:
    """Put questions, listen to all of them on one channel, and do something."""
    ids = {"approvers": (row.approver, row.second)}

    async def with_channel() -> None:
        channel = row.built({**row.listening(), "timeout_s": 5.0})
        asks = []
        try:
            for n in range(count):
                one = question(f"Drop table {n}?", **{**ids, **options})
                receipt = await channel.post(Message(title=one.text, question=one), one.id)
                asks.append(Ask(row, channel, one, receipt))
            await _listening(asks, work)
        finally:
            await channel.aclose()

    asyncio.run(with_channel())


async def _listening(asks: list[Ask], work: Callable[..., Awaitable[Any]]) -> None:
    listening = [asyncio.create_task(ask.listen()) for ask in asks]
    try:
        await work(*asks)
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
