"""From the channels to the ledger: answers to every open question, and for a while the late ones."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nbalert.courier.delivery import RECHECK_S
from nbalert.courier.ledger import Ledger
from nbalert.courier.pauses import backoff_s
from nbalert.courier.projects import NotReady, Projects
from nbalert.errors import CannotAsk, ChannelError
from nbalert.message import Receipt
from nbalert.question import Question

log = logging.getLogger(__name__)

LASTING_S = 30.0
"""A connection that lasted this long was a good one: the next delay starts anew."""
LINGER_S = 600.0
"""How long answers to a question that has ended are heard: who gives one is told that it has no effect."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A question as it stands in one channel."""

    question: Question
    project: str
    channel: str
    receipt: Receipt
    entered_at: datetime

    @property
    def skew(self) -> timedelta:
        """How far the service's clock provably is ahead of ours.

        It took the question after that was asked, and before its receipt was entered here. What its receipt
        says beyond is a difference of the clocks, whichever of them is wrong.
        """
        said = self.receipt.posted_at
        return said - min(max(said, self.question.asked_at), max(self.entered_at, self.question.asked_at))


class Listening:
    """One task a question and channel; channels share connections among their own.

    Args:
        linger_s: How long to go on after a question's end.
    """

    def __init__(self, projects: Projects, ledger: Ledger, linger_s: float = LINGER_S) -> None:
        self._projects = projects
        self._ledger = ledger
        self._linger_s = linger_s
        self._lost: dict[str, set[str]] = {}
        self._tasks: dict[tuple[str, str], tuple[Posted, asyncio.Task[None]]] = {}

    def start(self, posted: Posted) -> None:
        """Begin to listen for answers, once a question and channel."""
        key = (posted.question.id, posted.channel)
        if key not in self._tasks:
            self._tasks[key] = posted, asyncio.create_task(self._listen(posted))

    def renew(self, project: str, channels: Collection[str]) -> None:
        """The settings of these channels are others now: listen to them as they are."""
        for key, (posted, task) in list(self._tasks.items()):
            if posted.project == project and posted.channel in channels:
                task.cancel()
                self._lost.get(key[0], set()).discard(key[1])
                self._tasks[key] = posted, asyncio.create_task(self._listen(posted))

    def end(self, question_id: str) -> None:
        """The question has ended: listen for a while, so that who is late can be told."""
        asyncio.get_running_loop().call_later(self._linger_s, self._stop, question_id)

    def _stop(self, question_id: str) -> None:
        self._lost.pop(question_id, None)
        for key in [key for key in self._tasks if key[0] == question_id]:
            self._tasks.pop(key)[1].cancel()

    async def aclose(self) -> None:
        """Stop all; the questions stay open."""
        tasks = [task for _, task in self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, posted: Posted) -> None:
        tries = 0
        while True:
            began = time.monotonic()
            try:
                await self._bring(posted)
                delay_s = backoff_s(tries)  # a stream that ends by itself has broken off
            except NotReady:
                delay_s = RECHECK_S
            except (CannotAsk, ChannelError) as error:
                if isinstance(error, CannotAsk) or not error.retryable:
                    self._lose(posted, str(error))
                    return
                delay_s = backoff_s(tries)
            except Exception:
                log.exception("channel %s failed in its own code while listening", posted.channel)
                delay_s = backoff_s(tries)
            tries = 0 if time.monotonic() - began > LASTING_S else tries + 1
            await asyncio.sleep(delay_s)

    def _lose(self, posted: Posted, reason: str) -> None:
        """Answers from there cannot be had any more: nobody waits for them, unless others can answer."""
        lost = self._lost.setdefault(posted.question.id, set())
        lost.add(posted.channel)
        self._ledger.lose(posted.question.id, lost, reason)

    async def _bring(self, posted: Posted) -> None:
        question = posted.question.on(posted.channel)
        with self._projects.using(posted.project, posted.channel) as channel:
            async with aclosing(channel.replies(question, posted.receipt)) as replies:  # type: ignore[type-var]
                async for reply in replies:
                    dated = replace(reply, at=reply.at - posted.skew)
                    self._ledger.reply(posted.question.id, posted.channel, dated)
