"""A worker of a channel: what it is told while it tries or waits, and what it has put off."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from enum import Flag, auto


class News(Flag):
    """Reasons to try sooner."""

    MENDED = auto()
    """The settings of the channel are others now."""
    ARRIVAL = auto()
    """Another delivery has been queued behind."""
    SENDER = auto()
    """A process of the project has brought its settings."""


class Worker:
    """What it was told is kept until its next try, so that nothing is missed."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.has_tried = False
        self.told_seq = 0
        self._news = News(0)
        self._came = asyncio.Event()
        self._put_off = (0, math.inf)

    def put_off(self, seq: int, delay_s: float) -> None:
        """A delivery is tried again after a while, whatever becomes of the wall clock meanwhile."""
        self._put_off = seq, time.monotonic() + delay_s

    def left_s(self, seq: int) -> float:
        """Seconds until a delivery that it has put off is due; for ever for any other."""
        known, due_at = self._put_off
        return due_at - time.monotonic() if known == seq else math.inf

    def tell(self, news: News) -> None:
        """Something has happened."""
        self._news |= news
        self._came.set()

    def forget(self, news: News) -> None:
        """That is known by now."""
        self._news &= ~news

    def begin(self) -> None:
        """A try begins; what comes from now on is news."""
        self.has_tried = True
        self._news = News(0)

    async def wait(self, news: News, limit_s: float) -> bool:
        """Wait for one of these, also if it came already; false if the time was up before."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not self._news & news:
                    self._came.clear()
                    await self._came.wait()
        return bool(self._news & news)
