"""One question's share of a connection that many questions share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbalert.errors import ChannelBusy, ChannelError
from nbalert.policy import Reply

LOOK_AGAIN_S = 2.0
GAP = "GAP"
"""An event of our own: others may be missing, so that what there is has to be looked up."""

Event = tuple[str, Mapping[str, Any]]


@dataclass(eq=False)
class Listener:
    """What one question is to hear.

    Args:
        channel: Name in the settings, for errors.
        owner: How what is shared calls itself in its errors.
        message: Id of the question's message.
    """

    channel: str
    owner: str
    message: str
    events: asyncio.Queue[Event | ChannelError] = field(default_factory=asyncio.Queue)

    async def next(self) -> Event:
        """The next event; the first one is `GAP`, once there is a connection.

        Raises:
            ChannelError: There will be none.
        """
        event = await self.events.get()
        if isinstance(event, ChannelError):
            raise named(event, self.channel, self.owner)
        return event

    def put(self, name: str, data: Mapping[str, Any]) -> None:
        """Something has happened."""
        self.events.put_nowait((name, data))

    def gap(self) -> None:
        """Something may have been missed."""
        self.put(GAP, {})

    def again_in(self, delay_s: float) -> None:
        """`GAP` once more, later."""
        asyncio.get_running_loop().call_later(delay_s, self.gap)

    async def looked_up(self, look: Callable[[], Awaitable[list[Reply]]]) -> list[Reply]:
        """What was answered while nobody listened; where that cannot be read now, nothing, and `GAP` later.

        Raises:
            ChannelError: It can never be read.
        """
        try:
            return await look()
        except ChannelError as error:
            if not error.retryable:
                raise
            wish_s = error.retry_after_s if isinstance(error, ChannelBusy) else None
            self.again_in(LOOK_AGAIN_S if wish_s is None else wish_s)
            return []


def named(error: ChannelError, channel: str, owner: str) -> ChannelError:
    """An error of what is shared, with the name of the channel that hears it."""
    return type(error)(f"{channel}: {str(error).removeprefix(f'{owner}: ')}")
