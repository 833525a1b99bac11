"""A question that tries a channel out: whether an answer comes back. No ledger has it, and nothing runs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from nbalert.channels.base import Channel
from nbalert.courier.listening import Posted
from nbalert.courier.responding import TOLD_LIMIT
from nbalert.errors import ChannelError
from nbalert.message import Message, Receipt
from nbalert.policy import Reply
from nbalert.question import Decision, Outcome, Question, decide, is_answer, objection


async def answered(
    channel: Channel, receipt: Receipt, message: Message, question: Question
) -> dict[str, Any]:
    """Wait until people have answered, or the time is up; then the message says so.

    Args:
        receipt: Of the message that asks.

    Returns:
        `answer`, the decision as a sentence, empty without one; `ignored`, who has answered in vain and why.

    Raises:
        ChannelError: Answers cannot be had from there.
    """
    heard = _Heard(channel, receipt, question)
    assert question.expires_at is not None
    left_s = (question.expires_at - datetime.now(UTC)).total_seconds()
    decision = None
    with suppress(TimeoutError):
        async with asyncio.timeout(left_s):
            decision = await heard.decision()
    now = datetime.now(UTC)
    expired = Decision(question_id=question.id, outcome=Outcome.EXPIRED, decided_at=now)
    ended = expired if decision is None else decision
    with suppress(ChannelError):  # what was to be known is known
        await channel.update(receipt, replace(message, decision=ended))
    return {"answer": "" if decision is None else decision.sentence, "ignored": heard.ignored}


class _Heard:
    """What was answered to one question."""

    def __init__(self, channel: Channel, receipt: Receipt, question: Question) -> None:
        self._channel, self._receipt, self._question = channel, receipt, question
        self._skew = Posted(question, "", channel.name, receipt, datetime.now(UTC)).skew
        self._replies: list[Reply] = []
        self.ignored: list[str] = []

    async def decision(self) -> Decision | None:
        """The one that the answers make; None where the channel brings no more."""
        brought = self._channel.replies(self._question, self._receipt)
        async with aclosing(brought) as replies:  # type: ignore[type-var]
            async for reply in replies:
                self._replies.append(replace(reply, at=reply.at - self._skew))
                if (found := decide(self._question, self._replies)) is not None:
                    return found
                await self._answer(self._replies[-1])
        return None

    async def _answer(self, reply: Reply) -> None:
        """Tell who was meant to be heard and is not, as for every question."""
        why = objection(self._question, reply)
        if not why or not is_answer(self._question, reply) or len(self.ignored) >= TOLD_LIMIT:
            return
        self.ignored.append(f"{reply.name or reply.person} ({reply.person}): {why}")
        with suppress(ChannelError):
            await self._channel.respond(self._receipt, reply, why)
