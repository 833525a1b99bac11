"""What all channels of one bot token share: limits, pace, who the bot is, and what people are called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbalert.channels.sharing import Shared
from nbalert.errors import ChannelBusy

BURST_S = 5.0
"""How far a short burst may run ahead of one message a second and conversation, which Slack tolerates
(Source: Rate limits, "Posting messages")."""
SLOW_S = 60.0
"""The pace of apps that may read a thread once a minute (Source: conversations.replies, 2025-05-29)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is.

    Args:
        user: Its own id among the people.
        bot: Its id as a bot.
        url: Of the workspace, with a slash at its end; empty if unknown.
    """

    user: str
    bot: str
    url: str = ""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Identity:
        """From the answer of `auth.test`."""
        return cls(str(answer.get("user_id", "")), str(answer.get("bot_id", "")), str(answer.get("url", "")))


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of an id.

    Args:
        name: For display; empty if unknown.
    """

    name: str = ""
    is_bot: bool = False


class Account:
    """Of one token on one event loop."""

    def __init__(self) -> None:
        self.identity: Identity | None = None
        self.people: dict[str, Person] = {}
        self.may_read_people = True
        self.looks = Looks()
        self._busy: dict[tuple[str, str], float] = {}
        self._next: dict[str, float] = {}

    async def aclose(self) -> None:
        """Nothing is open."""

    def check(self, channel: str, method: str, conversation: str) -> None:
        """See to it that a method is left alone for as long as Slack has asked for.

        Raises:
            ChannelBusy: It is not over yet.
        """
        left_s = self._busy.get((method, conversation), 0.0) - time.monotonic()
        if left_s > 0:
            raise ChannelBusy(f"{channel}: Slack asked to wait with {method}", left_s)

    def note_busy(self, method: str, conversation: str, retry_after_s: float) -> None:
        """Slack has asked to wait with a method: other methods, and other conversations, go on."""
        self._busy[method, conversation] = time.monotonic() + retry_after_s

    async def turn(self, conversation: str) -> None:
        """Wait until one more message may go to a conversation."""
        now = time.monotonic()
        at = max(self._next.get(conversation, 0.0), now - BURST_S)
        self._next[conversation] = at + 1.0
        await asyncio.sleep(max(0.0, at - now))


class Looks:
    """One budget for all that is read because it is not pushed: the limit is the app's, not a question's."""

    def __init__(self) -> None:
        self._next = 0.0
        self.every_s = 0.0
        """Seconds between two looks, as Slack has shown that it wants them; zero until it has."""

    def reserve(self, every_s: float) -> float:
        """When the next look may happen, on the monotonic clock; whoever comes next has a later one.

        Args:
            every_s: The pace of the settings.
        """
        at = max(self._next, time.monotonic())
        self._next = at + max(every_s, self.every_s)
        return at

    def slow_down(self, retry_after_s: float) -> None:
        """Slack has asked for a pause; one of this length means the tier that allows one look a minute."""
        self._next = max(self._next, time.monotonic() + retry_after_s)
        if retry_after_s >= SLOW_S / 2:
            self.every_s = SLOW_S


ACCOUNTS: Shared[Account] = Shared()
"""By base URL and token."""
