"""An event loop in a thread: where servers of tests live while the test itself goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

_T = TypeVar("_T")


class LoopThread:
    """The loop. It runs from `start` to `end`.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T], timeout_s: float = 10) -> _T:
        """Do something on it; what comes of it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def end(self) -> None:
        """What still runs there runs no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class LoopServer:
    """A server on a loop of its own. Use as a context manager; what it does first and last is its kind's.

    Args:
        name: Of its thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = LoopThread(name)
        self.port = 0

    def __enter__(self) -> Self:
        self._loop.start()
        self._loop.run(self._up())
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.run(self._down())
        self._loop.end()

    async def _up(self) -> None:
        """Listen, and note the port."""
        raise NotImplementedError

    async def _down(self) -> None:
        """End what is open."""
        raise NotImplementedError
