"""The pause between two rounds of a courier: what falls due sooner than the next one ends it."""

from __future__ import annotations

import asyncio

ROUND_S = 2.0
"""How often the spool is looked at without having been woken, and absent askers are counted."""


class Rest:
    """Taken after each round.

    Args:
        stop: Ends the courier, and so each pause.
    """

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._due = asyncio.Event()

    def hasten(self, seconds: float) -> None:
        """Something falls due in so many seconds. What is later than a round is found by one."""
        if seconds < ROUND_S:
            asyncio.get_running_loop().call_later(max(0.0, seconds), self._due.set)

    async def take(self, seconds: float) -> None:
        """Pause for so long, or until something falls due, or the courier ends."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stop, self._due)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        self._due.clear()
