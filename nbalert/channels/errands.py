"""What is done beside a post or an update, holds up neither, and is given up where it does not succeed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nbalert.errors import ChannelBusy, ChannelError

TRIES = 5
TRY_S = 1.0

_T = TypeVar("_T")


class Errands:
    """Of one channel. Those under one key are run one after the other."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, key: str, work: Callable[[], Awaitable[None]]) -> None:
        """Begin once what was started under that key has ended."""
        task = asyncio.create_task(_after(self._tasks.get(key), work))
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    async def aclose(self) -> None:
        """Leave nothing running."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]


async def tried(call: Callable[[], Awaitable[_T]]) -> _T | None:
    """What a call returns; None where it cannot be had, also not a little later."""
    for _ in range(TRIES):
        try:
            return await call()
        except ChannelError as error:
            if not error.retryable:
                return None  # a permission is missing; it is done without
            wish_s = error.retry_after_s if isinstance(error, ChannelBusy) else None
            await asyncio.sleep(TRY_S if wish_s is None else wish_s)
    return None


async def _after(before: asyncio.Task[None] | None, work: Callable[[], Awaitable[None]]) -> None:
    if before:
        await asyncio.wait([before])
    await work()
