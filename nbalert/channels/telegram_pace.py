"""Keeps to what Telegram asks of bots before it has to ask.

Source: Bots FAQ, "My bot is hitting limits": about one message a second in a chat, with short bursts, 20 a
minute in a group, 30 a second overall.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from nbalert.errors import ChannelBusy

BURST = 5
"""Messages that may follow each other at once, before it is one a second."""
GROUP, GROUP_S = 20, 60.0
OVERALL, OVERALL_S = 30, 1.0
LONGEST_WAIT_S = 5.0
"""A turn that comes later is the courier's to wait for."""


class TelegramPace:
    """The turns of one bot."""

    def __init__(self) -> None:
        self._all: deque[float] = deque(maxlen=OVERALL)
        self._groups: dict[str, deque[float]] = {}
        self._next: dict[str, float] = {}
        self._held: dict[str, float] = {}

    async def turn(self, channel: str, chat: str) -> None:
        """Wait for one more message to a chat, and take the turn.

        Raises:
            ChannelBusy: It comes in more than `LONGEST_WAIT_S`.
        """
        now = time.monotonic()
        at = self._at(chat, now)
        if at - now > LONGEST_WAIT_S:
            raise ChannelBusy(f"{channel}: Telegram's limits are used up for {at - now:.0f} s", at - now)
        self._take(chat, at)
        await asyncio.sleep(at - now)

    def hold(self, chat: str, wait_s: float) -> None:
        """Telegram has asked to leave a chat alone for so long."""
        self._held[chat] = time.monotonic() + wait_s

    def _at(self, chat: str, now: float) -> float:
        times = [now, self._held.get(chat, now), self._next.get(chat, now) - BURST + 1]
        if len(self._all) == OVERALL:
            times.append(self._all[0] + OVERALL_S)
        group = self._groups.get(chat)
        if group is not None and len(group) == GROUP:
            times.append(group[0] + GROUP_S)
        return max(times)

    def _take(self, chat: str, at: float) -> None:
        self._all.append(at)
        self._next[chat] = max(self._next.get(chat, at), at) + 1.0
        if chat.startswith(("-", "@")):
            self._groups.setdefault(chat, deque(maxlen=GROUP)).append(at)
