"""What a worker is told while it tries or waits: kept until its next try, so that nothing is missed."""

from __future__ import annotations

import asyncio
import contextlib
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
    """One channel's worker: what it was told, and how far its senders were told."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.has_tried = False
        self.told_seq = 0
        self._news = News(0)
        self._came = asyncio.Event()

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
