"""A question on a channel of kind slack, listened to as the courier does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from nbalert import channels
from nbalert.channels.slack import SlackChannel
from nbalert.channels.slack_answers import Place
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Decision, Outcome, Question
from tests.chat_servers.slack import Slack
from tests.chat_servers.slack_workspace import Said
from tests.inboxes import question

do = asyncio.to_thread
"""The server's methods wait for what happens on this loop."""


@dataclass
class Asked:
    """One question, and what has been brought."""

    slack: Slack
    channel: SlackChannel
    question: Question
    receipt: Receipt
    got: list[Reply] = field(default_factory=list)

    @property
    def ts(self) -> str:
        """Name of its thread."""
        return self.receipt.reference.partition(":")[2]

    @property
    def said(self) -> Said:
        """The message as it stands now."""
        return self.slack.find(*self.receipt.reference.split(":"))

    async def until(self, is_so: Callable[[], object], timeout_s: float = 30) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(timeout_s):
            while not is_so():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)

    async def replies(self, count: int = 1) -> list[Reply]:
        """Wait for so many answers; all there are."""
        await self.until(lambda: len(self.got) >= count)
        return self.got

    async def connected(self) -> None:
        """Wait until it is pushed what happens."""
        asks, place = self.channel._asks, Place.of(self.receipt.reference)
        await self.until(lambda: asks._socket and asks._socket.is_up)
        await self.until(lambda: asks._socket and place in asks._socket.board._listeners)

    async def end(self) -> None:
        """It is rejected, and shown so."""
        by = (self.question.policy.approvers[0],)
        decision = Decision(
            question_id=self.question.id, outcome=Outcome.REJECTED, decided_at=datetime.now(UTC), by=by
        )
        await self.channel.update(self.receipt, replace(message(self.question), decision=decision))


def message(asked: Question) -> Message:
    """As `nbalert.ask` makes it."""
    return Message(title=asked.text, code=asked.code, question=asked)


def made(slack: Slack, **values: Any) -> SlackChannel:
    """A channel, to be closed by whoever wants it."""
    channel = channels.build("team", slack.values(**{"timeout_s": 5.0, **values}))
    assert isinstance(channel, SlackChannel)
    return channel


@asynccontextmanager
async def opened(slack: Slack, **values: Any) -> AsyncIterator[SlackChannel]:
    """A channel until the end of the block."""
    channel = made(slack, **values)
    try:
        yield channel
    finally:
        await channel.aclose()


@asynccontextmanager
async def asking(
    channel: SlackChannel, slack: Slack, text: str = "Drop?", **options: Any
) -> AsyncIterator[Asked]:
    """A question that Bob and Carol may answer, asked by Ann, listened to until the end of the block."""
    one = question(text, **{"approvers": ("UBOB", "UCAROL"), "asker": "UANN", **options})
    asked = Asked(slack, channel, one, await channel.post(message(one), f"key-{text}"))

    async def listen() -> None:
        async for reply in channel.replies(one, asked.receipt):
            asked.got.append(reply)

    task = asyncio.create_task(listen())
    try:
        yield asked
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
