"""What channels of one account share on one event loop: made by the first of them, closed by the last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary


class Closing(Protocol):
    """Anything that is closed in the end."""

    def aclose(self) -> Awaitable[None]:
        """Close it; called once."""


_T = TypeVar("_T", bound=Closing)


class Shared(Generic[_T]):
    """Things by key, each with a count of its users; every event loop has its own.

    A key may be a secret: it is compared and never shown.
    """

    def __init__(self) -> None:
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, tuple[_T, int]]] = (
            WeakKeyDictionary()
        )

    def join(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """One more user of what is under that key; made if there is none."""
        known = self._by_loop.setdefault(asyncio.get_running_loop(), {})
        thing, users = known.get(key) or (make(), 0)
        known[key] = thing, users + 1
        return thing

    async def leave(self, key: Hashable) -> None:
        """One user less; the last one to go closes it."""
        known = self._by_loop[asyncio.get_running_loop()]
        thing, users = known.pop(key)
        if users > 1:
            known[key] = thing, users - 1
        else:
            await thing.aclose()
