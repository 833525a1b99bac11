"""A channel as the courier uses it: built, used and closed on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nbalert import channels
from nbalert.channels.base import Channel


def with_channel(
    values: Mapping[str, Any], work: Callable[[Channel], Awaitable[Any]], name: str = "team"
) -> Any:
    """Do something with a channel of these settings; what comes of it."""

    async def used() -> Any:
        channel = channels.build(name, values)
        try:
            return await work(channel)
        finally:
            await channel.aclose()

    return asyncio.run(used())
